package remtest

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/mail"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl/tsltest"
)

// sealer is the maker of genuine messages: signed, time-stamped, judged by
// trusted list and capabilities.
type sealer struct {
	n       *Network
	ca      *Authority
	names   map[string]*node // by legal name
	signers map[*node]*testpki.Leaf
	store   *trust.Store
}

func (s *sealer) prepared(t *transaction, submitted []byte) (*rem.Prepared, error) {
	return rem.Prepare(io.NewSectionReader(bytes.NewReader(submitted), 0, int64(len(submitted))), t.identifier, nil)
}

func (s *sealer) prepare(t *transaction, submitted []byte) ([]byte, error) {
	p, err := s.prepared(t, submitted)
	if err != nil {
		return nil, err
	}
	t.userAgent = "<" + p.UserAgentID + ">"
	return p.Digest, nil
}

// seal is how a provider signs: as it should, or as a fault has it.
type seal struct {
	leaf *testpki.Leaf
	// name replaces the legal name in evidence.
	name string
	// stamp is the fault of the time-stamp: none, or one of the source.
	stamp FaultKind
}

func (s *sealer) genuine(of *node) seal { return seal{leaf: s.signers[of]} }

func (s *sealer) evidence(of *node, t *transaction, f *Fact) ([]byte, error) {
	return s.sign(of, t, f, s.genuine(of))
}

// mailbox is an address with its name.
func mailbox(a mail.Address) envelope.Mailbox {
	return envelope.Mailbox{Name: a.Name, Address: a.Address}
}

// frame is what all messages of a provider have in common.
func (s *sealer) frame(of *node, d *draft) rem.Frame {
	at := s.n.Now()
	f := rem.Frame{Service: rem.Service{Name: of.config.Name, Address: of.address()}, Time: at, Random: of.random}
	if d.kind != KindReceipt || len(d.facts) == 0 || d.facts[0].Event != evidence.SubmissionAcceptance {
		f.RelayDate = at
	}
	f.Policies = []string{policyBaseline, policyDomain}
	if of.config.Profile == Italian {
		f.Policies[1] = policyItaly
	}
	if d.frame != nil {
		d.frame(&f)
	}
	return f
}

// compose writes a message with evidence and signer as they are given.
func (s *sealer) compose(of *node, d *draft, documents [][]byte, leaf *testpki.Leaf) ([]byte, error) {
	signer := &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain, Now: s.n.Now}
	var out bytes.Buffer
	var err error
	var to []envelope.Mailbox
	for _, address := range d.to {
		to = append(to, envelope.Mailbox{Address: address})
	}
	switch d.kind {
	case KindDispatch:
		var p *rem.Prepared
		if p, err = s.prepared(d.t, d.submitted); err != nil {
			return nil, err
		}
		err = rem.WriteDispatch(&out, &rem.Dispatch{Frame: s.frame(of, d), Original: p, Evidence: documents, External: d.fromOrdinary, RelayToNonERDS: d.toOrdinary}, signer)
	case KindPayload:
		var p *rem.Prepared
		if p, err = s.prepared(d.t, d.submitted); err != nil {
			return nil, err
		}
		err = rem.WritePayload(&out, &rem.Payload{Frame: s.frame(of, d), Original: p}, signer)
	case KindReceipt:
		err = rem.WriteReceipt(&out, &rem.Receipt{Frame: s.frame(of, d), MessageID: d.id, To: to, Sender: mailbox(d.t.sender), Evidence: documents}, signer)
	case KindNotification:
		err = rem.WriteNotification(&out, &rem.Notification{
			Frame: s.frame(of, d), MessageID: d.id, Identifier: d.t.identifier, To: to, Sender: mailbox(d.t.sender), Subject: d.t.subject,
			UserAgentID: d.t.userAgent, DigestMethod: evidence.DigestSHA256, Digest: d.t.digest, Location: d.link, Evidence: documents,
		}, signer)
	default:
		err = fmt.Errorf("remtest: no provider writes a message of kind %q", d.kind)
	}
	return out.Bytes(), err
}

