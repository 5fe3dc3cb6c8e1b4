package rem_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// TestB23_OwnVerifier: what we build, OpenSSL and our own verifier accept, and
// a store/forward round trip does not change.
func TestB23_OwnVerifier(t *testing.T) {
	w := newWorld(t)
	acceptance := w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01")
	for name, message := range map[string][]byte{
		"dispatch":   w.dispatch(acceptance),
		"acceptance": w.receipt(w.alfa, acceptance),
		"rejection":  w.receipt(w.alfa, w.evidence(evidence.SubmissionRejection, w.alfa, "RA03")),
		"relayed":    w.receipt(w.beta, w.evidence(evidence.RelayAcceptance, w.beta, "RB01")),
		"refused":    w.receipt(w.beta, w.evidence(evidence.RelayRejection, w.beta, "RB21")),
		"failure":    w.receipt(w.alfa, w.evidence(evidence.RelayFailure, w.alfa, "RB09")),
		"consigned":  w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01")),
		"quota":      w.receipt(w.beta, w.evidence(evidence.ContentConsignmentFailure, w.beta, "RD04")),
		"two": w.receipt(w.beta, w.evidence(evidence.RelayAcceptance, w.beta, "RB01"),
			w.evidence(evidence.ContentConsignment, w.beta, "RD01")),
	} {
		entity := reftest.OpenSSLVerify(t, message, testpki.PEM(w.root))
		require.NotEmpty(t, entity)
		r := w.judge(message)
		require.NoError(t, r.Err(), name)
		require.Empty(t, r.Findings, name)
		require.Equal(t, rem.TimeStamp, r.Basis, name)
		stored := bytes.ReplaceAll(message, []byte("\r\n"), []byte("\n"))
		again := w.judge(stored)
		require.NoError(t, again.Err(), name)
		require.Contains(t, codes(again), "line-endings-changed")
	}
}

// TestV01_CAdES: the signature names its certificate, by RFC 5035.
func TestV01_CAdES(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	m, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	entity, err := io.ReadAll(m.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		flags []string
		want  trust.Status
	}{
		"CAdES":    {[]string{"-cades"}, trust.Passed},
		"no CAdES": {nil, trust.Failed},
		"SHA-512":  {[]string{"-cades", "-md", "sha512"}, trust.Passed},
	} {
		r := w.judge(resigned(t, message, entity, w.beta.leaf, c.flags...))
		require.Equal(t, c.want, r.Check(trust.CheckSignature).Status, "%s: %s", name, r.Check(trust.CheckSignature).Detail)
		require.Equal(t, c.want == trust.Passed, r.Verdict == trust.Valid, name)
	}
	r := w.judge(resigned(t, message, entity, w.beta.leaf, "-md", "sha1"))
	require.Equal(t, []string{trust.CheckSignature, trust.CheckDigestAlgorithm}, failed(r))
}

// resigned lets OpenSSL sign the entity of a message, and puts that signature
// in the place of ours.
func resigned(t testing.TB, message, entity []byte, leaf *testpki.Leaf, flags ...string) []byte {
	t.Helper()
	p7s := opensslSign(t, entity, leaf, flags...)
	head, tail, ok := bytes.Cut(message, []byte("filename=\"smime.p7s\"\r\n\r\n"))
	require.True(t, ok)
	i := bytes.Index(tail, []byte("\r\n\r\n--"))
	require.Positive(t, i)
	return bytes.Join([][]byte{head, []byte("filename=\"smime.p7s\"\r\n\r\n"), p7s, tail[i:]}, nil)
}

