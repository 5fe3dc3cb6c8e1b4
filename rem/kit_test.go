package rem_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
)

// kitNow is after the kits were made and before their certificates end.
var kitNow = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func now() time.Time { return kitNow }

// kitMail is one mail of the official examples.
type kitMail struct {
	name string // below the folder etsi
	data []byte
}

// kitMails are all mails of both kits.
func kitMails(tb testing.TB) (all []kitMail) {
	tb.Helper()
	root := reftest.Dir(tb, "etsi")
	require.NoError(tb, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".eml") {
			return err
		}
		data, err := os.ReadFile(p)
		name, _ := filepath.Rel(root, p)
		all = append(all, kitMail{filepath.ToSlash(name), data})
		return err
	}))
	return all
}

func kitCertificate(tb testing.TB, elem ...string) *x509.Certificate {
	tb.Helper()
	certs, err := trust.ParseCertificates(reftest.File(tb, append([]string{"etsi"}, elem...)...))
	require.NoError(tb, err)
	return certs[0]
}

// kitRoots are the test roots of both kits.
func kitRoots(tb testing.TB) []*x509.Certificate {
	tb.Helper()
	return []*x509.Certificate{
		kitCertificate(tb, "agid-rem-policy-it-1.2-kit", "certificates", "REM-ROOT-CA.crt"),
		kitCertificate(tb, "en319532-4-v1.2.1-kit", "INFORMATIVE-EXAMPLES", "CERTIFICATES", "REM-ROOT-CA.crt"),
	}
}

// kitStamps finds the roots that the time-stamps carry.
func kitStamps(tb testing.TB, all []kitMail) (roots []*x509.Certificate) {
	tb.Helper()
	seen := map[string]bool{}
	for _, mail := range all {
		m, err := rem.ParseBytes(mail.data, nil)
		require.NoError(tb, err)
		for i := range m.Evidence {
			token, err := tsp.Parse(tokenOf(tb, m.Evidence[i].Bytes()))
			require.NoError(tb, err)
			for _, der := range token.Certificates {
				c, err := x509.ParseCertificate(der)
				require.NoError(tb, err)
				if bytes.Equal(c.RawIssuer, c.RawSubject) && !seen[string(der)] {
					seen[string(der)] = true
					roots = append(roots, c)
				}
			}
		}
	}
	return roots
}

// tokenOf finds the time-stamp with another XML reader than ours.
func tokenOf(tb testing.TB, document []byte) []byte {
	tb.Helper()
	d := xml.NewDecoder(bytes.NewReader(document))
	for {
		tok, err := d.Token()
		require.NoError(tb, err)
		if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "EncapsulatedTimeStamp" {
			var text string
			require.NoError(tb, d.DecodeElement(&text, &start))
			token, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			require.NoError(tb, err)
			return token
		}
	}
}

func store(tb testing.TB, anchors ...*x509.Certificate) *trust.Store {
	tb.Helper()
	s, err := trust.NewStore(trust.Material{Anchors: anchors}, nil)
	require.NoError(tb, err)
	return s
}

func kitVerifier(tb testing.TB, opt rem.VerifyOptions) *rem.Verifier {
	tb.Helper()
	opt.TimeStamps = store(tb, kitStamps(tb, kitMails(tb))...)
	opt.Now = now
	return rem.NewVerifier(store(tb, kitRoots(tb)...), &opt)
}

func verified(tb testing.TB, v *rem.Verifier, mail []byte) (*rem.Message, *rem.Report) {
	tb.Helper()
	m, err := rem.ParseBytes(mail, nil)
	require.NoError(tb, err)
	r, err := v.Verify(context.Background(), m)
	require.NoError(tb, err)
	return m, r
}

// TestKit verifies every signed mail of both kits: all checks of all of them
// hold, and what is known to be odd in these files, and only that, is found.
func TestKit(t *testing.T) {
	v := kitVerifier(t, rem.VerifyOptions{})
	counts, odd := map[string]int{}, map[string]string{}
	for _, mail := range kitMails(t) {
		m, r := verified(t, v, mail.data)
		if m.Kind == rem.KindOrdinary {
			counts["ordinary"]++
			continue
		}
		counts[string(m.Kind)+" "+string(r.Verdict)+" "+string(r.Basis)]++
		for _, c := range r.Checks {
			counts[c.Name+" "+string(c.Status)]++
		}
		for _, f := range r.Findings {
			odd[path.Join(path.Base(path.Dir(mail.name)), path.Base(mail.name))] += f.Code
		}
		certified, err := r.Certified()
		require.NoError(t, err, mail.name)
		require.Len(t, certified.Evidence, 1)
		at, err := m.Time()
		require.NoError(t, err)
		require.Equal(t, at, certified.Time)
		require.Contains(t, mail.name, certified.Evidence[0].Reasons[0].Code(), "the file is named after its reason")
		require.Equal(t, m.Provider(), certified.Provider)
	}
	require.Equal(t, map[string]int{
		"ordinary": 4, "dispatch valid timestamp": 3, "receipt valid timestamp": 55,
		"signature passed": 58, "digest-algorithm passed": 58, "signer-chain passed": 58, "signer-address passed": 58,
		"revocation skipped": 58, "headers passed": 58,
		"evidence-signature passed": 58, "evidence-timestamp passed": 58, "evidence-profile passed": 58,
		"original-digest passed": 3, "original-digest skipped": 55, "trusted-list skipped": 58,
	}, counts)
	require.Equal(t, map[string]string{
		// RD03 is what the sender's provider says; here the recipients' does.
		"Intra-REM-flow/REM_ContentConsignmentFailure1.RD03.eml": "not-the-senders-provider",
		"Intra-REM-flow/REM_ContentConsignmentFailure2.RD03.eml": "not-the-senders-provider",
		// The id of the user's program ends in @de inside and in @it outside.
		"Intra-REM-flow/REM_Dispatch.RA01.eml": "original-ua-id-mismatch",
		// Table C.26 has no REM-RelayDate there.
		"2a.Issued_by_S-REMS-A/REM_SubmissionAcceptance.RA01.eml": "header-profileheader-profile",
	}, odd)
}