func (s *sealer) message(of *node, d *draft, spoilt *fault) ([]byte, error) {
	if spoilt != nil {
		return s.spoil(of, d, spoilt.Kind)
	}
	return s.compose(of, d, d.documents, s.signers[of])
}

func (s *sealer) read(data []byte) (*content, error) {
	m, err := rem.ParseBytes(data, nil)
	if err != nil {
		return nil, err
	}
	c := &content{kind: Kind(m.Kind), identifier: m.Identifier()}
	for i := range m.Evidence {
		e := m.Evidence[i].Document
		if e == nil {
			continue
		}
		if c.t == nil {
			c.t = transactionOf(e)
		}
		c.facts = append(c.facts, factOf(e, s.domain))
		c.documents = append(c.documents, m.Evidence[i].Bytes())
	}
	return c, nil
}

// domain is that of the provider with a legal name; the name itself for none.
func (s *sealer) domain(name string) string {
	if of := s.names[name]; of != nil {
		return of.domain()
	}
	return name
}

// sign writes and signs the evidence of a fact, under some seal.
func (s *sealer) sign(of *node, t *transaction, f *Fact, k seal) ([]byte, error) {
	e, p := of.document(t, f)
	if k.name != "" {
		e.Issuer = evidence.Provider(k.name)
	}
	xml, err := e.Marshal(p)
	if err != nil {
		return nil, err
	}
	xml, err = evidence.Sign(context.Background(), xml, &evidence.Signer{
		Key: k.leaf.Key, Certificate: k.leaf.Certificate, Chain: k.leaf.Chain, TimeStamp: s.ca.tsa, Now: s.n.Now, Filter2: of.config.Filter2,
	})
	if err != nil || k.stamp == "" {
		return xml, err
	}
	return s.stamped(xml, k.stamp)
}

// judge is the check of a message that comes in (EN 319 532-4 §C.2.3.3.3,
// §D.4.3): signatures, certificates, trusted list, digest and header.
func (s *sealer) judge(of *node, data []byte) error {
	v, err := s.n.public.verifier()
	if err != nil {
		return &refusal{"RB04", err.Error()}
	}
	m, err := rem.ParseBytes(data, nil)
	if err != nil {
		return &refusal{"RB02", err.Error()}
	}
	r, err := v.Verify(context.Background(), m)
	if err != nil {
		return &refusal{"RB04", err.Error()}
	}
	if r.Verdict == trust.Valid {
		return nil
	}
	code := "RB04"
	if r.Check(trust.CheckSignature).Status == trust.Passed {
		switch {
		case r.Check(trust.CheckSignerChain).Status == trust.Failed:
			code = "RB05"
		case r.Check(trust.CheckTrustedList).Status == trust.Failed:
			code = "RB06"
		}
	}
	return &refusal{code, r.Err().Error()}
}

// NewNetwork makes a network with a certification of its own. opt may be nil.
func NewNetwork(opt *NetworkOptions) (*Network, error) {
	s := &sealer{names: map[string]*node{}, signers: map[*node]*testpki.Leaf{}}
	n, err := newNetwork(opt, s)
	if err != nil {
		return nil, err
	}
	s.n = n
	if s.ca, err = newAuthority(n.opt.Seed, n.clock.Now); err != nil {
		return nil, err
	}
	n.authority = s.ca
	n.public = &publication{
		s: s, operators: map[string]*tsltest.Operator{}, lists: map[string]published{}, documents: map[*node]published{}, servers: map[*node]*x509.Certificate{},
	}
	for _, country := range n.countries() {
		n.public.operators[country] = tsltest.NewOperator(n.opt.Seed, country)
	}
	if s.store, err = trust.NewStore(n.Material(), nil); err != nil {
		return nil, err
	}
	for _, of := range n.nodes {
		s.names[of.config.Name] = of
		s.signers[of] = s.ca.service(of, s.ca.rem, nil)
		if n.public.servers[of], err = serverCertificate(s.ca.root, n.opt.Seed, of, ""); err != nil {
			return nil, err
		}
	}
	return n, nil
}
