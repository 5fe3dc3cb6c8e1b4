package evidence

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/stretchr/testify/require"
)

func TestP13_OlderEvidenceIsRecognised(t *testing.T) {
	for _, xml := range []string{
		`<REMEvidence xmlns="http://uri.etsi.org/02640/v2#" version="1"/>`,
		`<x:DeliveryNonDeliveryToRecipient xmlns:x="http://uri.etsi.org/02640/v2#"/>`,
		`<REMEvidence xmlns="http://uri.etsi.org/02640/soapbinding/v1#"/>`,
	} {
		_, err := Parse([]byte(xml), nil)
		require.ErrorIs(t, err, ErrTS102640, xml)
		require.ErrorIs(t, err, ErrNotEvidence, xml)
		require.Contains(t, err.Error(), "TS 102 640")
	}
	for _, xml := range []string{`<Evidence version="x"/>`, `<Evidence xmlns="http://uri.etsi.org/19532/v1#"/>`, `<t:RelayMetadata xmlns:t="http://uri.etsi.org/19522/v1#"/>`, `<postacert/>`} {
		_, err := Parse([]byte(xml), nil)
		require.ErrorIs(t, err, ErrNotEvidence, xml)
		require.False(t, errors.Is(err, ErrTS102640))
		var root *RootError
		require.ErrorAs(t, err, &root)
	}
}

func TestP14_WhiteSpaceIsTolerated(t *testing.T) {
	want, err := contentConsignment().Marshal(Baseline())
	require.NoError(t, err)
	a, err := Parse(want, nil)
	require.NoError(t, err)
	// White space around every value, and inside the base64.
	spaced := strings.NewReplacer("B0wEaFT7yMBUIZ", "B0wEaF T7yM\n\t BUIZ").Replace(string(want))
	var b strings.Builder
	for line := range strings.Lines(spaced) {
		if i, j := strings.Index(line, ">"), strings.LastIndex(line, "</"); i > 0 && j > i {
			line = line[:i+1] + " \n\t" + line[i+1:j] + "\r\n " + line[j:]
		}
		b.WriteString(line)
	}
	got, err := Parse([]byte(b.String()), nil)
	require.NoError(t, err)
	require.Empty(t, got.Findings)
	require.Equal(t, value(a), value(got))

	broken := with(t, "ds:DigestValue", "B0wE*")
	require.Equal(t, []string{FindingBase64}, codes(broken))
	require.Equal(t, Violation, broken.worst(GenericERDS(), "R03"))
}

// Local elements in the namespace of the global ones are read, and said.
func TestQualifiedLocalElements(t *testing.T) {
	xml, err := contentConsignment().Marshal(Baseline())
	require.NoError(t, err)
	want, err := Parse(xml, nil)
	require.NoError(t, err)
	r := strings.NewReplacer("<EventTime>", "<tns:EventTime>", "</EventTime>", "</tns:EventTime>", "<Code>", "<tns:Code>", "</Code>", "</tns:Code>")
	e, err := Parse([]byte(r.Replace(string(xml))), nil)
	require.NoError(t, err)
	require.Equal(t, []string{FindingQualified, FindingQualified}, codes(e))
	require.Equal(t, value(want), value(e))
	require.Equal(t, Tolerated, e.worst(Baseline(), "R03"))
	// A document that sets a default namespace around everything.
	all, err := Parse(bytes.ReplaceAll(bytes.ReplaceAll(xml, []byte("tns:"), nil), []byte("xmlns:tns"), []byte("xmlns")), nil)
	require.NoError(t, err)
	require.Equal(t, value(want), value(all))
	// Global elements without the prefix are not accepted.
	e, err = Parse([]byte(strings.NewReplacer("<tns:MessageIdentifier>", "<MessageIdentifier>", "</tns:MessageIdentifier>", "</MessageIdentifier>").Replace(string(xml))), nil)
	require.NoError(t, err)
	require.Empty(t, e.MessageID)
	require.Equal(t, []string{FindingUnknownElement}, codes(e))
}

