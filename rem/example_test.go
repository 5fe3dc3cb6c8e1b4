package rem_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// exampleService is a REM service with throw-away certificates.
type exampleService struct {
	name, address string
	signer        *envelope.Signer
	evidence      *evidence.Signer
	verifier      *rem.Verifier
}

func exampleAt() time.Time { return time.Date(2026, 1, 15, 9, 30, 2, 0, time.UTC) }

func newExampleService() *exampleService {
	ca := testpki.NewAuthority(61, "Radice di esempio", nil)
	s := &exampleService{name: "Alfa REM S.p.A.", address: "rem-service@alfa-rem.example"}
	leaf := ca.Provider(s.name, s.address, nil)
	tsa, _ := tsptest.New(tsptest.Config{Clock: exampleAt, Seed: 1})
	stamps, _ := tsa.Store()
	store, _ := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{ca.Certificate}}, nil)
	s.signer = &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain}
	s.evidence = &evidence.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain, TimeStamp: tsa, Now: exampleAt}
	s.verifier = rem.NewVerifier(store, &rem.VerifyOptions{TimeStamps: stamps})
	return s
}

// attest signs evidence about a prepared message.
func (s *exampleService) attest(event evidence.Event, reason string, p *rem.Prepared) []byte {
	e, _ := evidence.New(event, exampleAt().Add(-time.Second), reason)
	e.ID = "E1.20260115T093001Z@alfa-rem.example"
	e.Policies = []string{evidence.PolicyBaseline, "https://remid.example/policy"}
	e.Issuer = evidence.Provider(s.name)
	e.Sender = evidence.Mailbox(p.Author.Address)
	e.Sender.Assurance = &evidence.Assurance{
		Global:         &evidence.Level{URI: evidence.LevelSubstantial, Policy: "https://remid.example/assurance"},
		Authentication: &evidence.Authentication{Time: evidence.At(exampleAt().Add(-time.Minute)), Method: "https://remid.example/method"},
	}
	for _, r := range p.Recipients {
		e.Recipients = append(e.Recipients, evidence.Mailbox(r))
	}
	at := evidence.At(exampleAt().Add(-time.Second))
	e.Submitted, e.MessageID, e.Content = &at, p.MessageID, p.Content()
	e.Extensions = []evidence.Extension{{General: &evidence.GeneralInfo{Subject: &p.Subject}}}
	if event.Consignment() {
		first := 1
		e.RefersTo = &first
	}
	xml, err := e.Marshal(evidence.Baseline())
	if err != nil {
		panic(err)
	}
	signed, err := evidence.Sign(context.Background(), xml, s.evidence)
	if err != nil {
		panic(err)
	}
	return signed
}

const exampleMessage = "From: \"Anna Bianchi\" <anna.bianchi@alfa-rem.example>\nTo: <ufficio@beta-rem.example>\n" +
	"Subject: Offerta n. 42\nMessage-ID: <4f1d2c@client.example>\n\nIn allegato l'offerta.\n"

const exampleID = "D1.20260115T093001Z.7F3A9C21@alfa-rem.example"

func examplePrepared() *rem.Prepared {
	p, _ := rem.Prepare(io.NewSectionReader(strings.NewReader(exampleMessage), 0, int64(len(exampleMessage))), exampleID, nil)
	return p
}

func (s *exampleService) frame() rem.Frame {
	return rem.Frame{Service: rem.Service{Name: s.name, Address: s.address}, Time: exampleAt()}
}

