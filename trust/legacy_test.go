package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

func sha1Signed(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA }

func TestSHA1CertificatesNeedThePolicy(t *testing.T) {
	root := testpki.NewAuthority(seed, "DigitPA CA1", sha1Signed)
	sub := root.Sub("Sub", sha1Signed)
	allow := &Policy{AllowSHA1Certificates: true}
	for name, c := range map[string]struct {
		leaf *x509.Certificate
		bag  []*x509.Certificate
	}{
		"leaf":         {root.Provider("Gestore Alfa", fromAlfa, sha1Signed).Certificate, certs(root.Certificate)},
		"intermediate": {sub.Provider("Gestore Alfa", fromAlfa, nil).Certificate, certs(sub.Certificate)},
		"both":         {sub.Provider("Gestore Alfa", fromAlfa, sha1Signed).Certificate, certs(sub.Certificate)},
	} {
		m := Material{Anchors: certs(root.Certificate)}
		r := newStore(t, m, nil).Evaluate(ask(c.leaf, c.bag...))
		require.Equal(t, Unknown, r.AtEvent.Status, name)
		require.ErrorIs(t, r.AtEvent.Err, ErrSHA1, name)
		r = newStore(t, m, allow).Evaluate(ask(c.leaf, c.bag...))
		require.Equal(t, Passed, r.AtEvent.Status, name+" "+r.AtEvent.Detail)
		require.Equal(t, []string{"sha1-certificate"}, codes(r.Findings), name)
	}
	// By its key, and a root that is only self-signed with SHA-1.
	leaf := root.Provider("Gestore Alfa", fromAlfa, sha1Signed).Certificate
	keyed := Material{Keys: []KeyAnchor{keyAnchor(root.Certificate)}}
	require.ErrorIs(t, newStore(t, keyed, nil).Evaluate(ask(leaf, root.Certificate)).AtEvent.Err, ErrSHA1)
	require.Equal(t, Passed, newStore(t, keyed, allow).Evaluate(ask(leaf, root.Certificate)).AtEvent.Status)
	strong := root.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	r := newStore(t, keyed, nil).Evaluate(ask(strong, root.Certificate))
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Empty(t, r.Findings)
}

