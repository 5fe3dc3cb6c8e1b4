package pectest

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/certmail/certmail/trust"
)

// ErrDirectory wraps every reason why a provider directory is not written.
var ErrDirectory = errors.New("pectest: provider directory")

// DirectoryRecord is one record of the provider directory (indice dei gestori
// di posta certificata, IGPEC; RFC 6109 §4.5): the main environment of a
// provider, or a secondary one (ambiente secondario). Fields left empty are
// taken from the Provider.
type DirectoryRecord struct {
	// Provider is whom the record is about. A secondary environment that signs
	// with a key of its own is a Provider of its own, by the same name.
	Provider *Provider
	// Unit is providerUnit, the name of a secondary environment; "" makes the
	// main record, of which every provider has one.
	Unit string
	// Certificates are listed after the Provider's own: those valid at the same
	// time during a renewal (rinnovo), see Authority.Renew.
	Certificates []*x509.Certificate
	// Domains are managedDomains. Nil means the Provider's, save those that
	// another record of the same provider names.
	Domains []string
	// ServiceMailbox is mailReceipt, the casella di servizio.
	ServiceMailbox string
	// Location is LDIFLocationURL, where the provider publishes its signed LDIF;
	// an https URL below the Provider's domain unless set. A secondary
	// environment has none.
	Location    string
	Description string
}

// DirectoryOptions adjust what WriteLDIF writes about the directory itself. Nil
// and the zero value mean the defaults.
type DirectoryOptions struct {
	// Location is LDIFLocationURL of the base entry, where the whole directory
	// is published: https://igpec.example/igpec.ldif.p7m unless set.
	Location    string
	Description string
	// RecordsOnly leaves out the base entry (o=postacert).
	RecordsOnly bool
}

// WriteLDIF writes the provider directory as LDIF (RFC 2849): the base entry,
// then the main record of each provider in the order given, each followed by
// those of its secondary environments. No records make an empty directory. The
// same arguments give the same bytes, lines of at most 76 columns. The first one
// is version: 1, which RFC 2849 wants and OpenLDAP's slapadd does not take.
//
// What it writes, trust.LoadLDIF reads without a finding: a provider without a
// main record, or two records that list one domain, are refused with an error
// that wraps ErrDirectory, and so are domains that are not Reserved. To get a
// directory with faults, edit the bytes.
func WriteLDIF(w io.Writer, records []DirectoryRecord, opt *DirectoryOptions) error {
	if opt == nil {
		opt = &DirectoryOptions{}
	}
	records, err := arrange(records)
	if err != nil {
		return err
	}
	l := &ldifWriter{}
	l.value("version", "1")
	if !opt.RecordsOnly {
		if err := l.base(opt); err != nil {
			return err
		}
	}
	for i := range records {
		if err := l.record(&records[i]); err != nil {
			return err
		}
	}
	d, err := trust.LoadLDIF(bytes.NewReader(l.text), nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	if found := d.Findings(); len(found) > 0 {
		return fmt.Errorf("%w: %s: %s", ErrDirectory, found[0].Code, found[0].Detail)
	}
	_, err = w.Write(l.text)
	return err
}

// arrange puts the records of each provider together, the main one first, and
// gives those without domains the Provider's.
func arrange(records []DirectoryRecord) ([]DirectoryRecord, error) {
	type group struct{ main, units []DirectoryRecord }
	groups := map[string]*group{}
	var order []*group
	for i, r := range records {
		if r.Provider == nil || r.Provider.Identity.Name == "" {
			return nil, fmt.Errorf("%w: record %d: no provider, or one without a name", ErrDirectory, i+1)
		}
		name := strings.ToLower(r.Provider.Identity.Name) // caseIgnoreMatch
		g := groups[name]
		if g == nil {
			g = &group{}
			groups[name] = g
			order = append(order, g)
		}
		if r.Unit == "" {
			g.main = append(g.main, r)
			continue
		}
		if slices.ContainsFunc(g.units, func(u DirectoryRecord) bool { return strings.EqualFold(u.Unit, r.Unit) }) {
			return nil, fmt.Errorf("%w: %s has two secondary environments %s", ErrDirectory, r.Provider.Identity.Name, r.Unit)
		}
		g.units = append(g.units, r)
	}
	out := make([]DirectoryRecord, 0, len(records))
	for _, g := range order {
		all := append(g.main, g.units...)
		if len(g.main) != 1 {
			return nil, fmt.Errorf("%w: %s has %d main records, want 1", ErrDirectory, all[0].Provider.Identity.Name, len(g.main))
		}
		var named []string
		for i := range all {
			named = append(named, all[i].Domains...)
		}
		for _, r := range all {
			if r.Domains == nil {
				r.Domains = slices.DeleteFunc(slices.Clone(r.Provider.Domains), func(d string) bool { return containsFold(named, d) })
			}
			out = append(out, r)
		}
	}
	return out, nil
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, s) })
}

