package trust

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

var (
	oidTimeStamping = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidUnheardOf    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 16572, 99}
)

func extendedUsage(t testing.TB, critical bool, oids ...asn1.ObjectIdentifier) pkix.Extension {
	t.Helper()
	value, err := asn1.Marshal(oids)
	require.NoError(t, err)
	return pkix.Extension{Id: oidExtKeyUsage, Critical: critical, Value: value}
}

// stamper makes a time-stamping certificate under the authority.
func stamper(t testing.TB, a *testpki.Authority, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	return a.Provider("TSA", "", func(c *x509.Certificate) {
		c.EmailAddresses, c.Policies, c.ExtKeyUsage = nil, nil, nil
		c.ExtraExtensions = []pkix.Extension{extendedUsage(t, true, oidTimeStamping)}
		if change != nil {
			change(c)
		}
	}).Certificate
}

func TestFitsTimeStamps(t *testing.T) {
	ca := newCA("TSA Root")
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		want   error
	}{
		"plain":             {nil, nil},
		"no key usage":      {func(c *x509.Certificate) { c.KeyUsage = 0 }, nil},
		"nonRepudiation":    {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }, nil},
		"both":              {func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageContentCommitment }, nil},
		"keyEncipherment":   {func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageKeyEncipherment }, ErrKeyUsage},
		"only encipherment": {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, ErrKeyUsage},
		"empty key usage": {func(c *x509.Certificate) {
			c.KeyUsage = 0
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidKeyUsage, Critical: true, Value: []byte{3, 1, 0}})
		}, ErrKeyUsage},
		"CA":                {func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, ErrCACertificate},
		"not a CA, said so": {func(c *x509.Certificate) { c.BasicConstraintsValid = true }, nil},
		"no extended usage": {func(c *x509.Certificate) { c.ExtraExtensions = nil }, ErrTimeStamping},
		"not critical":      {func(c *x509.Certificate) { c.ExtraExtensions[0] = extendedUsage(t, false, oidTimeStamping) }, ErrTimeStamping},
		"twice": {func(c *x509.Certificate) {
			c.ExtraExtensions[0] = extendedUsage(t, true, oidTimeStamping, oidTimeStamping)
		}, ErrTimeStamping},
		"and any": {func(c *x509.Certificate) {
			c.ExtraExtensions[0] = extendedUsage(t, true, oidTimeStamping, asn1.ObjectIdentifier{2, 5, 29, 37, 0})
		}, ErrTimeStamping},
		"and unknown": {func(c *x509.Certificate) {
			c.ExtraExtensions[0] = extendedUsage(t, true, oidTimeStamping, oidUnheardOf)
		}, ErrTimeStamping},
		"unknown critical extension": {func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidUnheardOf, Critical: true, Value: []byte{5, 0}})
		}, ErrCriticalExtension},
	} {
		err := ForTimeStamps.Fits(stamper(t, ca, c.change))
		if c.want == nil {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, c.want, name)
		require.True(t, proves(err), name)
	}
	require.ErrorIs(t, ForMail.Fits(stamper(t, ca, nil)), ErrEmailProtection)
	require.NoError(t, ForMail.Fits(ca.Provider("Gestore", fromAlfa, nil).Certificate))
	require.ErrorIs(t, ForTimeStamps.Fits(ca.Provider("Gestore", fromAlfa, nil).Certificate), ErrTimeStamping)
}

func askStamp(leaf *x509.Certificate, bag ...*x509.Certificate) Query {
	q := ask(leaf, bag...)
	q.Purpose, q.From = ForTimeStamps, ""
	return q
}

