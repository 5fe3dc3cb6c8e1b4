package testpki

import (
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSameSeedSameBytes(t *testing.T) {
	make := func() []byte {
		a := &Authority{}
		*a = *NewAuthority(7, "CA", nil)
		return a.Provider("Gestore Alfa", "posta-certificata@alfa.example", nil).Certificate.Raw
	}
	require.Equal(t, make(), make())
	require.Equal(t, newRSAKey(Reader(3, "x"), 1024).D, newRSAKey(Reader(3, "x"), 1024).D)
	require.NotEqual(t, RSAKey(7, "a", 1024).D, RSAKey(8, "a", 1024).D)
}

func TestProviderProfile(t *testing.T) {
	a := NewAuthority(7, "CA", nil)
	leaf := a.Provider("Gestore Alfa", "posta-certificata@alfa.example", nil)
	require.False(t, leaf.Certificate.BasicConstraintsValid)
	require.NotEmpty(t, leaf.Certificate.SubjectKeyId)
	require.NotEmpty(t, leaf.Certificate.AuthorityKeyId)
	require.Equal(t, []x509.OID{PolicyPEC()}, leaf.Certificate.Policies)
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate)
	_, err := leaf.Certificate.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}})
	require.NoError(t, err)
}