func TestSHA1PathIsCheckedLikeAnyOther(t *testing.T) {
	allow := &Policy{AllowSHA1Certificates: true}
	root := newCA("Legacy root")
	constrained := root.Sub("Constrained", func(c *x509.Certificate) {
		sha1Signed(c)
		c.PermittedEmailAddresses = []string{"pec.alfa.example"}
	})
	serverOnly := root.Sub("Server CA", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	noSign := root.Sub("No certSign", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	short := root.Sub("Short", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	below := short.Sub("Below", nil)
	dns := root.Sub("DNS", func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"alfa.example"} })
	for name, c := range map[string]struct {
		by     *testpki.Authority
		from   string
		change func(*x509.Certificate)
		bag    []*x509.Certificate
		want   error
	}{
		"in order":         {constrained, fromAlfa, sha1Signed, certs(constrained.Certificate), nil},
		"name constraint":  {constrained, "x@beta.example", sha1Signed, certs(constrained.Certificate), ErrNameConstraint},
		"below the host":   {constrained, "x@a.pec.alfa.example", sha1Signed, certs(constrained.Certificate), ErrNameConstraint},
		"authority's EKU":  {serverOnly, fromAlfa, sha1Signed, certs(serverOnly.Certificate), ErrEmailProtection},
		"no certSign":      {noSign, fromAlfa, sha1Signed, certs(noSign.Certificate), ErrKeyUsage},
		"path length":      {below, fromAlfa, sha1Signed, certs(below.Certificate, short.Certificate), ErrNotCA},
		"other name kinds": {dns, fromAlfa, func(c *x509.Certificate) { sha1Signed(c); c.DNSNames = []string{"alfa.example"} }, certs(dns.Certificate), ErrNameConstraint},
		"expired":          {constrained, fromAlfa, func(c *x509.Certificate) { sha1Signed(c); c.NotAfter = atEvent.AddDate(0, 0, -1) }, certs(constrained.Certificate), ErrExpired},
		"leaf's EKU": {constrained, fromAlfa, func(c *x509.Certificate) {
			sha1Signed(c)
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, certs(constrained.Certificate), ErrEmailProtection},
	} {
		leaf := c.by.Provider("Gestore", c.from, c.change).Certificate
		r := newStore(t, Material{Anchors: certs(root.Certificate)}, allow).Evaluate(ask(leaf, c.bag...))
		if c.want == nil {
			require.Equal(t, Passed, r.AtEvent.Status, name+" "+r.AtEvent.Detail)
			continue
		}
		require.Equal(t, Failed, r.AtEvent.Status, name+" "+r.AtEvent.Detail)
		require.ErrorIs(t, r.AtEvent.Err, c.want, name)
	}
	// A flipped bit.
	leaf := constrained.Provider("Gestore", fromAlfa, sha1Signed).Certificate
	q := ask(leaf, constrained.Certificate)
	q.Leaf = append([]byte(nil), leaf.Raw...)
	q.Leaf[len(q.Leaf)-1] ^= 1
	require.NotEqual(t, Passed, newStore(t, Material{Anchors: certs(root.Certificate)}, allow).Evaluate(q).AtEvent.Status)
}

func TestEras(t *testing.T) {
	root := testpki.NewAuthority(seed, "CNIPA CA", func(c *x509.Certificate) {
		sha1Signed(c)
		c.NotBefore = time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)
	})
	leaf := root.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) {
		sha1Signed(c)
		c.NotBefore = time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC)
	}).Certificate
	m := Material{Eras: []Era{{
		Name: "CNIPA", From: time.Date(2006, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2012, 1, 1, 0, 0, 0, 0, time.UTC),
		Anchors: certs(root.Certificate),
	}}}
	q := ask(leaf)
	q.At = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	r := newStore(t, m, nil).Evaluate(q)
	require.Equal(t, Unknown, r.AtEvent.Status, "an era needs the policy")
	require.ErrorIs(t, r.AtEvent.Err, ErrSHA1)
	s := newStore(t, m, &Policy{AllowSHA1Certificates: true})
	r = s.Evaluate(q)
	require.Equal(t, Passed, r.AtEvent.Status, r.AtEvent.Detail)
	require.ElementsMatch(t, []string{"sha1-certificate", "legacy-era"}, codes(r.Findings))
	require.Equal(t, Unknown, r.Now.Status, "today is outside the era")
	q.At = atEvent
	r = s.Evaluate(q)
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNoPath)
}

// OpenSSL makes the certificates of the old kind itself: RSA 1024, SHA-1, the
// e-mail address in the subject.
func TestLegacyCertificatesOfOpenSSL(t *testing.T) {
	o := newOpenSSL(t)
	o.write("ca.cnf", []byte("[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ca\n[dn]\nCN=CNIPA CA\n[ca]\nbasicConstraints=critical,CA:TRUE\n"+
		"keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n[leaf]\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n"+
		"authorityKeyIdentifier=keyid\nsubjectAltName=email:"+fromAlfa+"\n"))
	o.run("req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1", "-days", "3650", "-config", "ca.cnf", "-keyout", "ca.key", "-out", "ca.pem")
	o.run("req", "-new", "-newkey", "rsa:1024", "-nodes", "-subj", "/O=Gestore Alfa/CN=Posta Certificata/emailAddress="+fromAlfa, "-config", "ca.cnf", "-keyout", "leaf.key", "-out", "leaf.csr")
	o.run("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-sha1", "-days", "365", "-extfile", "ca.cnf", "-extensions", "leaf", "-out", "leaf.pem")
	ca, leaf := o.certificate("ca.pem"), o.certificate("leaf.pem")
	q := ask(leaf, ca)
	q.At = leaf.NotBefore.Add(time.Hour)
	r := newStore(t, Material{Keys: []KeyAnchor{{Name: "CNIPA", SPKI: sha256.Sum256(ca.RawSubjectPublicKeyInfo)}}}, &Policy{AllowSHA1Certificates: true}).Evaluate(q)
	require.Equal(t, Passed, r.AtEvent.Status, r.AtEvent.Detail)
	require.ElementsMatch(t, []string{"email-in-subject", "weak-key", "sha1-certificate"}, codes(r.Findings))
}
