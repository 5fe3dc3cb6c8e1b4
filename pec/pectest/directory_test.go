package pectest_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

func writeLDIF(t *testing.T, opt *pectest.DirectoryOptions, records ...pectest.DirectoryRecord) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, pectest.WriteLDIF(&out, records, opt))
	return out.Bytes()
}

// igpec is a directory with a renewal, a secondary environment that shares the
// main one's key and another with its own.
func igpec(t *testing.T) (ca *pectest.Authority, alfa, unit, beta *pectest.Provider, next *x509.Certificate, ldif []byte) {
	t.Helper()
	ca, alfa, beta = twoProviders()
	alfa.Domains = append(alfa.Domains, "interni.alfa.example")
	unit = ca.Provider("Gestore Alfa S.p.A.", "pa.gestore-a.example", "comune.example")
	renewed, err := ca.Renew(alfa, noon.AddDate(0, -1, 0), noon.AddDate(3, 0, 0))
	require.NoError(t, err)
	next = renewed.Certificate
	ldif = writeLDIF(t, nil,
		pectest.DirectoryRecord{Provider: unit, Unit: "Ambiente per la pubblica amministrazione, città e comuni"},
		pectest.DirectoryRecord{Provider: beta},
		pectest.DirectoryRecord{Provider: alfa, Certificates: []*x509.Certificate{next}, Description: "rinnovo in corso"},
		pectest.DirectoryRecord{Provider: alfa, Unit: "Interni", Domains: []string{"interni.alfa.example"}, ServiceMailbox: "ricevute2@gestore-a.example"})
	return
}

func TestEMU24_DirectoryAsLDIF(t *testing.T) {
	_, alfa, unit, beta, next, ldif := igpec(t)
	d, err := trust.LoadLDIF(bytes.NewReader(ldif), nil)
	require.NoError(t, err)
	require.Empty(t, d.Findings())
	require.Equal(t, "https://igpec.example/igpec.ldif.p7m", d.BaseLocation())

	all := d.Providers()
	require.Len(t, all, 4)
	var dns []string
	for _, p := range all {
		dns = append(dns, p.DN)
		require.Empty(t, p.Unknown)
		require.Equal(t, []string{"top", "provider"}, p.ObjectClasses)
	}
	require.Equal(t, []string{
		"providerName=Gestore Alfa S.p.A.,o=postacert",
		`providerUnit=Ambiente per la pubblica amministrazione\, città e comuni,providerName=Gestore Alfa S.p.A.,o=postacert`,
		"providerUnit=Interni,providerName=Gestore Alfa S.p.A.,o=postacert",
		"providerName=Gestore Beta S.r.l.,o=postacert",
	}, dns, "a provider's records stay together, the main one first")
	main, public, internal := all[0], all[1], all[2]

	// The main record: two certificates in renewal, own domains only.
	require.Equal(t, [][]byte{alfa.Signer.Certificate.Raw, next.Raw}, main.Certificates)
	require.Equal(t, []string{"gestore-a.example", "pec.alfa.example"}, main.ManagedDomains)
	require.Equal(t, "ricevute@gestore-a.example", main.MailReceipt)
	require.Equal(t, "https://gestore-a.example/gestore-a.example.ldif.p7m", main.LDIFLocationURL)
	require.Equal(t, "rinnovo in corso", main.Description)
	// The secondary ones.
	require.Equal(t, "Ambiente per la pubblica amministrazione, città e comuni", public.Unit)
	require.Equal(t, unit.Domains, public.ManagedDomains)
	require.Equal(t, "ricevute@pa.gestore-a.example", public.MailReceipt)
	require.Equal(t, []string{"interni.alfa.example"}, internal.ManagedDomains)
	require.Equal(t, "ricevute2@gestore-a.example", internal.MailReceipt)
	for _, p := range []*trust.Provider{public, internal} {
		require.Empty(t, p.LDIFLocationURL)
		require.Equal(t, main.LDIFLocationURL, d.Location(p))
	}

	for domain, want := range map[string]*trust.Provider{
		"pec.alfa.example": main, "PEC.Beta.Example": all[3], "comune.example": public, "interni.alfa.example": internal,
	} {
		require.Equal(t, []*trust.Provider{want}, d.ByDomain(domain), domain)
	}
	require.Empty(t, d.ByDomain("gamma.example"))
	for _, c := range []struct {
		cert *x509.Certificate
		want *trust.Provider
	}{{alfa.Signer.Certificate, main}, {next, main}, {unit.Signer.Certificate, public}, {beta.Signer.Certificate, all[3]}} {
		p, err := d.ByCertificate(c.cert.Raw)
		require.NoError(t, err)
		require.Same(t, c.want, p)
		require.Contains(t, p.Hashes, fmt.Sprintf("%x", sha1.Sum(c.cert.Raw)))
	}
	_, err = d.ByCertificate(pectest.NewAuthority(5).Provider("Gestore Gamma", "gestore-c.example").Signer.Certificate.Raw)
	require.ErrorIs(t, err, trust.ErrNotInDirectory)
}

