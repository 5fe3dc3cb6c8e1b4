package tsl

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Link says how a certificate belongs to a service.
type Link string

// The links, strongest first. LinkKeyID never makes a service qualified.
// LinkClaim, where only a subject key identifier that the certificate claims
// equals the listed one, decides nothing: anybody can write it into a
// certificate.
const (
	LinkCertificate Link = "certificate" // it is a listed certificate, byte for byte
	LinkKey         Link = "key"         // it has the key and the subject of a listed certificate (a re-issued one)
	LinkIssuer      Link = "issuer"      // a listed authority issued it, by a path valid at the judged time
	LinkKeyID       Link = "key-id"      // the hash of its key is the listed key identifier
	LinkClaim       Link = "claimed-key-id"
	LinkNone        Link = "none"
)

func (l Link) strength() int {
	return slices.Index([]Link{LinkNone, LinkClaim, LinkKeyID, LinkIssuer, LinkKey, LinkCertificate}, l)
}

// inWords tells the link to people.
func (l Link) inWords() string {
	switch l {
	case LinkCertificate:
		return "the certificate is the listed one"
	case LinkKey:
		return "the certificate has the key and the subject of the listed one"
	case LinkIssuer:
		return "the certificate was issued by the listed authority"
	case LinkKeyID:
		return "the certificate's key has the listed key identifier"
	case LinkClaim:
		return "the certificate only claims the listed key identifier"
	}
	return "no link"
}

// maxChain bounds the certificates that help to find a path.
const maxChain = 16

// linker compares one certificate with the identities of many services.
type linker struct {
	leaf  *x509.Certificate
	chain []*x509.Certificate
	pool  *x509.CertPool // of chain, made when first needed
	at    time.Time
	kind  *ServiceKind
	key   [][]byte // identifiers of the leaf's key, computed
	known *proofs
}

// to finds the strongest link to a service, and the listed certificate through
// which it goes. The error says why a listed issuer does not count, when it
// nearly did.
func (l *linker) to(service *listed) (Link, *x509.Certificate, error) {
	identity := &service.service.Identity
	for _, der := range identity.Certificates {
		if bytes.Equal(der, l.leaf.Raw) {
			return LinkCertificate, l.leaf, nil
		}
	}
	certs := service.certificates()
	for _, id := range certs {
		if bytes.Equal(id.RawSubjectPublicKeyInfo, l.leaf.RawSubjectPublicKeyInfo) && bytes.Equal(id.RawSubject, l.leaf.RawSubject) {
			return LinkKey, id, nil
		}
	}
	var near error
	for _, id := range certs {
		if !l.names(id) {
			continue
		}
		if err := l.issuedBy(id); err != nil {
			near = err
			continue
		}
		return LinkIssuer, id, nil
	}
	if len(identity.Certificates) == 0 {
		return l.byKeyID(identity), nil, nil
	}
	return LinkNone, nil, near
}

// names says whether the listed certificate names itself as the issuer of the
// leaf, or of one of the certificates that came with it.
func (l *linker) names(id *x509.Certificate) bool {
	return id.IsCA && (bytes.Equal(id.RawSubject, l.leaf.RawIssuer) || slices.ContainsFunc(l.chain, func(c *x509.Certificate) bool {
		return bytes.Equal(id.RawSubject, c.RawIssuer)
	}))
}

// issuedBy looks for a path from the leaf to the listed authority at the judged
// time, and whether the leaf is of a kind that speaks for a service.
func (l *linker) issuedBy(id *x509.Certificate) error {
	key := proofKey(l.leaf, id, l.chain)
	if l.known.holds(key, l.at) {
		return l.fit()
	}
	if l.pool == nil {
		l.pool = x509.NewCertPool()
		for _, c := range l.chain {
			l.pool.AddCert(c)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(id)
	paths, err := l.leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: l.pool, CurrentTime: l.at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return fmt.Errorf("no path to the listed authority %s: %w", subjectName(id), err)
	}
	l.known.remember(key, paths[0])
	return l.fit()
}

var errUnfit = errors.New("the certificate is not one that speaks for a service of a listed authority")

func (l *linker) fit() error {
	c := l.leaf
	switch any := len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) > 0; {
	case c.IsCA:
		return fmt.Errorf("%w: it is an authority's own", errUnfit)
	case c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0:
		return fmt.Errorf("%w: its key usage allows no signatures", errUnfit)
	case l.kind.Usage == x509.ExtKeyUsageAny, slices.Contains(c.ExtKeyUsage, l.kind.Usage), !any && !l.kind.Required:
		return nil
	}
	return fmt.Errorf("%w: its extended key usage is not the one for %s", errUnfit, l.kind.Name)
}

// byKeyID compares an identity that has no certificate (TS 119 612 §5.5.3). A
// subject name, where there is one, has to agree.
func (l *linker) byKeyID(identity *Identity) Link {
	if len(identity.KeyIDs) == 0 {
		return LinkNone
	}
	if len(identity.Subjects) > 0 && !slices.ContainsFunc(identity.Subjects, func(name string) bool { return sameSubject(name, l.leaf) }) {
		return LinkNone
	}
	if l.key == nil {
		l.key = keyIDs(l.leaf)
	}
	claimed := false
	for _, id := range identity.KeyIDs {
		for _, computed := range l.key {
			if bytes.Equal(id, computed) {
				return LinkKeyID
			}
		}
		claimed = claimed || bytes.Equal(id, l.leaf.SubjectKeyId)
	}
	if claimed {
		return LinkClaim
	}
	return LinkNone
}

// keyIDs computes the key identifiers of RFC 5280 §4.2.1.2 (1) and RFC 7093 §2
// (1) from the key itself.
func keyIDs(c *x509.Certificate) [][]byte {
	var spki struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if rest, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &spki); err != nil || len(rest) > 0 {
		return [][]byte{}
	}
	h1, h256 := sha1.Sum(spki.Key.Bytes), sha256.Sum256(spki.Key.Bytes)
	return [][]byte{h1[:], h256[:20]}
}

// sameSubject compares a name as a list writes it with a certificate's: the
// same values, whatever their order, their separators and the spelling of their
// types. It only ever helps to refuse.
func sameSubject(written string, c *x509.Certificate) bool {
	var values []string
	for _, part := range splitName(written) {
		if _, v, ok := strings.Cut(part, "="); ok {
			values = append(values, foldValue(v))
		}
	}
	var have []string
	for _, n := range c.Subject.Names {
		if s, ok := n.Value.(string); ok {
			have = append(have, foldValue(s))
		}
	}
	slices.Sort(values)
	slices.Sort(have)
	return len(values) > 0 && slices.Equal(values, have)
}

// splitName cuts a name of RFC 4514 at the commas, plus signs and semicolons
// that are not escaped or quoted.
func splitName(s string) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '+' || c == ';'):
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

func foldValue(s string) string {
	s = strings.Trim(s, " \t\r\n\"")
	s = strings.ReplaceAll(s, "\\", "")
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

func subjectName(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}
