package trust

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Provider is one record of the directory: the main environment of a PEC
// provider (gestore), or a secondary one (providerUnit). A secondary
// environment has its own certificates and domains and inherits none.
type Provider struct {
	DN string
	// Name is providerName; Unit is providerUnit, empty in the main record.
	Name, Unit string
	// Certificates are the signing certificates in DER, several while one is
	// being renewed.
	Certificates [][]byte
	// Hashes are providerCertificateHash in lower-case hexadecimal: SHA-1
	// (40 digits), or SHA-256 should the directory ever use it.
	Hashes []string
	// MailReceipt is the mailbox for receipts between providers.
	MailReceipt string
	// ManagedDomains are the PEC domains that the environment holds.
	ManagedDomains  []string
	LDIFLocationURL string
	Description     string
	// ObjectClasses and Unknown keep the rest as it was written.
	ObjectClasses []string
	Unknown       []Attribute
}

// Manages says whether the record itself lists a mail domain: exactly, by
// A-labels, without regard to case.
func (p *Provider) Manages(domain string) bool {
	want, ok := aLabels(domain)
	return ok && slices.ContainsFunc(p.ManagedDomains, func(d string) bool {
		have, ok := aLabels(d)
		return ok && have == want
	})
}

func (p *Provider) title() string {
	if p.Unit != "" {
		return p.Name + " / " + p.Unit
	}
	return p.Name
}

// Attributes of RFC 6109 §4.5, by the last number of their OIDs
// 1.3.6.1.4.1.16572.2.2.n; those of LDAP itself follow.
const (
	attrUnknown = iota
	attrHash
	attrCertificate
	attrName
	attrMailReceipt
	attrDomains
	attrLocation
	attrUnit
	attrObjectClass
	attrDescription
)

var directoryAttributes = []struct {
	name string
	attr int
}{
	{"providerCertificateHash", attrHash}, {"1.3.6.1.4.1.16572.2.2.1", attrHash},
	{"providerCertificate", attrCertificate}, {"1.3.6.1.4.1.16572.2.2.2", attrCertificate},
	{"providerName", attrName}, {"1.3.6.1.4.1.16572.2.2.3", attrName},
	{"mailReceipt", attrMailReceipt}, {"1.3.6.1.4.1.16572.2.2.4", attrMailReceipt},
	{"managedDomains", attrDomains}, {"1.3.6.1.4.1.16572.2.2.5", attrDomains},
	{"LDIFLocationURL", attrLocation}, {"1.3.6.1.4.1.16572.2.2.6", attrLocation},
	{"providerUnit", attrUnit}, {"1.3.6.1.4.1.16572.2.2.7", attrUnit},
	{"providerUnits", attrUnit}, // the prose of RFC 6109 §4.5, once
	{"objectClass", attrObjectClass},
	{"description", attrDescription},
}

func directoryAttribute(name string) int {
	for _, row := range directoryAttributes {
		if equalFoldASCII(row.name, name) {
			return row.attr
		}
	}
	return attrUnknown
}

// readProvider makes a Provider of a record, or nil when it is not one.
func readProvider(r *ldifRecord, limits DirectoryLimits, found *findingList) (*Provider, error) {
	p := &Provider{DN: r.dn}
	isProvider := false
	note := func(code, format string, args ...any) {
		found.add(code, fmt.Sprintf("line %d: %s: ", r.line, r.dn)+fmt.Sprintf(format, args...))
	}
	single := func(field *string, a *Attribute) {
		if *field != "" {
			note("directory-value-twice", "%s has more than one value; the first counts", a.Name)
			return
		}
		*field = string(a.Value)
	}
	for i := range r.attributes {
		a := &r.attributes[i]
		switch directoryAttribute(a.Name) {
		case attrHash:
			h := lowerASCII(strings.TrimSpace(string(a.Value)))
			if raw, err := hex.DecodeString(h); err != nil || len(raw) != sha1.Size && len(raw) != sha256.Size {
				note("directory-bad-hash", "providerCertificateHash %q is not a SHA-1 in hexadecimal", h)
				continue
			}
			p.Hashes = append(p.Hashes, h)
		case attrCertificate:
			if len(a.Value) > limits.CertificateBytes || len(p.Certificates) == limits.CertificatesEach {
				return nil, fmt.Errorf("%w: %s: at most %d certificates of %d bytes", ErrLDIFLimit, r.dn, limits.CertificatesEach, limits.CertificateBytes)
			}
			if _, err := x509.ParseCertificate(a.Value); err != nil {
				note("directory-bad-certificate", "certificate %d: %v", len(p.Certificates)+1, err)
			}
			p.Certificates = append(p.Certificates, a.Value)
		case attrName:
			isProvider = true
			single(&p.Name, a)
		case attrMailReceipt:
			single(&p.MailReceipt, a)
		case attrDomains:
			p.ManagedDomains = append(p.ManagedDomains, string(a.Value))
		case attrLocation:
			single(&p.LDIFLocationURL, a)
		case attrUnit:
			single(&p.Unit, a)
		case attrObjectClass:
			isProvider = isProvider || equalFoldASCII(string(a.Value), "provider") || string(a.Value) == "1.3.6.1.4.1.16572.2.1.2"
			p.ObjectClasses = append(p.ObjectClasses, string(a.Value))
		case attrDescription:
			p.Description = string(a.Value)
		default:
			p.Unknown = append(p.Unknown, *a)
		}
	}
	if !isProvider {
		return nil, nil
	}
	p.inspect(note)
	return p, nil
}

// inspect reports what the record lacks and what in it disagrees.
func (p *Provider) inspect(note func(code, format string, args ...any)) {
	for _, must := range []struct {
		name  string
		there bool
	}{
		{"providerName", p.Name != ""}, {"providerCertificateHash", len(p.Hashes) > 0}, {"providerCertificate", len(p.Certificates) > 0},
		{"mailReceipt", p.MailReceipt != ""}, {"managedDomains", len(p.ManagedDomains) > 0},
	} {
		if !must.there {
			note("directory-missing-attribute", "no %s", must.name)
		}
	}
	matched := make([]bool, len(p.Hashes))
	for i, der := range p.Certificates {
		h1, h256 := sha1.Sum(der), sha256.Sum256(der)
		listed := false
		for j, h := range p.Hashes {
			if raw, _ := hex.DecodeString(h); bytes.Equal(raw, h1[:]) || bytes.Equal(raw, h256[:]) {
				listed, matched[j] = true, true
			}
		}
		if !listed {
			note("directory-hash-mismatch", "certificate %d, SHA-1 %x, has no providerCertificateHash", i+1, h1)
		}
	}
	for j, h := range p.Hashes {
		if !matched[j] {
			note("directory-hash-mismatch", "no certificate has the hash %s", h)
		}
	}
	switch url := p.LDIFLocationURL; {
	case url != "" && p.Unit != "":
		note("directory-location-in-unit", "a secondary environment must not have LDIFLocationURL")
	case url != "" && (len(url) < 8 || !equalFoldASCII(url[:8], "https://")):
		note("directory-location-not-https", "LDIFLocationURL %s", url)
	}
}
