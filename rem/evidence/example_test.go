package evidence_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// A relay acceptance as a service might write it, unsigned and cut short.
const relayAcceptance = `<erds:Evidence xmlns:erds="http://uri.etsi.org/19522/v1#" version="EN319522v1.1.1">
  <erds:EvidenceIdentifier>E2.20260115@rem.beta-rem.example</erds:EvidenceIdentifier>
  <erds:ERDSEventId>http://uri.etsi.org/19522/Event/RelayAcceptance</erds:ERDSEventId>
  <EventTime>2026-01-15T10:30:04.25+01:00</EventTime>
  <erds:RecipientDetails><Identifier IdentifierSchemeName="mailto">ufficio@beta-rem.example</Identifier></erds:RecipientDetails>
  <erds:MessageIdentifier>D1.20260115@rem.alfa-rem.example</erds:MessageIdentifier>
</erds:Evidence>`

// Whatever can be read is in the value; what is odd or missing is a finding.
func ExampleParse() {
	e, err := evidence.Parse([]byte(relayAcceptance), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Event, e.Event.Code(), "for", e.Recipients[0].Address())
	fmt.Println(e.Time.UTC, "written as", e.Time.Lexical)
	for _, f := range e.Findings {
		fmt.Println(f.Code+":", f.Detail)
	}
	// Output:
	// RelayAcceptance B.1 for ufficio@beta-rem.example
	// 2026-01-15 09:30:04.25 +0000 UTC written as 2026-01-15T10:30:04.25+01:00
	// schema-missing: EvidenceIssuerDetails in Evidence
	// schema-missing: SenderDetails in Evidence
}

// A profile is a table; each of its rows that does not hold is one deviation.
func ExampleEvidence_Check() {
	e, err := evidence.Parse([]byte(relayAcceptance), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range e.Check(evidence.GenericERDS()) {
		fmt.Println(d.Severity, d)
	}
	// Output:
	// violation missing SenderDetails in Evidence; wanted it (EN 319 522-3 §5.2 (schema))
	// violation R01: 0 PolicyID; wanted 1..* (EN 319 522-2 §8.2 table 13)
	// violation R02: 0 EvidenceIssuerDetails; wanted 1 (EN 319 522-2 §8.2 table 13)
	// violation R03: 0 Signature; wanted 1 (EN 319 522-2 §8.2 table 13)
	// violation I02: 0 SenderDetails/Identifier; wanted 1 (EN 319 522-2 §8.2 table 13)
	// violation M02: 0 UserContentInfo; wanted 1 (EN 319 522-2 §8.2 table 13)
	// violation M05: 0 ExternalERDSDetails; wanted 1 (EN 319 522-2 §8.2 table 13)
	// remark G05: 2026-01-15T10:30:04.25+01:00; wanted UTC with Z (EN 319 532-4 C.3.4 (UTC))
}

var submitted = time.Date(2026, 1, 15, 9, 30, 1, 0, time.UTC)

// accepted is the evidence that a message was taken in charge.
func accepted() *evidence.Evidence {
	const sender = "anna@alfa-rem.example"
	e, err := evidence.New(evidence.SubmissionAcceptance, submitted, "RA01")
	if err != nil {
		panic(err)
	}
	digest := sha256.Sum256([]byte("the original message, prepared\r\n"))
	e.ID = "E1.20260115@rem.alfa-rem.example"
	e.Policies = []string{evidence.PolicyBaseline, evidence.PolicyREMITEvidence}
	e.Issuer = evidence.Provider("Alfa REM S.p.A.")
	e.Sender = evidence.Mailbox(sender).WithPersonIdentifier(evidence.PersonIdentifier("IT", "IT", sender))
	e.Sender.Assurance = &evidence.Assurance{
		Global:         &evidence.Level{URI: evidence.LevelSubstantial, Policy: evidence.PolicyREMITAssurance},
		Authentication: &evidence.Authentication{Time: evidence.At(submitted.Add(-5 * time.Minute)), Method: evidence.MethodREMIT},
	}
	e.Recipients = []evidence.User{evidence.Mailbox("ufficio@beta-rem.example")}
	e.Submitted = &e.Time
	e.MessageID = "D1.20260115@rem.alfa-rem.example"
	e.Content = evidence.OriginalMessage("<4f1d@client.example>", evidence.DigestSHA256, digest[:])
	return e
}

// Marshal writes nothing that its profile forbids.
func ExampleEvidence_Marshal() {
	e := accepted()
	xml, err := e.Marshal(evidence.PolicyIT())
	fmt.Println(len(xml) > 2000, err)

	e.Reasons = nil
	e.MessageID = ""
	_, err = e.Marshal(evidence.PolicyIT())
	var refused *evidence.NonConformant
	if errors.As(err, &refused) {
		for _, d := range refused.Deviations {
			fmt.Println(d)
		}
	}
	// Output:
	// true <nil>
	// G04: 0 EventReason; wanted 1 (EN 319 532-4 C.4.5.4 table C.27)
	// M01: 0 MessageIdentifier; wanted 1 (EN 319 532-4 C.4.5.4 table C.27)
}

// The rule of EN 319 532-4 C.3.4 h, with its own example.
func ExamplePersonIdentifier() {
	fmt.Println(evidence.PersonIdentifier("DE", "IT", "Sender@S-REMS.rem"))
	// Output: DE/IT/466FA5C7D106870115F12BABFE65B7A3647E828B65BA0EBE5B5D38691DCC8F78
}

// A service with a throw-away certificate, and an authority for time-stamps.
func provider() (*evidence.Signer, *evidence.VerifyOptions) {
	root := testpki.NewAuthority(1, "Example Root", nil)
	leaf := root.Provider("Alfa REM S.p.A.", "rem-service@alfa-rem.example", nil)
	tsa, err := tsptest.New(tsptest.Config{Clock: func() time.Time { return submitted.Add(2 * time.Second) }})
	if err != nil {
		panic(err)
	}
	signers, err := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{root.Certificate}}, nil)
	if err != nil {
		panic(err)
	}
	authorities, err := tsa.Store()
	if err != nil {
		panic(err)
	}
	return &evidence.Signer{
			Key: leaf.Key, Certificate: leaf.Certificate, TimeStamp: tsa,
			Now: func() time.Time { return submitted.Add(time.Second) },
		}, &evidence.VerifyOptions{
			Store: signers, TSA: authorities, Now: submitted.AddDate(3, 0, 0),
		}
}

