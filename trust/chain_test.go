package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

func certs(c ...*x509.Certificate) []*x509.Certificate { return c }

func TestNoCertificateAndNoSense(t *testing.T) {
	ca := newCA("CA")
	s := newStore(t, Material{Anchors: certs(ca.Certificate)}, nil)
	r := s.Evaluate(Query{From: fromAlfa, At: atEvent})
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNoCertificate)
	require.Nil(t, r.Certificate)
	require.Equal(t, Indeterminate, Judge(r.Checks, CheckSignerChain, CheckSignerAddress))

	r = s.Evaluate(Query{Leaf: []byte("no certificate"), From: fromAlfa, At: atEvent})
	require.Equal(t, Failed, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrCertificate)
	require.Len(t, r.SHA256, 64)
	require.Equal(t, Unknown, r.Check(CheckSignerAddress).Status)

	leaf := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	q := ask(leaf)
	q.At = time.Time{}
	r = s.Evaluate(q)
	require.ErrorIs(t, r.AtEvent.Err, ErrNoTime)
	require.Equal(t, Unknown, r.AtEvent.Status)
}

func TestNewStoreRefusesBrokenMaterial(t *testing.T) {
	for name, m := range map[string]Material{
		"nil anchor":       {Anchors: certs(nil)},
		"empty anchor":     {Anchors: certs(&x509.Certificate{})},
		"nil intermediate": {Intermediates: certs(nil)},
		"nil era anchor":   {Eras: []Era{{Anchors: certs(nil)}}},
		"key without hash": {Keys: []KeyAnchor{{Name: "x"}}},
		"CRL":              {CRLs: [][]byte{[]byte("x")}},
		"OCSP":             {OCSP: [][]byte{[]byte("x")}},
	} {
		_, err := NewStore(m, nil)
		require.Error(t, err, name)
	}
}

func TestS02_OrdinaryCertificateWithMatchingAddress(t *testing.T) {
	ordinary := testpki.NewAuthority(seed, "Ordinary S/MIME CA", nil)
	evil := ordinary.Provider("Evil", "posta-certificata@evil.example", nil)
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(newCA("PEC CA").Certificate)}}, nil)
	q := ask(evil.Certificate, ordinary.Certificate)
	q.From = "posta-certificata@evil.example"
	r := s.Evaluate(q)
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNoPath)
	require.Equal(t, Passed, r.Check(CheckSignerAddress).Status)
	require.Equal(t, SourceNone, r.Source)
	require.Equal(t, Indeterminate, Judge(r.Checks, CheckSignerChain, CheckSignerAddress))
}

func TestS03_PublicRootIsNoProvider(t *testing.T) {
	root := newCA("Public Root")
	pec, ordinary := root.Sub("PEC CA", nil), root.Sub("Client CA", nil)
	m := Material{Keys: []KeyAnchor{keyAnchor(pec.Certificate)}, Anchors: certs(root.Certificate)}
	s := newStore(t, m, nil)
	s.publicRoots = [][32]byte{sha256.Sum256(root.Certificate.RawSubjectPublicKeyInfo)}

	evil := ordinary.Provider("Evil", fromAlfa, nil).Certificate
	r := s.Evaluate(ask(evil, ordinary.Certificate, root.Certificate))
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrPublicRoot)
	require.Equal(t, SourceNone, r.Source)

	good := pec.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	r = s.Evaluate(ask(good, pec.Certificate, root.Certificate))
	require.Equal(t, Passed, r.AtEvent.Status, r.AtEvent.Detail)
	require.Equal(t, SourceIssuingKey, r.Source)

	// The public root under a cross certificate of another anchor.
	other := newCA("Other Root")
	cross := &testpki.Authority{Key: other.Key, Certificate: other.Certificate}
	der := crossSign(t, cross, root)
	s = newStore(t, Material{Anchors: certs(other.Certificate)}, nil)
	s.publicRoots = [][32]byte{sha256.Sum256(root.Certificate.RawSubjectPublicKeyInfo)}
	r = s.Evaluate(ask(evil, ordinary.Certificate, der))
	require.ErrorIs(t, r.AtEvent.Err, ErrPublicRoot)

	// A subordinate authority that the caller trusts by itself is another matter.
	s = newStore(t, Material{Anchors: certs(ordinary.Certificate)}, nil)
	require.Equal(t, Passed, s.Evaluate(ask(evil)).AtEvent.Status)
}

