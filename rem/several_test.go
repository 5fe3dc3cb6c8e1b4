package rem_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// signedAgain signs a message as it stands, as one of the services could.
func signedAgain(t testing.TB, message []byte, leaf *testpki.Leaf) []byte {
	t.Helper()
	m, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	entity, err := io.ReadAll(m.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	return resigned(t, message, entity, leaf, "-cades")
}

// lastEvidence puts another document into the last evidence part.
func lastEvidence(t testing.TB, message, document []byte) []byte {
	t.Helper()
	i := bytes.LastIndex(message, []byte("REM-Section-Type: rem_message/xml_evidence\r\n"))
	require.Positive(t, i)
	return append(bytes.Clone(message[:i]), replaceEvidence(t, message[i:], document)...)
}

// TestV07_EveryEvidenceStatesTheDigest: of two documents over one original, the
// second counts as much as the first.
func TestV07_EveryEvidenceStatesTheDigest(t *testing.T) {
	w := newWorld(t)
	first := w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01")
	d := &rem.Dispatch{Frame: w.frame(w.alfa), Original: w.prepared(), Evidence: [][]byte{first, w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01")}}
	message := built(t, func(out io.Writer) error { return rem.WriteDispatch(out, d, w.alfa.signer) })
	require.NoError(t, w.judge(message).Err())

	other := mustPrepare(t, string(bytes.Replace([]byte(offer), []byte("Offerta n. 42"), []byte("Offerta n. 43"), 1)), newID)
	for name, content := range map[string]*evidence.Content{"another digest": other.Content(), "no digest": nil} {
		e := w.draft(evidence.SubmissionAcceptance, w.alfa, "RA01")
		e.Content = content
		r := w.judge(signedAgain(t, lastEvidence(t, message, w.sign(e, w.alfa)), w.alfa.leaf))
		require.Equal(t, trust.Passed, r.Check(trust.CheckSignature).Status, name)
		require.Contains(t, failed(r), trust.CheckOriginalDigest, name)
		require.Equal(t, trust.Invalid, r.Verdict, name)
	}
}

// TestV07_OneOriginal: which of two originals was certified is not known, also
// where none had to be.
func TestV07_OneOriginal(t *testing.T) {
	w := newWorld(t)
	for name, message := range map[string][]byte{
		"dispatch": w.dispatch(w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01")),
		"receipt":  w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01")),
	} {
		leaf := w.alfa.leaf
		if name == "receipt" {
			leaf = w.beta.leaf
		}
		mark := bytes.Index(message, []byte("REM-Section-Type: rem_message/xml_evidence"))
		require.Positive(t, mark)
		start := bytes.LastIndex(message[:mark], []byte("\r\n--"))
		boundary, _, ok := bytes.Cut(message[start+2:], []byte("\r\n"))
		require.True(t, ok)
		part := "\r\n" + string(boundary) + "\r\nContent-Type: message/rfc822\r\nREM-Section-Type: rem_message/original\r\n\r\n" + crlf(offer)
		two := bytes.Join([][]byte{message[:start], []byte(part), []byte(part), message[start:]}, nil)
		r := w.judge(signedAgain(t, two, leaf))
		require.Equal(t, trust.Passed, r.Check(trust.CheckSignature).Status, name)
		require.Contains(t, failed(r), trust.CheckOriginalDigest, name)
	}
}

// TestV08_HeaderOfTheSecondEvidence: the header speaks of the evidence whose id
// it gives.
func TestV08_HeaderOfTheSecondEvidence(t *testing.T) {
	w := newWorld(t)
	relayed, consigned := w.draft(evidence.RelayAcceptance, w.beta, "RB01"), w.draft(evidence.ContentConsignment, w.beta, "RD01")
	message := w.receipt(w.beta, w.sign(relayed, w.beta), w.sign(consigned, w.beta))
	require.NoError(t, w.judge(message).Err())
	m := bend(t, message, "REM-Evidence-ID: <"+relayed.ID, "REM-Evidence-ID: <"+consigned.ID,
		string(relayed.EventID), string(consigned.EventID), relayed.Reasons[0].URI, consigned.Reasons[0].URI)
	require.NoError(t, verifyIt(t, w, m).Err())
	r := verifyIt(t, w, bend(t, message, "REM-Evidence-ID: <"+relayed.ID, "REM-Evidence-ID: <"+consigned.ID))
	require.Equal(t, []string{trust.CheckHeaders}, failed(r))
	require.Contains(t, codes(r), "event-mismatch")
}

// TestP10_SeveralTransactions: one message with evidence about two.
func TestP10_SeveralTransactions(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.RelayAcceptance, w.beta, "RB01"), w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	require.NotContains(t, codes(w.judge(message)), "several-transactions")
	e := w.draft(evidence.ContentConsignment, w.beta, "RD01")
	e.MessageID = "another@alfa-rem.example"
	r := w.judge(signedAgain(t, lastEvidence(t, message, w.sign(e, w.beta)), w.beta.leaf))
	require.Equal(t, trust.Passed, r.Check(trust.CheckSignature).Status)
	require.Contains(t, codes(r), "several-transactions")
}

// TestV13_LatestEvidence: the message was signed after all of its evidence.
func TestV13_LatestEvidence(t *testing.T) {
	w := newWorld(t)
	early := w.draft(evidence.RelayAcceptance, w.beta, "RB01")
	late := w.draft(evidence.ContentConsignment, w.beta, "RD01")
	late.Time = evidence.At(early.Time.UTC.Add(time.Hour))
	documents := [][]byte{w.sign(early, w.beta), w.sign(late, w.beta)}
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		r := w.judge(w.receipt(w.beta, documents[order[0]], documents[order[1]]))
		require.NoError(t, r.Err())
		require.Equal(t, rem.TimeStamp, r.Basis)
		require.Equal(t, late.Time.UTC.Add(2*time.Second), r.Time)
	}
}

// TestV02_Author: a From that names nobody, or two, is not the signer's.
func TestV02_Author(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	for name, from := range map[string]string{
		"nobody": "From: ", "two": "From: <rem-service@beta-rem.example>, <rem-service@beta-rem.example>", "another": "From: <rem-service@alfa-rem.example>",
	} {
		r := verifyIt(t, w, bend(t, message, "From: <rem-service@beta-rem.example>", from))
		require.Contains(t, failed(r), trust.CheckSignerAddress, name)
		require.Equal(t, trust.Invalid, r.Verdict, name)
	}
}

// TestV01_WeakSignatures: a signature that names its certificate by SHA-1, and
// a key that is too short.
func TestV01_WeakSignatures(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	m, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	entity, err := io.ReadAll(m.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	r := w.judge(resigned(t, message, entity, w.beta.leaf, "-cades", "-md", "sha1"))
	require.Equal(t, envelope.CertificateSignedSHA1, r.Signature.Signers[0].CertificateSigned)
	require.Equal(t, []string{trust.CheckSignature, trust.CheckDigestAlgorithm}, failed(r))

	// Evidence is not signed so; the message's own signature tells.
	leaf := w.ca.Issue(testpki.RSAKey(77, "short", 1024), w.beta.Name, w.beta.Address, nil)
	r = w.judge(resigned(t, message, entity, leaf, "-cades"))
	require.Equal(t, trust.Passed, r.Check(trust.CheckSignature).Status, r.Check(trust.CheckSignature).Detail)
	require.Equal(t, []string{trust.CheckDigestAlgorithm, trust.CheckEvidenceSignature}, failed(r))
	require.Equal(t, trust.Invalid, r.Verdict)
}
