package main

import (
	"net/mail"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

const showHelp = `usage: certmail show [--json] FILE…

Says what each message is: the kind of certified mail (posta elettronica
certificata, PEC; registered electronic mail, REM), who it says sent what to whom
and when, the evidence and the original message inside, Italian e-invoices and
notifications of the Sistema di Interscambio (SDI) in it, and everything odd that
was met. Nothing is judged: see certmail verify.

  --json   one JSON array on standard output, an object per message
`

// shown is a message as "certmail show --json" writes it. Names are the
// contract: they are added to, never changed.
type shown struct {
	File         string      `json:"file"`
	System       string      `json:"system"`
	Kind         string      `json:"kind"`
	MessageID    string      `json:"message_id"`
	RefMessageID string      `json:"ref_message_id"`
	Identifier   string      `json:"identifier"`
	Provider     string      `json:"provider"`
	Time         string      `json:"time"` // empty when the message certifies no time
	Sender       string      `json:"sender"`
	Recipients   []recipient `json:"recipients"`
	Recipient    string      `json:"recipient"`
	Subject      string      `json:"subject"`
	ReceiptType  string      `json:"receipt_type"`
	// Error is null when nothing went wrong: errore is absent or "nessuno", and
	// there is no errore-esteso.
	Error *receipt.Reason `json:"error"`
	// Events are the evidence of REM; PEC has none.
	Events   []shownEvent `json:"events"`
	Original *original    `json:"original"` // null when there is none
	// Invoice is the first e-invoice in the message, SDI everything that is of
	// the Sistema di Interscambio; null when there is none.
	Invoice  *shownInvoice `json:"invoice"`
	SDI      *shownSDI     `json:"sdi"`
	Findings []finding     `json:"findings"`
	// Unreadable says why a message could not be read; then its kind is
	// "unknown" and everything else is empty.
	Unreadable string `json:"unreadable,omitempty"`
}

type recipient struct {
	Address string `json:"address"`
	Type    string `json:"type"`
}

// original is the embedded original.
type original struct {
	Size        int64        `json:"size"`
	SHA256      string       `json:"sha256"`
	Subject     string       `json:"subject"`
	MessageID   string       `json:"message_id"`
	Attachments []attachment `json:"attachments"`
}

// attachment is a file in the original, with its decoded size. One that cannot
// be decoded has no digest, and a finding says why.
type attachment struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (a *app) show(args []string) error {
	f := newFlags("show", showHelp)
	files, err := f.read(args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usagef("show: a file is missing; see certmail show --help")
	}
	out := &jsonArray{w: a.stdout}
	good := true
	err = a.messages(files, func(in *input) error {
		s := showMessage(in)
		good = good && s.Unreadable == ""
		in.before()
		if f.json {
			return out.add(s)
		}
		if s.Unreadable != "" {
			a.complain(unreadable(in))
			return nil
		}
		a.showText(s)
		return nil
	})
	if err != nil {
		return err
	}
	return out.end(f.json, good)
}

// showMessage reads everything that there is to show.
func showMessage(in *input) *shown {
	if in.err != nil {
		why := in.err.Error()
		return &shown{
			File: in.name, System: string(pec.SystemMail), Kind: string(pec.KindUnknown), Recipients: []recipient{}, Events: []shownEvent{},
			Findings: []finding{{"unreadable", why}}, Unreadable: why,
		}
	}
	if in.rem != nil {
		return showREM(in)
	}
	m := in.msg
	s := &shown{
		File: in.name, System: string(m.Kind.System()), Kind: string(m.Kind),
		MessageID: m.MessageID(), RefMessageID: m.RefMessageID(), Identifier: m.Identifier(),
		Sender: m.Sender(), Subject: m.Subject(), Recipients: []recipient{}, Events: []shownEvent{},
		Findings: findings("", m.Findings),
	}
	for _, r := range m.Recipients() {
		s.Recipients = append(s.Recipients, recipient{r.Address, string(r.Type)})
	}
	if m.Data != nil {
		s.certified(m)
	} else {
		s.uncertified(m)
	}
	if m.Envelope.Original != nil {
		o, err := m.Original()
		if err != nil {
			s.find("original-unreadable", err.Error())
			return s
		}
		defer o.Close()
		s.readOriginal(o, findings("in the original: ", others(o.Findings)))
	}
	s.readSDI(m)
	return s
}

// certified takes over what the certification data say.
func (s *shown) certified(m *pec.Message) {
	d := m.Data
	s.Provider, s.ReceiptType = d.Provider, string(d.ReceiptType)
	if t, err := m.Time(); err == nil {
		s.Time = stamp(t)
	}
	if reason := receipt.ReasonOf(d); !reason.IsZero() {
		s.Error = &reason
	}
	if !m.Kind.IsReceipt() {
		return
	}
	view, err := m.Receipt()
	if err != nil {
		s.find("type-mismatch", err.Error())
		return
	}
	s.Recipient = about(view)
	s.Findings = append(s.Findings, findings("", view.Info().Findings)...)
}

// uncertified fills in the time of an ordinary mail, which nobody certifies.
func (s *shown) uncertified(m *pec.Message) {
	h := m.Envelope.Header
	if m.Kind != pec.KindOrdinary {
		return
	}
	if t, err := mail.ParseDate(h.Get("Date")); err == nil {
		s.Time = stamp(t)
	} else if h.Has("Date") {
		s.find("date-unreadable", "Date: "+h.Get("Date"))
	}
}

func (s *shown) find(code, detail string) {
	s.Findings = append(s.Findings, finding{code, detail})
}

// carried is an original of either system.
type carried interface {
	Size() int64
	SHA256() (string, error)
	Subject() string
	MessageID() string
	Attachments() ([]envelope.File, error)
}

// readOriginal reads the embedded original, exactly as it is stored.
func (s *shown) readOriginal(o carried, found []finding) {
	s.Findings = append(s.Findings, found...)
	sum, err := o.SHA256()
	if err != nil {
		s.find("original-unreadable", err.Error())
		return
	}
	s.Original = &original{Size: o.Size(), SHA256: sum, Subject: o.Subject(), MessageID: o.MessageID(), Attachments: []attachment{}}
	list, err := o.Attachments()
	if err != nil {
		s.find("attachments-unreadable", err.Error())
		return
	}
	for i := range list {
		file := attachment{Name: list[i].Name, Type: list[i].Type}
		file.Size, file.SHA256, err = list[i].Digest()
		if err != nil {
			file.Size, file.SHA256 = 0, ""
			s.find("attachment-unreadable", file.Name+": "+err.Error())
		}
		s.Original.Attachments = append(s.Original.Attachments, file)
	}
}

// others leaves out what is no news about an original: how the file is stored.
func others(list []daticert.Finding) []daticert.Finding {
	var out []daticert.Finding
	for _, f := range list {
		if f.Code != "line-endings-changed" {
			out = append(out, f)
		}
	}
	return out
}
