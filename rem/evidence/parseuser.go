package evidence

import (
	"strings"

	"github.com/certmail/certmail/internal/xmltree"
)

var (
	userSlots = [...]slot{
		{NamespaceERDS, "Identity", false, false},
		{"", "Identifier", false, false},
		{"", "AssuranceLevelsDetails", false, false},
	}
	delegateSlots = [...]slot{
		{NamespaceERDS, "Identity", false, false},
		{"", "Identifier", false, false},
		{"", "AssuranceLevelsDetails", false, false},
		{"", "DelegatingRecipients", true, false},
	}
	assuranceSlots = [...]slot{
		{"", "GlobalAssuranceLevel", false, false},
		{NamespaceERDS, "AuthenticationDetails", false, false},
		{NamespaceERDS, "AuthenticationDetsAndAssuranceLevel", false, false},
		{"", "IdentityProofAssuranceLevel", false, false},
		{"", "FederationAssuranceLevel", false, false},
	}
	authenticationLevelSlots = [...]slot{
		{"", "AssuranceLevel", true, false},
		{NamespaceERDS, "AuthenticationDetails", false, false},
	}
	levelSlots = [...]slot{
		{"", "AssuranceLevel", true, false},
		{"", "PolicyID", false, false},
		{"", "PolicyIDDetails", false, false},
		{"", "PolicyIDDetailsResources", false, false},
	}
	resourceSlots       = [...]slot{{"", "URI", true, true}}
	authenticationSlots = [...]slot{
		{NamespaceSAML, "Assertion", false, false},
		{"", "OAuth2", false, false},
		{"", "AuthenticationTime", false, false},
		{"", "AuthenticationMethod", false, false},
		{"", "other", false, false},
	}
)

// user reads UserDetailsType; d is not nil for a recipient's delegate.
func (r *reader) user(u *User, el *xmltree.Element, d *Delegate) {
	k := cursor{slots: userSlots[:]}
	if d != nil {
		k.slots = delegateSlots[:]
	}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		switch r.place(c, &k) {
		case 0:
			u.Attributes = r.identity(c)
		case 1:
			scheme, ok := c.Attr("", "IdentifierSchemeName")
			u.Identifier = Identifier{trim(scheme), r.text(c)}
			if !ok {
				r.find(FindingMissing, "@IdentifierSchemeName in Identifier")
			}
		case 2:
			u.Assurance = r.assurance(c)
		case 3:
			for n := range strings.FieldsSeq(r.text(c)) {
				if r.full(len(d.For), "delegating recipients") {
					break
				}
				d.For = append(d.For, r.number(n, c.Local))
			}
		}
	}
	r.done(el.Local, &k)
}

func (r *reader) assurance(el *xmltree.Element) *Assurance {
	out := one(&r.shelf.assurance)
	k := cursor{slots: assuranceSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		switch r.place(c, &k) {
		case 0:
			out.Global = r.level(c)
		case 1:
			r.authenticationOf(out, c)
		case 2:
			in := cursor{slots: authenticationLevelSlots[:]}
			out.AuthenticationLevel = new(Level)
			for d := c.FirstChild(); d != nil; d = d.NextSibling() {
				switch r.place(d, &in) {
				case 0:
					out.AuthenticationLevel = r.level(d)
				case 1:
					r.authenticationOf(out, d)
				}
			}
			r.done(c.Local, &in)
		case 3:
			out.IdentityProof = r.level(c)
		case 4:
			out.Federation = r.level(c)
		}
	}
	switch bits := k.seen; {
	case bits == 1|2, bits == 4|8, bits == 4|8|16: // the two forms
	case bits&(4|8|16) == 0:
		r.find(FindingChoice, "AssuranceLevelsDetails without GlobalAssuranceLevel or AuthenticationDetails")
	case bits&(1|2) == 0:
		r.find(FindingChoice, "AssuranceLevelsDetails without AuthenticationDetsAndAssuranceLevel or IdentityProofAssuranceLevel")
	default:
		r.find(FindingChoice, "AssuranceLevelsDetails mixes its two forms")
	}
	return out
}

func (r *reader) authenticationOf(a *Assurance, c *xmltree.Element) {
	if a.Authentication != nil {
		r.find(FindingRepeated, c.Local)
		return
	}
	a.Authentication = r.authentication(c)
}

func (r *reader) level(el *xmltree.Element) *Level {
	out := one(&r.shelf.levels)
	k := cursor{slots: levelSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		switch r.place(c, &k) {
		case 0:
			out.URI = r.text(c)
		case 1:
			out.Policy = r.text(c)
		case 2:
			out.PolicyDetails = r.text(c)
		case 3:
			in := cursor{slots: resourceSlots[:]}
			for d := c.FirstChild(); d != nil; d = d.NextSibling() {
				if r.place(d, &in) == 0 {
					if r.full(len(out.Resources), "resources") {
						break
					}
					lang, ok := d.Attr(namespaceXML, "lang")
					if !ok {
						r.find(FindingMissing, "@xml:lang in URI")
					}
					out.Resources = append(out.Resources, Resource{trim(lang), r.text(d)})
				}
			}
			r.done(c.Local, &in)
		}
	}
	r.done(el.Local, &k)
	return out
}

// authentication reads AuthenticationDetails: the first of its forms counts.
func (r *reader) authentication(el *xmltree.Element) *Authentication {
	out := one(&r.shelf.authentication)
	k := cursor{slots: authenticationSlots[:]}
	const timeAndMethod = 1<<2 | 1<<3
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		before := k.seen
		i := r.place(c, &k)
		if i < 0 {
			continue
		}
		if before != 0 && (before|1<<i)&^timeAndMethod != 0 {
			r.find(FindingChoice, "AuthenticationDetails with "+c.Local+" beside another form")
			k.seen = before
			continue
		}
		switch i {
		case 0:
			out.Assertion = r.verbatim(c)
		case 1:
			out.OAuth2 = r.any(c)
		case 2:
			out.Time = r.time(c)
		case 3:
			out.Method = r.text(c)
		case 4:
			out.Other = r.any(c)
		}
	}
	switch k.seen {
	case 1, 1 << 1, 1 << 4, timeAndMethod:
	default:
		r.find(FindingMissing, "a form of AuthenticationDetails")
	}
	return out
}
