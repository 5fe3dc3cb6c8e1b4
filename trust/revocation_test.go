package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"
)

type entry = x509.RevocationListEntry

func makeCRL(t testing.TB, by *testpki.Authority, this, next time.Time, change func(*x509.RevocationList), entries ...entry) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: this, NextUpdate: next, RevokedCertificateEntries: entries}
	if change != nil {
		change(list)
	}
	der, err := x509.CreateRevocationList(testpki.Reader(seed, "crl"), list, by.Certificate, by.Key)
	require.NoError(t, err)
	return der
}

func TestS23_Revocation(t *testing.T) {
	ca, other := newCA("CA"), newCA("Other CA")
	leaf := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.NotAfter = atEvent.AddDate(1, 0, 0) }).Certificate
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil)
	hours := func(n int) time.Time { return atEvent.Add(time.Duration(n) * time.Hour) }
	revoked := func(at time.Time, reason int) entry {
		return entry{SerialNumber: leaf.SerialNumber, RevocationTime: at, ReasonCode: reason}
	}
	crl := func(this, next time.Time, entries ...entry) []byte {
		return makeCRL(t, ca, this, next, nil, entries...)
	}
	invalidity, _ := asn1.MarshalWithParams(hours(-2), "generalized")
	suspect := revoked(hours(2), reasonKeyCompromise)
	suspect.ExtraExtensions = []pkix.Extension{{Id: oidInvalidityDate, Value: invalidity}}
	criticalEntry := revoked(hours(-2), 0)
	criticalEntry.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{5, 0}}}
	critical := func(l *x509.RevocationList) {
		l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}} // delta CRL
	}
	scope := func(d distributionPoint) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			v, err := asn1.Marshal(d)
			require.NoError(t, err)
			l.ExtraExtensions = []pkix.Extension{{Id: oidIssuingDistributionPoint, Critical: true, Value: v}}
		}
	}
	expiredKept, _ := asn1.MarshalWithParams(testpki.Epoch, "generalized")
	archive := func(l *x509.RevocationList) {
		l.ExtraExtensions = []pkix.Extension{{Id: oidExpiredCertsOnCRL, Value: expiredKept}}
	}
	somebody := entry{SerialNumber: big.NewInt(987654), RevocationTime: hours(-9)}
	badlySigned := crl(hours(-1), hours(24))
	badlySigned[len(badlySigned)-1] ^= 1
	impostor := testpki.NewAuthority(seed+9, "CA", nil)
	longAfter := leaf.NotAfter.AddDate(0, 1, 0)

	for name, c := range map[string]struct {
		crl  []byte
		seen time.Time
		want Status
	}{
		"in force at the event":           {crl(hours(-1), hours(24), somebody), time.Time{}, Passed},
		"in force, exactly at both ends":  {crl(atEvent, atEvent.Add(time.Second)), time.Time{}, Passed},
		"issued later":                    {crl(hours(48), hours(72)), time.Time{}, Passed},
		"ended before the event":          {crl(hours(-48), hours(-24)), time.Time{}, Unknown},
		"issued after expiry":             {crl(longAfter, longAfter.AddDate(0, 0, 1)), time.Time{}, Unknown},
		"after expiry, but keeps expired": {makeCRL(t, ca, longAfter, longAfter.AddDate(0, 0, 1), archive), time.Time{}, Passed},
		"dated in the future":             {crl(today.Add(time.Hour), today.AddDate(0, 0, 1)), time.Time{}, Unknown},
		"revoked before":                  {crl(hours(-1), hours(24), revoked(hours(-2), 0)), time.Time{}, Failed},
		"revoked at the very moment":      {crl(hours(-1), hours(24), revoked(atEvent, 0)), time.Time{}, Failed},
		"revoked before, in a stale list": {crl(hours(-48), hours(-24), revoked(hours(-50), 0)), time.Time{}, Failed},
		"revoked before, seen earlier":    {crl(hours(48), hours(72), revoked(hours(-2), 1)), hours(-3), Failed},
		"revoked later":                   {crl(hours(48), hours(72), revoked(hours(2), 1)), time.Time{}, Unknown},
		"revoked later, seen before":      {crl(hours(48), hours(72), revoked(hours(2), 1)), hours(1), Passed},
		"revoked later, seen after":       {crl(hours(48), hours(72), revoked(hours(2), 1)), hours(3), Unknown},
		"revoked later, key suspect":      {crl(hours(48), hours(72), suspect), hours(1), Unknown},
		"suspended":                       {crl(hours(-1), hours(24), revoked(hours(-2), reasonHold)), time.Time{}, Failed},
		"suspended, stale list":           {crl(hours(-48), hours(-24), revoked(hours(-50), reasonHold)), time.Time{}, Unknown},
		"taken off the list":              {crl(hours(-1), hours(24), revoked(hours(-2), reasonRemoved)), time.Time{}, Passed},
		"of another authority":            {makeCRL(t, other, hours(-1), hours(24), nil, revoked(hours(-2), 0)), time.Time{}, Unknown},
		"of another with the same name":   {makeCRL(t, impostor, hours(-1), hours(24), nil, revoked(hours(-2), 0)), time.Time{}, Unknown},
		"badly signed":                    {badlySigned, time.Time{}, Unknown},
		"rubbish":                         {[]byte("rubbish"), time.Time{}, Unknown},
		"delta":                           {makeCRL(t, ca, hours(-1), hours(24), critical), time.Time{}, Unknown},
		"for users":                       {makeCRL(t, ca, hours(-1), hours(24), scope(distributionPoint{OnlyUsers: true})), time.Time{}, Passed},
		"for authorities":                 {makeCRL(t, ca, hours(-1), hours(24), scope(distributionPoint{OnlyCAs: true})), time.Time{}, Unknown},
		"indirect":                        {makeCRL(t, ca, hours(-1), hours(24), scope(distributionPoint{Indirect: true})), time.Time{}, Unknown},
		"critical entry extension":        {makeCRL(t, ca, hours(-1), hours(24), nil, criticalEntry), time.Time{}, Unknown},
		"SHA-1":                           {makeCRL(t, ca, hours(-1), hours(24), func(l *x509.RevocationList) { l.SignatureAlgorithm = x509.SHA1WithRSA }), time.Time{}, Unknown},
	} {
		q := ask(leaf, ca.Certificate)
		q.CRLs, q.FirstSeen = [][]byte{c.crl}, c.seen
		r := s.Evaluate(q)
		require.Equal(t, c.want, r.Check(CheckRevocation).Status, name+": "+r.Check(CheckRevocation).Detail)
		require.Equal(t, Passed, r.AtEvent.Status, "the path is another matter")
		if name != "rubbish" { // the same from the store, once the signature was cached too
			m := Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}, CRLs: [][]byte{c.crl}}
			held := newStore(t, m, nil)
			q.CRLs = nil
			for range 2 {
				require.Equal(t, c.want, held.Evaluate(q).Check(CheckRevocation).Status, name)
			}
		} else {
			require.Equal(t, []string{"unreadable-crl"}, codes(r.Findings))
		}
	}

	// Several lists: the worst that is proved counts.
	q := ask(leaf, ca.Certificate)
	q.CRLs = [][]byte{crl(hours(-1), hours(24)), crl(hours(48), hours(72), revoked(hours(-1), 0))}
	require.Equal(t, Failed, s.Evaluate(q).Check(CheckRevocation).Status)
	q.CRLs[1] = crl(hours(48), hours(72), revoked(hours(1), 0))
	require.Equal(t, Unknown, s.Evaluate(q).Check(CheckRevocation).Status)
	q.CRLs[1] = badlySigned
	require.Equal(t, Passed, s.Evaluate(q).Check(CheckRevocation).Status)

	// Without a path the issuer's certificate is enough; PEM is read too.
	o := ask(leaf, ca.Certificate)
	o.CRLs = [][]byte{crl(hours(-1), hours(24), revoked(hours(-2), 0))}
	r := newStore(t, Material{}, nil).Evaluate(o)
	require.Equal(t, Unknown, r.AtEvent.Status)
	require.Equal(t, Failed, r.Check(CheckRevocation).Status)
}