// TestV04_TrustedList: the signer has to be a service of the right kind, and in
// good standing when it signed.
func TestV04_TrustedList(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	beta := w.beta.leaf.Certificate
	withdrawn := func(at time.Time) []tsl.Entry {
		return []tsl.Entry{{Status: tsl.StatusWithdrawn, Starting: at}, {Status: tsl.StatusGranted, Starting: longAgo}}
	}
	for name, c := range map[string]struct {
		services []listing
		status   trust.Status
		standing tsl.Standing
		verdict  trust.Verdict
	}{
		"qualified":        {[]listing{{"Beta REM S.r.l.", beta, tsl.ServiceREMQualified, granted(longAgo)}}, trust.Passed, tsl.Qualified, trust.Valid},
		"delivery service": {[]listing{{"Beta REM S.r.l.", beta, tsl.ServiceEDSQualified, granted(longAgo)}}, trust.Passed, tsl.Qualified, trust.Valid},
		"not qualified":    {[]listing{{"Beta REM S.r.l.", beta, tsl.ServiceREM, granted(longAgo)}}, trust.Passed, tsl.Listed, trust.Valid},
		"not listed":       {[]listing{{"Alfa REM S.p.A.", w.alfa.leaf.Certificate, tsl.ServiceREM, granted(longAgo)}}, trust.Unknown, tsl.NotListed, trust.Indeterminate},
		"another kind":     {[]listing{{"Beta REM S.r.l.", beta, tsl.ServiceTSAQualified, granted(longAgo)}}, trust.Unknown, tsl.NotListed, trust.Indeterminate},
		// T-NEG-8: withdrawn before the signature, and after it.
		"withdrawn before": {[]listing{{"Beta REM S.r.l.", beta, tsl.ServiceREMQualified, withdrawn(submitted.AddDate(0, -1, 0))}}, trust.Failed, tsl.Ended, trust.Invalid},
		"withdrawn after":  {[]listing{{"Beta REM S.r.l.", beta, tsl.ServiceREMQualified, withdrawn(submitted.AddDate(0, 0, 5))}}, trust.Passed, tsl.Qualified, trust.Valid},
	} {
		_, r := verified(t, w.verifier(rem.VerifyOptions{Lists: w.lists(c.services...)}), message)
		check := r.Check(trust.CheckTrustedList)
		require.Equal(t, c.status, check.Status, "%s: %s", name, check.Detail)
		require.Equal(t, c.standing, r.TrustedList.Standing, name)
		require.Equal(t, c.verdict, r.Verdict, "%s: %+v", name, r.Checks)
	}
	_, r := verified(t, w.verifier(rem.VerifyOptions{}), message)
	require.Equal(t, trust.Skipped, r.Check(trust.CheckTrustedList).Status)
}