func (s *exampleService) receipt(event evidence.Event, reason string) []byte {
	var out bytes.Buffer
	if err := rem.WriteReceipt(&out, &rem.Receipt{
		Frame: s.frame(), MessageID: "R1@alfa-rem.example", To: []envelope.Mailbox{{Address: "anna.bianchi@alfa-rem.example"}},
		Evidence: [][]byte{s.attest(event, reason, examplePrepared())},
	}, s.signer); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// A submitted message becomes what a dispatch carries: with the id of its
// transaction, and with a digest that all its evidence states.
func ExamplePrepare() {
	p, err := rem.Prepare(io.NewSectionReader(strings.NewReader(exampleMessage), 0, int64(len(exampleMessage))), exampleID, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.UserAgentID, p.Subject, p.Recipients)
	var out strings.Builder
	_, _ = p.WriteTo(&out)
	fmt.Print(strings.ReplaceAll(out.String(), "\r\n", "\n"))
	// Output:
	// 4f1d2c@client.example Offerta n. 42 [ufficio@beta-rem.example]
	// From: "Anna Bianchi" <anna.bianchi@alfa-rem.example>
	// To: <ufficio@beta-rem.example>
	// Subject: Offerta n. 42
	// Message-ID: <D1.20260115T093001Z.7F3A9C21@alfa-rem.example>
	// REM-UAMessageIdentifier: <4f1d2c@client.example>
	//
	// In allegato l'offerta.
}

// The sender's service puts an accepted message into a dispatch, with the
// signed evidence of its submission.
func ExampleWriteDispatch() {
	s := newExampleService()
	original := examplePrepared()
	var out bytes.Buffer
	err := rem.WriteDispatch(&out, &rem.Dispatch{
		Frame: s.frame(), Original: original, Evidence: [][]byte{s.attest(evidence.SubmissionAcceptance, "RA01", original)},
	}, s.signer)
	fmt.Println(err)
	m, _ := rem.ParseBytes(out.Bytes(), nil)
	report, _ := s.verifier.Verify(context.Background(), m)
	fmt.Println(m.Kind, report.Verdict, report.Basis, report.Check(trust.CheckOriginalDigest).Status)
	// Output:
	// <nil>
	// dispatch valid timestamp passed
}

// Reading judges nothing: this is what a message says of itself.
func ExampleParseBytes() {
	m, err := rem.ParseBytes(newExampleService().receipt(evidence.ContentConsignment, "RD01"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Kind, m.Sender(), m.Recipient(), m.Subject())
	for _, e := range m.Evidence {
		fmt.Println(e.Document.Event, e.Document.Reasons[0].Code(), e.Document.Time)
	}
	// Output:
	// receipt anna.bianchi@alfa-rem.example ufficio@beta-rem.example Offerta n. 42
	// ContentConsignment RD01 2026-01-15T09:30:01Z
}

// A verifier judges by named checks; only a valid message has a certified view.
func ExampleVerifier_Verify() {
	s := newExampleService()
	m, _ := rem.ParseBytes(s.receipt(evidence.ContentConsignment, "RD01"), nil)
	report, err := s.verifier.Verify(context.Background(), m)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range report.Checks {
		fmt.Println(c.Name, c.Status)
	}
	certified, err := report.Certified()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict, certified.Provider, certified.Time.Format(time.RFC3339))
	// Output:
	// signature passed
	// digest-algorithm passed
	// signer-chain passed
	// signer-address passed
	// revocation skipped
	// headers passed
	// evidence-signature passed
	// evidence-timestamp passed
	// evidence-profile passed
	// original-digest skipped
	// trusted-list skipped
	// valid Alfa REM S.p.A. 2026-01-15T09:30:01Z
}

// Evidence becomes events for the one ledger of PEC and REM.
func ExampleReport_Events() {
	s := newExampleService()
	ledger := receipt.NewLedger(nil)
	for i, message := range [][]byte{s.receipt(evidence.SubmissionAcceptance, "RA01"), s.receipt(evidence.ContentConsignment, "RD01")} {
		m, _ := rem.ParseBytes(message, nil)
		report, _ := s.verifier.Verify(context.Background(), m)
		events, _ := report.Events(fmt.Sprintf("%d.eml", i))
		ledger.Add(events...)
	}
	message := ledger.Snapshot(exampleAt()).Messages[0]
	fmt.Println(message.MessageID, message.Light, message.Recipients[0].Address, message.Recipients[0].Status)
	// Output:
	// 4f1d2c@client.example green ufficio@beta-rem.example delivered
}

// Everything about one MessageIdentifier.
func ExampleTransactions() {
	s := newExampleService()
	var records []rem.Record
	for i, message := range [][]byte{s.receipt(evidence.ContentConsignment, "RD01"), s.receipt(evidence.ContentConsignmentFailure, "RD03")} {
		m, _ := rem.ParseBytes(message, nil)
		report, _ := s.verifier.Verify(context.Background(), m)
		records = append(records, report.Records(fmt.Sprintf("%d.eml", i))...)
	}
	for _, t := range rem.Transactions(records...) {
		fmt.Println(t.Identifier, t.Recipients[0].State)
		for _, c := range t.Contradictions {
			fmt.Println(c.Code, c.Recipient, c.Files)
		}
	}
	// Output:
	// D1.20260115T093001Z.7F3A9C21@alfa-rem.example consigned
	// delivered-and-failed ufficio@beta-rem.example [0.eml 1.eml]
}

// After a refusal by the recipients' service, the sender's issues the failure.
func ExampleRelayFailure() {
	s := newExampleService()
	refusal, _ := evidence.New(evidence.RelayRejection, exampleAt(), "RB21")
	refusal.Issuer, refusal.MessageID = evidence.Provider("Beta REM S.r.l."), exampleID
	failure, err := rem.RelayFailure(refusal, &rem.Reissue{ID: "E9@alfa-rem.example", Time: exampleAt(), Issuer: s.name})
	fmt.Println(failure.Event, failure.Reasons[0].Code(), failure.ExternalERDS.LegalName(), err)
	// Output:
	// RelayFailure RB21 Beta REM S.r.l. <nil>
}

// A program that takes PEC and REM alike opens a message once.
func ExampleIs() {
	e, err := envelope.OpenBytes(newExampleService().receipt(evidence.ContentConsignment, "RD01"), nil)
	if err != nil || !rem.Is(e) {
		fmt.Println("for package pec", err)
		return
	}
	m, err := rem.FromEnvelope(e, nil)
	fmt.Println(m.Kind, err)
	// Output:
	// receipt <nil>
}