func TestCRLDistributionPointHasToMatch(t *testing.T) {
	ca := newCA("CA")
	uri := "http://ca.example/CRL"
	leaf := ca.Provider("Gestore Alfa", fromAlfa, func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"ldap://ca.example", uri} }).Certificate
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil)
	for name, want := range map[string]Status{uri: Passed, uri + "2": Unknown} {
		full := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(name)}
		inner, err := asn1.Marshal(full)
		require.NoError(t, err)
		list, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner})
		require.NoError(t, err)
		v, err := asn1.Marshal(struct{ Name asn1.RawValue }{asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: list}})
		require.NoError(t, err)
		q := ask(leaf, ca.Certificate)
		q.CRLs = [][]byte{makeCRL(t, ca, atEvent.Add(-time.Hour), atEvent.Add(time.Hour), func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: oidIssuingDistributionPoint, Critical: true, Value: v}}
		})}
		require.Equal(t, want, s.Evaluate(q).Check(CheckRevocation).Status, name)
	}
}

func TestRevocationOfAuthorities(t *testing.T) {
	root := newCA("Root")
	sub := root.Sub("Sub", nil)
	leaf := sub.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	good := makeCRL(t, sub, atEvent.Add(-time.Hour), atEvent.Add(time.Hour), nil)
	against := func(reason, hours int) []byte {
		return makeCRL(t, root, atEvent.Add(-time.Hour), atEvent.Add(time.Hour), nil,
			entry{SerialNumber: sub.Certificate.SerialNumber, RevocationTime: atEvent.Add(time.Duration(hours) * time.Hour), ReasonCode: reason})
	}
	path := Material{Anchors: certs(root.Certificate)}
	key := Material{Keys: []KeyAnchor{keyAnchor(sub.Certificate)}}
	for name, c := range map[string]struct {
		m    Material
		crls [][]byte
		want Status
	}{
		"both good":                        {path, [][]byte{good, makeCRL(t, root, atEvent.Add(-time.Hour), atEvent.Add(time.Hour), nil)}, Passed},
		"intermediate revoked":             {path, [][]byte{good, against(4, -1)}, Failed},
		"intermediate revoked later":       {path, [][]byte{good, against(4, 1)}, Unknown},
		"stale list on the intermediate":   {path, [][]byte{good, makeCRL(t, root, atEvent.AddDate(0, -2, 0), atEvent.AddDate(0, -1, 0), nil)}, Unknown},
		"only the intermediate":            {path, [][]byte{makeCRL(t, root, atEvent.Add(-time.Hour), atEvent.Add(time.Hour), nil)}, Unknown},
		"trusted key, certificate renewed": {key, [][]byte{good, against(4, -1)}, Passed},
		"trusted key, lost":                {key, [][]byte{good, against(reasonKeyCompromise, -1)}, Failed},
		"trusted key, lost later":          {key, [][]byte{good, against(reasonCACompromise, 1)}, Unknown},
	} {
		q := ask(leaf, sub.Certificate)
		q.CRLs = c.crls
		c.m.Intermediates = nil
		q.Bag = append(q.Bag, root.Certificate.Raw)
		r := newStore(t, c.m, nil).Evaluate(q)
		require.Equal(t, c.want, r.Check(CheckRevocation).Status, name+": "+r.Check(CheckRevocation).Detail)
		if name == "trusted key, certificate renewed" {
			require.Equal(t, []string{"ca-certificate-revoked"}, codes(r.Findings))
		}
	}
}

