package rem_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// party is a service of the tests: alfa serves the sender, beta the recipients.
type party struct {
	rem.Service
	leaf   *testpki.Leaf
	signer *envelope.Signer
}

// world is the transaction of the worked example: anna at alfa writes to
// ufficio and archivio at beta.
type world struct {
	t          testing.TB
	alfa, beta *party
	root       *x509.Certificate
	ca         *testpki.Authority // of both
	tsa        *tsptest.Authority
	now        time.Time // of signatures and time-stamps
	n          int
}

const (
	anna     = "anna.bianchi@alfa-rem.example"
	ufficio  = "ufficio@beta-rem.example"
	archivio = "archivio@beta-rem.example"
)

// submitted is T0 of the submission.
var submitted = time.Date(2026, 1, 15, 9, 30, 1, 0, time.UTC)

func newWorld(t testing.TB) *world {
	t.Helper()
	root := testpki.NewAuthority(52, "Radice REM di prova", nil)
	sub := root.Sub("CA REM di prova", nil)
	w := &world{t: t, root: root.Certificate, ca: sub, now: submitted.Add(time.Second)}
	join := func(name, address string) *party {
		leaf := sub.Provider(name, address, nil)
		return &party{
			Service: rem.Service{Name: name, Address: address}, leaf: leaf,
			signer: &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain},
		}
	}
	w.alfa = join("Alfa REM S.p.A.", "rem-service@alfa-rem.example")
	w.beta = join("Beta REM S.r.l.", "rem-service@beta-rem.example")
	var err error
	w.tsa, err = tsptest.New(tsptest.Config{Clock: func() time.Time { return w.now.Add(time.Second) }, Seed: 4})
	require.NoError(t, err)
	return w
}

// verifier believes the root and the time-stamping authority.
func (w *world) verifier(opt rem.VerifyOptions) *rem.Verifier {
	w.t.Helper()
	if opt.TimeStamps == nil {
		opt.TimeStamps = store(w.t, w.tsa.Root())
	}
	if opt.Now == nil {
		opt.Now = func() time.Time { return submitted.AddDate(0, 1, 0) }
	}
	return rem.NewVerifier(store(w.t, w.root), &opt)
}

func (w *world) prepared() *rem.Prepared { return mustPrepare(w.t, offer, newID) }

// draft is an evidence about the transaction, before it is signed.
func (w *world) draft(event evidence.Event, by *party, reasons ...string) *evidence.Evidence {
	w.t.Helper()
	at := submitted
	if event != evidence.SubmissionAcceptance && event != evidence.SubmissionRejection {
		at = at.Add(3 * time.Second)
	}
	e, err := evidence.New(event, at, reasons...)
	require.NoError(w.t, err)
	w.n++
	e.ID = "E" + strings.Repeat("x", w.n) + "@" + strings.SplitN(by.Address, "@", 2)[1]
	e.Policies = []string{evidence.PolicyBaseline, evidence.PolicyREMITEvidence}
	e.Issuer = evidence.Provider(by.Name)
	e.Sender = evidence.Mailbox(anna).WithPersonIdentifier(evidence.PersonIdentifier("IT", "IT", anna))
	e.Sender.Assurance = &evidence.Assurance{
		Global:         &evidence.Level{URI: evidence.LevelSubstantial, Policy: evidence.PolicyREMITAssurance},
		Authentication: &evidence.Authentication{Time: evidence.At(submitted.Add(-5 * time.Minute)), Method: evidence.MethodREMIT},
	}
	for _, a := range []string{ufficio, archivio} {
		u := evidence.Mailbox(a)
		if by == w.beta {
			u = u.WithPersonIdentifier(evidence.PersonIdentifier("IT", "IT", a))
		}
		e.Recipients = append(e.Recipients, u)
	}
	t0 := evidence.At(submitted)
	e.Submitted = &t0
	e.MessageID = newID
	e.Content = w.prepared().Content()
	subject := "Offerta n. 42"
	e.Extensions = []evidence.Extension{{General: &evidence.GeneralInfo{Subject: &subject}}}
	switch {
	case event.Relay():
		other := evidence.Provider(w.alfa.Name)
		if by == w.alfa {
			other = evidence.Provider(w.beta.Name)
		}
		e.ExternalERDS = &other
		e.Extensions = append(e.Extensions, evidence.Extension{Relay: &evidence.RelayInfo{RefersTo: []int{1, 2}}})
	case event.Consignment():
		one := 1
		e.RefersTo = &one
	}
	return e
}