func TestEMU24_LinesAreThoseOfRFC2849(t *testing.T) {
	ca, _, _, _, _, ldif := igpec(t)
	require.True(t, bytes.HasPrefix(ldif, []byte("version: 1\n\ndn: o=postacert\nobjectClass: top\n")))
	for i, line := range strings.Split(string(ldif), "\n") {
		require.LessOrEqual(t, len(line), 76, i+1)
		for _, c := range []byte(line) {
			require.True(t, ' ' <= c && c <= '~', "line %d: %q", i+1, line)
		}
	}
	require.Contains(t, string(ldif), "\nproviderUnit:: ", "not ASCII")
	require.Contains(t, string(ldif), "\nproviderName: Gestore Alfa S.p.A.\n", "not wrapped in base64 without need")

	// Whatever a provider is called, it is read back.
	for i, name := range []string{
		":colon", "<url", " space", "space ", "a\nb: c", "a\r", "Già & Però S.p.A.", strings.Repeat("x", 63), strings.Repeat("y ", 200), `a,b+c"d\e;f<g>`, "#1",
		strings.Repeat("x", 62), strings.Repeat("x", 61), strings.Repeat("é", 100), "=", "dn: x",
	} {
		p := ca.Provider("Gestore", fmt.Sprintf("p%d.example", i))
		p.Identity.Name = name
		d, err := trust.LoadLDIF(bytes.NewReader(writeLDIF(t, nil, pectest.DirectoryRecord{Provider: p, Description: name})), nil)
		require.NoError(t, err, name)
		require.Len(t, d.Providers(), 1)
		require.Equal(t, name, d.Providers()[0].Name)
		require.Equal(t, name, d.Providers()[0].Description)
	}
}

// FuzzWriteLDIF: whatever the names are, the reader gets them back or nothing
// is written.
func FuzzWriteLDIF(f *testing.F) {
	f.Add("Gestore Alfa S.p.A.", "Ambiente secondario", "")
	f.Add(" a\nb: c", "\\,;", ":<")
	f.Add("è\xff", "\x00", "\r ")
	_, alfa, _ := twoProviders()
	f.Fuzz(func(t *testing.T, name, unit, description string) {
		alfa.Identity.Name = name
		records := []pectest.DirectoryRecord{{Provider: alfa, Description: description}}
		if unit != "" {
			records = append(records, pectest.DirectoryRecord{Provider: alfa, Unit: unit, Domains: []string{"u.example"}})
		}
		var out bytes.Buffer
		if err := pectest.WriteLDIF(&out, records, nil); err != nil {
			require.ErrorIs(t, err, pectest.ErrDirectory)
			require.Zero(t, out.Len())
			return
		}
		for line := range bytes.Lines(out.Bytes()) {
			require.LessOrEqual(t, len(line), 77)
		}
		d, err := trust.LoadLDIF(&out, nil)
		require.NoError(t, err)
		require.Empty(t, d.Findings())
		all := d.Providers()
		require.Len(t, all, len(records))
		for i, p := range all {
			require.Equal(t, name, p.Name)
			require.Equal(t, records[i].Unit, p.Unit)
			require.Equal(t, records[i].Description, p.Description)
			require.Len(t, p.Certificates, 1)
		}
	})
}

func TestEMU24_SameSeedSameDirectory(t *testing.T) {
	write := func() []byte {
		ca, alfa, _, _, _, ldif := igpec(t)
		p7m, err := ca.SignLDIF(ldif, noon)
		require.NoError(t, err)
		own, err := alfa.SignLDIF(ldif, noon)
		require.NoError(t, err)
		return append(p7m, own...)
	}
	require.True(t, bytes.Equal(write(), write()))

	// Renewing and signing leave alone what the authority issues next.
	one, two := pectest.NewAuthority(5), pectest.NewAuthority(5)
	alfa := one.Provider("Gestore Alfa S.p.A.", "gestore-a.example")
	two.Provider("Gestore Alfa S.p.A.", "gestore-a.example")
	_, err := one.Renew(alfa, noon, noon.AddDate(1, 0, 0))
	require.NoError(t, err)
	_, err = one.SignLDIF(nil, noon)
	require.NoError(t, err)
	require.Equal(t, one.Provider("B", "b.example").Signer.Certificate.Raw, two.Provider("B", "b.example").Signer.Certificate.Raw)
}