func TestOCSP(t *testing.T) {
	ca, other := newCA("CA"), newCA("Other CA")
	leaf := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	s := newStore(t, Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}}, nil)
	now := time.Now().UTC().Truncate(time.Second) // CreateResponse stamps it
	responder := func(by *testpki.Authority, change func(*x509.Certificate)) *testpki.Leaf {
		return by.Provider("Responder", "ocsp@ca.example", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
			if change != nil {
				change(c)
			}
		})
	}
	answer := func(status int, revokedAt time.Time) ocsp.Response {
		return ocsp.Response{Status: status, SerialNumber: leaf.SerialNumber, ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour), RevokedAt: revokedAt}
	}
	direct := func(by *testpki.Authority, r ocsp.Response) []byte {
		der, err := ocsp.CreateResponse(by.Certificate, by.Certificate, r, by.Key)
		require.NoError(t, err)
		return der
	}
	delegated := func(by *testpki.Leaf, r ocsp.Response) []byte {
		r.Certificate = by.Certificate
		der, err := ocsp.CreateResponse(ca.Certificate, by.Certificate, r, by.Key)
		require.NoError(t, err)
		return der
	}
	stale := answer(ocsp.Good, time.Time{})
	stale.ThisUpdate, stale.NextUpdate = now.Add(-48*time.Hour), now.Add(-24*time.Hour)
	stranger := answer(ocsp.Good, time.Time{})
	stranger.SerialNumber = big.NewInt(424242)
	weak := answer(ocsp.Good, time.Time{})
	weak.SignatureAlgorithm = x509.SHA1WithRSA
	sha256ID := answer(ocsp.Good, time.Time{})
	sha256ID.IssuerHash = 5 // crypto.SHA256
	embedded := answer(ocsp.Good, time.Time{})
	embedded.Certificate = ca.Certificate
	bad := direct(ca, answer(ocsp.Good, time.Time{}))
	bad[len(bad)-1] ^= 1
	good := answer(ocsp.Good, time.Time{})
	for name, c := range map[string]struct {
		response []byte
		seen     time.Time
		want     Status
	}{
		"good":                       {direct(ca, good), time.Time{}, Passed},
		"good, SHA-256 ids":          {direct(ca, sha256ID), time.Time{}, Passed},
		"good, issuer embedded":      {direct(ca, embedded), time.Time{}, Passed},
		"revoked":                    {direct(ca, answer(ocsp.Revoked, now.Add(-time.Hour))), time.Time{}, Failed},
		"revoked later":              {direct(ca, answer(ocsp.Revoked, now.Add(time.Hour))), time.Time{}, Unknown},
		"revoked later, seen before": {direct(ca, answer(ocsp.Revoked, now.Add(time.Hour))), now.Add(time.Minute), Passed},
		"does not know":              {direct(ca, answer(ocsp.Unknown, time.Time{})), time.Time{}, Unknown},
		"stale":                      {direct(ca, stale), time.Time{}, Unknown},
		"about somebody else":        {direct(ca, stranger), time.Time{}, Unknown},
		"by another authority":       {direct(other, good), time.Time{}, Unknown},
		"SHA-1":                      {direct(ca, weak), time.Time{}, Unknown},
		"badly signed":               {bad, time.Time{}, Unknown},
		"rubbish":                    {[]byte("rubbish"), time.Time{}, Unknown},
		"delegated":                  {delegated(responder(ca, nil), good), time.Time{}, Passed},
		"delegated by another":       {delegated(responder(other, nil), good), time.Time{}, Unknown},
		"delegate of another trade":  {delegated(responder(ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }), good), time.Time{}, Unknown},
		"delegate expired":           {delegated(responder(ca, func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, 0, -1) }), good), time.Time{}, Unknown},
		"delegate cannot sign":       {delegated(responder(ca, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), good), time.Time{}, Unknown},
	} {
		q := ask(leaf, ca.Certificate)
		q.At, q.Now, q.FirstSeen, q.OCSP = now, now.Add(time.Minute), c.seen, [][]byte{c.response}
		r := s.Evaluate(q)
		require.Equal(t, c.want, r.Check(CheckRevocation).Status, name+": "+r.Check(CheckRevocation).Detail)
		if name == "rubbish" {
			require.Equal(t, []string{"unreadable-ocsp"}, codes(r.Findings))
			continue
		}
		m := Material{Keys: []KeyAnchor{keyAnchor(ca.Certificate)}, OCSP: q.OCSP}
		q.OCSP = nil
		require.Equal(t, c.want, newStore(t, m, nil).Evaluate(q).Check(CheckRevocation).Status, name)
	}
}

