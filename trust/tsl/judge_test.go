package tsl_test

import (
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"sync"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

const (
	in2015 = "2015-06-01T00:00:00Z"
	in2019 = "2019-06-01T00:00:00Z"
	in2022 = "2022-06-01T00:00:00Z"
	in2025 = "2025-02-01T00:00:00Z"
)

// keyHash is the key identifier of RFC 5280 §4.2.1.2 (1).
func keyHash(tb testing.TB, c *x509.Certificate) []byte {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	_, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &spki)
	require.NoError(tb, err)
	sum := sha1.Sum(spki.Key.Bytes)
	return sum[:]
}

func TestJudge(t *testing.T) {
	p := newPKI()
	rem := p.rem.Certificate
	again := p.ca.Issue(p.rem.Key, "Provider IT", "rem@provider.example", nil).Certificate
	renamed := p.ca.Issue(p.rem.Key, "Somebody else", "rem@provider.example", nil).Certificate
	stranger := testpki.NewAuthority(seed+1, "Test REM authority", nil).Provider("Provider IT", "rem@provider.example", nil).Certificate
	under := p.ca.Provider("Under the authority", "under@provider.example", nil).Certificate
	web := p.ca.Provider("Web server", "", func(c *x509.Certificate) {
		c.EmailAddresses, c.DNSNames, c.ExtKeyUsage = nil, []string{"www.provider.example"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}).Certificate
	encrypts := p.ca.Provider("Encryption", "e@provider.example", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }).Certificate
	signingCA := p.root.Sub("Signing authority", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageDigitalSignature }).Certificate
	expired := p.ca.Provider("Expired", "x@provider.example", func(c *x509.Certificate) { c.NotAfter = at("2021-01-01T00:00:00Z") }).Certificate
	stamper := p.stamper("TSU 1", nil).Certificate
	liar := p.ca.Provider("Liar", "liar@provider.example", func(c *x509.Certificate) { c.SubjectKeyId = keyHash(t, rem) }).Certificate

	granted := func(kind string, certs ...*x509.Certificate) tsl.Service {
		return service(entry(kind, tsl.StatusGranted, "2020-01-01T00:00:00Z", certs...))
	}
	withdrawn := service(
		entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2024-01-01T00:00:00Z", rem),
		entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z"),
		entry(tsl.ServiceREM, tsl.StatusRecognisedAtNationalLevel, "2018-01-01T00:00:00Z"),
	)
	old := service(
		entry(tsl.ServiceTSAQualified, tsl.StatusWithdrawn, "2020-01-01T00:00:00Z", stamper),
		entry(tsl.ServiceTSAQualified, tsl.StatusAccredited, "2012-01-01T00:00:00Z"),
	)
	tooEarly := service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2014-01-01T00:00:00Z", rem))
	byKey := func(ski []byte, subjects ...string) tsl.Service {
		s := granted(tsl.ServiceREMQualified)
		s.Identity = tsl.Identity{KeyIDs: [][]byte{ski}, Subjects: subjects}
		return s
	}
	extended := func(x ...tsl.Extension) tsl.Service {
		s := granted(tsl.ServiceREMQualified, rem)
		s.Extensions = x
		return s
	}
	strange := tsl.Extension{Space: "urn:test", Name: "Riddle", Critical: true}
	harmless := tsl.Extension{Space: "urn:test", Name: "Riddle"}
	withKeyID := granted(tsl.ServiceREMQualified, stranger)
	withKeyID.Identity.KeyIDs = [][]byte{keyHash(t, rem)}
	takenOver := service(entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2021-01-01T00:00:00Z", rem))

	for _, c := range []struct {
		name     string
		services []tsl.Service
		cert     *x509.Certificate
		want     tsl.ServiceKind
		at       string
		standing tsl.Standing
		link     tsl.Link
		reason   string
	}{
		{"listed itself", []tsl.Service{granted(tsl.ServiceREMQualified, rem)}, rem, tsl.REM(), in2022, tsl.Qualified, tsl.LinkCertificate, "granted since 2020-01-01T00:00:00Z"},
		{"as qualified delivery", []tsl.Service{granted(tsl.ServiceEDSQualified, rem)}, rem, tsl.REM(), in2022, tsl.Qualified, tsl.LinkCertificate, "EDS/Q"},
		{"as qualified delivery, to the letter", []tsl.Service{granted(tsl.ServiceEDSQualified, rem)}, rem, tsl.REMBaseline(), in2022, tsl.NotListed, "", "no trusted list given knows"},
		{"to the letter", []tsl.Service{granted(tsl.ServiceREMQualified, rem)}, rem, tsl.REMBaseline(), in2022, tsl.Qualified, tsl.LinkCertificate, ""},
		{"for something else", []tsl.Service{granted(tsl.ServiceTSAQualified, rem)}, rem, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"not qualified type", []tsl.Service{granted(tsl.ServiceREM, rem)}, rem, tsl.REM(), in2022, tsl.Listed, tsl.LinkCertificate, "not a qualified type"},
		{"recognised", []tsl.Service{service(entry(tsl.ServiceREMQualified, tsl.StatusRecognisedAtNationalLevel, "2020-01-01T00:00:00Z", rem))}, rem, tsl.REM(), in2022, tsl.Listed, tsl.LinkCertificate, "not granted"},
		{"invented status", []tsl.Service{service(entry(tsl.ServiceREMQualified, "http://example.test/granted", "2020-01-01T00:00:00Z", rem))}, rem, tsl.REM(), in2022, tsl.Undetermined, tsl.LinkCertificate, "not one of TS 119 612"},
		{"too early", []tsl.Service{granted(tsl.ServiceREMQualified, rem)}, rem, tsl.REM(), in2019, tsl.NotYetListed, tsl.LinkCertificate, "first listed from 2020-01-01T00:00:00Z"},

		{"withdrawn", []tsl.Service{withdrawn}, rem, tsl.REM(), in2025, tsl.Ended, tsl.LinkCertificate, "withdrawn since 2024-01-01T00:00:00Z"},
		{"withdrawn later", []tsl.Service{withdrawn}, rem, tsl.REM(), in2022, tsl.Qualified, tsl.LinkCertificate, "granted since 2020-01-01T00:00:00Z until 2024-01-01T00:00:00Z"},
		{"of another type before", []tsl.Service{withdrawn}, rem, tsl.REM(), in2019, tsl.Listed, tsl.LinkCertificate, "(EDS/REM): recognisedatnationallevel"},
		{"before all", []tsl.Service{withdrawn}, rem, tsl.REM(), in2015, tsl.NotYetListed, tsl.LinkCertificate, "2018-01-01"},
		{"accredited before eIDAS", []tsl.Service{old}, stamper, tsl.TimeStamping(), in2015, tsl.Listed, tsl.LinkCertificate, "accredited"},
		{"nothing qualified before eIDAS", []tsl.Service{tooEarly}, rem, tsl.REM(), in2015, tsl.Listed, tsl.LinkCertificate, "no service was qualified before 2016-06-30T22:00:00Z"},
		{"and from then on", []tsl.Service{tooEarly}, rem, tsl.REM(), "2016-06-30T22:00:00Z", tsl.Qualified, tsl.LinkCertificate, ""},

		{"certificate issued again", []tsl.Service{granted(tsl.ServiceREMQualified, rem)}, again, tsl.REM(), in2022, tsl.Qualified, tsl.LinkKey, "the key and the subject"},
		{"key under another name", []tsl.Service{granted(tsl.ServiceREMQualified, rem)}, renamed, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"another certificate of the authority", []tsl.Service{granted(tsl.ServiceREMQualified, rem)}, under, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"same names, other keys", []tsl.Service{granted(tsl.ServiceREMQualified, rem)}, stranger, tsl.REM(), in2022, tsl.NotListed, "", ""},

		{"under a listed authority", []tsl.Service{granted(tsl.ServiceREMQualified, p.ca.Certificate)}, under, tsl.REM(), in2022, tsl.Qualified, tsl.LinkIssuer, "issued by the listed authority"},
		{"two steps under it", []tsl.Service{granted(tsl.ServiceREMQualified, p.root.Certificate)}, under, tsl.REM(), in2022, tsl.Qualified, tsl.LinkIssuer, ""},
		{"under a forged authority", []tsl.Service{granted(tsl.ServiceREMQualified, p.ca.Certificate)}, stranger, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"path expired", []tsl.Service{granted(tsl.ServiceREMQualified, p.ca.Certificate)}, expired, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"path in time", []tsl.Service{granted(tsl.ServiceREMQualified, p.ca.Certificate)}, expired, tsl.REM(), "2020-06-01T00:00:00Z", tsl.Qualified, tsl.LinkIssuer, ""},
		{"web server under it", []tsl.Service{granted(tsl.ServiceREMQualified, p.ca.Certificate)}, web, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"authority with a signer's key usage under it", []tsl.Service{granted(tsl.ServiceREMQualified, p.root.Certificate)}, signingCA, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"encryption under it", []tsl.Service{granted(tsl.ServiceREMQualified, p.ca.Certificate)}, encrypts, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"authority under it", []tsl.Service{granted(tsl.ServiceREMQualified, p.root.Certificate)}, p.ca.Certificate, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"time-stamps under it", []tsl.Service{granted(tsl.ServiceTSAQualified, p.ca.Certificate)}, stamper, tsl.TimeStamping(), in2022, tsl.Qualified, tsl.LinkIssuer, ""},
		{"mail under an authority for time-stamps", []tsl.Service{granted(tsl.ServiceTSAQualified, p.ca.Certificate)}, rem, tsl.TimeStamping(), in2022, tsl.NotListed, "", ""},

		{"by key identifier", []tsl.Service{byKey(keyHash(t, rem))}, rem, tsl.REM(), in2022, tsl.Listed, tsl.LinkKeyID, "a key identifier alone"},
		{"by key identifier and name", []tsl.Service{byKey(keyHash(t, rem), rem.Subject.String())}, rem, tsl.REM(), in2022, tsl.Listed, tsl.LinkKeyID, ""},
		{"name in another order", []tsl.Service{byKey(keyHash(t, rem), "C=IT, O=provider  IT,CN = Posta Certificata Provider IT")}, rem, tsl.REM(), in2022, tsl.Listed, tsl.LinkKeyID, ""},
		{"by key identifier, other name", []tsl.Service{byKey(keyHash(t, rem), "CN=Somebody else")}, rem, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"claimed key identifier", []tsl.Service{byKey(keyHash(t, rem))}, liar, tsl.REM(), in2022, tsl.Undetermined, tsl.LinkClaim, "only claims"},
		{"other key identifier", []tsl.Service{byKey([]byte{1, 2, 3})}, rem, tsl.REM(), in2022, tsl.NotListed, "", ""},
		{"key identifier beside a certificate", []tsl.Service{withKeyID}, rem, tsl.REM(), in2022, tsl.NotListed, "", ""},

		{"critical riddle", []tsl.Service{extended(strange)}, rem, tsl.REM(), in2022, tsl.Undetermined, tsl.LinkCertificate, "Riddle"},
		{"harmless riddle", []tsl.Service{extended(harmless)}, rem, tsl.REM(), in2022, tsl.Qualified, tsl.LinkCertificate, ""},
		{"known critical", []tsl.Service{extended(tsl.Extension{Name: "AdditionalServiceInformation", Critical: true, Value: "x"})}, rem, tsl.REM(), in2022, tsl.Qualified, tsl.LinkCertificate, ""},

		{"two services agree", []tsl.Service{granted(tsl.ServiceREMQualified, rem), granted(tsl.ServiceREMQualified, rem)}, rem, tsl.REM(), in2022, tsl.Qualified, tsl.LinkCertificate, ""},
		{"two services disagree", []tsl.Service{granted(tsl.ServiceREMQualified, rem), takenOver}, rem, tsl.REM(), in2022, tsl.Conflicting, tsl.LinkCertificate, "disagree"},
		{"before they disagree", []tsl.Service{granted(tsl.ServiceREMQualified, rem), takenOver}, rem, tsl.REM(), "2020-06-01T00:00:00Z", tsl.Qualified, tsl.LinkCertificate, ""},
		{"of two types", []tsl.Service{granted(tsl.ServiceEDSQualified, rem), takenOver}, rem, tsl.REM(), in2022, tsl.Qualified, tsl.LinkCertificate, "EDS/Q"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := set(t, made("IT", c.services...)).Judge(c.cert, p.chain(), c.want, at(c.at))
			require.Equal(t, c.standing, a.Standing, a.Reason)
			require.Contains(t, a.Reason, c.reason)
			require.Equal(t, c.standing == tsl.Qualified, a.Qualified())
			require.False(t, a.Stale)
			if c.link == "" {
				require.Nil(t, a.Best)
				require.Equal(t, trust.Unknown, a.Check().Status)
				return
			}
			require.Equal(t, c.link, a.Best.Link)
			require.Equal(t, "Provider IT", a.Best.Provider.Names.English())
			require.Contains(t, a.Reason, "Provider IT")
			require.Contains(t, a.Reason, "IT sequence 7 of 2025-01-10")
			require.Equal(t, map[tsl.Standing]trust.Status{
				tsl.Qualified: trust.Passed, tsl.Listed: trust.Passed, tsl.Ended: trust.Failed, tsl.NotYetListed: trust.Failed,
				tsl.Undetermined: trust.Unknown, tsl.Conflicting: trust.Unknown,
			}[a.Standing], a.Check().Status)
			require.Equal(t, trust.CheckTrustedList, a.Check().Name)
		})
	}
}