// crossSign certifies the name and key of one authority under another.
func crossSign(t *testing.T, by, subject *testpki.Authority) *x509.Certificate {
	template := *subject.Certificate
	template.SerialNumber = big.NewInt(4711)
	template.AuthorityKeyId = by.Certificate.SubjectKeyId
	der, err := x509.CreateCertificate(testpki.Reader(seed, "cross"), &template, by.Certificate, subject.Key.Public(), by.Key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

func TestS22_RCV10_EventAndNowAreJudgedApart(t *testing.T) {
	ca := newCA("CA")
	leaf := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = atEvent.AddDate(-1, 0, 0), atEvent.AddDate(1, 0, 0)
	}).Certificate
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil)
	q := ask(leaf, ca.Certificate)
	for range 2 { // cold and warm
		r := s.Evaluate(q)
		require.Equal(t, Passed, r.AtEvent.Status)
		require.Equal(t, Failed, r.Now.Status)
		require.ErrorIs(t, r.Now.Err, ErrExpired)
		require.Equal(t, Valid, Judge(r.Checks, CheckSignerChain, CheckSignerAddress))
	}
	q.At, q.Now = today, atEvent
	r := s.Evaluate(q)
	require.Equal(t, Failed, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrExpired)
	require.Equal(t, Passed, r.Now.Status)
	require.Equal(t, SourceNone, r.Source)

	q.At = leaf.NotBefore.Add(-time.Second)
	require.ErrorIs(t, s.Evaluate(q).AtEvent.Err, ErrNotYetValid)
	for _, edge := range []time.Time{leaf.NotBefore, leaf.NotAfter} {
		q.At = edge
		require.Equal(t, Passed, s.Evaluate(q).AtEvent.Status)
	}
	q.At = leaf.NotAfter.Add(time.Nanosecond)
	require.Equal(t, Failed, s.Evaluate(q).AtEvent.Status)
}

func TestS24_CertificatesForOtherUses(t *testing.T) {
	ca := newCA("CA")
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		want   error
	}{
		"authentication": {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, ErrEmailProtection},
		"web server":     {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, ErrEmailProtection},
		"any usage":      {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }, ErrEmailProtection},
		"unknown usage": {func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{{1, 2, 3, 4}}
		}, ErrEmailProtection},
		"encryption": {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, ErrKeyUsage},
		"an authority": {func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
		}, ErrCACertificate},
		"critical extension": {func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, ErrCriticalExtension},
	} {
		leaf := ca.Provider("Gestore Alfa", fromAlfa, c.change).Certificate
		for kind, m := range map[string]Material{
			"key": {Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, "anchor": {Anchors: certs(ca.Certificate)},
		} {
			r := newStore(t, m, nil).Evaluate(ask(leaf, ca.Certificate))
			require.Equal(t, Failed, r.AtEvent.Status, name+" "+kind)
			require.ErrorIs(t, r.AtEvent.Err, c.want, name+" "+kind)
		}
		// Without a path nothing is proved, not even that something is wrong.
		require.Equal(t, Unknown, newStore(t, Material{}, nil).Evaluate(ask(leaf)).AtEvent.Status)
	}
	leaf := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.ExtKeyUsage = nil }).Certificate
	require.Equal(t, Passed, newStore(t, Material{Anchors: certs(ca.Certificate)}, nil).Evaluate(ask(leaf)).AtEvent.Status)
}

