package evidence

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/stretchr/testify/require"
)

// kitNow is after the kits were made and before their certificates end.
var kitNow = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// kitTrust is a store with the test roots of both kits, and one with the roots
// that the time-stamps of the test authorities carry.
func kitTrust(tb testing.TB, all []kitDocument) (store, tsa *trust.Store) {
	tb.Helper()
	var roots []*x509.Certificate
	for _, file := range []string{"agid-rem-policy-it-1.2-kit/certificates/REM-ROOT-CA.crt", "en319532-4-v1.2.1-kit/INFORMATIVE-EXAMPLES/CERTIFICATES/REM-ROOT-CA.crt"} {
		certs, err := trust.ParseCertificates(reftest.File(tb, "etsi", filepath.FromSlash(file)))
		require.NoError(tb, err)
		roots = append(roots, certs...)
	}
	store, err := trust.NewStore(trust.Material{Anchors: roots}, nil)
	require.NoError(tb, err)
	seen := map[string]bool{}
	var stamps []*x509.Certificate
	for _, d := range all {
		token, err := tsp.Parse(tokenOf(tb, d.XML))
		require.NoError(tb, err)
		for _, der := range token.Certificates {
			c, err := x509.ParseCertificate(der)
			require.NoError(tb, err)
			if bytes.Equal(c.RawIssuer, c.RawSubject) && !seen[string(der)] {
				seen[string(der)] = true
				stamps = append(stamps, c)
			}
		}
	}
	tsa, err = trust.NewStore(trust.Material{Anchors: stamps}, nil)
	require.NoError(tb, err)
	return store, tsa
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

// kitNames are the names that the trusted lists would have, by the common name
// of the signer's certificate.
var kitNames = map[string]string{
	"S1-REMS provider": "S-REMS-1 provider", "R2-REMS provider": "R-REMS-2 provider",
	"SA-REMS provider": "S-REMS-A provider", "RB-REMS provider": "R-REMS-B provider", "RC-REMS provider": "R-REMS-C provider",
}

func kitName(signer *x509.Certificate, _ time.Time) (string, bool) {
	name, ok := kitNames[signer.Subject.CommonName]
	return name, ok
}

// Every evidence of both kits, with every check: and what is known to be odd in
// them, as far as the evidence alone can show it.
func TestKitVerifies(t *testing.T) {
	all := kit(t)
	store, tsa := kitTrust(t, all)
	counts := map[string]int{}
	for _, d := range all {
		e, r, err := Verify(context.Background(), d.XML, &VerifyOptions{Store: store, TSA: tsa, Now: kitNow, LegalName: kitName})
		require.NoError(t, err, d.Name)
		require.NoError(t, r.Err(), d.Name)
		for _, c := range r.Checks {
			counts[c.Name+" "+string(c.Status)]++
		}
		odd := map[string]bool{}
		for _, x := range r.Deviations {
			odd[x.Severity.String()+" "+x.Component+" wanted "+x.Want] = true
		}
		for what := range odd {
			counts[what]++
		}
		counts[r.Profile+" "+string(r.Verdict)]++
		counts[string(r.Basis)]++
		require.Equal(t, []trust.Verdict{trust.Valid, trust.Valid, trust.Valid}, []trust.Verdict{r.Integrity, r.Conformance, r.Trust}, d.Name)
		require.Empty(t, r.Missing, d.Name)
		require.Empty(t, r.Findings, d.Name)
		require.Equal(t, r.TimeStamp.Time, r.Time)
		require.False(t, r.SigningTime.Before(e.Time.UTC), d.Name)
		require.False(t, r.TimeStamp.Time.Before(r.SigningTime), d.Name)
	}
	require.Equal(t, map[string]int{
		"evidence-signature passed": 61,
		"evidence-timestamp passed": 61,
		"evidence-profile passed":   61,
		"signer-chain passed":       61,
		"revocation skipped":        61,
		"timestamp":                 61,

		"EN 319 532-4 REM baseline valid": 20,
		"REM-Policy-IT valid":             41,

		// AgID hashes addresses as written; its RD03 comes from the wrong side.
		"tolerated I05 wanted of the lower-cased address":  26,
		"remark G04 wanted the sender's service as issuer": 2,
	}, counts)
}

// The name has to be that of the signing service (the check that catches S6 and
// S7 of the ETSI kit, which are not in the reference data).
func TestKitLegalNames(t *testing.T) {
	all := kit(t)
	store, tsa := kitTrust(t, all)
	for _, d := range all {
		_, r, err := Verify(context.Background(), d.XML, &VerifyOptions{Store: store, TSA: tsa, Now: kitNow,
			LegalName: func(*x509.Certificate, time.Time) (string, bool) { return "R-REMS-X provider", true }})
		require.NoError(t, err)
		require.Equal(t, trust.Invalid, r.Verdict)
		require.Equal(t, trust.Valid, r.Integrity)
		require.Equal(t, trust.Invalid, r.Conformance)
		require.Equal(t, trust.Valid, r.Trust)
		require.Contains(t, r.Check(trust.CheckEvidenceProfile).Detail, "R-REMS-X provider, the name in the trusted list")
	}
	// The profiles that the kits do not claim.
	strict, lenient := 0, 0
	for _, d := range all {
		e, err := Parse(d.XML, nil)
		require.NoError(t, err)
		strict += some(e.worst(Baseline(), "") == Violation)
		lenient += some(e.worst(GenericERDS(), "") > Remark) + some(e.worst(SMTP(), "") > Remark)
	}
	require.Equal(t, 5, strict) // the five F.* events (B-15)
	require.Zero(t, lenient)
}