// A critical extension of the list or of the provider that is not understood
// speaks of the service as well (TS 119 612 §5.3.17, §5.4.5).
func TestJudgeMindsExtensionsAboveTheService(t *testing.T) {
	p := newPKI()
	for name, put := range map[string]func(l *tsl.List, x []tsl.Extension){
		"list":     func(l *tsl.List, x []tsl.Extension) { l.Extensions = x },
		"provider": func(l *tsl.List, x []tsl.Extension) { l.Providers[0].Extensions = x },
	} {
		for _, critical := range []bool{false, true} {
			l := made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.rem.Certificate)))
			put(l, []tsl.Extension{{Space: "urn:test", Name: "Riddle", Critical: critical}})
			a := set(t, l).Judge(p.rem.Certificate, nil, tsl.REM(), at(in2022))
			require.Equal(t, map[bool]tsl.Standing{false: tsl.Qualified, true: tsl.Undetermined}[critical], a.Standing, name)
		}
	}
}

// What a set remembers of one question does not change the answer to another.
func TestJudgeRemembersOnlyWhatHolds(t *testing.T) {
	p := newPKI()
	short := p.ca.Provider("Short", "short@provider.example", func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = at("2021-01-01T00:00:00Z"), at("2023-01-01T00:00:00Z")
	}).Certificate
	s := set(t, made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.root.Certificate))))
	ask := func(chain []*x509.Certificate, when string) tsl.Standing {
		return s.Judge(short, chain, tsl.REM(), at(when)).Standing
	}
	for range 2 {
		require.Equal(t, tsl.Qualified, ask(p.chain(), in2022))
		require.Equal(t, tsl.Qualified, ask(p.chain(), "2021-01-01T00:00:00Z"))
		require.Equal(t, tsl.Qualified, ask(p.chain(), "2023-01-01T00:00:00Z"))
		require.Equal(t, tsl.NotListed, ask(p.chain(), "2020-12-31T23:59:59Z"))
		require.Equal(t, tsl.NotListed, ask(p.chain(), "2023-01-01T00:00:01Z"))
		require.Equal(t, tsl.NotListed, ask(nil, in2022))
		require.Equal(t, tsl.NotListed, ask(p.chain()[1:], in2022))
	}
	kind := tsl.REM()
	kind.Usage, kind.Required = x509.ExtKeyUsageTimeStamping, true
	require.Equal(t, tsl.NotListed, s.Judge(short, p.chain(), kind, at(in2022)).Standing)
}

