package pecweb

import (
	"net/http"
	"strconv"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
)

// eventNames are those of the entries about what was issued.
var eventNames = map[receipt.Form]string{
	receipt.FormAcceptance: "acceptance", receipt.FormNonAcceptance: "notice of non-acceptance", receipt.FormNonAcceptanceVirus: "notice of non-acceptance for a virus",
	receipt.FormTakeCharge: "take-charge receipt", receipt.FormVirusDetection: "virus detection notice", receipt.FormNonDeliveryVirus: "notice of non-delivery for a virus",
	receipt.FormDeliveryComplete: "complete delivery receipt", receipt.FormDeliveryBrief: "brief delivery receipt", receipt.FormDeliveryConcise: "concise delivery receipt",
	receipt.FormNonDelivery: "notice of non-delivery", receipt.FormTimeoutFirst: "first time-out notice", receipt.FormTimeoutSecond: "second time-out notice",
}

func eventName(event string) string {
	if name := eventNames[receipt.Form(event)]; name != "" {
		return name
	}
	return plain(event)
}

type logView struct {
	Name     string
	Entries  []pectest.LogEntry // newest first
	Total    int
	Older    string
	Infected []pectest.Infected
}

// log shows the log of a provider.
func (s *site) log(r *http.Request) (*page, error) {
	domain := r.URL.Query().Get("domain")
	for _, p := range s.net.Providers() {
		if p.Domain != domain {
			continue
		}
		all := s.net.Log(domain)
		v := &logView{Name: p.Identity.Name, Total: len(all), Infected: s.net.Infected(domain)}
		end := len(all)
		if n, err := strconv.Atoi(r.URL.Query().Get("before")); err == nil && n >= 0 && n < end {
			end = n
		}
		for i := end - 1; i >= max(end-pageSize, 0); i-- {
			v.Entries = append(v.Entries, all[i])
		}
		if end > pageSize {
			v.Older = link("/log", "domain", domain, "before", strconv.Itoa(end-pageSize))
		}
		return &page{name: "log", Title: "Log of " + p.Identity.Name, Body: v}, nil
	}
	return nil, errNothing
}