func TestNameConstraints(t *testing.T) {
	root := newCA("Root")
	ca := root.Sub("Constrained CA", func(c *x509.Certificate) {
		c.PermittedEmailAddresses = []string{"pec.alfa.example", ".beta.example"}
		c.ExcludedEmailAddresses = []string{"no.beta.example"}
	})
	for address, ok := range map[string]bool{
		fromAlfa: true, "x@PEC.ALFA.EXAMPLE": true, "x@a.beta.example": true, "x@no.beta.example": false, "x@gamma.example": false, "x@sub.pec.alfa.example": false,
	} {
		leaf := ca.Provider("Gestore", address, nil).Certificate
		require.Equal(t, ok, emailPermitted(ca.Certificate, address), address) // what the SHA-1 path uses
		for _, m := range []Material{{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, {Anchors: certs(ca.Certificate)}, {Anchors: certs(root.Certificate)}} {
			r := newStore(t, m, nil).Evaluate(ask(leaf, ca.Certificate))
			if ok {
				require.Equal(t, Passed, r.AtEvent.Status, address)
			} else {
				require.Equal(t, Failed, r.AtEvent.Status, address)
				require.ErrorIs(t, r.AtEvent.Err, ErrNameConstraint)
			}
		}
	}
}

func TestForgedIssuer(t *testing.T) {
	genuine := newCA("PEC CA")
	forger := testpki.NewAuthority(seed+1, "PEC CA", func(c *x509.Certificate) { c.SubjectKeyId = genuine.Certificate.SubjectKeyId })
	leaf := forger.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	for _, m := range []Material{{Keys: []KeyAnchor{keyAnchor(genuine.Certificate)}, Intermediates: certs(genuine.Certificate)}, {Anchors: certs(genuine.Certificate)}} {
		r := newStore(t, m, nil).Evaluate(ask(leaf, forger.Certificate))
		require.Equal(t, Failed, r.AtEvent.Status)
		require.ErrorIs(t, r.AtEvent.Err, ErrForged)
	}
	// Another authority of the same name, which names its own key.
	namesake := testpki.NewAuthority(seed+2, "PEC CA", nil)
	r := newStore(t, Material{Anchors: certs(genuine.Certificate)}, nil).Evaluate(ask(namesake.Provider("Gestore Alfa", fromAlfa, nil).Certificate, namesake.Certificate))
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNoPath)
	// With both at hand the right one is found.
	both := newStore(t, Material{Anchors: certs(genuine.Certificate, namesake.Certificate)}, nil)
	require.Equal(t, Passed, both.Evaluate(ask(namesake.Provider("Gestore Alfa", fromAlfa, nil).Certificate)).AtEvent.Status)
}

func TestKeyOutlivesItsCertificates(t *testing.T) {
	ca := newCA("CA")
	generation := func(from, until time.Time, serial int64) *x509.Certificate {
		template := *ca.Certificate
		template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(serial), from, until
		der, err := x509.CreateCertificate(testpki.Reader(seed, "generation"), &template, ca.Certificate, ca.Key.Public(), ca.Key)
		require.NoError(t, err)
		c, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		return c
	}
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	first, second := generation(year(2018), year(2022), 5), generation(year(2020), year(2026), 6)
	leaf := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.NotAfter = year(2030) }).Certificate
	key := keyAnchor(ca.Certificate)
	key.Generations = []Generation{
		{NotBefore: year(2018), NotAfter: year(2022), SHA256: sha256.Sum256(first.Raw)},
		{NotBefore: year(2020), NotAfter: year(2026), SHA256: sha256.Sum256(second.Raw), EmailDomains: []string{"other.example"}},
	}
	key.Generations[0].EmailDomains = []string{"pec.alfa.example"}
	s := newStore(t, Material{Keys: []KeyAnchor{key}}, nil)
	judge := func(at time.Time, bag ...*x509.Certificate) *Signer {
		q := ask(leaf, bag...)
		q.At = at
		return s.Evaluate(q)
	}
	r := judge(year(2021), first, second)
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Same(t, r.AtEvent.Path[1], r.AtEvent.Path[1])
	require.Equal(t, second.Raw, r.AtEvent.Path[1].Raw, "the newest in time")
	require.Equal(t, first.Raw, judge(year(2019), first, second).AtEvent.Path[1].Raw)
	require.Contains(t, codes(judge(year(2017).AddDate(0, 1, 0), first).Findings), "no-ca-certificate-valid-at-event")
	r = judge(year(2024), first) // the second one, known but not held, was valid then
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Contains(t, codes(r.Findings), "no-ca-certificate-valid-at-event")
	r = judge(year(2028), first, second)
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrIssuerOutdated)

	// A certificate over the key that nobody knows: believed, and said.
	forged := generation(year(2016), year(2040), 7)
	r = judge(year(2028), forged)
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Contains(t, codes(r.Findings), "unknown-ca-generation")
	require.Equal(t, second.Raw, judge(year(2024), forged, second).AtEvent.Path[1].Raw, "known ones come first")
	stranger := ca.Provider("Straniero", "x@nowhere.example", nil).Certificate
	q := ask(stranger, first)
	q.At = year(2021)
	require.Contains(t, codes(s.Evaluate(q).Findings), "domain-not-listed")
}