// Why a certificate under a listed authority does not count is said.
func TestJudgeSaysWhatNearlyCounted(t *testing.T) {
	p := newPKI()
	s := set(t, made("IT", service(entry(tsl.ServiceTSAQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.ca.Certificate))))
	a := s.Judge(p.rem.Certificate, nil, tsl.TimeStamping(), at(in2022))
	require.Equal(t, tsl.NotListed, a.Standing)
	require.Len(t, a.Findings, 1)
	require.Equal(t, "not-under-listed-authority", a.Findings[0].Code)
	require.Contains(t, a.Findings[0].Detail, "extended key usage")
}

// A path needs the certificates between: they come with the message and are
// never believed.
func TestJudgeNeedsTheCertificatesBetween(t *testing.T) {
	p := newPKI()
	s := set(t, made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.root.Certificate))))
	require.Equal(t, tsl.Qualified, s.Judge(p.rem.Certificate, p.chain(), tsl.REM(), at(in2022)).Standing)
	require.Equal(t, tsl.NotListed, s.Judge(p.rem.Certificate, nil, tsl.REM(), at(in2022)).Standing)
	forged := testpki.NewAuthority(seed+2, "Test root", nil)
	require.Equal(t, tsl.NotListed, s.Judge(forged.Provider("X", "x@provider.example", nil).Certificate,
		[]*x509.Certificate{forged.Certificate}, tsl.REM(), at(in2022)).Standing)
}

