package evidence

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What XML cannot hold, and raw XML that would change what is around it.
func TestWriterRefuses(t *testing.T) {
	for _, bad := range []string{"\x00", "a\x1fb", "\xff", "\uFFFE", "\x0b"} {
		e := submissionAcceptance()
		e.MessageID = "a" + bad
		_, err := e.Marshal(GenericERDS())
		require.ErrorIs(t, err, ErrText, "%q", bad)
		require.Equal(t, Violation, e.worst(GenericERDS(), ""))
	}
	for _, raw := range []string{"</tns:Extension><tns:Extension>", "</x><x>", "<a>", "&nbsp;", "<!DOCTYPE x>", "<b:a/>", "]]>", "\x00"} {
		e := submissionAcceptance()
		e.Extensions = append(e.Extensions, Extension{Other: &Any{XML: []byte(raw)}})
		_, _, err := e.MarshalLenient(GenericERDS())
		var refused *RawError
		require.ErrorAs(t, err, &refused, raw)
	}
	for _, a := range []AnyAttribute{{Local: `x="1" y`}, {Local: ""}, {Local: "xmlns"}, {Prefix: "a b", Space: "urn:a", Local: "c"}} {
		e := submissionAcceptance()
		e.Logs = []Any{{Attributes: []AnyAttribute{a}}}
		_, _, err := e.MarshalLenient(GenericERDS())
		require.ErrorIs(t, err, ErrText)
	}
	e := submissionAcceptance()
	e.Sender.Assurance.Authentication = &Authentication{Assertion: &Any{XML: []byte("<saml:Assertion/><saml:Assertion/>")}}
	_, _, err := e.MarshalLenient(GenericERDS())
	require.Error(t, err)
	e.Sender.Assurance.Authentication.Assertion.XML = []byte("<saml:Assertion/>")
	_, err = e.Marshal(GenericERDS())
	require.NoError(t, err)
	e.Sender.Assurance.Authentication.Method = "urn:m" // two forms at once
	refused(t, GenericERDS(), e)

	odd := "a & b < c > d \"e\" 'f'\r\n\tg\u00a0è€😀"
	e = submissionAcceptance()
	e.Extensions[0].General.Subject = &odd
	e.Sender.Identifier.Scheme = "x\"<&\ty\nz"
	xml, _, err := e.MarshalLenient(GenericERDS())
	require.NoError(t, err)
	requireValid(t, xml)
	back, err := Parse(xml, nil)
	require.NoError(t, err)
	require.Equal(t, odd, back.Subject())
	require.Equal(t, e.Sender.Identifier.Scheme, back.Sender.Identifier.Scheme)
}