// XAdES-B-B, then the time-stamp; the document itself is not touched.
func ExampleSign() {
	signer, _ := provider()
	xml, err := accepted().Marshal(evidence.PolicyIT())
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := evidence.Sign(context.Background(), xml, signer)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(signed[:1000]) == string(xml[:1000]), len(signed) > len(xml)+3000)
	// Output: true true
}

// Verify keeps apart whether the document is what was signed, whether it is as
// the rules want it, and whether its signers are to be believed.
func ExampleVerify() {
	signer, believed := provider()
	xml, err := accepted().Marshal(evidence.PolicyIT())
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := evidence.Sign(context.Background(), xml, signer)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, report, err := evidence.Verify(context.Background(), signed, believed)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict, "at", report.Time.Format(time.RFC3339), report.Basis)
	fmt.Println("integrity", report.Integrity, "- conformance", report.Conformance, "- trust", report.Trust)
	for _, c := range report.Checks {
		fmt.Println(c.Name, c.Status)
	}
	fmt.Println(e.Event, "of", e.MessageID, "by", e.Issuer.LegalName())

	tampered := bytes.Replace(signed, []byte("ufficio@"), []byte("bottega@"), 1)
	_, report, err = evidence.Verify(context.Background(), tampered, believed)
	fmt.Println(report.Verdict, err)
	// Output:
	// valid at 2026-01-15T09:30:03Z timestamp
	// integrity valid - conformance valid - trust valid
	// evidence-signature passed
	// evidence-timestamp passed
	// evidence-profile passed
	// signer-chain passed
	// revocation skipped
	// SubmissionAcceptance of D1.20260115@rem.alfa-rem.example by Alfa REM S.p.A.
	// invalid <nil>
}