func TestJudgeWithoutWhatItNeeds(t *testing.T) {
	p := newPKI()
	full := set(t, made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.rem.Certificate))))
	empty, err := tsl.NewSet()
	require.NoError(t, err)
	for name, a := range map[string]*tsl.Answer{
		"certificate": full.Judge(nil, nil, tsl.REM(), at(in2022)),
		"time":        full.Judge(p.rem.Certificate, nil, tsl.REM(), time.Time{}),
		"list":        empty.Judge(p.rem.Certificate, nil, tsl.REM(), at(in2022)),
	} {
		require.Equal(t, tsl.Undetermined, a.Standing)
		require.Contains(t, a.Reason, "no ", name)
		require.Contains(t, a.Reason, name)
		require.Equal(t, trust.Unknown, a.Check().Status)
	}
}

// A list says nothing about times after its next issue was due.
func TestJudgeBeyondTheList(t *testing.T) {
	p := newPKI()
	l := made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.rem.Certificate)))
	ask := func(s *tsl.Set, when string) *tsl.Answer { return s.Judge(p.rem.Certificate, nil, tsl.REM(), at(when)) }
	s := set(t, l)
	require.True(t, ask(s, "2025-07-10T10:00:00Z").Qualified())
	late := ask(s, "2025-07-10T10:00:01Z")
	require.Equal(t, tsl.Qualified, late.Standing)
	require.True(t, late.Stale)
	require.False(t, late.Qualified())
	require.Equal(t, trust.Unknown, late.Check().Status)
	require.Equal(t, "list-stale", late.Findings[0].Code)

	graced, err := tsl.NewSet(written(t, l).Vouch(time.Time{}, &tsl.VerifyOptions{Grace: time.Hour}))
	require.NoError(t, err)
	require.True(t, ask(graced, "2025-07-10T11:00:00Z").Qualified())
	require.False(t, ask(graced, "2025-07-10T11:00:01Z").Qualified())

	l.Closed = true
	require.True(t, ask(set(t, l), "2025-01-10T10:00:00Z").Qualified())
	require.True(t, ask(set(t, l), "2025-01-10T10:00:01Z").Stale)
}

