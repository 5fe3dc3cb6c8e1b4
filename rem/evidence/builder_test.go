package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/stretchr/testify/require"
)

// refused builds an evidence, changes it and returns what the profile has
// against it.
func refused(tb testing.TB, p *Profile, e *Evidence) []Deviation {
	tb.Helper()
	xml, err := e.Marshal(p)
	require.Nil(tb, xml)
	var n *NonConformant
	require.ErrorAs(tb, err, &n)
	require.Equal(tb, p.Name, n.Profile)
	require.NotEmpty(tb, n.Deviations)
	for _, d := range n.Deviations {
		require.Greater(tb, d.Severity, Remark)
		require.NotEmpty(tb, d.Clause)
		require.NotEmpty(tb, d.Found)
		require.NotEmpty(tb, d.Want)
		require.Contains(tb, err.Error(), d.String())
	}
	return n.Deviations
}

// refusedFor also says for which component.
func refusedFor(tb testing.TB, p *Profile, e *Evidence, component string) {
	tb.Helper()
	for _, d := range refused(tb, p, e) {
		if d.Component == component {
			return
		}
	}
	require.Fail(tb, "no deviation for "+component, "%v", refused(tb, p, e))
}

func TestB01_RootAndOrder(t *testing.T) {
	for _, e := range samples() {
		xml, err := e.Marshal(Baseline())
		require.NoError(t, err)
		doc, err := xmltree.Parse(xml, nil)
		require.NoError(t, err)
		require.Equal(t, "tns", doc.Root.Prefix)
		require.True(t, doc.Root.Is(NamespaceERDS, "Evidence"))
		version, _ := doc.Root.Attr("", "version")
		require.Equal(t, "EN319522v1.1.1", version)
		last := -1
		for c := range doc.Root.Elements() {
			at := -1
			for i := range rootSlots {
				if rootSlots[i].local == c.Local {
					require.Equal(t, rootSlots[i].space, c.Space)
					require.Equal(t, rootSlots[i].space == "", c.Prefix == "")
					at = i
				}
			}
			require.GreaterOrEqual(t, at, last, c.Local)
			last = at
		}
		require.NotContains(t, string(xml), "xmlns=")
		requireValid(t, xml)
	}
}

func TestB02_NamespacesOfTypesAreOnTheRoot(t *testing.T) {
	xml, err := contentConsignment().Marshal(Baseline())
	require.NoError(t, err)
	start, _, _ := strings.Cut(string(xml[strings.Index(string(xml), "<tns:"):]), ">")
	require.Contains(t, start, `xmlns:elp="`+NamespaceLegalPerson+`"`)
	require.Contains(t, start, `xmlns:enp="`+NamespaceNaturalPerson+`"`)
	require.Contains(t, string(xml), `xsi:type="elp:LegalNameType"`)
	require.Contains(t, string(xml), `xsi:type="enp:PersonIdentifierType"`)
	// A type of somebody else's gets a prefix of its own, and is found again.
	e := contentConsignment()
	other := QName{"http://vendor.example/types", "Level"}
	e.Issuer.Attributes = append(e.Issuer.Attributes, Attribute{Name: "urn:x", Values: []AttributeValue{{other, "v"}}})
	xml, _, err = e.MarshalLenient(nil)
	require.NoError(t, err)
	back, err := Parse(xml, nil)
	require.NoError(t, err)
	require.Equal(t, other, back.Issuer.Attributes[1].Values[0].Type)
	// What nobody declared is not believed.
	broken, err := Parse([]byte(strings.Replace(string(xml), "xmlns:elp=", "xmlns:elq=", 1)), nil)
	require.NoError(t, err)
	require.Equal(t, Violation, broken.worst(Baseline(), "R03"))
}

