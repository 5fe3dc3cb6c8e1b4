package evidence

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func full(tb testing.TB) []byte {
	tb.Helper()
	xml, err := os.ReadFile("testdata/full.xml")
	require.NoError(tb, err)
	return xml
}

func codes(e *Evidence) (list []string) {
	for _, f := range e.Findings {
		list = append(list, f.Code)
	}
	return list
}

func TestP05_EveryChildOfTheSchema(t *testing.T) {
	xml := full(t)
	requireValid(t, xml)
	e, err := Parse(xml, nil)
	require.NoError(t, err)
	require.Equal(t, []string{FindingEvent, FindingExtension, FindingUnknownElement}, codes(e))

	require.Equal(t, "EN319522v1.2.1", e.Version)
	require.Equal(t, "evidence-1", e.XMLID)
	require.Equal(t, "E9@rem.beta-rem.example", e.ID)
	require.Equal(t, "http://vendor.example/Event/Teleported", e.EventID)
	require.Empty(t, e.Event)
	require.Equal(t, []Reason{
		{"http://vendor.example/Reason/Beamed", []string{"RV77", "Beamed & up", "third"}},
		{"http://uri.etsi.org/19522/EventReason/Other", []string{"RD99"}},
		{"http://vendor.example/Reason/Mute", nil},
	}, e.Reasons)
	require.Equal(t, "RD99", e.Reasons[1].Code())
	require.Equal(t, []string{"urn:oid:0.4.0.1"}, e.Policies)

	require.Equal(t, "Gamma ERDS", e.Issuer.LegalName())
	require.Len(t, e.Issuer.Attributes, 2)
	nested := e.Issuer.Attributes[0].Verbatim
	require.NotNil(t, nested)
	require.True(t, bytes.HasPrefix(nested.XML, []byte("<s:Attribute")))
	require.ElementsMatch(t, []Namespace{{"s", NamespaceSAML}, {"v", "http://vendor.example/v"}, {"np", NamespaceNaturalPerson}, {"i", NamespaceXSI}}, nested.Namespaces)
	require.Len(t, e.Issuer.Certificates, 3)
	require.Equal(t, Certificate{ID: &CertificateID{"http://vendor.example/cert", DigestSHA256, []byte{0, 1, 2, 3}, []byte{4, 5, 6}}}, e.Issuer.Certificates[0])
	require.Equal(t, Certificate{X509: []byte{0x30, 0}}, e.Issuer.Certificates[1])
	require.Equal(t, Certificate{ID: &CertificateID{DigestMethod: DigestSHA512, Digest: []byte{7, 8, 9}},
		Signature: &CertificateSignature{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", []byte{10, 11, 12}}}, e.Issuer.Certificates[2])
	require.Equal(t, "text <v:x/> <!-- kept --> more<![CDATA[<raw>]]>", string(e.Issuer.Other.XML))
	require.Equal(t, []AnyAttribute{{"xml", namespaceXML, "lang", "it"}, {"v", "http://vendor.example/v", "note", "1 < 2"}}, e.Issuer.Other.Attributes)

	require.Equal(t, Identifier{"urn:example:scheme", "sender 1"}, e.Sender.Identifier)
	require.Empty(t, e.Sender.Address())
	second := e.Sender.Assurance
	require.Nil(t, second.Global)
	require.Equal(t, &Level{"http://eidas.europa.eu/LoA/high", "http://vendor.example/p", "what it is",
		[]Resource{{"it", "http://vendor.example/it"}, {"en", "http://vendor.example/en"}}}, second.AuthenticationLevel)
	require.Equal(t, `<s:Assertion ID="_1" Version="2.0"><v:claim>c</v:claim></s:Assertion>`, string(second.Authentication.Assertion.XML))
	require.Equal(t, "http://eidas.europa.eu/LoA/high", second.IdentityProof.URI)
	require.Equal(t, "http://eidas.europa.eu/LoA/low", second.Federation.URI)
	require.Equal(t, LevelSubstantial, e.SenderDelegate.Assurance.Global.URI)
	require.Equal(t, `<v:token scope="a b"/>`, string(e.SenderDelegate.Assurance.Authentication.OAuth2.XML))

	require.Len(t, e.Recipients, 2)
	require.Equal(t, "IT/ES/X", e.Recipients[0].PersonIdentifier())
	require.Equal(t, QName{NamespaceNaturalPerson, "PersonIdentifierType"}, e.Recipients[0].Attributes[0].Values[0].Type)
	require.Nil(t, e.Recipients[0].Attributes[0].Verbatim)
	require.Equal(t, "spoken <v:password/>", string(e.Recipients[0].Assurance.Authentication.Other.XML))
	require.Equal(t, "due@beta-rem.example", e.Recipients[1].Address())
	require.Equal(t, []int{1, 2}, e.RecipientDelegates[0].For)
	require.Equal(t, "http://vendor.example/m", e.RecipientDelegates[0].Assurance.Authentication.Method)
	require.Equal(t, []int{2}, e.RecipientDelegates[1].For)

	u, n, ok := e.Recipient()
	require.True(t, ok)
	require.Equal(t, 2, n)
	require.Equal(t, e.Recipients[1], u)
	require.Equal(t, []int{2}, e.SpeaksFor())
	require.Equal(t, "D9@rem.alfa-rem.example", e.MessageID)
	require.Equal(t, &Content{"<ua@client.example>", number(2), []Part{
		{"a", "text/plain", DigestSHA256, []byte{13, 14, 15}}, {"b", "application/pdf", "", nil}}}, e.Content)
	require.Equal(t, []Attribute{{Name: "n"}}, e.ExternalERDS.Attributes)
	require.Equal(t, "from a\n by b", *e.External)
	require.Len(t, e.Logs, 2)
	require.Equal(t, `<v:entry at="now"/>&#13;`, string(e.Logs[1].XML))

	require.Len(t, e.Extensions, 5)
	require.True(t, e.Extensions[0].Critical)
	require.False(t, e.Extensions[0].Known())
	require.Equal(t, "Città <1>", e.Subject())
	require.True(t, e.Extensions[1].Unmarked)
	require.Equal(t, []int{2}, e.Untrusted())
	refers, some := e.RelayRefersTo()
	require.True(t, some)
	require.Equal(t, []int{1}, refers)
	require.False(t, e.Extensions[2].Critical)
	require.NotNil(t, e.Extensions[3].Other, "an attribute more than the type has")
	require.Equal(t, "only text", string(e.Extensions[4].Other.XML))
}

func TestP07_TimesAreNormalisedAndKept(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		require.NoError(t, err)
		return v.UTC()
	}
	for lexical, want := range map[string]string{
		"2026-01-15T09:30:01Z":             "2026-01-15T09:30:01Z",
		"2026-01-15T10:30:01+01:00":        "2026-01-15T09:30:01Z",
		"2026-01-15T09:30:01.5Z":           "2026-01-15T09:30:01.5Z",
		"2026-01-15T09:30:01.1234567899Z":  "2026-01-15T09:30:01.123456789Z",
		"2025-12-31T24:00:00Z":             "2026-01-01T00:00:00Z",
		"2026-01-15T00:00:00.25-14:00":     "2026-01-15T14:00:00.25Z",
		"2024-02-29T23:59:59+00:00":        "2024-02-29T23:59:59Z",
		"  2026-01-15T09:30:01Z\n ":        "2026-01-15T09:30:01Z",
		"2026-01-15T09:30:01":              "2026-01-15T09:30:01Z", // with a finding
		"2026-01-15T09:30:01&#x2B;01:00":   "2026-01-15T08:30:01Z",
		"2026-01-15T09:30<!-- -->:01Z":     "2026-01-15T09:30:01Z",
		"<![CDATA[2026-01-15T09:30:01Z]]>": "2026-01-15T09:30:01Z",
	} {
		e := with(t, "EventTime", lexical)
		require.Equal(t, at(want), e.Time.UTC, lexical)
		if lexical == "2026-01-15T09:30:01" {
			require.Equal(t, []string{FindingZone}, codes(e), lexical)
		} else {
			require.Empty(t, e.Findings, lexical)
		}
	}
	require.Equal(t, "2026-01-15T10:30:01.50+01:00", with(t, "EventTime", " 2026-01-15T10:30:01.50+01:00 ").Time.Lexical)
	for _, bad := range []string{"", "2026-01-15", "2026-02-30T00:00:00Z", "2026-02-30T24:00:00Z", "2026-01-15T09:30:60Z", "2026-13-01T00:00:00Z", "2026-01-15T24:00:01Z",
		"2026-01-15t09:30:01Z", "2026-01-15T09:30:01z", "2026-01-15T09:30:01.Z", "2026-01-15T09:30:01+1:00", "2026-01-15T09:30:01+14:01", "2026-01-15T09:30:01-15:00", "2026-01-15T09:30:01Zx",
		"-2026-01-15T09:30:01Z", "0000-01-15T09:30:01Z", "12026-01-15T09:30:01Z", "2026-01-15T09:30:01 Z", "2026-00-15T09:30:01Z", "2026-01-15T-9:30:01Z"} {
		e := with(t, "EventTime", bad)
		require.False(t, e.Time.Valid(), bad)
		require.Equal(t, bad, e.Time.Lexical)
		require.Contains(t, codes(e), FindingTime, bad)
	}
	// A later evidence copies the submission's time as it was written.
	e := with(t, "tns:SubmissionTime", "2026-01-15T10:30:01.50+01:00")
	xml, _, err := e.MarshalLenient(nil)
	require.NoError(t, err)
	require.Contains(t, string(xml), "<tns:SubmissionTime>2026-01-15T10:30:01.50+01:00</tns:SubmissionTime>")
}

// with is a sample with another value of an element, parsed.
func with(tb testing.TB, element, inner string) *Evidence {
	tb.Helper()
	xml, err := contentConsignment().Marshal(Baseline())
	require.NoError(tb, err)
	before, rest, ok := strings.Cut(string(xml), "<"+element+">")
	require.True(tb, ok, element)
	_, after, ok := strings.Cut(rest, "</"+element+">")
	require.True(tb, ok, element)
	e, err := Parse([]byte(before+"<"+element+">"+inner+"</"+element+">"+after), nil)
	require.NoError(tb, err, inner)
	return e
}

func TestP08_IncompleteNegativeEvidence(t *testing.T) {
	const bare = `<tns:Evidence xmlns:tns="http://uri.etsi.org/19522/v1#" version="EN319522v1.1.1">
<tns:ERDSEventId>http://uri.etsi.org/19522/Event/SubmissionRejection</tns:ERDSEventId>
<tns:EventReasons><tns:EventReason><Code>http://uri.etsi.org/19522/EventReason/InvalidMessageFormat</Code></tns:EventReason></tns:EventReasons>
<EventTime>2026-01-15T09:30:01Z</EventTime><tns:MessageIdentifier>D1@alfa-rem.example</tns:MessageIdentifier></tns:Evidence>`
	e, err := Parse([]byte(bare), nil)
	require.NoError(t, err)
	require.Equal(t, []string{
		"G01 EvidenceIdentifier", "R01 PolicyID", "R02 EvidenceIssuerDetails", "R03 Signature", "I02 SenderDetails/Identifier",
		"I06 RecipientDetails/Identifier", "I10 SenderDetails/AssuranceLevelsDetails", "M02 UserContentInfo", "M03 SubmissionTime",
	}, e.Missing(Baseline()))
	require.Equal(t, Undecided, e.worst(Baseline(), "R03"))

	// The same of a positive event does not conform.
	positive, err := Parse([]byte(strings.ReplaceAll(bare, "Rejection", "Acceptance")), nil)
	require.NoError(t, err)
	require.Equal(t, Violation, positive.worst(Baseline(), "R03"))
	// And what is there has to be right, also in evidence of a failure.
	wrong, err := Parse([]byte(strings.Replace(bare, "InvalidMessageFormat", "MessageAccepted", 1)), nil)
	require.NoError(t, err)
	require.Equal(t, Violation, wrong.worst(Baseline(), "R03"))

	require.Empty(t, contentConsignmentFailure().Missing(Baseline()))
	require.Nil(t, (&Evidence{}).Missing(Baseline()))
}

// worst is the severest deviation, leaving a component aside.
func (e *Evidence) worst(p *Profile, except string) (s Severity) {
	for _, d := range e.Check(p) {
		if except == "" || d.Component != except {
			s = max(s, d.Severity)
		}
	}
	return s
}

func TestP11_RecipientNumbersOutOfRange(t *testing.T) {
	for _, n := range []string{"0", "-1", "3", "2147483647", "99999999999999999999", "-99999999999999999999", "", "one", "1.0", "+-1", "++1", "0x1", "1_0"} {
		e := with(t, "EvidenceRefersToRecipient", n)
		require.Contains(t, codes(e), FindingRecipient, n)
		_, _, ok := e.Recipient()
		require.False(t, ok, n)
		require.Empty(t, e.SpeaksFor(), n)
		require.Equal(t, Violation, e.worst(GenericERDS(), "R03"), n)
	}
	for _, n := range []string{"1", "+1", "01", " 2 "} {
		e := with(t, "EvidenceRefersToRecipient", n)
		require.Empty(t, e.Findings, n)
		require.Equal(t, Remark, e.worst(Baseline(), "R03"), n)
	}
	e := relayAcceptance()
	e.Extensions[1].Relay.RefersTo = []int{2, 7, 0, 2, 1}
	e.Extensions[0].General.Untrusted = []int{3}
	e.RecipientDelegates = []Delegate{{For: []int{-5}}}
	xml, _, err := e.MarshalLenient(nil)
	require.NoError(t, err)
	e, err = Parse(xml, nil)
	require.NoError(t, err)
	require.Equal(t, []string{FindingRecipient, FindingRecipient, FindingRecipient, FindingRecipient}, codes(e))
	require.Equal(t, []int{2, 1}, e.SpeaksFor())
	require.Equal(t, []int{1, 2}, submissionAcceptance().SpeaksFor())
}
