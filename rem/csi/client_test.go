package csi_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

func TestC01_MailExchangerIsTheSupplyPoint(t *testing.T) {
	r := newREMID()
	lists := set(t, r.list(nil))
	for _, mx := range []string{"mx.provider.example", "mx.provider.example.", "MX.Provider.Example", "MX.PROVIDER.EXAMPLE."} {
		p, err := csi.FindByMX(lists, mx, tsl.REM(), now)
		require.NoError(t, err, mx)
		require.Equal(t, "Provider IT", p.Provider.Names.English())
		require.Equal(t, csi.SupplyPoints{Host: "mx.provider.example", Port: 25, Document: location}, p.SupplyPoints)
		require.Equal(t, tsl.Qualified, p.Standing)
	}
	for mx, want := range map[string]error{
		"mx2.provider.example":             csi.ErrNoPeer,
		"provider.example":                 csi.ErrNoPeer,
		"x.mx.provider.example":            csi.ErrNoPeer,
		"mx.provider.example.evil.test":    csi.ErrNoPeer,
		"":                                 csi.ErrNoMX,
		".":                                csi.ErrNoMX,
		"mx..provider.example":             csi.ErrNoMX,
		"mx.provider.example..":            csi.ErrNoMX,
		"mx.provider.example:25":           csi.ErrNoMX,
		"mx.provi\u0131der.example":        csi.ErrNoMX,
		"mx.provider.e\u212Aample":         csi.ErrNoMX, // the Kelvin sign folds to k
		strings.Repeat("a.", 200) + "test": csi.ErrNoMX,
	} {
		_, err := csi.FindByMX(lists, mx, tsl.REM(), now)
		require.ErrorIs(t, err, want, mx)
	}
}

// Type and status of the service count, at the time asked for.
func TestC01_OnlyActiveServicesOfTheKind(t *testing.T) {
	r := newREMID()
	find := func(change func(*tsl.Service), kind tsl.ServiceKind, when time.Time) (*csi.Peer, error) {
		return csi.FindByMX(set(t, r.list(func(l *tsl.List) { change(&l.Providers[0].Services[0]) })), "mx.provider.example", kind, when)
	}
	nothing := func(*tsl.Service) {}
	withdraw := func(s *tsl.Service) {
		s.History = []tsl.Entry{{Type: s.Type, Status: tsl.StatusGranted, Starting: s.Starting}}
		s.Status, s.Starting = tsl.StatusWithdrawn, at("2025-01-01T00:00:00Z")
	}
	_, err := find(withdraw, tsl.REM(), now)
	require.ErrorIs(t, err, tsl.ErrNotActive)
	p, err := find(withdraw, tsl.REM(), at("2024-06-01T00:00:00Z")) // C-08: by the history of the list
	require.NoError(t, err)
	require.Equal(t, at("2025-01-01T00:00:00Z"), p.Span.Until)
	_, err = find(nothing, tsl.REM(), at("2023-06-01T00:00:00Z"))
	require.ErrorIs(t, err, tsl.ErrNotActive)
	p, err = find(nothing, tsl.REM(), at("2026-06-01T00:00:00Z"))
	require.ErrorIs(t, err, tsl.ErrStale)
	require.True(t, p.Stale)
	_, err = find(nothing, tsl.TimeStamping(), now)
	require.ErrorIs(t, err, csi.ErrNoPeer)
	_, err = find(func(s *tsl.Service) { s.Type = tsl.ServiceEDSQualified }, tsl.REMBaseline(), now)
	require.ErrorIs(t, err, csi.ErrNoPeer)
	_, err = find(func(s *tsl.Service) { s.Identity = tsl.Identity{KeyIDs: [][]byte{{1}}} }, tsl.REM(), now)
	require.ErrorIs(t, err, tsl.ErrNotActive)
	require.ErrorContains(t, err, "no certificate")
	_, err = find(func(s *tsl.Service) { s.SupplyPoints = s.SupplyPoints[:1] }, tsl.REM(), now)
	require.ErrorIs(t, err, csi.ErrNoPeer)

	// Another provider that claims the same mail exchanger makes it ambiguous.
	_, err = csi.FindByMX(set(t, r.list(func(l *tsl.List) {
		l.Providers[1].Services[0].SupplyPoints[0].URI = "smtp:mx.provider.example"
	})), "mx.provider.example", tsl.REM(), now)
	require.ErrorIs(t, err, csi.ErrManyPeers)
	// Two lists that name one service do not.
	again := r.list(nil)
	again.Territory = "SI"
	p, err = csi.FindByMX(set(t, r.list(nil), again), "mx.provider.example", tsl.REM(), now)
	require.NoError(t, err)
	require.Len(t, p.Same, 2)
}