// sign signs an evidence as a party does, after its event.
func (w *world) sign(e *evidence.Evidence, by *party) []byte {
	w.t.Helper()
	xml, _, err := e.MarshalLenient(evidence.ProfileOf(e))
	require.NoError(w.t, err)
	w.now = e.Time.UTC.Add(time.Second)
	signed, err := evidence.Sign(context.Background(), xml, &evidence.Signer{
		Key: by.leaf.Key, Certificate: by.leaf.Certificate, Chain: by.leaf.Chain, TimeStamp: w.tsa, Now: func() time.Time { return w.now },
	})
	require.NoError(w.t, err)
	return signed
}

func (w *world) evidence(event evidence.Event, by *party, reasons ...string) []byte {
	w.t.Helper()
	e := w.draft(event, by, reasons...)
	_, err := e.Marshal(evidence.ProfileOf(e))
	require.NoError(w.t, err)
	return w.sign(e, by)
}

func (w *world) frame(by *party) rem.Frame {
	return rem.Frame{Service: by.Service, Time: w.now.Add(2 * time.Second).In(rome), Policies: []string{rem.PolicyBaseline, evidence.PolicyREMIT}}
}

// receipt is a receipt for anna with the given evidence.
func (w *world) receipt(by *party, documents ...[]byte) []byte {
	w.t.Helper()
	w.n++
	r := &rem.Receipt{
		Frame: w.frame(by), MessageID: "R" + strings.Repeat("x", w.n) + "@" + strings.SplitN(by.Address, "@", 2)[1],
		To: []envelope.Mailbox{{Name: "Anna Bianchi", Address: anna}}, Sender: envelope.Mailbox{Name: "Anna Bianchi", Address: anna}, Evidence: documents,
	}
	var b bytes.Buffer
	require.NoError(w.t, rem.WriteReceipt(&b, r, by.signer))
	return b.Bytes()
}

func (w *world) dispatch(document []byte) []byte {
	w.t.Helper()
	d := &rem.Dispatch{Frame: w.frame(w.alfa), Original: w.prepared(), Evidence: [][]byte{document}}
	return built(w.t, func(out io.Writer) error { return rem.WriteDispatch(out, d, w.alfa.signer) })
}

// judge verifies with everything that there is to believe.
func (w *world) judge(message []byte) *rem.Report {
	w.t.Helper()
	_, r := verified(w.t, w.verifier(rem.VerifyOptions{}), message)
	return r
}

// failed are the names of the failed checks.
func failed(r *rem.Report) (names []string) {
	for _, c := range r.Checks {
		if c.Status == trust.Failed {
			names = append(names, c.Name)
		}
	}
	return names
}

func codes(r *rem.Report) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Code)
	}
	return all
}

// listing is one service of a trusted list.
type listing struct {
	provider string
	cert     *x509.Certificate
	kind     string
	history  []tsl.Entry // the present status first
}

var longAgo = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func granted(since time.Time) []tsl.Entry {
	return []tsl.Entry{{Status: tsl.StatusGranted, Starting: since}}
}

// lists signs a trusted list and takes it in.
func (w *world) lists(services ...listing) *tsl.Set {
	w.t.Helper()
	list := &tsl.List{Territory: "IT", Issued: submitted.AddDate(0, 0, 20), NextUpdate: submitted.AddDate(0, 6, 0)}
	for _, s := range services {
		service := tsl.Service{}
		for i, e := range s.history {
			e.Type, e.Names, e.Identity = s.kind, tsl.Names{{Language: "en", Value: "Service"}}, tsl.Identity{Certificates: [][]byte{s.cert.Raw}}
			if i == 0 {
				service.Entry = e
			} else {
				service.History = append(service.History, e)
			}
		}
		list.Providers = append(list.Providers, tsl.Provider{Names: tsl.Names{{Language: "en", Value: s.provider}}, Services: []tsl.Service{service}})
	}
	operator := tsltest.NewOperator(9, "IT")
	xml, err := operator.Sign(context.Background(), list)
	require.NoError(w.t, err)
	parsed, err := tsl.Parse(xml, nil)
	require.NoError(w.t, err)
	set, err := tsl.NewSet(parsed.Verify([]*x509.Certificate{operator.Certificate}, submitted.AddDate(0, 1, 0), nil))
	require.NoError(w.t, err)
	return set
}
