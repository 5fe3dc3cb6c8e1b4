package evidence

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/xmltree"
)

// TestShelf: values that come from one allocation are those that come from
// many, and appending to one list of them changes no other.
func TestShelf(t *testing.T) {
	check := func(xml []byte) {
		doc, err := xmltree.Parse(xml, nil)
		require.NoError(t, err)
		got, err := fromTree(doc, 1000)
		require.NoError(t, err)
		plain := reader{most: 1000}
		want, err := plain.read(&Evidence{Raw: doc.Text()}, doc.Root)
		require.NoError(t, err)
		require.Equal(t, want, got)

		user := func(u *User) {
			for i := range u.Attributes {
				_ = append(u.Attributes[i].Values, AttributeValue{Text: "x"})
			}
			_ = append(u.Attributes, Attribute{Name: "x"})
		}
		_ = append(got.Policies, "x", "x", "x")
		for i := range got.Reasons {
			_ = append(got.Reasons[i].Details, "x", "x", "x")
		}
		_ = append(got.Reasons, Reason{URI: "x"}, Reason{URI: "x"})
		for i := range got.Recipients {
			user(&got.Recipients[i])
		}
		user(&got.Sender)
		_ = append(got.Issuer.Attributes, Attribute{Name: "x"})
		_ = append(got.Recipients, User{Identifier: Identifier{"x", "x"}})
		if got.Content != nil {
			_ = append(got.Content.Parts, Part{Identifier: "x"})
		}
		_ = append(got.Extensions, Extension{Critical: true})
		require.Equal(t, want, got)
	}
	for _, one := range reftest.KitEvidence(t) {
		check(one.XML)
		for _, twice := range []string{"tns:RecipientDetails", "tns:EventReason", "PolicyID", "Details", "saml:Attribute", "tns:PartInfo", "tns:Extension", "tns:SubmissionTime"} {
			open := max(strings.Index(string(one.XML), "<"+twice+">"), strings.Index(string(one.XML), "<"+twice+" "))
			if open < 0 {
				continue
			}
			end := open + strings.Index(string(one.XML[open:]), "</"+twice+">") + len("</"+twice+">")
			part := string(one.XML[open:end])
			check([]byte(string(one.XML[:end]) + strings.Repeat(part, 3) + string(one.XML[end:])))
		}
	}
}

// TestUpperHex: a user id is 64 hexadecimal digits and nothing else.
func TestUpperHex(t *testing.T) {
	id := userID("anna@alfa-rem.example")
	for _, same := range []string{id, strings.ToLower(id)} {
		digits, ok := upperHex(same)
		require.True(t, ok)
		require.Equal(t, id, string(digits[:]))
	}
	for _, other := range []string{"", id[1:], id + "0", "G" + id[1:], "g" + id[1:], "\u212a" + id[3:], " " + id[1:]} {
		_, ok := upperHex(other)
		require.False(t, ok, "%q", other)
	}
}