func TestB05_TimesAreUTCAndCopied(t *testing.T) {
	rome := time.FixedZone("", 3600)
	e, err := New(SubmissionAcceptance, time.Date(2026, 1, 15, 10, 30, 1, 999, rome), "RA01")
	require.NoError(t, err)
	require.Equal(t, "2026-01-15T09:30:01Z", e.Time.Lexical)

	e = submissionAcceptance()
	e.Time = Time{UTC: submitted, Lexical: "2026-01-15T10:30:01+01:00"}
	refusedFor(t, Baseline(), e, "G05")
	_, err = e.Marshal(GenericERDS())
	require.NoError(t, err)
	e.Time = Time{UTC: submitted} // written as it should be
	xml, err := e.Marshal(Baseline())
	require.NoError(t, err)
	require.Contains(t, string(xml), "<EventTime>2026-01-15T09:30:01Z</EventTime>")
	e.Time = Time{UTC: submitted, Lexical: "2026-01-15T09:30:02Z"} // two truths
	refusedFor(t, GenericERDS(), e, "G05")
	e.Time = Time{Lexical: "yesterday"}
	refused(t, GenericERDS(), e)

	later := contentConsignment()
	later.Submitted = &Time{UTC: submitted, Lexical: "2026-01-15T09:30:01.000Z"}
	xml, err = later.Marshal(Baseline())
	require.NoError(t, err)
	require.Contains(t, string(xml), "<tns:SubmissionTime>2026-01-15T09:30:01.000Z</tns:SubmissionTime>")
}

func TestB06_Policies(t *testing.T) {
	e := submissionAcceptance()
	require.Equal(t, PolicyBaseline, e.Policies[0])
	e.Policies = []string{PolicyREMITEvidence, PolicyBaseline}
	refusedFor(t, Baseline(), e, "R01") // the order of the examples
	require.Equal(t, Tolerated, e.worst(Baseline(), ""))
	e.Policies = []string{PolicyREMITEvidence, PolicyREMIT}
	require.Equal(t, Violation, e.worst(Baseline(), ""))
	e.Policies = []string{PolicyBaseline, "https://remid.example/policy"}
	require.Equal(t, Remark, e.worst(Baseline(), ""))
	require.Equal(t, Violation, e.worst(PolicyIT(), ""))
	own := Baseline()
	own.Policy = "https://remid.example/policy"
	require.Equal(t, Remark, e.worst(own, ""))
	e.Policies[1] = "https://remid.example/policy-of-others"
	require.Equal(t, Violation, e.worst(own, ""))
	for _, uri := range []string{PolicyREMIT, PolicyREMITEvidence} {
		e.Policies[1] = uri
		require.Empty(t, e.Check(PolicyIT()))
		require.Equal(t, PolicyIT().Name, ProfileOf(e).Name)
	}
	require.Equal(t, Baseline().Name, ProfileOf(&Evidence{Policies: []string{"x", PolicyBaseline}}).Name)
	require.Equal(t, GenericERDS().Name, ProfileOf(&Evidence{Policies: []string{"x"}}).Name)
}

func TestB07_LegalName(t *testing.T) {
	p := Baseline()
	p.LegalName = alfa
	_, err := submissionAcceptance().Marshal(p)
	require.NoError(t, err)
	p.LegalName = beta
	refusedFor(t, p, submissionAcceptance(), "R02")

	e := submissionAcceptance()
	e.Issuer = Entity{Attributes: []Attribute{{Name: "urn:other", Values: []AttributeValue{{Text: alfa}}}}}
	refusedFor(t, Baseline(), e, "R02")
	e.Issuer = Provider("")
	refusedFor(t, Baseline(), e, "R02")
	e.Issuer = Provider(alfa)
	e.Issuer.Attributes[0].Values[0].Type = QName{}
	refusedFor(t, Baseline(), e, "R02")
	_, err = e.Marshal(GenericERDS())
	require.NoError(t, err)
}

func TestB08_PersonIdentifier(t *testing.T) {
	for address, hash := range map[string]string{
		anna:                  "F323072073282796B49ABA30BF622CE19E0B1A31AC470332A9BB82459DBBE2FA",
		ufficio:               "FCA6100E0B0D6769DC4999A96D6F19E6CBDCA1990A069A1085AB51BEE93321A4",
		archivio:              "718F1CC466E79E33A259D129916E1B906F1637665EEBE26E03010955E92C0928",
		"sender@s-rems.rem":   "466FA5C7D106870115F12BABFE65B7A3647E828B65BA0EBE5B5D38691DCC8F78", // EN 319 532-4 C.3.4 h
		" Sender@S-REMS.rem ": "466FA5C7D106870115F12BABFE65B7A3647E828B65BA0EBE5B5D38691DCC8F78",
	} {
		require.Equal(t, "ES/IT/"+hash, PersonIdentifier("ES", "IT", address))
	}
	// The hash of the address as written is read and not written.
	e := submissionAcceptance()
	e.Sender = Mailbox("Anna@alfa-rem.example").WithPersonIdentifier("IT/IT/" + userID("Anna@alfa-rem.example"))
	e.Sender.Assurance = submissionAcceptance().Sender.Assurance
	refusedFor(t, Baseline(), e, "I01")
	require.Equal(t, Tolerated, e.worst(Baseline(), ""))
}

