package trust

import (
	"crypto/x509"
	"strings"

	"golang.org/x/net/idna"
)

// signerAddress is one rfc822Name of a certificate, ready to be compared.
type signerAddress struct {
	full, local, domain string // domain in A-labels, lower case
	passed              string // the detail of a check that this address passes
}

func signerAddresses(c *x509.Certificate) []signerAddress {
	out := make([]signerAddress, 0, len(c.EmailAddresses))
	for _, a := range c.EmailAddresses {
		if local, domain, ok := cutAddress(a); ok {
			if domain, ok = aLabels(domain); ok {
				out = append(out, signerAddress{a, local, domain, "From is the certificate's address " + a})
			}
		}
	}
	return out
}

// matchAddress finds the certificate's address that equals an addr-spec: the
// local part without regard to ASCII case (RFC 6109 leaves it to usage; so do
// all providers), the domain exactly, by its A-labels. No trailing dot, no
// mapping of look-alike characters, no subdomains.
func matchAddress(addrs []signerAddress, from string) *signerAddress {
	local, domain, ok := cutAddress(from)
	if !ok {
		return nil
	}
	if !isASCII(domain) {
		if domain, ok = aLabels(domain); !ok {
			return nil
		}
	}
	for i := range addrs {
		if equalFoldASCII(addrs[i].domain, domain) && equalFoldASCII(addrs[i].local, local) {
			return &addrs[i]
		}
	}
	return nil
}

// cutAddress parts an addr-spec at its last at-sign.
func cutAddress(a string) (local, domain string, ok bool) {
	i := strings.LastIndexByte(a, '@')
	if i <= 0 || i == len(a)-1 {
		return "", "", false
	}
	return a[:i], a[i+1:], true
}

// aLabels returns the ASCII form of a domain, lower case. Only names that
// IDNA 2008 allows to be registered have one: full-width letters, upper case
// outside ASCII and the like are not quietly mapped to what they resemble.
func aLabels(domain string) (string, bool) {
	if isASCII(domain) {
		return lowerASCII(domain), true
	}
	ascii, err := idna.Registration.ToASCII(lowerASCII(domain))
	return ascii, err == nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = lower(b[j])
			}
			return string(b)
		}
	}
	return s
}

// equalFoldASCII is strings.EqualFold without Unicode folding, under which
// the Kelvin sign equals k.
func equalFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
