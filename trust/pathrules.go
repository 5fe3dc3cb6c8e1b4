package trust

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
)

// checkPath is what crypto/x509 would check on a path if it did not refuse
// SHA-1, nor certificates that were never valid together: the caller has
// verified signatures and issuers (walkPath) and compares the times. Name
// constraints are applied to mail addresses; a path whose constraints speak of
// other names that the leaf has is refused.
func checkPath(path []*x509.Certificate, purpose Purpose) error {
	usage, unfit := purpose.usage()
	leaf := path[0]
	for _, c := range path {
		if len(c.UnhandledCriticalExtensions) > 0 {
			return fmt.Errorf("%w: in %s", ErrCriticalExtension, nameOf(c))
		}
		if (len(c.ExtKeyUsage) > 0 || len(c.UnknownExtKeyUsage) > 0) &&
			!slices.Contains(c.ExtKeyUsage, usage) && !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) {
			return fmt.Errorf("%w: %s excludes it", unfit, nameOf(c))
		}
	}
	for _, ca := range path[1:] {
		if len(leaf.DNSNames) > 0 && len(ca.PermittedDNSDomains)+len(ca.ExcludedDNSDomains) > 0 ||
			len(leaf.IPAddresses) > 0 && len(ca.PermittedIPRanges)+len(ca.ExcludedIPRanges) > 0 ||
			len(leaf.URIs) > 0 && len(ca.PermittedURIDomains)+len(ca.ExcludedURIDomains) > 0 {
			return fmt.Errorf("%w: %s constrains names other than mail addresses", ErrNameConstraint, nameOf(ca))
		}
	}
	return checkEmailConstraints(path)
}

// checkEmailConstraints applies the constraints of every authority of the
// path to the leaf's mail addresses.
func checkEmailConstraints(path []*x509.Certificate) error {
	for _, ca := range path[1:] {
		for _, address := range path[0].EmailAddresses {
			if !emailPermitted(ca, address) {
				return fmt.Errorf("%w: %s under %s", ErrNameConstraint, address, nameOf(ca))
			}
		}
	}
	return nil
}

// emailPermitted applies the rfc822Name constraints of an authority
// (RFC 5280 §4.2.1.10).
func emailPermitted(ca *x509.Certificate, address string) bool {
	matches := func(constraint string) bool { return emailConstraintMatches(constraint, address) }
	if slices.ContainsFunc(ca.ExcludedEmailAddresses, matches) {
		return false
	}
	return len(ca.PermittedEmailAddresses) == 0 || slices.ContainsFunc(ca.PermittedEmailAddresses, matches)
}

// emailConstraintMatches: a constraint is one mailbox, all mailboxes of a
// host, or (with a leading dot) of the hosts below a domain.
func emailConstraintMatches(constraint, address string) bool {
	local, domain, ok := cutAddress(address)
	if !ok {
		return false
	}
	domain = lowerASCII(domain)
	switch {
	case strings.Contains(constraint, "@"):
		wantLocal, wantDomain, ok := cutAddress(constraint)
		return ok && wantLocal == local && equalFoldASCII(wantDomain, domain)
	case strings.HasPrefix(constraint, "."):
		return strings.HasSuffix(domain, lowerASCII(constraint))
	}
	return equalFoldASCII(constraint, domain)
}
