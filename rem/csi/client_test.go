package csi_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

func TestC04_Equivalence(t *testing.T) {
	r := newREMID()
	theirs := func(change func(*csi.Document)) *csi.Document {
		d := r.document()
		d.Version, d.Capabilities.Version, d.Capabilities.IDScheme, d.Security.Version = csi.Version, csi.CapabilitiesVersion, csi.IdentifierScheme, csi.Version
		if change != nil {
			change(d)
		}
		return d
	}
	ours := parsed(t, signed(t, r.document(), signer(r.service)))
	require.Empty(t, csi.Compare(ours, theirs(nil)))
	require.Empty(t, csi.Baseline(theirs(nil)))
	for _, c := range []struct {
		field, table, reason string
		change               func(*csi.Document)
	}{
		{"ERDSMetadata/@version", "table C.9", "the values differ", func(d *csi.Document) { d.Capabilities.Version = "EN319522v1.2.1" }},
		{"ERDSMetadata/@version", "table C.9", "absent from theirs", func(d *csi.Document) { d.Capabilities.Version = "" }},
		{"ERDSId/@IdentifierSchemeName", "table C.9", "the values differ", func(d *csi.Document) { d.Capabilities.IDScheme = "https" }},
		{"ERDSId", "table C.9", "", func(d *csi.Document) { d.Capabilities.ID = "https://other.example/" }},
		{"ERDSId", "table C.9", "absent from theirs", func(d *csi.Document) { d.Capabilities.ID = "" }},
		{"ERDSDomain", "table C.9", "", func(d *csi.Document) { d.Capabilities.Domain = "mx.other.example" }},
		{"ERDSDomain", "table C.9", "absent from theirs", func(d *csi.Document) { d.Capabilities.Domain = "" }},
		{"ERDSGoverningBody", "table C.9", "", func(d *csi.Document) { d.Capabilities.GoverningBody = "Other" }},
		{"ERDSGoverningBody", "table C.9", "absent from theirs", func(d *csi.Document) { d.Capabilities.GoverningBody = "" }},
		{"ERDSProfileSupported", "table C.9", "the values differ", func(d *csi.Document) { d.Capabilities.Profile = "urn:x" }},
		{"ERDSExpiryDateAndTimeSupport", "table C.9", "the values differ", func(d *csi.Document) { d.Capabilities.ExpiryDate = csi.True }},
		{"ERDSScheduledDeliverySupport", "table C.9", "the values differ", func(d *csi.Document) { d.Capabilities.ScheduledDelivery = csi.True }},
		{"ERDSScheduledDeliverySupport", "table C.9", "absent from theirs", func(d *csi.Document) { d.Capabilities.ScheduledDelivery = csi.Absent }},
		{"ERDSAssuranceLevelsSupported/AssuranceLevel", "table C.9", "the values differ", func(d *csi.Document) { d.Capabilities.AssuranceLevel = "http://eidas.europa.eu/LoA/high" }},
		{"ERDSSupportedConsignmentModes", "table C.9", "the values differ", func(d *csi.Document) {
			d.Capabilities.ConsignmentMode = "http://uri.etsi.org/19522/v1#/consignment/consent"
		}},
		{"CapabilityBasedSecurity/@version", "table C.12", "the values differ", func(d *csi.Document) { d.Security.Version = "EN319532v2" }},
		{"TLSCertificate", "table C.12", "", func(d *csi.Document) { d.Security.TLSCertificate = []byte{1} }},
		{"TLSCertificate", "table C.12", "absent from theirs", func(d *csi.Document) { d.Security.TLSCertificate = nil }},
	} {
		for _, found := range [][]csi.Difference{csi.Compare(ours, theirs(c.change)), csi.Baseline(theirs(c.change))} {
			if c.reason == "" {
				require.Empty(t, found, c.field)
				continue
			}
			require.Len(t, found, 1, c.field)
			require.Equal(t, []string{c.field, c.table, c.reason}, []string{found[0].Field, found[0].Table, found[0].Reason})
			require.Contains(t, found[0].String(), c.field)
		}
	}
	require.Len(t, csi.Compare(&csi.Document{}, &csi.Document{}), 12)
	require.Equal(t, "absent from ours", csi.Compare(&csi.Document{}, ours)[0].Reason)
}

