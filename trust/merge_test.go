package trust_test

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
)

func TestMergeDirectories(t *testing.T) {
	ca := testpki.NewAuthority(3, "CA", nil)
	record := func(name, domain string) (string, []byte) {
		der := ca.Provider(name, "posta-certificata@"+domain, nil).Certificate.Raw
		return fmt.Sprintf("dn: providerName=%s,o=postacert\nobjectClass: provider\nproviderName: %s\nproviderCertificateHash: %x\nproviderCertificate;binary:: %s\nmailReceipt: r@%s\nmanagedDomains: %s\n",
			name, name, sha1.Sum(der), base64.StdEncoding.EncodeToString(der), domain, domain), der
	}
	load := func(ldif string, date time.Time) *trust.Directory {
		d, err := trust.LoadLDIF(strings.NewReader(ldif), &trust.DirectoryOptions{Date: date})
		require.NoError(t, err)
		return d
	}
	first, certA := record("Alfa", "a.example")
	second, certB := record("Beta", "b.example")
	older := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	merged := trust.MergeDirectories(load(first, older.AddDate(0, 0, 1)), nil, load(second, older))
	require.Len(t, merged.Providers(), 2)
	for _, der := range [][]byte{certA, certB} {
		_, err := merged.ByCertificate(der)
		require.NoError(t, err)
	}
	require.Equal(t, older, merged.Date(), "the oldest copy counts")
	require.True(t, trust.MergeDirectories(load(first, older), load(second, time.Time{})).Date().IsZero())
	require.Nil(t, trust.MergeDirectories(nil))
}
