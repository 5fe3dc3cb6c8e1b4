package trust

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

// record writes a provider's LDIF record, base64 folded at 76 columns.
func record(name, unit string, domains []string, certificates ...*x509.Certificate) string {
	var b strings.Builder
	if unit == "" {
		fmt.Fprintf(&b, "dn: providerName=%s,o=postacert\n", name)
	} else {
		fmt.Fprintf(&b, "dn: providerUnit=%s,providerName=%s,o=postacert\n", unit, name)
	}
	fmt.Fprintf(&b, "objectClass: top\nobjectClass: provider\nproviderName: %s\n", name)
	if unit != "" {
		fmt.Fprintf(&b, "providerUnit: %s\n", unit)
	} else {
		b.WriteString("LDIFLocationURL: https://www.alfa.example/ldif.p7m\n")
	}
	for _, c := range certificates {
		h := sha1.Sum(c.Raw)
		fmt.Fprintf(&b, "providerCertificateHash: %X\nproviderCertificate;binary:: ", h)
		text := base64.StdEncoding.EncodeToString(c.Raw)
		for ; len(text) > 76; text = text[76:] {
			b.WriteString(text[:76] + "\n ")
		}
		b.WriteString(text + "\n")
	}
	b.WriteString("mailReceipt: ricevute@pec.alfa.example\n")
	for _, d := range domains {
		fmt.Fprintf(&b, "managedDomains: %s\n", d)
	}
	return b.String() + "\n"
}

const base = "version: 1\n\n# indice dei gestori\n di prova\ndn: o=postacert\nobjectClass: top\nobjectClass: LDIFLocationURLObject\no: postacert\nLDIFLocationURL: https://igpec.example/igpec.ldif.p7m\n\n"

func load(t testing.TB, ldif string, o *DirectoryOptions) *Directory {
	t.Helper()
	d, err := LoadLDIF(strings.NewReader(ldif), o)
	require.NoError(t, err)
	return d
}

func alfa(t testing.TB) (*testpki.Authority, *x509.Certificate, *x509.Certificate) {
	ca := newCA("PEC CA")
	return ca, ca.Provider("Alfa S.p.A.", fromAlfa, nil).Certificate, ca.Provider("Alfa S.p.A.", fromAlfa, nil).Certificate
}

func TestDIR01_SignedLDIF(t *testing.T) {
	o := newOpenSSL(t)
	ca, listed, _ := alfa(t)
	centre := ca.Provider("Centro", "centro@igpec.example", nil)
	ldif := base + record("Alfa", "", []string{"pec.alfa.example"}, listed)
	o.write("igpec.ldif", []byte(ldif))
	o.write("centre.pem", testpki.PEM(centre.Certificate))
	key, err := x509.MarshalPKCS8PrivateKey(centre.Key)
	require.NoError(t, err)
	o.write("centre.key", key)
	sign := func(extra ...string) []byte {
		o.run(append([]string{"cms", "-sign", "-nodetach", "-outform", "DER", "-binary", "-in", "igpec.ldif", "-signer", "centre.pem", "-inkey", "centre.key", "-keyform", "DER", "-out", "igpec.p7m"}, extra...)...)
		return o.read("igpec.p7m")
	}
	trusting := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}, Intermediates: certs(ca.Certificate), Anchors: certs(ca.Certificate)}, nil)
	at := time.Now()

	for name, p7m := range map[string][]byte{
		"DER": sign(), "stream": sign("-stream", "-indef"), "key id": sign("-keyid"), "SHA-512": sign("-md", "sha512"), "SHA-1": sign("-md", "sha1"),
		"PEM": sign("-outform", "PEM"),
	} {
		d, err := LoadSignedLDIF(bytes.NewReader(p7m), trusting, at, nil)
		require.NoError(t, err, name)
		require.Len(t, d.Providers(), 1)
		require.Equal(t, "Centro", d.Signer().Provider)
		require.WithinDuration(t, at, d.Date(), time.Minute)
		require.Equal(t, name == "SHA-1", len(codes(d.Findings())) == 1 && codes(d.Findings())[0] == "weak-digest", name)
		require.Equal(t, "https://igpec.example/igpec.ldif.p7m", d.BaseLocation())
		p, err := d.ByCertificate(listed.Raw)
		require.NoError(t, err)
		require.Equal(t, "Alfa", p.Name)
	}
	refused := func(p7m []byte, s *Store, at time.Time, o *DirectoryOptions, want error) {
		t.Helper()
		d, err := LoadSignedLDIF(bytes.NewReader(p7m), s, at, o)
		require.ErrorIs(t, err, want)
		require.Nil(t, d)
	}
	p7m := sign()
	stranger := newStore(t, Material{Anchors: certs(newCA("Other").Certificate)}, nil)
	refused(p7m, stranger, at, nil, ErrDirectorySigner)
	refused(p7m, stranger, at, nil, ErrNoPath)
	refused(p7m, nil, at, nil, ErrDirectorySigner)
	refused(p7m, trusting, testpki.Doomsday.AddDate(1, 0, 0), nil, ErrExpired)
	refused([]byte("rubbish"), trusting, at, nil, ErrDirectorySignature)
	tampered := bytes.Replace(p7m, []byte("pec.alfa.example\n"), []byte("pec.evil.example\n"), 1)
	require.NotEqual(t, p7m, tampered)
	refused(tampered, trusting, at, nil, ErrDirectorySignature)
	refused(sign("-nocerts"), trusting, at, nil, ErrDirectorySignature)
	withSigner := &DirectoryOptions{Signers: certs(centre.Certificate)}
	for _, store := range []*Store{nil, stranger} {
		d, err := LoadSignedLDIF(bytes.NewReader(sign("-nocerts")), store, at, withSigner)
		require.NoError(t, err)
		require.Equal(t, SourcePin, d.Signer().Source)
	}
	refused(sign("-nocerts"), stranger, testpki.Doomsday.AddDate(1, 0, 0), withSigner, ErrDirectorySigner)
	o.run("cms", "-sign", "-outform", "DER", "-binary", "-in", "igpec.ldif", "-signer", "centre.pem", "-inkey", "centre.key", "-keyform", "DER", "-out", "detached.p7s")
	refused(o.read("detached.p7s"), trusting, at, nil, ErrDirectorySignature)
	revoking := newStore(t, Material{Anchors: certs(ca.Certificate), CRLs: [][]byte{
		makeCRL(t, ca, at.Add(-time.Hour), at.Add(time.Hour), nil, entry{SerialNumber: centre.Certificate.SerialNumber, RevocationTime: at.Add(-2 * time.Hour)})}}, nil)
	refused(p7m, revoking, at, nil, ErrDirectorySigner)
	o.write("igpec.ldif", []byte("dn: x\nchangetype: delete\n"))
	refused(sign(), trusting, at, nil, ErrLDIFChange)
}

