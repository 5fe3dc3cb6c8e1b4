package pectest_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

// openSSLTakes asks OpenSSL whether a signed file comes from the authority.
func openSSLTakes(t *testing.T, ca *pectest.Authority, p7m []byte) ([]byte, bool) {
	t.Helper()
	dir := t.TempDir()
	in, out, anchors := filepath.Join(dir, "x.p7m"), filepath.Join(dir, "x.ldif"), filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(in, p7m, 0o600))
	require.NoError(t, os.WriteFile(anchors, ca.PEM(), 0o600))
	text, err := exec.Command(reftest.Tool(t, "openssl"), "cms", "-verify", "-inform", "DER", "-in", in, "-CAfile", anchors, "-purpose", "smimesign", "-out", out).CombinedOutput()
	if err != nil {
		require.Contains(t, strings.ToLower(string(text)), "verif", "OpenSSL refused for another reason")
		return nil, false
	}
	content, err := os.ReadFile(out)
	require.NoError(t, err)
	return content, true
}

func TestEMU24_SignedLDIF(t *testing.T) {
	ca, alfa, _, beta, next, ldif := igpec(t)
	store, err := ca.Store()
	require.NoError(t, err)
	p7m, err := ca.SignLDIF(ldif, noon)
	require.NoError(t, err)

	content, ok := openSSLTakes(t, ca, p7m)
	require.True(t, ok)
	require.Equal(t, ldif, content)
	d, err := trust.LoadSignedLDIF(bytes.NewReader(p7m), store, noon, nil)
	require.NoError(t, err)
	require.Empty(t, d.Findings())
	require.Equal(t, "Indice dei gestori", d.Signer().Provider)
	require.True(t, noon.Equal(d.Date()))
	require.Len(t, d.Providers(), 4)
	for _, c := range []*x509.Certificate{alfa.Signer.Certificate, next} {
		p, err := d.ByCertificate(c.Raw)
		require.NoError(t, err)
		require.Equal(t, "Gestore Alfa S.p.A.", p.Name)
	}
	require.False(t, d.Stale(noon.Add(23*time.Hour), 24*time.Hour))
	require.True(t, d.Stale(noon.Add(25*time.Hour), 24*time.Hour))

	// One octet of the content, or of the signature's end, is another.
	for _, at := range []int{bytes.Index(p7m, []byte("pec.alfa.example\n")), len(p7m) - 1} {
		require.Positive(t, at)
		tampered := bytes.Clone(p7m)
		tampered[at] ^= 1
		_, ok = openSSLTakes(t, ca, tampered)
		require.False(t, ok)
		d, err = trust.LoadSignedLDIF(bytes.NewReader(tampered), store, noon, nil)
		require.ErrorIs(t, err, trust.ErrDirectorySignature)
		require.Nil(t, d)
	}

	// Another authority's directory, in either eye.
	other := pectest.NewAuthority(6)
	foreign, err := other.SignLDIF(ldif, noon)
	require.NoError(t, err)
	_, ok = openSSLTakes(t, ca, foreign)
	require.False(t, ok)
	_, err = trust.LoadSignedLDIF(bytes.NewReader(foreign), store, noon, nil)
	require.ErrorIs(t, err, trust.ErrDirectorySigner)
	named := &trust.DirectoryOptions{Signers: []*x509.Certificate{other.DirectorySigner().Certificate}}
	d, err = trust.LoadSignedLDIF(bytes.NewReader(foreign), store, noon, named)
	require.NoError(t, err)
	require.Equal(t, trust.SourcePin, d.Signer().Source)

	// What a provider publishes itself.
	own := writeLDIF(t, &pectest.DirectoryOptions{RecordsOnly: true}, pectest.DirectoryRecord{Provider: beta})
	p7m, err = beta.SignLDIF(own, noon)
	require.NoError(t, err)
	content, ok = openSSLTakes(t, ca, p7m)
	require.True(t, ok)
	require.Equal(t, own, content)
	d, err = trust.LoadSignedLDIF(bytes.NewReader(p7m), store, noon, nil)
	require.NoError(t, err)
	require.Equal(t, "Gestore Beta S.r.l.", d.Signer().Provider)

	_, err = ca.SignLDIF(ldif, time.Time{})
	require.ErrorIs(t, err, pectest.ErrDirectory)
	_, err = (&pectest.Provider{}).SignLDIF(ldif, noon)
	require.ErrorIs(t, err, pectest.ErrDirectory)
	beta.Signer.Key = alfa.Signer.Key
	_, err = beta.SignLDIF(ldif, noon)
	require.ErrorIs(t, err, pectest.ErrDirectory)
}