func TestSchemaFindings(t *testing.T) {
	xml, err := contentConsignment().Marshal(Baseline())
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, code string }{
		"order":       {"<EventTime>2026-01-15T09:30:06Z</EventTime>", "", FindingMissing},
		"repeated":    {"<EvidenceRefersToRecipient>", "<EvidenceRefersToRecipient>1</EvidenceRefersToRecipient><EvidenceRefersToRecipient>", FindingRepeated},
		"unknown":     {"<EvidenceRefersToRecipient>", "<Invented/><EvidenceRefersToRecipient>", FindingUnknownElement},
		"inside text": {"<EvidenceRefersToRecipient>", "<EvidenceRefersToRecipient><x/>", FindingUnknownElement},
		"moved":       {"<tns:SubmissionTime>", "<tns:UserContentInfo><tns:PartsInfo><tns:PartInfo><Identifier/><ContentType/></tns:PartInfo></tns:PartsInfo></tns:UserContentInfo><tns:SubmissionTime>", FindingOrder},
		"boolean":     {`isCritical="false"`, `isCritical="no"`, FindingBoolean},
		"attribute":   {` IdentifierSchemeName="mailto"`, "", FindingMissing},
		"version":     {` version="EN319522v1.1.1"`, "", FindingMissing},
		"choice":      {"</tns:AuthenticationDetails>", "<other/></tns:AuthenticationDetails>", FindingChoice},
		"mixed forms": {"</tns:AuthenticationDetails>", "</tns:AuthenticationDetails><FederationAssuranceLevel><AssuranceLevel/></FederationAssuranceLevel>", FindingChoice},
		"prefix":      {`xsi:type="elp:`, `xsi:type="nowhere:`, FindingPrefix},
		"signatures":  {"</tns:Evidence>", "<ds:Signature/><ds:Signature/></tns:Evidence>", FindingRepeated},
	} {
		require.Contains(t, string(xml), c.old, name)
		e, err := Parse([]byte(strings.Replace(string(xml), c.old, c.new, 1)), nil)
		require.NoError(t, err, name)
		require.Contains(t, codes(e), c.code, name)
	}
}

func TestLimits(t *testing.T) {
	xml, err := submissionAcceptance().Marshal(Baseline())
	require.NoError(t, err)
	_, err = Parse(xml, &Options{Items: 1})
	require.ErrorIs(t, err, ErrLimit)
	require.EqualError(t, err, "evidence: limit exceeded: more than 1 policies")
	_, err = Parse(xml, &Options{Items: 2})
	require.NoError(t, err)
	_, err = Parse(xml, &Options{Bytes: 100})
	require.ErrorIs(t, err, xmltree.ErrTooLarge)
	_, err = Parse(make([]byte, 64<<20), nil)
	require.ErrorIs(t, err, xmltree.ErrTooLarge)
	deep := `<tns:Evidence xmlns:tns="http://uri.etsi.org/19522/v1#">` + strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000) + "</tns:Evidence>"
	_, err = Parse([]byte(deep), nil)
	require.ErrorIs(t, err, xmltree.ErrTooDeep)
	_, err = Parse([]byte(`<!DOCTYPE x><tns:Evidence xmlns:tns="http://uri.etsi.org/19522/v1#"/>`), nil)
	require.ErrorIs(t, err, xmltree.ErrDoctype)

	var many strings.Builder
	many.WriteString(`<tns:Evidence xmlns:tns="http://uri.etsi.org/19522/v1#">`)
	for i := range 1000 {
		many.WriteString("<x" + strconv.Itoa(i) + "/>")
	}
	many.WriteString("</tns:Evidence>")
	e, err := Parse([]byte(many.String()), nil)
	require.NoError(t, err)
	require.Len(t, e.Findings, maxFindings+1)
	require.Equal(t, FindingMore, e.Findings[maxFindings].Code)
	require.Equal(t, Violation, e.worst(nil, ""))
}