func TestDIR02_HashAndThenTheWholeCertificate(t *testing.T) {
	ca, listed, other := alfa(t)
	h := sha1.Sum(listed.Raw)
	s := func(ldif string, date time.Time) *Store {
		return newStore(t, Material{Anchors: certs(ca.Certificate), Directory: load(t, ldif, &DirectoryOptions{Date: date})}, nil)
	}
	ldif := base + record("Alfa", "", []string{"pec.alfa.example"}, listed)
	for _, spelling := range []string{ldif, strings.Replace(ldif, fmt.Sprintf("%X", h), fmt.Sprintf("%x", h), 1),
		strings.Replace(ldif, fmt.Sprintf("%X", h), fmt.Sprintf("%x", sha256.Sum256(listed.Raw)), 1)} {
		r := s(spelling, today).Evaluate(ask(listed))
		require.Equal(t, Passed, r.Check(CheckProviderDirectory).Status)
		require.Equal(t, SourceDirectory, r.Source)
		require.Equal(t, "Alfa", r.Provider)
		require.Empty(t, r.Findings)
	}
	r := s(ldif, time.Time{}).Evaluate(ask(other))
	require.Equal(t, Failed, r.Check(CheckProviderDirectory).Status)
	require.NotEqual(t, SourceDirectory, r.Source)
	require.Equal(t, Invalid, Judge(r.Checks, CheckSignerChain))

	// The right hash over another certificate is worth nothing.
	h2 := sha1.Sum(other.Raw)
	lying := strings.Replace(ldif, fmt.Sprintf("%X", h), fmt.Sprintf("%X", h2), 1)
	d := load(t, lying, nil)
	_, err := d.ByCertificate(other.Raw)
	require.ErrorIs(t, err, ErrCertificateDiffers)
	_, err = d.ByCertificate(listed.Raw)
	require.ErrorIs(t, err, ErrNotInDirectory)
	require.Equal(t, []string{"directory-hash-mismatch", "directory-hash-mismatch"}, codes(d.Findings()))
	r = s(lying, today).Evaluate(ask(other))
	require.Equal(t, Failed, r.Check(CheckProviderDirectory).Status)
	require.Contains(t, r.Check(CheckProviderDirectory).Detail, "another certificate")

	// A dated copy does not speak of certificates that ended before it.
	old := ca.Provider("Alfa S.p.A.", fromAlfa, func(c *x509.Certificate) { c.NotAfter = atEvent.AddDate(0, 1, 0) }).Certificate
	require.Equal(t, Unknown, s(ldif, today).Evaluate(ask(old)).Check(CheckProviderDirectory).Status)
	require.Equal(t, Failed, s(ldif, atEvent).Evaluate(ask(old)).Check(CheckProviderDirectory).Status)

	q := ask(listed)
	q.From = "posta-certificata@altro.example"
	require.Contains(t, codes(s(ldif, today).Evaluate(q).Findings), "from-domain-not-managed")
	require.Equal(t, Passed, s(ldif, today).Evaluate(q).Check(CheckProviderDirectory).Status)
}