// TestEMU24_MessagesAreJudgedByTheDirectory: before the renewal, with the new
// certificate, from a secondary environment; and a provider that is not listed.
func TestEMU24_MessagesAreJudgedByTheDirectory(t *testing.T) {
	ca, alfa, unit, beta, _, ldif := igpec(t)
	anchors := trust.Material{Anchors: []*x509.Certificate{ca.Certificate()}}
	asking, err := trust.NewStore(anchors, nil)
	require.NoError(t, err)
	p7m, err := ca.SignLDIF(ldif, noon)
	require.NoError(t, err)
	anchors.Directory, err = trust.LoadSignedLDIF(bytes.NewReader(p7m), asking, noon, nil)
	require.NoError(t, err)
	store, err := trust.NewStore(anchors, nil)
	require.NoError(t, err)

	now := noon.Add(time.Hour)
	verify := func(p *pectest.Provider) (*pec.Report, trust.Check) {
		t.Helper()
		message, _, err := p.Envelope([]byte(submitted), "anna@pec.alfa.example", []string{"bruno@pec.beta.example"}, noon, beta)
		require.NoError(t, err)
		reftest.OpenSSLVerify(t, message, ca.PEM())
		m, err := pec.ParseBytes(message, nil)
		require.NoError(t, err)
		r, err := pec.NewVerifier(store, &pec.VerifyOptions{Now: func() time.Time { return now }}).Verify(context.Background(), m)
		require.NoError(t, err)
		for _, c := range r.Checks {
			if c.Name == trust.CheckProviderDirectory {
				return r, c
			}
		}
		require.Fail(t, "no such check")
		return nil, trust.Check{}
	}
	passed := func(p *pectest.Provider, want string) {
		t.Helper()
		r, c := verify(p)
		require.Equal(t, trust.Passed, c.Status, c.Detail)
		require.Equal(t, "signing certificate of "+want, c.Detail)
		require.Equal(t, trust.Valid, r.Verdict)
		require.Equal(t, trust.SourceDirectory, r.Signer.Source)
		require.Empty(t, r.Findings)
	}
	passed(alfa, "Gestore Alfa S.p.A.")
	passed(unit, "Gestore Alfa S.p.A. / Ambiente per la pubblica amministrazione, città e comuni")
	passed(beta, "Gestore Beta S.r.l.")
	alfa.Signer, err = ca.Renew(alfa, noon.AddDate(0, -1, 0), noon.AddDate(3, 0, 0))
	require.NoError(t, err)
	passed(alfa, "Gestore Alfa S.p.A.")

	r, c := verify(ca.Provider("Gestore Gamma S.r.l.", "gestore-c.example"))
	require.Equal(t, trust.Failed, c.Status)
	require.Equal(t, trust.Invalid, r.Verdict)

	now = noon.Add(25 * time.Hour)
	r, c = verify(beta)
	require.Equal(t, trust.Passed, c.Status)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "directory-stale", r.Findings[0].Code)
}

func TestEMU24_Renew(t *testing.T) {
	ca, alfa, _ := twoProviders()
	before := *alfa.Signer
	next, err := ca.Renew(alfa, noon, noon.AddDate(3, 0, 0))
	require.NoError(t, err)
	require.Equal(t, before, *alfa.Signer, "the provider signs with the old one until told otherwise")
	old, c := before.Certificate, next.Certificate
	require.Equal(t, old.RawSubject, c.RawSubject)
	require.Equal(t, old.EmailAddresses, c.EmailAddresses)
	require.NotEqual(t, old.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo)
	require.NotEqual(t, old.SerialNumber, c.SerialNumber)
	require.True(t, noon.Equal(c.NotBefore) && noon.AddDate(3, 0, 0).Equal(c.NotAfter))
	require.NoError(t, c.CheckSignatureFrom(ca.Certificate()))

	alfa.Signer = next
	last, err := ca.Renew(alfa, noon.AddDate(2, 11, 0), noon.AddDate(6, 0, 0))
	require.NoError(t, err)
	require.True(t, last.Certificate.NotBefore.Before(c.NotAfter))
	for name, period := range map[string][2]time.Time{
		"backwards": {noon.AddDate(1, 0, 0), noon}, "empty": {noon, noon},
		"too late": {noon.AddDate(3, 0, 1), noon.AddDate(6, 0, 0)}, "too early": {noon.AddDate(-2, 0, 0), noon.AddDate(-1, 0, 0)},
	} {
		_, err := ca.Renew(alfa, period[0], period[1])
		require.Error(t, err, name)
	}
	_, err = ca.Renew(&pectest.Provider{}, noon, noon.AddDate(1, 0, 0))
	require.Error(t, err)
}