func TestC05_DomainAndGoverningBody(t *testing.T) {
	r := newREMID()
	lists := set(t, r.list(nil))
	peer, err := csi.FindByMX(lists, "mx.provider.example", tsl.REM(), now)
	require.NoError(t, err)
	verify := func(change func(*csi.Capabilities)) *csi.Verification {
		d := r.document()
		change(&d.Capabilities)
		return parsed(t, signed(t, d, signer(r.service))).Verify(&csi.VerifyOptions{Now: now, Lists: lists, Peer: peer})
	}
	require.Equal(t, trust.Valid, verify(func(c *csi.Capabilities) { c.Domain = "MX.provider.example." }).Verdict())
	for _, domain := range []string{"provider.example", "mx.other.example", "smtp://mx.provider.example", "mx.provider.example:25"} {
		v := verify(func(c *csi.Capabilities) { c.Domain = domain })
		require.ErrorIs(t, v.Err, csi.ErrDomain, domain)
		require.Equal(t, trust.Failed, v.Check(csi.CheckDomain).Status)
		require.Equal(t, trust.Invalid, v.Verdict())
	}
	for _, name := range []string{"provider it", "Provider IT S.p.A.", "Other provider"} {
		v := verify(func(c *csi.Capabilities) { c.GoverningBody = name })
		require.ErrorIs(t, v.Err, csi.ErrGoverningBody, name)
		require.Equal(t, trust.Failed, v.Check(csi.CheckGoverningBody).Status)
	}
	v := verify(func(c *csi.Capabilities) { c.GoverningBody = "REM service" }) // as in the kit
	require.ErrorContains(t, v.Err, "is the name of the service")
}

func TestC06_TLSPeer(t *testing.T) {
	r := newREMID()
	d := parsed(t, signed(t, r.document(), signer(r.service)))
	require.NoError(t, d.MatchTLS(r.tls.Certificate))
	renewed := r.root.Issue(r.tls.Key, "MX", "", func(c *x509.Certificate) { c.EmailAddresses, c.DNSNames = nil, []string{"mx.provider.example"} })
	for _, peer := range []*x509.Certificate{nil, {}, renewed.Certificate, r.service.Certificate} {
		require.ErrorIs(t, d.MatchTLS(peer), csi.ErrTLSPeer)
	}
	for _, der := range [][]byte{nil, []byte("ABC123\n")} {
		bad := r.document()
		bad.Security.TLSCertificate = der
		require.ErrorIs(t, bad.MatchTLS(r.tls.Certificate), csi.ErrTLSCertificate)
	}
}

func TestC07_HistoryIsNamedByItsDigest(t *testing.T) {
	r := newREMID()
	old := signed(t, r.document(), signer(r.service))
	sum := sha256.Sum256(old)
	name := csi.HistoryName(old)
	require.Equal(t, hex.EncodeToString(sum[:])+".xml", name)
	url := "https://provider.example/history/" + name
	require.NoError(t, csi.CheckHistory(url, old))
	require.NoError(t, csi.CheckHistory("https://provider.example/history/"+strings.ToUpper(name[:64])+".xml?x=y", old))
	require.ErrorIs(t, csi.CheckHistory(url, append(old, '\n')), csi.ErrHistory)
	for _, bad := range []string{"", "https://provider.example/", "https://provider.example/" + name[:64], "https://provider.example/" + name[1:], "https://provider.example/" + name + "/x.xml",
		"https://provider.example/x" + name, "https://provider.example/g" + name[1:], ":"} {
		require.ErrorIs(t, csi.CheckHistory(bad, old), csi.ErrHistory, bad)
	}
	next := r.document()
	next.Scheme.Sequence, next.Scheme.History = 4, []string{url, "https://provider.example/history/old.xml"}
	d := parsed(t, signed(t, next, signer(r.service)))
	require.Equal(t, next.Scheme.History, d.Scheme.History)
	require.Equal(t, []string{"history-name"}, codes(d))
}