func TestEMU24_EmptyDirectoryAndRecordsOnly(t *testing.T) {
	d, err := trust.LoadLDIF(bytes.NewReader(writeLDIF(t, &pectest.DirectoryOptions{Location: "https://indice.example:8443/tutti.p7m", Description: "prova"})), nil)
	require.NoError(t, err)
	require.Empty(t, d.Providers())
	require.Equal(t, "https://indice.example:8443/tutti.p7m", d.BaseLocation())

	_, alfa, _ := twoProviders()
	own := writeLDIF(t, &pectest.DirectoryOptions{RecordsOnly: true}, pectest.DirectoryRecord{Provider: alfa, Location: "https://localhost:8443/alfa.p7m"})
	d, err = trust.LoadLDIF(bytes.NewReader(own), nil)
	require.NoError(t, err)
	require.Len(t, d.Providers(), 1)
	require.Empty(t, d.BaseLocation())
	require.Equal(t, "https://localhost:8443/alfa.p7m", d.Providers()[0].LDIFLocationURL)
}

func TestEMU24_WriteLDIFRefuses(t *testing.T) {
	ca, alfa, beta := twoProviders()
	type records = []pectest.DirectoryRecord
	refused := func(name, want string, opt *pectest.DirectoryOptions, r records) {
		t.Helper()
		var out bytes.Buffer
		err := pectest.WriteLDIF(&out, r, opt)
		require.ErrorIs(t, err, pectest.ErrDirectory, name)
		require.ErrorContains(t, err, want, name)
		require.Zero(t, out.Len(), name)
	}
	for domain, want := range map[string]string{
		"pec.it": "not reserved", "": "not reserved", "a..example": "empty label", "a.example.": "empty label", "città.example": "xn--citt-3na.example",
		"a b.example": "disallowed", "x@y.example": "disallowed", "a.example\nmanagedDomains: b.example": "disallowed",
	} {
		refused(domain, want, nil, records{{Provider: alfa, Domains: []string{"pec.alfa.example", domain}}})
	}
	for _, mailbox := range []string{"x", "ricevute@", "@a.example", `"a b"@a.example`, "A <a@a.example>", "è@a.example", "a@a.example\n"} {
		refused(mailbox, "dot-atom", nil, records{{Provider: alfa, ServiceMailbox: mailbox}})
	}
	refused("service mailbox", "not reserved", nil, records{{Provider: alfa, ServiceMailbox: "ricevute@pec.it"}})
	refused("location", "not reserved", nil, records{{Provider: alfa, Location: "https://www.pec.it/x"}})
	refused("location", "not-https", nil, records{{Provider: alfa, Location: "http://a.example/x"}})
	refused("location", "location", nil, records{{Provider: alfa, Location: "https://a.example/%zz"}})
	refused("base location", "not reserved", &pectest.DirectoryOptions{Location: "https://igpec.gov.it/x"}, nil)
	refused("location of a unit", "directory-location-in-unit", nil,
		records{{Provider: alfa}, {Provider: alfa, Unit: "U", Domains: []string{"u.example"}, Location: "https://a.example/x"}})

	refused("not UTF-8", "not UTF-8", nil, records{{Provider: alfa, Description: "perch\xe9"}})
	refused("nobody", "no provider", nil, records{{}})
	refused("no name", "without a name", nil, records{{Provider: &pectest.Provider{}}})
	refused("two main records", "2 main records", nil, records{{Provider: alfa}, {Provider: alfa}})
	refused("no main record", "0 main records", nil, records{{Provider: beta}, {Provider: alfa, Unit: "U"}})
	refused("unit twice", "two secondary", nil, records{{Provider: alfa}, {Provider: alfa, Unit: "U"}, {Provider: alfa, Unit: "u"}})
	refused("unit without domains of its own", "directory-domain-twice", nil, records{{Provider: alfa}, {Provider: alfa, Unit: "U"}})
	refused("domain twice", "directory-domain-twice", nil, records{{Provider: alfa}, {Provider: beta, Domains: []string{"PEC.alfa.example"}}})
	refused("no domains", "no managedDomains", nil, records{{Provider: alfa, Domains: []string{}}})
	bare := ca.Provider("Gestore", "gestore.example")
	bare.Signer = nil
	refused("no certificate", "no providerCertificate", nil, records{{Provider: bare}})

	broken := brokenWriter{}
	require.ErrorIs(t, pectest.WriteLDIF(broken, nil, nil), io.ErrClosedPipe)
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
