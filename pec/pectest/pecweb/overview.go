package pecweb

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// pageSize is how many rows a long list shows at once.
const pageSize = 100

type overview struct {
	Providers []providerView
	Outside   []boxView
	Faults    []pectest.FaultState
	Journeys  []journeyLine
	Older     string
	Services  []Service
	Total     int
	Form      url.Values
	Choices   choices
}

// choices fill the lists of the forms.
type choices struct {
	Accounts, Domains []string
	Receipts, Extras  []choice
	Kinds             []choice
	Faults            []pectest.FaultKind
}

type choice struct{ Value, Text string }

type providerView struct {
	Name, Domain, Domains string
	Boxes                 []boxView
}

type boxView struct {
	Address, Password, Note string
	Inbox, Sent, Others     int
}

// overview is the first page.
func (s *site) overview(r *http.Request) (*page, error) {
	p := s.overviewWith(nil)
	p.Done = done[r.URL.Query().Get("done")]
	v := p.Body.(*overview)
	v.Journeys, v.Older = s.journeyLines(r.URL.Query().Get("before"))
	return p, nil
}

// overviewWith is the first page with the values of a form that was refused.
func (s *site) overviewWith(form url.Values) *page {
	v := &overview{Form: form, Services: s.opt.Services, Faults: s.net.Faults()}
	v.Journeys, v.Older = s.journeyLines("")
	v.Total = len(s.net.Journeys())
	passwords := map[string]string{}
	for _, a := range s.net.Accounts() {
		passwords[strings.ToLower(a.Address)] = a.Password()
		v.Choices.Accounts = append(v.Choices.Accounts, a.Address)
	}
	boxes := s.net.Mailboxes()
	taken := map[*pectest.Mailbox]bool{}
	for _, p := range s.net.Providers() {
		view := providerView{Name: p.Identity.Name, Domain: p.Domain, Domains: strings.Join(p.Domains, ", ")}
		v.Choices.Domains = append(v.Choices.Domains, p.Domain)
		var service []boxView
		for _, m := range boxes {
			if !p.Handles(m.Address) {
				continue
			}
			taken[m] = true
			b := boxOf(m)
			if b.Password = passwords[strings.ToLower(m.Address)]; b.Password != "" {
				view.Boxes = append(view.Boxes, b)
				continue
			}
			b.Note = "its own address, from which it sends"
			if m.Address == p.ServiceMailbox {
				b.Note = "service mailbox (casella di servizio)"
			}
			service = append(service, b)
		}
		view.Boxes = append(view.Boxes, service...)
		v.Providers = append(v.Providers, view)
	}
	for _, m := range boxes {
		if !taken[m] {
			v.Outside = append(v.Outside, boxOf(m))
		}
	}
	v.Choices.Faults = pectest.FaultKinds()
	v.Choices.Receipts = []choice{{"", "not asked for (complete)"}, {string(daticert.ReceiptComplete), "complete (completa)"},
		{string(daticert.ReceiptBrief), "brief (breve)"}, {string(daticert.ReceiptConcise), "concise (sintetica)"}}
	v.Choices.Extras = []choice{{"", "nothing"}, {"file", "a small text file"}, {"virus", "the harmless test virus EICAR"}}
	v.Choices.Kinds = []choice{{"", "of any kind"}}
	for _, k := range []pec.Kind{pec.KindTransport, pec.KindAnomaly, pec.KindAcceptance, pec.KindNonAcceptance, pec.KindTakeCharge, pec.KindDelivery,
		pec.KindNonDelivery, pec.KindTimeout, pec.KindVirusDetection, pec.KindOrdinary} {
		v.Choices.Kinds = append(v.Choices.Kinds, choice{string(k), kindName(k) + " (" + string(k) + ")"})
	}
	return &page{name: "overview", Title: "Certified mail network", Body: v}
}

// boxOf counts what is in a mailbox.
func boxOf(m *pectest.Mailbox) boxView {
	b := boxView{Address: m.Address}
	for _, f := range m.Folders() {
		switch f.Name {
		case pectest.Inbox:
			b.Inbox = f.Messages
		case pectest.Sent:
			b.Sent = f.Messages
		default:
			b.Others += f.Messages
		}
	}
	return b
}

// Value is what was in a field of the form, or what stands there at first.
func (v *overview) Value(name, first string) string {
	if v.Form == nil || !v.Form.Has(name) {
		return first
	}
	return v.Form.Get(name)
}

// Second is the address that a test message goes to at first.
func (v *overview) Second() string {
	all := v.Choices.Accounts
	if len(all) == 0 {
		return ""
	}
	_, home, _ := strings.Cut(all[0], "@")
	for i, a := range all {
		if _, domain, _ := strings.Cut(a, "@"); domain != home {
			return all[min(i+1, len(all)-1)]
		}
	}
	return all[len(all)-1]
}

// journeyLine is a row of the list of journeys.
type journeyLine struct {
	Number int
	pectest.Journey
	State state
}

// journeyLines are those before a number, newest first, and the address of
// the next older ones.
func (s *site) journeyLines(before string) (lines []journeyLine, older string) {
	all := s.net.Journeys()
	end := len(all)
	if n, err := strconv.Atoi(before); err == nil && n >= 1 && n <= end {
		end = n - 1
	}
	for i := end - 1; i >= max(end-pageSize, 0); i-- {
		lines = append(lines, journeyLine{i + 1, all[i], stateOf(&all[i])})
	}
	if end > pageSize {
		older = link("/", "before", strconv.Itoa(end-pageSize+1))
	}
	return lines, older
}
