package remtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/mail"
	"time"
)

// plain writes messages as JSON, so that the simulation is tested by itself.
type plain struct{}

type plainMessage struct {
	Kind      Kind
	T         plainTransaction
	Facts     []*Fact
	Documents [][]byte
	Original  []byte
	To        []string
	ID        string
	Spoilt    FaultKind
}

type plainTransaction struct {
	Identifier, UserAgent, Subject string
	Sender                         mail.Address
	Recipients                     []string
	Submitted, Authenticated       time.Time
	Digest                         []byte
	Untrusted                      []int
}

var plainMark = []byte("PLAIN ")

func (plain) prepare(t *transaction, submitted []byte) ([]byte, error) {
	sum := sha256.Sum256(submitted)
	return sum[:], nil
}

// evidence writes the document, unsigned.
func (plain) evidence(of *node, t *transaction, f *Fact) ([]byte, error) {
	e, p := of.document(t, f)
	return e.Marshal(p)
}

func (plain) message(of *node, d *draft, spoilt *fault) ([]byte, error) {
	m := plainMessage{Kind: d.kind, Facts: d.facts, Documents: d.documents, Original: d.submitted, To: d.to, ID: d.id}
	m.T = plainTransaction{Identifier: d.t.identifier, UserAgent: d.t.userAgent, Subject: d.t.subject, Sender: d.t.sender, Recipients: d.t.addresses(nil),
		Submitted: d.t.submitted, Authenticated: d.t.authenticated, Digest: d.t.digest, Untrusted: d.t.untrusted}
	if spoilt != nil {
		m.Spoilt = spoilt.Kind
		if spoilt.Kind == SwapEvidence {
			m.T.Identifier = of.newID("D")
		}
	}
	data, err := json.Marshal(m)
	return append(bytes.Clone(plainMark), data...), err
}

func (plain) open(data []byte) (*plainMessage, error) {
	rest, ok := bytes.CutPrefix(data, plainMark)
	if !ok {
		return nil, errors.New("not plain")
	}
	m := new(plainMessage)
	return m, json.Unmarshal(rest, m)
}

func (p plain) read(data []byte) (*content, error) {
	m, err := p.open(data)
	if err != nil {
		return &content{kind: KindOrdinary}, nil
	}
	t := &transaction{identifier: m.T.Identifier, userAgent: m.T.UserAgent, subject: m.T.Subject, sender: m.T.Sender,
		submitted: m.T.Submitted, authenticated: m.T.Authenticated, digest: m.T.Digest, untrusted: m.T.Untrusted}
	for _, r := range m.T.Recipients {
		t.recipients = append(t.recipients, party{Address: mail.Address{Address: r}})
	}
	return &content{kind: m.Kind, identifier: t.identifier, t: t, facts: m.Facts, documents: m.Documents}, nil
}

func (p plain) judge(of *node, data []byte) error {
	m, err := p.open(data)
	switch {
	case err != nil:
		return &refusal{"RB02", err.Error()}
	case m.Spoilt == ExpiredCertificate:
		return &refusal{"RB05", "expired"}
	case m.Spoilt != "":
		return &refusal{"RB04", string(m.Spoilt)}
	}
	return nil
}

func (p *plain) relayable(of, to *node) error {
	for _, kind := range []FaultKind{ServiceWithdrawn, ServiceUnlisted, CSIExpired, CSIUnsigned, CSIWrongValue, WrongTLS} {
		if of.net.strikes(kind, "", occasion{provider: to}) != nil {
			return &refusal{"RB08", string(kind)}
		}
	}
	return nil
}

// plainNetwork is a network whose messages are JSON.
func plainNetwork(opt *NetworkOptions) (*Network, error) { return newNetwork(opt, &plain{}) }
