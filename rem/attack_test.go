package rem_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// TestTNEG1_EvidenceAltered: one octet of the evidence, in a message that was signed again.
func TestTNEG1_EvidenceAltered(t *testing.T) {
	w := newWorld(t)
	document := w.evidence(evidence.ContentConsignment, w.beta, "RD01")
	message := w.receipt(w.beta, document)
	altered := replaceEvidence(t, message, bytes.Replace(document, []byte("<EvidenceRefersToRecipient>1<"), []byte("<EvidenceRefersToRecipient>2<"), 1))
	m, err := rem.ParseBytes(altered, nil)
	require.NoError(t, err)
	require.Equal(t, archivio, m.Recipient())
	entity, err := io.ReadAll(m.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	r := w.judge(resigned(t, altered, entity, w.beta.leaf, "-cades"))
	require.Contains(t, failed(r), trust.CheckEvidenceSignature)
	require.Equal(t, trust.Invalid, r.Verdict)
}

// TestTNEG5_Wrapping: a second signature inside, a moved root.
func TestTNEG5_Wrapping(t *testing.T) {
	w := newWorld(t)
	document := string(w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	signature := document[strings.Index(document, "<ds:Signature "):]
	signature = signature[:strings.Index(signature, "</ds:Signature>")+len("</ds:Signature>")]
	inner := document[strings.Index(document, "<tns:Evidence"):]
	for name, bent := range map[string]string{
		"second signature": strings.Replace(document, signature, signature+signature, 1),
		"moved":            strings.Replace(document, signature, "<tns:Extensions><tns:Extension isCritical=\"false\">"+inner+"</tns:Extension></tns:Extensions>"+signature, 1),
		"other root":       strings.Replace(document, inner, `<x:Evidence xmlns:x="urn:x">`+inner+`</x:Evidence>`, 1),
		"unsigned":         strings.Replace(document, signature, "", 1),
	} {
		message := replaceEvidence(t, w.receipt(w.beta, []byte(document)), []byte(bent))
		m, err := rem.ParseBytes(message, nil)
		require.NoError(t, err, name)
		entity, err := io.ReadAll(m.Envelope.Signed.WholeEntity())
		require.NoError(t, err)
		r := w.judge(resigned(t, message, entity, w.beta.leaf, "-cades"))
		require.Contains(t, failed(r), trust.CheckEvidenceSignature, name)
	}
}

// TestTNEG6_TimeStampOfAnother: the time-stamp of another signature.
func TestTNEG6_TimeStampOfAnother(t *testing.T) {
	w := newWorld(t)
	a, b := w.evidence(evidence.ContentConsignment, w.beta, "RD01"), w.evidence(evidence.ContentConsignmentFailure, w.beta, "RD04")
	swapped := bytes.Replace(a, tokenText(t, a), tokenText(t, b), 1)
	require.False(t, bytes.Equal(a, swapped))
	r := w.judge(w.receipt(w.beta, swapped))
	require.Equal(t, []string{trust.CheckEvidenceTimestamp}, failed(r))
	require.Equal(t, rem.TimeCertifiedEvent, r.Basis, "a time-stamp that does not hold is no time")
}

func tokenText(t testing.TB, document []byte) []byte {
	t.Helper()
	i := bytes.Index(document, []byte("EncapsulatedTimeStamp"))
	require.Positive(t, i)
	rest := document[i:]
	j := bytes.IndexByte(rest, '>')
	k := bytes.IndexByte(rest, '<')
	require.Greater(t, k, j)
	return rest[j+1 : k]
}

// TestEveryByte flips every byte of a small receipt: it is never valid, unless
// what was changed is in the outer header and nobody relies on it.
func TestEveryByte(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	v := w.verifier(rem.VerifyOptions{})
	body := bytes.Index(message, []byte("\r\n\r\n")) + 4
	signed := bytes.Index(message, []byte("Content-Type: multipart/mixed"))
	step := 1
	if testing.Short() {
		step = 37 // the others are left to the long run
	}
	valid := 0
	for i := 0; i < len(message); i += step {
		altered := bytes.Clone(message)
		altered[i] ^= 1
		m, err := rem.ParseBytes(altered, nil)
		if err != nil {
			continue
		}
		r, err := v.Verify(context.Background(), m)
		require.NoError(t, err)
		if r.Verdict != trust.Valid {
			continue
		}
		valid++
		p := m.Envelope.SignaturePart
		switch {
		case i < body: // the header: nothing signed says otherwise
			continue
		case i < signed: // preamble and delimiter
			continue
		case p != nil && int64(i) >= p.Entity.Start: // the fields of the signature part, white space in its base64
			sameContent(t, message, altered, i)
			continue
		}
		sameContent(t, message, altered, i)
		require.Fail(t, "valid after a change under the signature", "byte %d: %q", i, message[max(0, i-20):min(len(message), i+20)])
	}
	t.Log("valid all the same:", valid, "of", len(message)/step)
}

// sameContent makes sure that what is certified did not change.
func sameContent(t *testing.T, message, altered []byte, at int) {
	t.Helper()
	a, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	b, err := rem.ParseBytes(altered, nil)
	require.NoError(t, err)
	require.True(t, bytes.Equal(a.Evidence[0].Bytes(), b.Evidence[0].Bytes()), "byte %d", at)
	x, err := io.ReadAll(a.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	y, err := io.ReadAll(b.Envelope.Signed.WholeEntity())
	require.NoError(t, err)
	require.True(t, bytes.Equal(x, y), "byte %d", at)
}