// base writes the base entry.
func (l *ldifWriter) base(opt *DirectoryOptions) error {
	location, description := opt.Location, opt.Description
	if location == "" {
		location = "https://igpec.example/igpec.ldif.p7m"
	}
	if description == "" {
		description = "Base root for the PEC providers directory"
	}
	if err := takesLocation(location); err != nil {
		return err
	}
	l.begin("o=postacert")
	l.values("objectClass", "top", "organization", "LDIFLocationURLObject")
	l.value("o", "postacert")
	l.value("LDIFLocationURL", location)
	l.value("description", description)
	return nil
}

// record writes one record of objectClass provider.
func (l *ldifWriter) record(r *DirectoryRecord) error {
	p := r.Provider
	name, mailbox, location := p.Identity.Name, r.ServiceMailbox, r.Location
	if mailbox == "" {
		mailbox = p.ServiceMailbox
	}
	if location == "" && r.Unit == "" {
		location = "https://" + p.Domain + "/" + p.Domain + ".ldif.p7m"
	}
	fault := func(err error) error { return fmt.Errorf("%w (record of %s %s)", err, name, r.Unit) }
	if err := takesMailbox(mailbox); err != nil {
		return fault(err)
	}
	if location != "" {
		if err := takesLocation(location); err != nil {
			return fault(err)
		}
	}
	for _, text := range []string{name, r.Unit, r.Description} {
		if !utf8.ValidString(text) {
			return fault(fmt.Errorf("%w: %q is not UTF-8", ErrDirectory, text))
		}
	}
	dn := "providerName=" + dnValue(name) + ",o=postacert"
	if r.Unit != "" {
		dn = "providerUnit=" + dnValue(r.Unit) + "," + dn
	}
	l.begin(dn)
	l.values("objectClass", "top", "provider")
	l.value("providerName", name)
	l.value("providerUnit", r.Unit)
	for _, c := range certificatesOf(r) {
		l.value("providerCertificateHash", fmt.Sprintf("%X", sha1.Sum(c.Raw)))
		l.value("providerCertificate;binary", string(c.Raw))
	}
	l.value("mailReceipt", mailbox)
	l.value("LDIFLocationURL", location)
	for i, d := range r.Domains {
		if err := takesDomain(d); err != nil {
			return fault(err)
		}
		if !containsFold(r.Domains[:i], d) {
			l.value("managedDomains", d)
		}
	}
	l.value("description", r.Description)
	return nil
}

// certificatesOf are the Provider's own certificate and the others, each once.
func certificatesOf(r *DirectoryRecord) []*x509.Certificate {
	var out []*x509.Certificate
	add := func(c *x509.Certificate) {
		if c != nil && !slices.ContainsFunc(out, c.Equal) {
			out = append(out, c)
		}
	}
	if r.Provider.Signer != nil {
		add(r.Provider.Signer.Certificate)
	}
	for _, c := range r.Certificates {
		add(c)
	}
	return out
}

// dnValue escapes a value as a part of a distinguished name (RFC 4514 §2.4).
func dnValue(v string) string {
	return strings.TrimPrefix(pkix.Name{Organization: []string{v}}.String(), "O=")
}

// takesDomain wants a reserved domain of letters, digits and hyphens:
// managedDomains and mailReceipt are IA5Strings in dot-atom form.
func takesDomain(d string) error {
	ascii, err := idna.Lookup.ToASCII(d)
	switch {
	case !Reserved(d):
		return fmt.Errorf("%w: domain %q is not reserved for tests", ErrDirectory, d)
	case err != nil:
		return fmt.Errorf("%w: domain %q: %w", ErrDirectory, d, err)
	case !strings.EqualFold(ascii, d):
		return fmt.Errorf("%w: domain %q: the directory takes its ASCII form, %s", ErrDirectory, d, ascii)
	case strings.Contains("."+d+".", ".."):
		return fmt.Errorf("%w: domain %q has an empty label", ErrDirectory, d)
	}
	return nil
}

func takesMailbox(mailbox string) error {
	a, err := mail.ParseAddress(mailbox)
	if err != nil || a.Address != mailbox || strings.ContainsFunc(mailbox, notASCII) {
		return fmt.Errorf("%w: service mailbox %q is not dot-atom@domain", ErrDirectory, mailbox)
	}
	_, domain, _ := strings.Cut(mailbox, "@")
	return takesDomain(domain)
}

// takesLocation wants a URL at a reserved domain; that it be https is for the
// reader to say.
func takesLocation(location string) error {
	u, err := url.Parse(location)
	if err != nil {
		return fmt.Errorf("%w: location: %w", ErrDirectory, err)
	}
	return takesDomain(u.Hostname())
}