func TestC02_SupplyPointForms(t *testing.T) {
	for uri, want := range map[string]struct {
		host string
		port int
	}{
		"smtp://mx.provider.example":        {"mx.provider.example", 25},
		"smtp://mx.provider.example:2525":   {"mx.provider.example", 2525},
		"smtp:mx.provider.example:25":       {"mx.provider.example", 25},
		"smtp:mx.provider.example":          {"mx.provider.example", 25},
		"SMTP://MX.provider.Example.:65535": {"mx.provider.example", 65535},
		"smtp://xn--caff-8oa.example":       {"xn--caff-8oa.example", 25},
	} {
		host, port, err := csi.ParseSMTP(uri)
		require.NoError(t, err, uri)
		require.Equal(t, []any{want.host, want.port}, []any{host, port}, uri)
	}
	for _, uri := range []string{"", "smtp", "smtp:", "smtp://", "smtps://mx.provider.example", "https://mx.provider.example", "mx.provider.example",
		"smtp://mx.provider.example:", "smtp://mx.provider.example:0", "smtp://mx.provider.example:65536", "smtp://mx.provider.example:+25", "smtp://mx.provider.example:-1",
		"smtp://mx.provider.example:25/x", "smtp://user@mx.provider.example", "smtp:///mx.provider.example", "smtp://mx provider.example", "smtp://mx.provider.example?x", "smtp://-mx.example"} {
		_, _, err := csi.ParseSMTP(uri)
		require.ErrorIs(t, err, csi.ErrSupplyPoint, uri)
	}
	points := func(uris ...string) (found []tsl.SupplyPoint) {
		for _, u := range uris {
			found = append(found, tsl.SupplyPoint{URI: u})
		}
		return found
	}
	const smtp, https = "smtp:mx.a.example:25", "https://a.example/csi.xml"
	got, err := csi.ParseSupplyPoints(points(https, "ldap://a.example", smtp))
	require.NoError(t, err)
	require.Equal(t, csi.SupplyPoints{Host: "mx.a.example", Port: 25, Document: https}, got)
	for _, bad := range [][]tsl.SupplyPoint{points(), points(smtp), points(https), points(smtp, smtp, https), points(smtp, https, https), points("smtp:", https), points(smtp, "https://"), points(smtp, "http://a.example/csi.xml")} {
		_, err := csi.ParseSupplyPoints(bad)
		require.ErrorIs(t, err, csi.ErrSupplyPoint)
	}
}