func TestDIR03_SeveralCertificates(t *testing.T) {
	_, one, two := alfa(t)
	d := load(t, record("Alfa", "", []string{"pec.alfa.example"}, one, two), nil)
	for _, c := range certs(one, two) {
		p, err := d.ByCertificate(c.Raw)
		require.NoError(t, err)
		require.Len(t, p.Certificates, 2)
		require.Len(t, p.Hashes, 2)
	}
	require.Empty(t, d.Findings())
}

func TestDIR04_Domains(t *testing.T) {
	_, one, two := alfa(t)
	d := load(t, record("Alfa", "", []string{"PEC.alfa.example", "xn--citt-3na.example", "ente.example"}, one)+
		record("Beta", "", []string{"beta.example", "Ente.example"}, two), nil)
	for domain, want := range map[string]int{
		"pec.alfa.example": 1, "Pec.Alfa.EXAMPLE": 1, "città.example": 1, "XN--citt-3na.example": 1, "beta.example": 1, "ente.example": 2,
		"alfa.example": 0, "x.pec.alfa.example": 0, "pec.alfa.example.": 0, "xpec.alfa.example": 0, "": 0, "ｂeta.example": 0,
	} {
		require.Len(t, d.ByDomain(domain), want, domain)
	}
	require.Equal(t, []string{"directory-domain-twice"}, codes(d.Findings()))
	require.Len(t, d.ByName("ALFA"), 1)
	require.Empty(t, d.ByName("Alf"))
}

func TestDIR05_UnitsInheritNothing(t *testing.T) {
	ca, one, two := alfa(t)
	d := load(t, base+record("Alfa", "", []string{"pec.alfa.example"}, one)+record("Alfa", "Secondo", []string{"due.alfa.example"}, two), nil)
	require.Empty(t, d.Findings())
	unit, err := d.ByCertificate(two.Raw)
	require.NoError(t, err)
	require.Equal(t, "Secondo", unit.Unit)
	require.False(t, unit.Manages("pec.alfa.example"))
	require.True(t, unit.Manages("DUE.alfa.example"))
	require.Len(t, unit.Certificates, 1)
	require.Empty(t, unit.LDIFLocationURL)
	require.Equal(t, "https://www.alfa.example/ldif.p7m", d.Location(unit))
	require.Len(t, d.ByName("alfa"), 2)
	r := newStore(t, Material{Anchors: certs(ca.Certificate), Directory: d}, nil).Evaluate(ask(two))
	require.Equal(t, "signing certificate of Alfa / Secondo", r.Check(CheckProviderDirectory).Detail)
	require.Equal(t, []string{"from-domain-not-managed"}, codes(r.Findings))
}

func TestDIR06_StaleCopyIsReported(t *testing.T) {
	ca, one, _ := alfa(t)
	ldif := record("Alfa", "", []string{"pec.alfa.example"}, one)
	for age, want := range map[time.Duration]bool{0: false, 24 * time.Hour: false, 24*time.Hour + 1: true, 9000 * time.Hour: true, -time.Hour: false} {
		s := newStore(t, Material{Anchors: certs(ca.Certificate), Directory: load(t, ldif, &DirectoryOptions{Date: today.Add(-age)})}, nil)
		r := s.Evaluate(ask(one))
		require.Equal(t, Passed, r.Check(CheckProviderDirectory).Status)
		require.Equal(t, want, len(r.Findings) == 1 && r.Findings[0].Code == "directory-stale", age)
	}
	old := load(t, ldif, &DirectoryOptions{Date: today.AddDate(-1, 0, 0)})
	s := newStore(t, Material{Anchors: certs(ca.Certificate), Directory: old}, &Policy{DirectoryMaxAge: -1})
	require.Empty(t, s.Evaluate(ask(one)).Findings)
	require.False(t, load(t, ldif, nil).Stale(today, time.Hour), "of unknown age")
}

func TestDIR07_EmptyDirectory(t *testing.T) {
	ca, one, _ := alfa(t)
	for _, ldif := range []string{"", "version: 1\n", base, "# nothing\n"} {
		d := load(t, ldif, nil)
		require.Empty(t, d.Providers())
		r := newStore(t, Material{Anchors: certs(ca.Certificate), Directory: d}, nil).Evaluate(ask(one))
		require.Equal(t, Skipped, r.Check(CheckProviderDirectory).Status)
		require.Equal(t, Valid, Judge(r.Checks, CheckSignerChain, CheckSignerAddress))
	}
}