func TestPolicyFinding(t *testing.T) {
	ca := newCA("CA")
	key := keyAnchor(ca.Certificate)
	key.Policy = PolicyPEC
	s := newStore(t, Material{Keys: []KeyAnchor{key}}, nil)
	oid, err := x509.ParseOID(PolicyPEC)
	require.NoError(t, err)
	with := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.Policies = []x509.OID{oid} }).Certificate
	require.Empty(t, s.Evaluate(ask(with, ca.Certificate)).Findings)
	without := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.PolicyIdentifiers, c.Policies = nil, nil }).Certificate
	r := s.Evaluate(ask(without, ca.Certificate))
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Equal(t, []string{"policy-missing"}, codes(r.Findings))
}

func TestRCV10_ProfileFindings(t *testing.T) {
	ca := newCA("CA")
	s := newStore(t, Material{Anchors: certs(ca.Certificate)}, nil)
	san := pkix.Extension{Id: oidSubjectAltName, Critical: true}
	san.Value, _ = asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 1, Bytes: []byte(fromAlfa)}})
	for code, change := range map[string]func(*x509.Certificate){
		"email-in-subject": func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: oidEmailAddress, Value: fromAlfa}}
		},
		"basic-constraints-present": func(c *x509.Certificate) { c.BasicConstraintsValid = true },
		"san-critical":              func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{san} },
		"key-usage-missing":         func(c *x509.Certificate) { c.KeyUsage = 0 },
		"subject-key-id-missing":    func(c *x509.Certificate) { c.SubjectKeyId = nil },
		"key-usage-not-critical": func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidKeyUsage, Value: []byte{3, 2, 7, 0x80}}}
		},
	} {
		leaf := ca.Provider("Gestore Alfa", fromAlfa, change).Certificate
		r := s.Evaluate(ask(leaf))
		require.Equal(t, Passed, r.AtEvent.Status, code+" "+r.AtEvent.Detail)
		require.Equal(t, Passed, r.Check(CheckSignerAddress).Status, code)
		require.Equal(t, []string{code}, codes(r.Findings))
	}
	leaf := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.EmailAddresses = nil }).Certificate
	r := s.Evaluate(ask(leaf))
	require.Equal(t, []string{"san-missing"}, codes(r.Findings))
	require.Equal(t, Failed, r.Check(CheckSignerAddress).Status)
	small := ca.Issue(testpki.RSAKey(seed, "small", 1024), "Gestore Alfa", fromAlfa, nil).Certificate
	require.Equal(t, []string{"weak-key"}, codes(s.Evaluate(ask(small)).Findings))
}

func TestPins(t *testing.T) {
	ca := newCA("CA")
	leaf := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.NotAfter = atEvent.AddDate(1, 0, 0) }).Certificate
	for _, m := range []Material{{Pins: [][32]byte{sha256.Sum256(leaf.Raw)}}, {Anchors: certs(leaf)}} {
		r := newStore(t, m, nil).Evaluate(ask(leaf))
		require.Equal(t, Passed, r.AtEvent.Status)
		require.Equal(t, SourcePin, r.Source)
		require.Equal(t, Failed, r.Now.Status)
		other := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
		require.Equal(t, Unknown, newStore(t, m, nil).Evaluate(ask(other)).AtEvent.Status)
	}
}

