package trust

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Reasons why a certificate was not found in the directory.
var (
	// ErrNotInDirectory: no record lists the certificate's hash.
	ErrNotInDirectory = errors.New("trust: certificate not in the provider directory")
	// ErrCertificateDiffers: a record lists the hash, for another certificate.
	ErrCertificateDiffers = errors.New("trust: the provider directory has another certificate under this hash")
)

// DirectoryOptions adjust the reading of a directory. A nil pointer and the
// zero value mean the defaults.
type DirectoryOptions struct {
	Limits DirectoryLimits
	// Date is when the copy was taken. Without it, a stale copy cannot be
	// told from a fresh one.
	Date time.Time
	// Signers are certificates believed as signers of a signed directory (the
	// centre's, say), beside those that the Store accepts. They also stand in
	// for a certificate that the file does not embed.
	Signers []*x509.Certificate
}

// Directory is the directory of PEC providers (indice dei gestori di posta
// certificata, IGPEC; RFC 6109 §4.5): who they are, with which certificates
// they sign, which domains they hold. It is immutable and safe for concurrent
// use.
type Directory struct {
	providers []*Provider
	byHash    map[string][]*Provider // lower-case hexadecimal, SHA-1 or SHA-256
	byDomain  map[string][]*Provider // A-labels, lower case
	byName    map[string][]*Provider // lower case
	location  string
	date      time.Time
	signer    *Signer
	findings  []Finding
}

// LoadLDIF reads an unsigned LDIF copy (RFC 2849, content records only). The
// caller vouches for where it came from; LoadSignedLDIF verifies a signed one.
// Trouble inside records becomes findings of the Directory; a file that breaks
// the grammar, describes changes, refers to URLs or exceeds the limits is
// refused with an error that wraps ErrLDIF.
func LoadLDIF(r io.Reader, o *DirectoryOptions) (*Directory, error) {
	if o == nil {
		o = &DirectoryOptions{}
	}
	limits := o.Limits.withDefaults()
	records, found, err := readLDIF(r, limits)
	if err != nil {
		return nil, err
	}
	d := &Directory{
		byHash: map[string][]*Provider{}, byDomain: map[string][]*Provider{}, byName: map[string][]*Provider{},
		date: o.Date,
	}
	domains := 0
	for i := range records {
		p, err := readProvider(&records[i], limits, found)
		if err != nil {
			return nil, err
		}
		if p == nil {
			d.readBase(&records[i], found)
			continue
		}
		if domains += len(p.ManagedDomains); domains > limits.Domains {
			return nil, fmt.Errorf("%w: more than %d managed domains", ErrLDIFLimit, limits.Domains)
		}
		d.add(p, found)
	}
	d.findings = found.all()
	return d, nil
}

// readBase takes the location of the whole directory from its base entry.
func (d *Directory) readBase(r *ldifRecord, found *findingList) {
	base := strings.EqualFold(strings.ReplaceAll(r.dn, " ", ""), "o=postacert")
	if !base {
		found.add("directory-other-record", fmt.Sprintf("line %d: %s is neither the base entry nor a provider", r.line, r.dn))
		return
	}
	for _, a := range r.attributes {
		if directoryAttribute(a.Name) == attrLocation && d.location == "" {
			d.location = string(a.Value)
		}
	}
}

func (d *Directory) add(p *Provider, found *findingList) {
	d.providers = append(d.providers, p)
	for _, h := range p.Hashes {
		d.byHash[h] = appendOnce(d.byHash[h], p)
	}
	for _, domain := range p.ManagedDomains {
		ascii, ok := aLabels(domain)
		if !ok {
			found.add("directory-bad-domain", p.title()+": managedDomains "+domain)
			continue
		}
		if have := d.byDomain[ascii]; len(have) > 0 && have[len(have)-1] != p {
			found.add("directory-domain-twice", ascii+" is listed by "+have[0].title()+" and by "+p.title())
		}
		d.byDomain[ascii] = appendOnce(d.byDomain[ascii], p)
	}
	name := strings.ToLower(p.Name)
	d.byName[name] = append(d.byName[name], p)
}

func appendOnce(list []*Provider, p *Provider) []*Provider {
	if len(list) > 0 && list[len(list)-1] == p {
		return list
	}
	return append(list, p)
}

// Providers returns all records, main and secondary environments alike, in
// the file's order. They are shared: do not modify them.
func (d *Directory) Providers() []*Provider { return append([]*Provider(nil), d.providers...) }

// ByCertificate finds the provider that signs with a certificate, given in
// DER. The hash is only an index: the whole certificate has to be in the same
// record. The error is ErrNotInDirectory or ErrCertificateDiffers.
func (d *Directory) ByCertificate(der []byte) (*Provider, error) {
	h1, h256 := sha1.Sum(der), sha256.Sum256(der)
	return d.byCertificate(der, hex.EncodeToString(h1[:]), hex.EncodeToString(h256[:]))
}

func (d *Directory) byCertificate(der []byte, hashes ...string) (*Provider, error) {
	err := ErrNotInDirectory
	for _, h := range hashes {
		for _, p := range d.byHash[h] {
			for _, c := range p.Certificates {
				if bytes.Equal(c, der) {
					return p, nil
				}
			}
			err = ErrCertificateDiffers
		}
	}
	return nil, err
}

// ByDomain finds the records that hold a mail domain: exactly this one, not a
// parent or a subdomain, without regard to case, by A-labels. More than one is
// an inconsistency of the directory.
func (d *Directory) ByDomain(domain string) []*Provider {
	ascii, ok := aLabels(domain)
	if !ok {
		return nil
	}
	return append([]*Provider(nil), d.byDomain[ascii]...)
}

// ByName finds a provider's records (the main one and its secondary
// environments), without regard to case.
func (d *Directory) ByName(name string) []*Provider {
	return append([]*Provider(nil), d.byName[strings.ToLower(name)]...)
}

// Location is where a provider publishes its signed LDIF. A secondary
// environment has none of its own and shares that of the main one, which is
// all that it shares.
func (d *Directory) Location(p *Provider) string {
	if p.Unit != "" {
		for _, main := range d.byName[strings.ToLower(p.Name)] {
			if main.Unit == "" {
				return main.LDIFLocationURL
			}
		}
	}
	return p.LDIFLocationURL
}

// BaseLocation is where the whole directory is published.
func (d *Directory) BaseLocation() string { return d.location }

// Date is when the copy was taken, zero when that is not known.
func (d *Directory) Date() time.Time { return d.date }

// Signer says who signed the directory; nil for an unsigned one.
func (d *Directory) Signer() *Signer { return d.signer }

// Findings are the oddities met while reading.
func (d *Directory) Findings() []Finding { return append([]Finding(nil), d.findings...) }

// Stale says whether the copy is older than the limit at the given time; a
// copy of unknown age is not called stale. Providers refresh theirs at least
// daily (RFC 6109 §4.5).
func (d *Directory) Stale(now time.Time, limit time.Duration) bool {
	return !d.date.IsZero() && !now.IsZero() && limit > 0 && now.Sub(d.date) > limit
}
