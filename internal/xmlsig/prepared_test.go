package xmlsig_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/rsakey"
	"github.com/certmail/certmail/internal/xmlsig"
)

// TestPreparedKey: a prepared key changes no answer, whatever is passed for one;
// the certificate comes from where the policy says.
func TestPreparedKey(t *testing.T) {
	own := rsakey.New(people()["RSA"].Key.Public().(*rsa.PublicKey))
	other := rsakey.New(people()["other"].Key.Public().(*rsa.PublicKey))
	require.NotNil(t, own)
	for _, who := range []string{"RSA", "P-256"} {
		for _, pss := range []bool{false, true} {
			s := signing(who)
			s.PSS = pss
			signed := sign(t, small, s)
			value := between(t, signed, "<ds:SignatureValue", "</ds:SignatureValue>")
			later := signing(who)
			later.PSS, later.Time = pss, later.Time.AddDate(0, 0, 1)
			bad := changed(t, signed, value, between(t, sign(t, small, later), "<ds:SignatureValue", "</ds:SignatureValue>"))
			for _, prepared := range []crypto.PublicKey{nil, own, other, "nonsense", people()["other"].Key.Public(), (*rsakey.Key)(nil)} {
				parsed := 0
				p := &xmlsig.Policy{
					Certificate: func(der []byte) (*x509.Certificate, error) { parsed++; return x509.ParseCertificate(der) },
					PreparedKey: func(cert *x509.Certificate) crypto.PublicKey {
						require.Equal(t, people()[who].Certificate.Raw, cert.Raw)
						return prepared
					},
				}
				require.NoError(t, verify(t, signed, p).Err, "%s %T", who, prepared)
				require.ErrorIs(t, verify(t, bad, p).Err, xmlsig.ErrSignature, "%s %T", who, prepared)
				require.Equal(t, 2, parsed)
			}
		}
	}
	boom := errors.New("boom")
	p := &xmlsig.Policy{Certificate: func([]byte) (*x509.Certificate, error) { return nil, boom }}
	require.ErrorIs(t, verify(t, sign(t, small, signing("RSA")), p).Err, xmlsig.ErrCertificate)
}