// TestV05_SameSigner: a genuine evidence of beta in a message of alfa.
func TestV05_SameSigner(t *testing.T) {
	w := newWorld(t)
	document := w.evidence(evidence.ContentConsignment, w.beta, "RD01")
	require.NoError(t, w.judge(w.receipt(w.beta, document)).Err())
	require.ErrorIs(t, rem.WriteReceipt(io.Discard, &rem.Receipt{
		Frame: w.frame(w.alfa), MessageID: "R@alfa-rem.example", To: []envelope.Mailbox{{Address: anna}}, Evidence: [][]byte{document},
	}, w.alfa.signer), rem.ErrBuild, "B-22: the builder does not even write it")

	message := w.receipt(w.beta, document)
	m, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	entity, err := io.ReadAll(m.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	forged := resigned(t, message, entity, w.alfa.leaf, "-cades")
	forged = bytes.Replace(forged, []byte("From: <rem-service@beta-rem.example>"), []byte("From: <rem-service@alfa-rem.example>"), 1)
	r := w.judge(forged)
	require.Equal(t, []string{trust.CheckEvidenceSignature}, failed(r))
	require.Contains(t, r.Check(trust.CheckEvidenceSignature).Detail, "Beta REM")
}

// TestV06_LegalName is T-NEG-7: the issuer calls itself otherwise than the
// trusted list calls the service that signed.
func TestV06_LegalName(t *testing.T) {
	w := newWorld(t)
	e := w.draft(evidence.ContentConsignment, w.beta, "RD01")
	e.Issuer = evidence.Provider(w.alfa.Name)
	message := w.receipt(w.beta, w.sign(e, w.beta))
	require.NoError(t, w.judge(message).Err(), "without a list nobody can know")
	lists := w.lists(listing{w.beta.Name, w.beta.leaf.Certificate, tsl.ServiceREMQualified, granted(longAgo)})
	_, r := verified(t, w.verifier(rem.VerifyOptions{Lists: lists}), message)
	require.Equal(t, []string{trust.CheckEvidenceProfile}, failed(r))
	require.Contains(t, r.Check(trust.CheckEvidenceProfile).Detail, w.beta.Name)

	good := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	_, r = verified(t, w.verifier(rem.VerifyOptions{Lists: lists}), good)
	require.NoError(t, r.Err())
}

// TestV07_OriginalDigest: T-NEG-2 and T-NEG-4, with the message signed again so
// that only the digest can tell.
func TestV07_OriginalDigest(t *testing.T) {
	w := newWorld(t)
	acceptance := w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01")
	message := w.dispatch(acceptance)
	require.NoError(t, w.judge(message).Err())

	altered := bytes.Replace(message, []byte("l'offerta richiesta."), []byte("l'offerta ritirata. "), 1)
	r := w.judge(altered)
	require.Equal(t, []string{trust.CheckSignature, trust.CheckOriginalDigest}, failed(r))

	m, err := rem.ParseBytes(altered, nil)
	require.NoError(t, err)
	entity, err := io.ReadAll(m.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	r = w.judge(resigned(t, altered, entity, w.alfa.leaf, "-cades"))
	require.Equal(t, []string{trust.CheckOriginalDigest}, failed(r))

	// The evidence of another message of the same sender.
	other := mustPrepare(t, strings.Replace(offer, "Offerta n. 42", "Offerta n. 43", 1), "D2.20260115T093001Z@rem-service.alfa-rem.example")
	e := w.draft(evidence.SubmissionAcceptance, w.alfa, "RA01")
	e.MessageID, e.Content = other.MessageID, other.Content()
	swapped := replaceEvidence(t, message, w.sign(e, w.alfa))
	m, err = rem.ParseBytes(swapped, nil)
	require.NoError(t, err)
	entity, err = io.ReadAll(m.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	r = w.judge(resigned(t, swapped, entity, w.alfa.leaf, "-cades"))
	require.Equal(t, []string{trust.CheckHeaders, trust.CheckOriginalDigest}, failed(r))
	require.Contains(t, codes(r), "identifier-mismatch")
	require.Contains(t, codes(r), "digest-mismatch")
	require.Contains(t, codes(r), "original-id-mismatch")
}

// replaceEvidence puts another document into the evidence part.
func replaceEvidence(t testing.TB, message, document []byte) []byte {
	t.Helper()
	head, tail, ok := bytes.Cut(message, []byte("REM-Section-Type: rem_message/xml_evidence\r\n"))
	require.True(t, ok)
	fields, rest, ok := bytes.Cut(tail, []byte("\r\n\r\n"))
	require.True(t, ok)
	i := bytes.Index(rest, []byte("\r\n\r\n--"))
	require.Positive(t, i)
	return bytes.Join([][]byte{head, []byte("REM-Section-Type: rem_message/xml_evidence\r\n"), fields, []byte("\r\n\r\n"), base64Lines(document), rest[i:]}, nil)
}

// TestV08_Headers is T-NEG-3, field by field: nobody signs the outer header, so
// the signature holds, and every field that says something else is found.
func TestV08_Headers(t *testing.T) {
	w := newWorld(t)
	receiptMessage := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	dispatchMessage := w.dispatch(w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01"))
	for name, c := range map[string]struct {
		message  []byte
		old, new string
		code     string
	}{
		"event":      {receiptMessage, "REM-EventIdentifier: http://uri.etsi.org/19522/Event/ContentConsignment", "REM-EventIdentifier: http://uri.etsi.org/19522/Event/ContentConsignmentFailure", "event-mismatch"},
		"id":         {receiptMessage, "REM-Evidence-ID: <E", "REM-Evidence-ID: <F", "evidence-id-mismatch"},
		"reason":     {receiptMessage, "EventReason/MessageConsignedToRecipient", "EventReason/MessageConsignedToDelegate", "reason-mismatch"},
		"two":        {receiptMessage, "REM-ReasonIdentifier: ", "REM-ReasonIdentifier: x\r\nREM-ReasonIdentifier: ", "reason-mismatch"},
		"ua id":      {receiptMessage, "REM-UAMessageIdentifier: <4f1d2c", "REM-UAMessageIdentifier: <5f1d2c", "ua-id-mismatch"},
		"digest":     {receiptMessage, "REM-DigestValue: B0w", "REM-DigestValue: B1w", "digest-mismatch"},
		"algorithm":  {receiptMessage, "REM-DigestAlgorithm: http://www.w3.org/2001/04/xmlenc#sha256", "REM-DigestAlgorithm: http://www.w3.org/2001/04/xmlenc#sha512", "digest-algorithm-mismatch"},
		"sender":     {receiptMessage, `REM-MD08: "Anna Bianchi" <anna.`, `REM-MD08: "Anna Bianchi" <eva.`, "sender-mismatch"},
		"type":       {receiptMessage, "ERDMessageType/receipt", "ERDMessageType/dispatch", "type-mismatch"},
		"no type":    {receiptMessage, "ERDMessageType/receipt", "ERDMessageType/riddle", "unknown-message-type"},
		"twice":      {receiptMessage, "REM-MD08: ", "REM-DigestValue: x\r\nREM-MD08: ", "duplicate-header"},
		"PEC":        {receiptMessage, "REM-MD08: ", "X-Ricevuta: avvenuta-consegna\r\nREM-MD08: ", "conflicting-markers"},
		"message id": {dispatchMessage, "Message-ID: <D1.", "Message-ID: <D2.", "identifier-mismatch"},
		"behalf":     {dispatchMessage, "On behalf of: anna.", "On behalf of: eva.", "display-name-mismatch"},
	} {
		altered := bytes.Replace(c.message, []byte(c.old), []byte(c.new), 1)
		require.False(t, bytes.Equal(c.message, altered), name)
		r := w.judge(altered)
		require.Equal(t, trust.Passed, r.Check(trust.CheckSignature).Status, name)
		require.Contains(t, failed(r), trust.CheckHeaders, name)
		require.Contains(t, codes(r), c.code, name)
		require.Equal(t, trust.Invalid, r.Verdict, name)
	}
	// What programs on the way change is a finding and fails nothing.
	for name, c := range map[string]struct{ old, new, code string }{
		"subject":    {"Subject: REM Dispatch: Offerta", "Subject: REM Dispatch: Altra offerta", "subject-mismatch"},
		"recipients": {"To: <ufficio@", "To: <nessuno@", "recipients-mismatch"},
		"reply":      {"Reply-To: \"Anna Bianchi\" <anna.", "Reply-To: \"Anna Bianchi\" <eva.", "reply-to-mismatch"},
		"version":    {"EN31953203V010201", "EN31953203", "header-profile"},
		"expiry":     {"REM-MetadataVersion", "REM-ExpirationDate: Thu, 15 Jan 2026 10:30:02 +0100\r\nREM-MetadataVersion", "header-profile"},
		"no digest":  {"REM-DigestAlgorithm: http://www.w3.org/2001/04/xmlenc#sha256\r\n", "", "header-profile"},
	} {
		altered := bytes.Replace(dispatchMessage, []byte(c.old), []byte(c.new), 1)
		require.False(t, bytes.Equal(dispatchMessage, altered), name)
		r := w.judge(altered)
		require.NoError(t, r.Err(), name)
		require.Contains(t, codes(r), c.code, name)
	}
	// A message whose REM header somebody took away is still what it is.
	bare := dropHeader(receiptMessage, "REM-")
	m, r := verified(t, w.verifier(rem.VerifyOptions{}), bare)
	require.Equal(t, rem.KindReceipt, m.Kind)
	require.True(t, m.HeadersMissing)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckHeaders).Status)
	require.Equal(t, trust.Indeterminate, r.Verdict)
}

// dropHeader takes the top-level fields whose names begin so out of a message.
func dropHeader(message []byte, prefix string) []byte {
	head, body, _ := strings.Cut(string(message), "\r\n\r\n")
	var kept []string
	for _, line := range strings.Split(head, "\r\n") {
		if !strings.HasPrefix(line, prefix) {
			kept = append(kept, line)
		}
	}
	return []byte(strings.Join(kept, "\r\n") + "\r\n\r\n" + body)
}

// TestV14_HeadersAreNoProof: a signed message without evidence, dressed up as a
// receipt of consignment, certifies nothing.
func TestV14_HeadersAreNoProof(t *testing.T) {
	w := newWorld(t)
	n := &rem.Notification{
		Frame: w.frame(w.beta), MessageID: "N@beta-rem.example", Identifier: newID, To: []envelope.Mailbox{{Address: anna}},
		Sender: envelope.Mailbox{Address: anna}, Subject: "Offerta n. 42", Location: "https://beta-rem.example/",
	}
	message := built(t, func(out io.Writer) error { return rem.WriteNotification(out, n, w.beta.signer) })
	require.NoError(t, w.judge(message).Err())
	dressed := bytes.Replace(message, []byte("ERDMessageType/notification"), []byte("ERDMessageType/receipt\r\n"+
		"REM-EventIdentifier: http://uri.etsi.org/19522/Event/ContentConsignment\r\nREM-Evidence-ID: <E@beta-rem.example>"), 1)
	m, r := verified(t, w.verifier(rem.VerifyOptions{}), dressed)
	require.Equal(t, rem.KindReceipt, m.Kind)
	require.Equal(t, trust.Invalid, r.Verdict)
	require.Contains(t, failed(r), trust.CheckHeaders)
	_, err := r.Certified()
	require.ErrorIs(t, err, rem.ErrNotValid)
	events, err := r.Events("x")
	require.NoError(t, err)
	require.Empty(t, events, "no evidence, no event, whatever the header says")
	_, err = m.Time()
	require.ErrorIs(t, err, rem.ErrNoEvidence)
}

// TestV13_Time: the time is explicit, and why that time.
func TestV13_Time(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	_, r := verified(t, w.verifier(rem.VerifyOptions{}), message)
	require.Equal(t, rem.TimeStamp, r.Basis)
	require.Equal(t, submitted.Add(5*time.Second), r.Time)

	_, r = verified(t, w.verifier(rem.VerifyOptions{TimeStamps: store(t)}), message)
	require.Equal(t, rem.TimeCertifiedEvent, r.Basis, "a time-stamp of nobody we trust")
	require.Equal(t, submitted.Add(3*time.Second), r.Time)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.Equal(t, trust.Indeterminate, r.Verdict)

	at := submitted.AddDate(-20, 0, 0)
	_, r = verified(t, w.verifier(rem.VerifyOptions{At: at}), message)
	require.Equal(t, rem.TimeGiven, r.Basis)
	require.Equal(t, at, r.Time)
	require.Equal(t, trust.Failed, r.Check(trust.CheckSignerChain).Status)

	payload := built(t, func(out io.Writer) error {
		return rem.WritePayload(out, &rem.Payload{Frame: w.frame(w.alfa), Original: w.prepared()}, w.alfa.signer)
	})
	_, r = verified(t, w.verifier(rem.VerifyOptions{}), payload)
	require.NoError(t, r.Err())
	require.Equal(t, rem.TimeCertifiedEvent, r.Basis)
	require.Contains(t, codes(r), "time-from-signature")

	_, r = verified(t, w.verifier(rem.VerifyOptions{}), []byte("From: a@x.example\r\nSubject: s\r\n\r\nx\r\n"))
	require.Equal(t, rem.TimeNow, r.Basis)
	require.Equal(t, trust.Indeterminate, r.Verdict)

	ended, cancel := context.WithCancel(context.Background())
	cancel()
	m, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	_, err = w.verifier(rem.VerifyOptions{}).Verify(ended, m)
	require.ErrorIs(t, err, context.Canceled)

	_, r = verified(t, rem.NewVerifier(nil, nil), message)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
	require.Equal(t, trust.Indeterminate, r.Verdict)
}

// TestV12_Aspects: intact, conforming and believed are three things.
func TestV12_Aspects(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	aspects := func(r *rem.Report) []trust.Verdict { return []trust.Verdict{r.Integrity, r.Conformance, r.Trust} }
	const good, bad, open = trust.Valid, trust.Invalid, trust.Indeterminate
	require.Equal(t, []trust.Verdict{good, good, good}, aspects(w.judge(message)))
	_, r := verified(t, rem.NewVerifier(nil, nil), message)
	require.Equal(t, []trust.Verdict{good, good, open}, aspects(r))
	r = w.judge(bytes.Replace(message, []byte("REM-DigestValue: B0w"), []byte("REM-DigestValue: C0w"), 1))
	require.Equal(t, []trust.Verdict{good, bad, good}, aspects(r))
	r = w.judge(bytes.Replace(message, []byte("Motivo"), []byte("motivo"), 1))
	require.Equal(t, []trust.Verdict{bad, good, good}, aspects(r))
	_, r = verified(t, w.verifier(rem.VerifyOptions{}), []byte("From: a@x.example\r\n\r\nx\r\n"))
	require.Equal(t, []trust.Verdict{open, open, open}, aspects(r))

	service := listing{w.beta.Name, w.beta.leaf.Certificate, tsl.ServiceREMQualified, granted(longAgo)}
	stamps := listing{"TSA", w.tsa.Certificate(), tsl.ServiceTSAQualified, granted(longAgo)}
	ordinary := listing{"TSA", w.tsa.Certificate(), tsl.ServiceTSA, granted(longAgo)}
	for _, c := range []struct {
		list []listing
		want bool
	}{{[]listing{service, stamps}, true}, {[]listing{service, ordinary}, false}, {[]listing{service}, false}, {[]listing{stamps}, false}} {
		_, r = verified(t, w.verifier(rem.VerifyOptions{Lists: w.lists(c.list...)}), message)
		require.Equal(t, c.want, r.Qualified)
	}
}