func TestLongPathsAndDecoys(t *testing.T) {
	root := newCA("Root")
	one := root.Sub("One", nil)
	two := one.Sub("Two", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	leaf := two.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	s := newStore(t, Material{Anchors: certs(root.Certificate)}, nil)
	require.Equal(t, Passed, s.Evaluate(ask(leaf, one.Certificate, two.Certificate)).AtEvent.Status)
	require.Len(t, s.Evaluate(ask(leaf, two.Certificate, one.Certificate, root.Certificate)).AtEvent.Path, 4)
	require.Equal(t, Unknown, s.Evaluate(ask(leaf, two.Certificate)).AtEvent.Status)
	held := newStore(t, Material{Anchors: certs(root.Certificate), Intermediates: certs(one.Certificate, two.Certificate, root.Certificate)}, nil)
	require.Len(t, held.intermediates, 2, "anchors and self-issued certificates only cost time there")
	require.Equal(t, Passed, held.Evaluate(ask(leaf)).AtEvent.Status)

	three := two.Sub("Three", nil)
	r := s.Evaluate(ask(three.Provider("Gestore Alfa", fromAlfa, nil).Certificate, one.Certificate, two.Certificate, three.Certificate))
	require.Equal(t, Failed, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNotCA)

	// What the message carries is never an anchor, readable or not.
	q := ask(leaf, one.Certificate, two.Certificate, root.Certificate)
	q.Bag = append(q.Bag, []byte("rubbish"))
	require.Equal(t, Unknown, newStore(t, Material{}, nil).Evaluate(q).AtEvent.Status)
	r = s.Evaluate(q)
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Equal(t, []string{"unreadable-certificate"}, codes(r.Findings))

	// Many authorities of the right name.
	q = ask(leaf)
	for i := range uint64(20) {
		q.Bag = append(q.Bag, testpki.NewAuthority(seed+100+i%5, "Two", func(c *x509.Certificate) {
			c.SerialNumber = big.NewInt(int64(i))
			c.Issuer = pkix.Name{CommonName: "One"}
		}).Certificate.Raw)
	}
	q.Bag = append(q.Bag, one.Certificate.Raw, two.Certificate.Raw)
	require.Equal(t, Passed, s.Evaluate(q).AtEvent.Status)
	for len(q.Bag) < 40 {
		q.Bag = append(q.Bag, one.Certificate.Raw)
	}
	require.Contains(t, codes(s.Evaluate(q).Findings), "too-many-certificates")
}

func TestIntermediateThatIsNoCA(t *testing.T) {
	root := newCA("Root")
	fake := root.Provider("Gestore Finto", "ca@pec.alfa.example", nil)
	as := &testpki.Authority{Key: fake.Key, Certificate: fake.Certificate}
	leaf := as.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	r := newStore(t, Material{Anchors: certs(root.Certificate)}, nil).Evaluate(ask(leaf, fake.Certificate))
	require.Equal(t, Failed, r.AtEvent.Status)
	require.ErrorIs(t, r.AtEvent.Err, ErrNotCA)
}

func TestNoFlippedByteOfTheCertificatePasses(t *testing.T) {
	ca := newCA("CA")
	leaf := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}, Anchors: certs(ca.Certificate)}, &Policy{AllowSHA1Certificates: true})
	q := ask(leaf, ca.Certificate)
	require.Equal(t, Passed, s.Evaluate(q).AtEvent.Status)
	for i := range leaf.Raw {
		q.Leaf = append([]byte(nil), leaf.Raw...)
		q.Leaf[i] ^= 1 << (i % 8)
		require.NotEqual(t, Passed, s.Evaluate(q).AtEvent.Status, i)
	}
}
