package evidence

import (
	"testing"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/stretchr/testify/require"
)

// What is not known goes through reading and writing octet for octet, also
// where the prefixes of the document mean something else in ours ("tns").
func TestP06_UnknownContentSurvives(t *testing.T) {
	xml := full(t)
	e, err := Parse(xml, nil)
	require.NoError(t, err)
	out, deviations, err := e.MarshalLenient(nil)
	require.NoError(t, err)
	require.NotEmpty(t, deviations)
	requireValid(t, out)
	back, err := Parse(out, nil)
	require.NoError(t, err)
	require.Equal(t, withoutNamespaces(e), withoutNamespaces(back))

	// Each piece, under the namespaces that are in scope around it.
	for _, piece := range []string{
		`<v:a xmlns:w="http://vendor.example/w"><w:b i:type="np:PersonIdentifierType">x</w:b></v:a>`,
		"text <v:x/> <!-- kept --> more<![CDATA[<raw>]]>",
		`<v:token scope="a b"/>`, "spoken <v:password/>",
		`<v:Unknown><tns:inner tns:attr="q:name"/></v:Unknown>`,
		`<v:entry at="now"/>&#13;`, "first &#x20AC;",
	} {
		require.Contains(t, string(xml), piece)
		require.Contains(t, string(out), piece)
	}
	doc, err := xmltree.Parse(out, nil)
	require.NoError(t, err)
	for el := range doc.Elements() {
		switch el.Local {
		case "x", "token", "password", "entry", "Unknown", "claim":
			require.Equal(t, "http://vendor.example/v", el.Space, el.Local)
		case "inner":
			require.Equal(t, "http://vendor.example/other", el.Space)
			require.Equal(t, "http://vendor.example/other", el.Attrs[0].Space)
		case "b":
			uri, ok := el.Resolve("np")
			require.True(t, ok)
			require.Equal(t, NamespaceNaturalPerson, uri)
		}
	}
}

// withoutNamespaces leaves out which prefixes were in scope around raw XML:
// that is a matter of the document, not of the value.
func withoutNamespaces(e *Evidence) *Evidence {
	v := value(e)
	plain := func(x *Any) *Any {
		if x == nil {
			return nil
		}
		y := *x
		y.Namespaces = nil
		return &y
	}
	attributes := func(list []Attribute) (out []Attribute) {
		for _, a := range list {
			a.Verbatim = plain(a.Verbatim)
			out = append(out, a)
		}
		return out
	}
	user := func(u User) User {
		u.Attributes = attributes(u.Attributes)
		if u.Assurance != nil && u.Assurance.Authentication != nil {
			a, x := *u.Assurance, *u.Assurance.Authentication
			x.Assertion, x.OAuth2, x.Other = plain(x.Assertion), plain(x.OAuth2), plain(x.Other)
			a.Authentication = &x
			u.Assurance = &a
		}
		return u
	}
	entity := func(x Entity) Entity {
		x.Attributes, x.Other = attributes(x.Attributes), plain(x.Other)
		return x
	}
	v.Issuer, v.Sender = entity(v.Issuer), user(v.Sender)
	if v.SenderDelegate != nil {
		u := user(*v.SenderDelegate)
		v.SenderDelegate = &u
	}
	v.Recipients = append([]User(nil), v.Recipients...)
	for i := range v.Recipients {
		v.Recipients[i] = user(v.Recipients[i])
	}
	v.RecipientDelegates = append([]Delegate(nil), v.RecipientDelegates...)
	for i := range v.RecipientDelegates {
		v.RecipientDelegates[i].User = user(v.RecipientDelegates[i].User)
	}
	if v.ExternalERDS != nil {
		x := entity(*v.ExternalERDS)
		v.ExternalERDS = &x
	}
	v.Logs = append([]Any(nil), v.Logs...)
	for i := range v.Logs {
		v.Logs[i] = *plain(&v.Logs[i])
	}
	v.Extensions = append([]Extension(nil), v.Extensions...)
	for i := range v.Extensions {
		v.Extensions[i].Other = plain(v.Extensions[i].Other)
	}
	return v
}
