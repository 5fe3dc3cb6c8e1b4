package pecweb

import (
	"errors"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// done says what a form did.
var done = map[string]string{
	"fault": "The fault is there from now on.",
	"clear": "All faults are gone.",
}

// refusal is what the network does not let a form do.
type refusal struct{ text string }

func (e *refusal) Error() string { return e.text }

// send submits a test message.
func (s *site) send(r *http.Request) (string, error) {
	f := r.PostForm
	a, err := s.net.Account(f.Get("from"))
	if err != nil {
		return "", &refusal{"There is no account " + strconv.Quote(f.Get("from")) + "."}
	}
	if _, err := s.net.Login(a.Address, a.Password()); err != nil {
		return "", &refusal{"The message was not sent: " + err.Error()}
	}
	d := &pec.Draft{Subject: f.Get("subject"), Text: f.Get("text"), ReceiptType: daticert.ReceiptType(f.Get("receipt"))}
	if d.To, err = addresses(f.Get("to")); err == nil {
		d.Cc, err = addresses(f.Get("cc"))
	}
	if err != nil {
		return "", &refusal{"The message was not sent: " + err.Error()}
	}
	switch f.Get("extra") {
	case "file":
		d.Attachments = []pec.File{pec.FileBytes("nota.txt", "text/plain", []byte("Una nota di prova.\r\n"))}
	case "virus":
		d.Attachments = []pec.File{pec.FileBytes("eicar.com", "application/octet-stream", pectest.EICARFile())}
	}
	sent, err := a.Send(r.Context(), d)
	if errors.Is(err, pectest.ErrCut) {
		return "", &refusal{"Whether the message was sent is not known: " + err.Error()}
	}
	if err != nil {
		return "", &refusal{"The message was not sent: " + err.Error()}
	}
	id := daticert.TrimMessageID(sent.MessageID)
	all := s.net.Journeys()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].MessageID == id {
			return link("/journey", "number", strconv.Itoa(i+1)), nil
		}
	}
	return "/", nil
}

// addresses reads a list that is separated by commas, semicolons or spaces.
func addresses(list string) ([]pec.Address, error) {
	var all []pec.Address
	for _, a := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) }) {
		parsed, err := mail.ParseAddress(a)
		if err != nil {
			return nil, errors.New(strconv.Quote(a) + " is no address")
		}
		all = append(all, *parsed)
	}
	return all, nil
}

// addFault makes something go wrong.
func (s *site) addFault(r *http.Request) (string, error) {
	f := r.PostForm
	fault := pectest.Fault{
		Kind: pectest.FaultKind(f.Get("fault")), Message: pec.Kind(f.Get("message")), Provider: f.Get("provider"), Mailbox: strings.TrimSpace(f.Get("mailbox")),
		Checked: f.Get("checked") != "",
	}
	for name, to := range map[string]*int{"skip": &fault.Skip, "times": &fault.Times} {
		if v := strings.TrimSpace(f.Get(name)); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 {
				return "", &refusal{"The fault was not added: " + strconv.Quote(v) + " is no number of cases."}
			}
			*to = n
		}
	}
	if v := strings.TrimSpace(f.Get("for")); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			return "", &refusal{"The fault was not added: " + strconv.Quote(v) + " is no duration such as 30s, 90m or 13h."}
		}
		fault.For = d
	}
	if err := s.net.AddFault(fault); err != nil {
		return "", &refusal{"The fault was not added: " + err.Error()}
	}
	return link("/", "done", "fault"), nil
}

func (s *site) clearFaults(*http.Request) (string, error) {
	s.net.ClearFaults()
	return link("/", "done", "clear"), nil
}

// jumps are the times that the buttons let pass.
var jumps = map[string]time.Duration{"1h": time.Hour, "12h": 12 * time.Hour, "25h": 25 * time.Hour}

// passTime moves the clock, or lets all mail that is under way arrive.
func (s *site) passTime(r *http.Request) (string, error) {
	by := r.PostForm.Get("by")
	d, known := jumps[by]
	switch {
	case s.net.Simulated() && by == "settle":
		s.net.Settle()
	case s.net.Simulated() && known:
		s.net.Advance(d)
	case s.opt.Advance != nil && known:
		s.opt.Advance(d)
		s.net.Wake()
	default:
		return "", &problem{http.StatusBadRequest, "Refused", "This clock does not move by " + strconv.Quote(by) + "."}
	}
	return back(r.PostForm.Get("back")), nil
}

// back is a page of this site that a form names, or the first one.
func back(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" {
		return "/"
	}
	switch u.Path {
	case "/", "/mailbox", "/message", "/journey", "/log":
		return (&url.URL{Path: u.Path, RawQuery: u.Query().Encode()}).String()
	}
	return "/"
}