// Several lists may name a service, and each provider is called as in its own
// country's.
func TestJudgeAcrossLists(t *testing.T) {
	p := newPKI()
	same := service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.rem.Certificate))
	s := set(t, made("IT", same), made("SI", same))
	a := s.Judge(p.rem.Certificate, nil, tsl.REM(), at(in2022))
	require.Equal(t, tsl.Qualified, a.Standing)
	require.Len(t, a.Matches, 2)
	require.Equal(t, "Provider SI", a.In("si").Provider.Names.English())
	require.Equal(t, "IT", a.ProviderNamed("Provider IT").List.Territory)
	require.Nil(t, a.In("BE"))
	require.Nil(t, a.ProviderNamed("Provider"))
	require.Equal(t, "SI", s.List("si").Territory)
}

func TestTakeoverIsTold(t *testing.T) {
	p := newPKI()
	gone := service(entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2021-01-01T00:00:00Z", p.rem.Certificate))
	gone.Extensions = []tsl.Extension{{Name: "TakenOverBy", Value: "New provider"}}
	a := set(t, made("IT", gone)).Judge(p.rem.Certificate, nil, tsl.REM(), at(in2022))
	require.Equal(t, tsl.Ended, a.Standing)
	require.Equal(t, "service-taken-over", a.Findings[0].Code)
	require.Contains(t, a.Findings[0].Detail, "New provider")
}

func TestSetKeepsTheLaterIssue(t *testing.T) {
	p := newPKI()
	first := made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.rem.Certificate)))
	later := made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2021-01-01T00:00:00Z", p.rem.Certificate)))
	later.Sequence = 8
	for _, s := range []*tsl.Set{set(t, first, later), set(t, later, first)} {
		require.Len(t, s.Lists(), 1)
		require.Equal(t, "two-issues-of-a-list", s.Findings()[0].Code)
		require.Equal(t, tsl.Ended, s.Judge(p.rem.Certificate, nil, tsl.REM(), at(in2022)).Standing)
	}
}