func TestC03_Document(t *testing.T) {
	r := newREMID()
	lists := set(t, r.list(nil))
	peer, err := csi.FindByMX(lists, "mx.provider.example", tsl.REM(), now)
	require.NoError(t, err)
	d := parsed(t, signed(t, r.document(), signer(r.service)))
	sum := d.Digest()
	everything := csi.VerifyOptions{Now: now, Lists: lists, Peer: peer, Location: location, DigestFile: sum[:], LastSequence: 3}
	v := d.Verify(&everything)
	require.NoError(t, v.Err)
	require.Equal(t, trust.Valid, v.Verdict())
	for _, c := range v.Checks {
		require.Equal(t, trust.Passed, c.Status, c.Name)
	}
	require.Len(t, v.Checks, 8)
	require.Equal(t, csi.RoleService, v.Role)
	require.Equal(t, issued, v.SigningTime)
	require.True(t, v.Answer.Qualified())

	unsigned, err := csi.Write(r.document())
	require.NoError(t, err)
	byOther := parsed(t, signed(t, r.document(), signer(r.other)))
	stranger := testpki.NewAuthority(seed+1, "Stranger", nil).Provider("Provider IT", "rem@provider.example", nil)
	endless := string(signed(t, r.document(), signer(r.service)))
	for name, c := range map[string]struct {
		document *csi.Document
		change   func(*csi.VerifyOptions)
		check    string
		err      error
		verdict  trust.Verdict
	}{
		"not signed":          {parsed(t, unsigned), nil, trust.CheckSignature, csi.ErrSignature, trust.Invalid},
		"altered":             {parsed(t, []byte(strings.Replace(endless, "/rems<", "/remz<", 1))), nil, trust.CheckSignature, csi.ErrSignature, trust.Invalid},
		"another TLS key":     {parsed(t, []byte(strings.Replace(endless, "<si:TLSCertificate>MI", "<si:TLSCertificate>MJ", 1))), nil, trust.CheckSignature, csi.ErrSignature, trust.Invalid},
		"by another service":  {byOther, nil, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"by any service":      {byOther, func(o *csi.VerifyOptions) { o.Peer = nil }, "", nil, trust.Valid},
		"by a stranger":       {parsed(t, signed(t, r.document(), signer(stranger))), nil, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"no list":             {d, func(o *csi.VerifyOptions) { o.Lists = nil }, "", nil, trust.Indeterminate},
		"out of use":          {d, func(o *csi.VerifyOptions) { o.Now, o.At = d.Scheme.NextUpdate.Add(1), now }, csi.CheckFresh, csi.ErrStale, trust.Invalid},
		"last moment of use":  {d, func(o *csi.VerifyOptions) { o.Now, o.At = d.Scheme.NextUpdate, now }, "", nil, trust.Valid},
		"no present":          {d, func(o *csi.VerifyOptions) { o.Now, o.At = time.Time{}, now }, "", nil, trust.Indeterminate},
		"older than seen":     {d, func(o *csi.VerifyOptions) { o.LastSequence = 4 }, csi.CheckSequence, csi.ErrSequence, trust.Invalid},
		"newer than seen":     {d, func(o *csi.VerifyOptions) { o.LastSequence = 2 }, "", nil, trust.Valid},
		"other digest":        {d, func(o *csi.VerifyOptions) { o.DigestFile = make([]byte, 32) }, csi.CheckDigest, tsl.ErrDigest, trust.Invalid},
		"no digest":           {d, func(o *csi.VerifyOptions) { o.DigestFile = []byte{} }, csi.CheckDigest, tsl.ErrDigest, trust.Invalid},
		"hexadecimal digest":  {d, func(o *csi.VerifyOptions) { o.DigestFile = []byte(hex.EncodeToString(sum[:]) + "\n") }, "", nil, trust.Valid},
		"found elsewhere":     {d, func(o *csi.VerifyOptions) { o.Location = "https://other.example/csi.xml" }, csi.CheckDistribution, csi.ErrDistribution, trust.Invalid},
		"service withdrawn":   {d, func(o *csi.VerifyOptions) { o.At, o.Peer = at("2023-01-01T00:00:00Z"), nil }, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"list out of date":    {d, func(o *csi.VerifyOptions) { o.At = at("2026-01-01T00:00:00Z") }, "", nil, trust.Indeterminate},
		"authority not given": {parsed(t, signed(t, r.document(), signer(r.authority))), nil, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"by the authority":    {parsed(t, signed(t, r.document(), signer(r.authority))), func(o *csi.VerifyOptions) { o.Authorities = []*x509.Certificate{nil, r.authority.Certificate} }, "", nil, trust.Valid},
		"by one it issued":    {parsed(t, signed(t, r.document(), signer(r.authority))), func(o *csi.VerifyOptions) { o.Authorities, o.Lists = r.authority.Chain, nil }, "", nil, trust.Valid},
		"another authority":   {d, func(o *csi.VerifyOptions) { o.Authorities, o.Lists = []*x509.Certificate{r.authority.Certificate}, nil }, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"by the listed issuer": {byOther, func(o *csi.VerifyOptions) {
			o.Peer, o.Lists = nil, set(t, r.list(func(l *tsl.List) {
				l.Providers = l.Providers[:1]
				l.Providers[0].Services[0].Identity.Certificates = [][]byte{r.ca.Certificate.Raw}
			}))
		}, "", nil, trust.Valid},
	} {
		t.Run(name, func(t *testing.T) {
			o := everything
			o.DigestFile = nil
			if c.change != nil {
				c.change(&o)
			}
			v := c.document.Verify(&o)
			require.Equal(t, c.verdict, v.Verdict(), "%v", v.Checks)
			if c.err == nil {
				require.NoError(t, v.Err)
				return
			}
			require.ErrorIs(t, v.Err, c.err)
			require.Equal(t, trust.Failed, v.Check(c.check).Status)
			for _, other := range v.Checks {
				require.True(t, other.Name == c.check || other.Status != trust.Failed, other.Name)
			}
		})
	}
}

func TestC03_WithoutNextUpdate(t *testing.T) {
	r := newREMID()
	xml, err := csi.Write(r.document())
	require.NoError(t, err)
	text := string(xml)
	open, end := strings.Index(text, "<tl:dateTime>"), strings.Index(text, "</si:CSINextUpdate>")
	d := parsed(t, []byte(text[:open]+text[end:]))
	require.True(t, d.Scheme.NextUpdate.IsZero())
	require.Contains(t, codes(d), "missing-element")
	require.Equal(t, trust.Failed, d.Verify(&csi.VerifyOptions{Now: now}).Check(csi.CheckFresh).Status)
}

func TestC03_DigestLocation(t *testing.T) {
	for in, want := range map[string]string{
		location:                            "https://provider.example/csi.sha2",
		"https://a.example/x.y/CSI.xml?v=1": "https://a.example/x.y/CSI.sha2?v=1",
		"https://a.example/csi":             "",
		"https://a.example/.xml":            "",
		"https://a.example/csi.XML":         "",
		":":                                 "",
	} {
		require.Equal(t, want, csi.DigestLocation(in), in)
	}
}

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
