package pectest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// opensslDiffers lists the fixtures of which OpenSSL 3.0 is not asked, and why
// its answer is not ours. None is in good/.
var opensslDiffers = map[string]string{
	"odd/ed25519.eml":                    "OpenSSL 3.0 cannot verify Ed25519 over signed attributes",
	"odd/ed25519-envelope.eml":           "the same",
	"odd/d07-prefix-boundaries.eml":      "OpenSSL takes any line that begins with the boundary for a delimiter",
	"odd/p7s-one-line.eml":               "OpenSSL does not read base64 lines of that length",
	"odd/p7s-no-padding.eml":             "OpenSSL wants base64 padding",
	"odd/p7s-octet-stream.eml":           "OpenSSL wants the signature's type",
	"tampered/s14-extended-boundary.eml": "OpenSSL does not know RFC 2231 and sees one boundary",
	"tampered/s15-econtent.eml":          "OpenSSL takes the detached content and overlooks the other",
	"tampered/s15-econtent-empty.eml":    "the same",
	"tampered/s18-two-signers.eml":       "OpenSSL takes any number of signers; certified mail has one",
	"tampered/ca-certificate.eml":        "OpenSSL lets an authority's own certificate sign mail",
}

// TestOpenSSLAgreesAboutSignatures lets OpenSSL verify every fixture that
// claims to be certified mail: it accepts exactly those whose signature and
// chain hold.
func TestOpenSSLAgreesAboutSignatures(t *testing.T) {
	openssl := reftest.Tool(t, "openssl")
	dir := t.TempDir()
	fixtures, err := WriteFixtures(dir, &FixtureOptions{Seed: 0})
	require.NoError(t, err)
	for _, f := range fixtures {
		if f.Kind == string(pec.KindOrdinary) || opensslDiffers[f.File] != "" {
			require.False(t, strings.HasPrefix(f.File, "good/"), f.File)
			continue
		}
		want := !slices.ContainsFunc([]string{trust.CheckSignature, trust.CheckSignerChain}, func(name string) bool {
			return slices.Contains(f.failed, name) || f.unknown == name
		})
		m, err := pec.ParseBytes(f.Data, nil)
		require.NoError(t, err)
		at := firstDay
		if when, err := m.Time(); err == nil {
			at = when
		}
		out, err := exec.Command(openssl, "cms", "-verify", "-in", filepath.Join(dir, f.File), "-inform", "SMIME", "-CAfile", filepath.Join(dir, "ca.pem"),
			"-partial_chain", "-purpose", "smimesign", "-attime", strconv.FormatInt(at.Unix(), 10), "-out", os.DevNull).CombinedOutput()
		require.Equal(t, want, err == nil, "%s: %s", f.File, out)
	}
}

// TestGoodXMLFitsTheDTD lets xmllint validate the certification data of all
// that is in good/.
func TestGoodXMLFitsTheDTD(t *testing.T) {
	xmllint, dtd := reftest.Tool(t, "xmllint"), reftest.Dir(t, "pec", "daticert.dtd")
	dir := t.TempDir()
	fixtures, err := Fixtures(0)
	require.NoError(t, err)
	args := []string{"--noout", "--nonet", "--dtdvalid", dtd}
	for _, f := range fixtures {
		m, err := pec.ParseBytes(f.Data, nil)
		require.NoError(t, err)
		if !strings.HasPrefix(f.File, "good/") || m.Kind == pec.KindAnomaly {
			continue
		}
		doc, err := m.Envelope.Certification.Bytes(1 << 20)
		require.NoError(t, err)
		name := filepath.Join(dir, strings.NewReplacer("/", "-", ".eml", ".xml").Replace(f.File))
		require.NoError(t, os.WriteFile(name, doc, 0o600))
		args = append(args, name)
	}
	require.Greater(t, len(args), 60)
	out, err := exec.Command(xmllint, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