func TestEvaluateTimeStamps(t *testing.T) {
	root := newCA("TSA Root")
	narrow := func(oid asn1.ObjectIdentifier) *testpki.Authority {
		return root.Sub("TSA CA", func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{extendedUsage(t, false, oid)} })
	}
	open, stamps, mail := root.Sub("TSA CA", nil), narrow(oidTimeStamping), narrow(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4})
	s := newStore(t, Material{Anchors: []*x509.Certificate{root.Certificate}}, nil)
	for name, c := range map[string]struct {
		ca   *testpki.Authority
		want error
	}{"open": {open, nil}, "stamps": {stamps, nil}, "mail": {mail, ErrTimeStamping}} {
		leaf := stamper(t, c.ca, nil)
		r := s.Evaluate(askStamp(leaf, c.ca.Certificate))
		if c.want != nil {
			require.Equal(t, Failed, r.AtEvent.Status, name)
			require.ErrorIs(t, r.AtEvent.Err, c.want)
			continue
		}
		require.Equal(t, Passed, r.AtEvent.Status, "%s: %s", name, r.AtEvent.Detail)
		require.Len(t, r.AtEvent.Path, 3)
		require.Equal(t, []Check{{CheckSignerChain, Passed, r.AtEvent.Detail}, mailOnly(CheckSignerAddress), mailOnly(CheckProviderDirectory),
			{CheckRevocation, Skipped, noRevocation}}, r.Checks)
		require.Empty(t, r.Findings, "the profile of mail does not apply")
	}
	missing := s.Evaluate(Query{Purpose: ForTimeStamps, At: atEvent})
	require.Equal(t, mailOnly(CheckSignerAddress), missing.Checks[1])
	require.Equal(t, mailOnly(CheckProviderDirectory), missing.Checks[2])
}

// What is said of mail under an issuing key is not said of time-stamps, and the
// public root of mail may be the anchor of a time-stamping authority.
func TestTimeStampsUnderKeysAndPublicRoots(t *testing.T) {
	root := newCA("Public Root")
	leaf := stamper(t, root, nil)
	key := keyAnchor(root.Certificate)
	key.Policy = "1.2.3"
	s := newStore(t, Material{Keys: []KeyAnchor{key}}, nil)
	r := s.Evaluate(askStamp(leaf, root.Certificate))
	require.Equal(t, SourceIssuingKey, r.Source)
	require.Empty(t, r.Findings)

	s = newStore(t, Material{Anchors: []*x509.Certificate{root.Certificate}}, nil)
	s.publicRoots = append(s.publicRoots, keyAnchor(root.Certificate).SPKI)
	require.Equal(t, Passed, s.Evaluate(askStamp(leaf)).AtEvent.Status)
	require.ErrorIs(t, s.Evaluate(ask(root.Provider("Gestore", fromAlfa, nil).Certificate)).AtEvent.Err, ErrPublicRoot)
}

// Paths that crypto/x509 does not walk are checked for the purpose too.
func TestTimeStampsWithSHA1Path(t *testing.T) {
	root := newCA("TSA Root")
	old := func(usages ...asn1.ObjectIdentifier) *x509.Certificate {
		return stamper(t, root, func(c *x509.Certificate) {
			c.SignatureAlgorithm = x509.SHA1WithRSA
			c.ExtraExtensions[0] = extendedUsage(t, true, usages...)
		})
	}
	m := Material{Anchors: []*x509.Certificate{root.Certificate}}
	leaf := old(oidTimeStamping)
	require.ErrorIs(t, newStore(t, m, nil).Evaluate(askStamp(leaf)).AtEvent.Err, ErrSHA1)
	s := newStore(t, m, &Policy{AllowSHA1Certificates: true})
	require.Equal(t, Passed, s.Evaluate(askStamp(leaf)).AtEvent.Status)
	require.ErrorIs(t, s.Evaluate(ask(leaf)).AtEvent.Err, ErrEmailProtection)
}

