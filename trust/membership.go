package trust

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
)

// judgeDirectory looks the signer's certificate up in the provider directory
// (RFC 6109 §2.2.2 and §7). A From domain outside the managedDomains of the
// same record is a finding, not a failure: service mailboxes live in domains
// of their own.
func (r *Signer) judgeDirectory(s *Store, p *plan, q Query) Check {
	c := Check{Name: CheckProviderDirectory, Status: Skipped, Detail: noDirectory}
	d := s.directory
	switch {
	case d == nil:
		return c
	case len(d.providers) == 0:
		c.Detail = "the provider directory is empty"
		return c
	case p.cert == nil:
		c.Status, c.Detail = Unknown, p.certErr.Error()
		return c
	}
	if d.Stale(q.Now, s.policy.DirectoryMaxAge) {
		r.Findings = append(r.Findings, Finding{"directory-stale",
			"the copy of the provider directory is of " + stamp(d.date) + ", older than " + s.policy.DirectoryMaxAge.String()})
	}
	h1 := sha1.Sum(p.leaf)
	provider, err := d.byCertificate(p.leaf, hex.EncodeToString(h1[:]), p.hexSHA256)
	switch {
	case err == nil:
		c.Status, c.Detail = Passed, "signing certificate of "+provider.title()
		r.Source, r.Provider = SourceDirectory, provider.Name
		if _, domain, ok := cutAddress(q.From); ok && !provider.Manages(domain) {
			r.Findings = append(r.Findings, Finding{"from-domain-not-managed", domain + " is not among the domains of " + provider.title()})
		}
	case errors.Is(err, ErrNotInDirectory) && !d.date.IsZero() && (d.date.Before(p.cert.NotBefore) || d.date.After(p.cert.NotAfter)):
		// The directory lists the certificates in use on its day.
		c.Status, c.Detail = Unknown, "the provider directory of "+stamp(d.date)+" does not speak of certificates valid from "+
			stamp(p.cert.NotBefore)+" to "+stamp(p.cert.NotAfter)
	default:
		c.Status, c.Detail = Failed, err.Error()
	}
	return c
}
