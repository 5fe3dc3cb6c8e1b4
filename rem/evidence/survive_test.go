package evidence

import (
	"strings"
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

// Prefixes that are declared again further in, and a default namespace: what
// each piece of raw XML means is what it meant.
func TestNamespacesOfRawContent(t *testing.T) {
	const document = `<e:Evidence xmlns:e="http://uri.etsi.org/19522/v1#" xmlns:v="urn:outer" xmlns="urn:default">
<e:SenderDetails><AssuranceLevelsDetails xmlns=""><GlobalAssuranceLevel><AssuranceLevel>a</AssuranceLevel></GlobalAssuranceLevel>
<e:AuthenticationDetails xmlns="http://uri.etsi.org/19522/v1#"><OAuth2><token/></OAuth2></e:AuthenticationDetails></AssuranceLevelsDetails></e:SenderDetails>
<e:Extensions xmlns:v="urn:inner"><e:Extension><v:a/><b/></e:Extension><e:Extension xmlns:v="urn:third" isCritical="false"><v:a/></e:Extension></e:Extensions>
</e:Evidence>`
	e, err := Parse([]byte(document), nil)
	require.NoError(t, err)
	require.Contains(t, codes(e), FindingQualified) // OAuth2
	require.ElementsMatch(t, []Namespace{{"v", "urn:inner"}, {"", "urn:default"}}, e.Extensions[0].Other.Namespaces)
	require.ElementsMatch(t, []Namespace{{"v", "urn:third"}, {"", "urn:default"}}, e.Extensions[1].Other.Namespaces)
	require.Equal(t, []Namespace{{"", NamespaceERDS}}, e.Sender.Assurance.Authentication.OAuth2.Namespaces)

	out, _, err := e.MarshalLenient(nil)
	require.NoError(t, err)
	back, err := Parse(out, nil)
	require.NoError(t, err)
	require.Equal(t, withoutNamespaces(e), withoutNamespaces(back))
	doc, err := xmltree.Parse(out, nil)
	require.NoError(t, err)
	spaces := map[string][]string{}
	for el := range doc.Elements() {
		spaces[el.Local] = append(spaces[el.Local], el.Space)
	}
	require.Equal(t, []string{"urn:inner", "urn:third"}, spaces["a"])
	require.Equal(t, []string{"urn:default"}, spaces["b"])
	require.Equal(t, []string{NamespaceERDS}, spaces["token"])
	// A strict document cannot have it: OAuth2 is in no namespace.
	_, err = e.Marshal(nil)
	require.Error(t, err)
}

// Extensions that look like those of the baseline and are not are kept raw.
func TestExtensionsOfAnotherForm(t *testing.T) {
	const general = `<x:GeneralEvidenceInfo><x:Subject>s</x:Subject><x:UntrustedPathToRecipient>1</x:UntrustedPathToRecipient></x:GeneralEvidenceInfo>`
	parse := func(attributes, content string) *Evidence {
		e, err := Parse([]byte(`<e:Evidence xmlns:e="http://uri.etsi.org/19522/v1#" xmlns:x="http://uri.etsi.org/19532/v1#"><e:RecipientDetails/><e:Extensions><e:Extension`+
			attributes+`>`+content+`</e:Extension></e:Extensions></e:Evidence>`), nil)
		require.NoError(t, err)
		return e
	}
	e := parse("", "<!-- a comment -->"+general+"<x:RelayEvidenceInfo/>")
	require.True(t, e.Extensions[0].Known())
	require.Equal(t, "s", e.Subject())
	require.Equal(t, []int{1}, e.Untrusted())
	for _, content := range []string{
		"text" + general, general + general, general + "<y/>", "<!-- c -->t" + general,
		strings.Replace(general, "<x:Subject>", `<x:Subject lang="it">`, 1),
		strings.Replace(general, "<x:Subject>s", `<x:Subject><y/>`, 1),
		strings.Replace(general, "<x:GeneralEvidenceInfo>", `<x:GeneralEvidenceInfo a="b">`, 1),
		strings.Replace(general, "<x:Subject>s</x:Subject>", "text", 1),
		strings.Replace(general, "<x:Subject>s</x:Subject>", "<x:Subject>s</x:Subject><x:Subject>s</x:Subject>", 1),
		`<x:GeneralEvidenceInfo><x:UntrustedPathToRecipient>1</x:UntrustedPathToRecipient><x:Subject>s</x:Subject></x:GeneralEvidenceInfo>`,
		`<x:GeneralEvidenceInfo><x:RelayEvidenceRefersTo>1</x:RelayEvidenceRefersTo></x:GeneralEvidenceInfo>`,
		`<x:RelayEvidenceInfo><x:Subject>1</x:Subject></x:RelayEvidenceInfo>`, `<x:Other/>`, `<y/>`, "",
	} {
		e := parse(` isCritical="true"`, content)
		require.False(t, e.Extensions[0].Known(), content)
		require.Equal(t, content, string(e.Extensions[0].Other.XML))
		require.Empty(t, e.Subject())
		require.Contains(t, codes(e), FindingExtension, content)
	}
	require.False(t, parse(` isCritical="false" a="b"`, general).Extensions[0].Known())
	require.False(t, parse(` a="b"`, general).Extensions[0].Known())
}