// subjectKeyOf puts another AlgorithmIdentifier before the key of a
// certificate. Its own signature, which an anchor does not need, breaks.
func subjectKeyOf(t testing.TB, c *x509.Certificate, parameters []byte) []byte {
	t.Helper()
	var whole struct {
		TBS struct {
			Version                                      asn1.RawValue `asn1:"tag:0,explicit,optional"`
			Serial, Algorithm, Issuer, Validity, Subject asn1.RawValue
			Key                                          subjectKey
			Extensions                                   asn1.RawValue
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	_, err := asn1.Unmarshal(c.Raw, &whole)
	require.NoError(t, err)
	whole.TBS.Key.Algorithm = pkix.AlgorithmIdentifier{Algorithm: oidRSASSAPSS, Parameters: asn1.RawValue{FullBytes: parameters}}
	whole.TBS.Version = asn1.RawValue{FullBytes: []byte{0xa0, 3, 2, 1, 2}}
	der, err := asn1.Marshal(whole)
	require.NoError(t, err)
	return der
}

func TestPSSKeys(t *testing.T) {
	root := newCA("PSS Root")
	sha256PSS, err := asn1.Marshal(pssParameters{Salt: 20, Trailer: 1, Hash: pkix.AlgorithmIdentifier{Algorithm: pssHashes[0].oid},
		MGF: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}}})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		parameters []byte
		algorithm  x509.SignatureAlgorithm
		want       error
	}{
		"any, 256":   {nil, x509.SHA256WithRSAPSS, nil},
		"any, 512":   {nil, x509.SHA512WithRSAPSS, nil},
		"256, 256":   {sha256PSS, x509.SHA256WithRSAPSS, nil},
		"256, 512":   {sha256PSS, x509.SHA512WithRSAPSS, ErrAlgorithm},
		"any, PKCS1": {nil, x509.SHA256WithRSA, ErrAlgorithm},
		"256, PKCS1": {sha256PSS, x509.SHA256WithRSA, ErrAlgorithm},
		"broken":     {[]byte{4, 0}, x509.SHA256WithRSAPSS, ErrAlgorithm},
	} {
		t.Run(name, func(t *testing.T) {
			der := subjectKeyOf(t, root.Certificate, c.parameters)
			plain, err := x509.ParseCertificate(der)
			require.NoError(t, err)
			require.Nil(t, plain.PublicKey, "Go's library reads it now: psskey.go can go")
			anchor, err := ParseCertificate(der)
			require.NoError(t, err)
			require.True(t, root.Key.Public().(*rsa.PublicKey).Equal(anchor.PublicKey.(crypto.PublicKey)))
			leaf := stamper(t, root, func(t *x509.Certificate) { t.SignatureAlgorithm = c.algorithm })
			for _, m := range []Material{
				{Anchors: []*x509.Certificate{plain}}, {Anchors: []*x509.Certificate{anchor}},
				{Keys: []KeyAnchor{keyAnchor(plain)}, Intermediates: []*x509.Certificate{plain}}, {Keys: []KeyAnchor{keyAnchor(plain)}},
				{Eras: []Era{{Name: "era", Anchors: []*x509.Certificate{plain}}}},
			} {
				s := newStore(t, m, &Policy{AllowSHA1Certificates: true})
				r := s.Evaluate(askStamp(leaf, plain))
				if c.want == nil {
					require.Equal(t, Passed, r.AtEvent.Status, r.AtEvent.Detail)
					continue
				}
				require.NotEqual(t, Passed, r.AtEvent.Status)
				require.ErrorIs(t, r.AtEvent.Err, c.want)
			}
			require.Nil(t, plain.PublicKey, "the caller's certificate is not touched")
			list, err := ParseCertificates(der)
			require.NoError(t, err)
			require.NotNil(t, list[0].PublicKey)
			list, err = ParseCertificates(testpki.PEM(plain))
			require.NoError(t, err)
			require.NotNil(t, list[0].PublicKey)
		})
	}
	_, err = NewStore(Material{Anchors: []*x509.Certificate{nil}}, nil)
	require.Error(t, err)
}