// OpenSSL as authority: its CRL is understood, and its judgement is ours.
func TestRevocationAgreesWithOpenSSL(t *testing.T) {
	o := newOpenSSL(t)
	ca := newCA("CA")
	o.write("ca.pem", ca.PEM())
	for name, c := range map[string]struct {
		entries []entry
	}{"free": {}, "revoked": {[]entry{{RevocationTime: atEvent.Add(-time.Hour)}}}} {
		leaf := ca.Provider("Gestore Alfa", fromAlfa, nil).Certificate
		for i := range c.entries {
			c.entries[i].SerialNumber = leaf.SerialNumber
		}
		crl := makeCRL(t, ca, atEvent.Add(-30*time.Minute), atEvent.Add(time.Hour), nil, c.entries...)
		o.write("crl.der", crl)
		o.run("crl", "-inform", "DER", "-in", "crl.der", "-out", "crl.pem")
		o.write("leaf.pem", testpki.PEM(leaf))
		_, err := o.try("verify", "-crl_check", "-attime", itoa64(atEvent.Unix()), "-CAfile", "ca.pem", "-CRLfile", "crl.pem", "leaf.pem")
		s := newStore(t, Material{Anchors: certs(ca.Certificate), CRLs: [][]byte{o.read("crl.pem")}}, nil)
		got := s.Evaluate(ask(leaf)).Check(CheckRevocation).Status
		require.Equal(t, err == nil, got == Passed, name)
		require.Equal(t, err != nil, got == Failed, name)
	}
}

func itoa64(n int64) string { return big.NewInt(n).String() }
