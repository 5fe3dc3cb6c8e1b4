package pectest

import (
	"bytes"
	"io"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// fixture is a row of the tables: how a message is made, how it is bent, and
// what must be said about it.
type fixture struct {
	// file is its name without folder and extension.
	file string
	// story names the submitted message that it is about; rows of one story
	// belong together. Empty: one of its own.
	story string
	// mail is what was submitted; the contract unless set.
	mail *submission
	// asks is the X-TipoRicevuta of what was submitted.
	asks string
	// habits are those of both providers.
	habits []habit
	write  writer
	bend   []bend
	kind   pec.Kind
	// fails lists the checks that fail, in the order of a report; open is the
	// one that cannot be judged.
	fails, open string
	note        string
}

// A writer makes a message.
type writer func(s *scene) ([]byte, error)

// A bend changes a message.
type bend func(s *scene, message []byte) ([]byte, error)

// A habit is the way of a provider.
type habit func(c *cast, p *Provider)

// scene is one fixture being made: fresh providers, so that no fixture's bytes
// depend on those made before it.
type scene struct {
	*cast
	alfa, beta *Provider
	// signer is who signed the message.
	signer *Provider
	mail   *submission
	// submitted is the mail as the sender's program sent it, at is when.
	submitted []byte
	at        time.Time
	nth       int // of its story
}

// busta is the busta di trasporto around what was submitted.
func busta(s *scene) ([]byte, error) {
	s.signer = s.alfa
	data, _, err := s.alfa.Envelope(s.submitted, s.mail.from, s.mail.to, s.at, s.beta)
	return data, err
}

// transportOf carries any message, made by another writer.
func transportOf(inner writer) writer {
	return func(s *scene) ([]byte, error) {
		received, err := inner(s)
		if err != nil {
			return nil, err
		}
		s.signer = s.alfa
		data, _, err := s.alfa.Envelope(received, s.mail.from, s.mail.to, s.at.Add(time.Hour), s.beta)
		return data, err
	}
}

// anomalyOf is the busta di anomalia around a message made by another writer.
func anomalyOf(inner writer, reason string) writer {
	return func(s *scene) ([]byte, error) {
		received, err := inner(s)
		if err != nil {
			return nil, err
		}
		s.signer = s.beta
		return s.beta.Anomaly(received, stranger, []string{ufficio}, reason, s.at.Add(time.Hour))
	}
}

// ordinary is the submitted mail itself.
func ordinary(s *scene) ([]byte, error) { return s.submitted, nil }

// bent is what another writer makes, bent.
func bent(inner writer, bends ...bend) writer {
	return func(s *scene) ([]byte, error) {
		message, err := inner(s)
		for i := 0; i < len(bends) && err == nil; i++ {
			message, err = bends[i](s, message)
		}
		return message, err
	}
}

// issue is a receipt or notice, some time after the submission. Who signs it
// and whom it is about follow from the form, where the notice does not say.
func issue(form receipt.Form, after time.Duration, notice receipt.Notice) writer {
	return func(s *scene) ([]byte, error) {
		row, _ := catalogue.ByID(catalogue.ID(form))
		by := s.beta
		if row.SignedBy == catalogue.SenderProvider {
			by = s.alfa
		}
		return s.issue(by, form, after, notice)
	}
}

// issueBySender is issue for the sender's provider, which may issue an avviso
// di mancata consegna too.
func issueBySender(form receipt.Form, after time.Duration, notice receipt.Notice) writer {
	return func(s *scene) ([]byte, error) { return s.issue(s.alfa, form, after, notice) }
}

func (s *scene) issue(by *Provider, form receipt.Form, after time.Duration, n receipt.Notice) ([]byte, error) {
	delivered, t, err := s.alfa.Envelope(s.submitted, s.mail.from, s.mail.to, s.at, s.beta)
	if err != nil {
		return nil, err
	}
	by.counter += s.nth
	s.signer = by
	row, _ := catalogue.ByID(catalogue.ID(form))
	n.Time, n.To = s.at.Add(after), s.alfa.ServiceMailbox
	if n.Recipient == "" && row.Elements.Delivery {
		n.Recipient = s.mail.to[0]
	}
	if row.Elements.TakenInCharge && n.TakenInCharge == nil {
		for _, r := range s.mail.to {
			if s.beta.Handles(r) {
				n.TakenInCharge = append(n.TakenInCharge, r)
			}
		}
	}
	if row.Original >= catalogue.OriginalWhole {
		m, err := envelope.OpenBytes(delivered, nil)
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(m.Original.Raw())
		if err != nil {
			return nil, err
		}
		n.Original = io.NewSectionReader(bytes.NewReader(raw), 0, int64(len(raw)))
	}
	return by.Issue(form, t, n)
}
