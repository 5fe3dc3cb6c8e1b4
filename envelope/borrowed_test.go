package envelope_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
)

// TestSignatureKeepsNothingBorrowed: verifications share the memory they
// decode into, and results must not change when the next one uses it.
func TestSignatureKeepsNothingBorrowed(t *testing.T) {
	// All messages first: making keys collects garbage, and the pool with it.
	var messages []*envelope.Message
	for seed := range uint64(5) {
		leaf := testpki.NewAuthority(20+seed, "CA di prova", nil).Provider("Gestore Alfa S.p.A.", "posta-certificata@gestore-a.example", nil)
		var b bytes.Buffer
		_, err := envelope.WriteTransport(&b, section(submitted), transport(), &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain})
		require.NoError(t, err)
		m, err := envelope.OpenBytes(b.Bytes(), nil)
		require.NoError(t, err)
		messages = append(messages, m)
	}
	first := messages[0].VerifySignature(nil)
	require.True(t, first.OK())
	raw, all := bytes.Clone(first.Signers[0].RawCertificate), bytes.Join(first.Certificates, nil)
	for _, m := range messages[1:] {
		require.True(t, m.VerifySignature(nil).OK())
	}
	require.Equal(t, raw, first.Signers[0].RawCertificate)
	require.Equal(t, raw, first.Signers[0].Certificate.Raw)
	require.Equal(t, all, bytes.Join(first.Certificates, nil))
}