func TestB10_DigestIsCopied(t *testing.T) {
	a, err := Parse(must(submissionAcceptance().Marshal(Baseline())), nil)
	require.NoError(t, err)
	later := contentConsignment()
	later.Content = a.Content
	b, err := Parse(must(later.Marshal(Baseline())), nil)
	require.NoError(t, err)
	require.Equal(t, a.Content, b.Content)

	e := submissionAcceptance()
	for name, change := range map[string]func(*Content){
		"short digest":  func(c *Content) { c.Parts[0].Digest = c.Parts[0].Digest[:31] },
		"no digest":     func(c *Content) { c.Parts[0].Digest = nil },
		"SHA-1":         func(c *Content) { c.Parts[0].DigestMethod = "http://www.w3.org/2000/09/xmldsig#sha1" },
		"two parts":     func(c *Content) { c.Parts = append(c.Parts, c.Parts[0]) },
		"count":         func(c *Content) { c.ComposingParts = number(2) },
		"no count":      func(c *Content) { c.ComposingParts = nil },
		"content type":  func(c *Content) { c.Parts[0].ContentType = "text/plain" },
		"identifier":    func(c *Content) { c.Parts[0].Identifier = "1" },
		"nothing of it": func(c *Content) { c.Parts = nil },
	} {
		e.Content = OriginalMessage("<x@y>", DigestSHA256, make([]byte, 32))
		require.Empty(t, e.Check(Baseline()))
		change(e.Content)
		require.NotEmpty(t, refused(t, Baseline(), e), name)
	}
	for method, size := range map[string]int{DigestSHA256: 32, DigestSHA384: 48, DigestSHA512: 64} {
		e.Content = OriginalMessage("<x@y>", method, make([]byte, size))
		require.Empty(t, e.Check(Baseline()))
	}
}

func must(xml []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return xml
}

func TestB12_OneRecipientInRange(t *testing.T) {
	for n, fine := range map[int]bool{1: true, 2: true, 0: false, 3: false, -1: false} {
		e := contentConsignment()
		e.RefersTo = number(n)
		if fine {
			require.Empty(t, e.Check(Baseline()))
			continue
		}
		for _, p := range []*Profile{GenericERDS(), SMTP(), Baseline(), PolicyIT()} {
			refusedFor(t, p, e, "I09")
		}
	}
	e := contentConsignment()
	e.RefersTo = nil
	refusedFor(t, GenericERDS(), e, "I09")
	e = relayAcceptance()
	e.RefersTo = number(1)
	refusedFor(t, GenericERDS(), e, "I09")
}

func TestB13_RelayEvidence(t *testing.T) {
	e := relayAcceptance()
	own := Provider(beta)
	e.ExternalERDS = &own
	refusedFor(t, Baseline(), e, "M05")
	e.ExternalERDS = nil
	refusedFor(t, Baseline(), e, "M05")
	e = relayAcceptance()
	e.Extensions = e.Extensions[:1] // for all
	require.Empty(t, e.Check(Baseline()))
	require.Equal(t, []int{1, 2}, e.SpeaksFor())
	e = relayAcceptance()
	e.Extensions[1].Relay.RefersTo = []int{2, 3}
	refusedFor(t, Baseline(), e, "E01")
}

func TestB14_ExtensionsAreNotCritical(t *testing.T) {
	xml := string(must(relayAcceptance().Marshal(Baseline())))
	require.Equal(t, 2, strings.Count(xml, `<tns:Extension isCritical="false">`))
	e := relayAcceptance()
	e.Extensions[0].Critical = true
	refusedFor(t, Baseline(), e, "E01")
	e = relayAcceptance()
	e.Extensions[0].Unmarked = true
	refusedFor(t, Baseline(), e, "E01")
	_, err := e.Marshal(GenericERDS())
	require.NoError(t, err)
	// A critical extension that is not known: nobody can decide.
	e = relayAcceptance()
	e.Extensions = append(e.Extensions, Extension{Critical: true, Other: &Any{XML: []byte("<x/>")}})
	require.Equal(t, Undecided, e.worst(GenericERDS(), ""))
	e.Extensions[2].Critical = false
	require.Equal(t, Remark, e.worst(GenericERDS(), ""))
}