func TestC08_CachedCopiesAndExplicitRefresh(t *testing.T) {
	r := newREMID()
	lists := set(t, r.list(nil))
	src := counting{tsl.Files{}, map[string]int{}}
	publish := func(change func(*csi.Document)) *csi.Document {
		d := r.document()
		if change != nil {
			change(d)
		}
		xml := signed(t, d, signer(r.service))
		sum := sha256.Sum256(xml)
		src.Files[location], src.Files["https://provider.example/csi.sha2"] = xml, sum[:]
		return parsed(t, xml)
	}
	cache := csi.NewCache(src, nil)
	o := csi.VerifyOptions{Now: now, Lists: lists}
	_, err := cache.Refresh(background(), location, o)
	require.ErrorIs(t, err, csi.ErrNotRefreshed)
	require.ErrorIs(t, err, tsl.ErrFetch)
	require.Nil(t, cache.Get(location))

	first := publish(nil)
	require.Nil(t, cache.Get(location)) // nothing by itself
	v, err := cache.Refresh(background(), location, o)
	require.NoError(t, err)
	require.Empty(t, v.Findings)
	require.Equal(t, first.Raw(), cache.Get(location).Raw())
	fetched := src.count[location]
	_, err = cache.Refresh(background(), location, o)
	require.NoError(t, err)
	require.Equal(t, fetched, src.count[location], "the digest says that nothing changed")

	// What is not believed does not replace the copy.
	kept := func(want error) {
		t.Helper()
		_, err := cache.Refresh(background(), location, o)
		require.ErrorIs(t, err, csi.ErrNotRefreshed)
		require.ErrorIs(t, err, want)
		require.Equal(t, first.Raw(), cache.Get(location).Raw())
	}
	publish(func(d *csi.Document) { d.Scheme.Sequence = 2 })
	kept(csi.ErrSequence)
	publish(func(d *csi.Document) { d.Scheme.Sequence = 4 })
	believing := o
	o.Lists = nil // nothing to judge the signer by
	kept(csi.ErrSigner)
	o = believing
	publish(func(d *csi.Document) { d.Scheme.DistributionPoints = []string{"https://other.example/csi.xml"} })
	kept(csi.ErrDistribution)
	publish(func(d *csi.Document) { d.Scheme.Sequence = 4 })
	src.Files["https://provider.example/csi.sha2"] = make([]byte, 32)
	kept(tsl.ErrDigest)
	src.Files[location] = []byte("<html/>")
	kept(csi.ErrNotCSI)

	second := publish(func(d *csi.Document) { d.Scheme.Sequence, d.Scheme.Issued = 4, at("2025-01-20T00:00:00Z") })
	delete(src.Files, "https://provider.example/csi.sha2")
	v, err = cache.Refresh(background(), location, o)
	require.NoError(t, err)
	require.Equal(t, "no-digest-file", v.Findings[0].Code)
	require.Equal(t, second.Raw(), cache.Get(location).Raw())
	publish(func(d *csi.Document) { d.Scheme.Sequence, d.ID = 4, "csi-2" })
	v, err = cache.Refresh(background(), location, o)
	require.NoError(t, err)
	require.Equal(t, "same-sequence-other-content", v.Findings[0].Code)

	// The past: the issue in use then, the service by the list's history.
	issues := []*csi.Document{second, nil, first}
	require.Nil(t, csi.IssueAt(issues, at("2025-01-09T00:00:00Z")))
	require.Same(t, first, csi.IssueAt(issues, at("2025-01-15T00:00:00Z")))
	require.Same(t, second, csi.IssueAt(issues, at("2025-01-20T00:00:00Z")))
	withdrawn := set(t, r.list(func(l *tsl.List) {
		s := &l.Providers[0].Services[0]
		s.History = []tsl.Entry{{Type: s.Type, Status: tsl.StatusGranted, Starting: s.Starting}}
		s.Status, s.Starting = tsl.StatusWithdrawn, at("2025-01-18T00:00:00Z")
	}))
	past := csi.VerifyOptions{Now: now, Lists: withdrawn, At: at("2025-01-15T00:00:00Z")}
	require.Equal(t, trust.Valid, first.Verify(&past).Verdict())
	past.At = time.Time{}
	require.ErrorIs(t, first.Verify(&past).Err, csi.ErrSigner)
}