func TestAnchorsAreForWhatTheyAreListedFor(t *testing.T) {
	p := newPKI()
	stamper := p.stamper("TSU 1", nil).Certificate
	never := p.ca.Provider("Never active", "n@provider.example", nil).Certificate
	s := set(t, made("IT",
		service(entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2024-01-01T00:00:00Z", p.rem.Certificate), entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z")),
		service(entry(tsl.ServiceEDSQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.ca.Certificate, p.rem.Certificate)),
		service(entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2024-01-01T00:00:00Z", never)),
		service(entry(tsl.ServiceTSAQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", stamper)),
	))
	raw := func(certs []*x509.Certificate) (found []string) {
		for _, c := range certs {
			found = append(found, string(c.Raw))
		}
		return found
	}
	require.ElementsMatch(t, raw([]*x509.Certificate{p.rem.Certificate, p.ca.Certificate}), raw(s.Anchors(tsl.REM())))
	require.ElementsMatch(t, raw([]*x509.Certificate{stamper}), raw(s.Anchors(tsl.TimeStamping())))
}

// Run with -race.
func TestSetIsAskedByMany(t *testing.T) {
	p := newPKI()
	s := set(t, made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.ca.Certificate))))
	var group sync.WaitGroup
	answers := make([]*tsl.Answer, 16)
	for i := range answers {
		group.Go(func() { answers[i] = s.Judge(p.rem.Certificate, p.chain(), tsl.REM(), at(in2022)) })
	}
	group.Wait()
	for _, a := range answers {
		require.True(t, a.Qualified())
	}
}
