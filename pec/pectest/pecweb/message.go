package pecweb

import (
	"net/http"
	"strconv"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// maxText is how many bytes of a text are read for its page.
const maxText = 64 << 10

type messageView struct {
	Address, Folder string
	*pectest.Stored
	Unreadable     string
	Subject        string
	From, To       string
	MessageID, Ref string
	Verdict        state
	Basis          string
	Checks         []checkView
	Findings       []pec.Finding
	Text           string
	Certified      []dataRow
	XML            string
	Header         []headerField
	Parts          []partView
	Inside         *insideView
	Download       string
	Journeys       []journeyLine
}

type checkView struct {
	Name, Detail string
	State        state
}

type headerField struct{ Name, Value, Decoded string }

// insideView is the original that a message carries.
type insideView struct {
	Subject, MessageID string
	Header             []headerField
	Parts              []partView
}

// message shows the structure of one message.
func (s *site) message(r *http.Request) (*page, error) {
	box, folder, stored, err := s.stored(r)
	if err != nil {
		return nil, err
	}
	v := &messageView{Address: box.Address, Folder: folder, Stored: stored}
	at := []string{"address", box.Address, "folder", folder, "uid", strconv.Itoa(int(stored.UID))}
	v.Download = link("/download", at...)
	p := &page{name: "message", Title: "(no subject)", Body: v, Crumbs: []crumb{
		{box.Address, link("/mailbox", "address", box.Address)}, {folder, link("/mailbox", "address", box.Address, "folder", folder)},
	}}
	m, err := pec.ParseBytes(stored.Data, nil)
	if err != nil {
		v.Unreadable, v.Verdict = err.Error(), state{"red", "unreadable"}
		return p, nil
	}
	h := m.Envelope.Header
	v.Subject, v.From, v.To = h.Text("Subject"), h.Text("From"), h.Text("To")
	v.MessageID, v.Ref = m.MessageID(), m.RefMessageID()
	if v.Subject != "" {
		p.Title = v.Subject
	}
	v.Findings = m.Findings
	if report, err := s.net.Verifier().Verify(r.Context(), m); err != nil {
		v.Verdict = state{"amber", "not verified: " + plain(err.Error())}
	} else {
		v.Verdict, v.Basis, v.Findings = verdictOf(report.Kind, report.Verdict), string(report.Basis), report.Findings
		for _, c := range report.Checks {
			v.Checks = append(v.Checks, checkView{c.Name, c.Detail, checkState(c.Status)})
		}
	}
	v.Text, _ = m.Text(maxText)
	v.Text = prose(v.Text)
	v.Header = headerOf(h)
	v.Parts = partsOf(m.Envelope.Root, at, false)
	if m.Data != nil {
		v.Certified, v.XML = dataRows(m.Data), prose(m.Data.Raw)
	}
	if original, err := m.Envelope.OpenOriginal(); err == nil {
		v.Inside = &insideView{
			Subject: original.Header.Text("Subject"), MessageID: original.Header.Get("Message-ID"),
			Header: headerOf(original.Header), Parts: partsOf(original.Root, at, true),
		}
		defer original.Close()
	}
	all := s.net.Journeys()
	for i := range all {
		if id := m.Identifier(); id != "" && all[i].Identifier == id || all[i].MessageID != "" && all[i].MessageID == v.MessageID {
			v.Journeys = append(v.Journeys, journeyLine{i + 1, all[i], stateOf(&all[i])})
		}
	}
	return p, nil
}

// maxRows bounds the fields and parts that are shown.
const maxRows = 500

func headerOf(h *envelope.Header) []headerField {
	var all []headerField
	for name, value := range h.All() {
		f := headerField{Name: name, Value: value}
		if decoded := envelope.DecodeText(value); decoded != value {
			f.Decoded = decoded
		}
		if all = append(all, f); len(all) == maxRows {
			break
		}
	}
	return all
}
