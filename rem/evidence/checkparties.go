package evidence

import (
	"strconv"
	"strings"
)

const clauseName = "EN 319 532-4 C.3.4 g"

func (c *checker) issuer() {
	c.provider("R02", &c.e.Issuer)
	name := c.e.Issuer.LegalName()
	if c.p.LegalName != "" && name != "" && name != c.p.LegalName {
		c.add(Violation, "R02", clauseName, "issuer "+clip(name), clip(c.p.LegalName)+", the name in the trusted list")
	}
	if x := c.e.ExternalERDS; x != nil {
		c.provider("M05", x)
		if other := x.LegalName(); c.p.baseline && name != "" && other == name {
			c.add(Violation, "M05", "EN 319 532-4 C.4.5.2", "the issuer's own name "+clip(name), "that of the other service")
		}
	}
}

// provider: one attribute LegalName of the form that C.3.4 g gives.
func (c *checker) provider(component string, x *Entity) {
	if !c.p.baseline || len(x.Attributes) == 0 && component == "R02" { // counted
		return
	}
	if x.LegalName() == "" {
		c.add(c.absent(), component, clauseName, "no attribute LegalName", "one")
		return
	}
	if len(x.Attributes) != 1 {
		c.add(Tolerated, component, clauseName, strconv.Itoa(len(x.Attributes))+" attributes", "LegalName alone")
	}
	for i := range x.Attributes {
		if a := &x.Attributes[i]; a.Name == AttributeLegalName {
			c.form(component, clauseName, a, QName{NamespaceLegalPerson, typeLegalName})
		}
	}
}

// form judges one attribute of the baseline. The type is a Violation because a
// signature with exclusive canonicalisation does not cover the declaration of a
// prefix that only values use: what nobody signed must not be lenient.
func (c *checker) form(component, clause string, a *Attribute, want QName) {
	if len(a.Values) != 1 || a.Values[0].Type != want {
		c.add(Violation, component, clause, "attribute "+clip(a.Name)+" of another form", "one value of xsi:type "+want.Local)
	} else if a.NameFormat != nameFormatURI {
		c.add(Tolerated, component, clause, "NameFormat "+clip(a.NameFormat), nameFormatURI)
	}
}

func (c *checker) users() {
	c.user("I01", "I02", &c.e.Sender, "sender")
	for i := range c.e.Recipients {
		c.user("I05", "I06", &c.e.Recipients[i], "recipient "+strconv.Itoa(i+1))
	}
	if a := c.e.Sender.Assurance; a != nil && c.p.baseline {
		c.assurance(a)
	}
}

func (c *checker) user(identity, identifier string, u *User, who string) {
	if !c.p.baseline {
		return
	}
	const clause = "EN 319 532-4 C.3.4 h"
	if v := u.Identifier.Value; v != "" {
		switch address := u.Address(); {
		case address == "":
			c.add(Violation, identifier, clause, who+": scheme "+clip(u.Identifier.Scheme), schemeMailto)
		case !isAddress(address):
			c.add(Violation, identifier, clause, who+": "+clip(v), "a mail address")
		case address != v || u.Identifier.Scheme != schemeMailto:
			c.add(Tolerated, identifier, clause, who+": "+clip(v), "the bare address, scheme mailto")
		}
	}
	if len(u.Attributes) == 0 {
		return
	}
	id := u.PersonIdentifier()
	if id == "" {
		c.add(Violation, identity, clause, who+": no attribute PersonIdentifier", "one")
		return
	}
	for i := range u.Attributes {
		if a := &u.Attributes[i]; a.Name == AttributePersonIdentifier {
			c.form(identity, clause, a, QName{NamespaceNaturalPerson, typePersonIdentifier})
		}
	}
	switch matchPerson(id, u.Address()) {
	case personDiffers:
		c.add(Violation, identity, clause, who+": "+clip(id), "CC/CC/ and the SHA-256 of the lower-cased address")
	case personAsWritten:
		c.add(Tolerated, identity, clause, who+": SHA-256 of the address as written", "of the lower-cased address")
	case personOtherCase:
		c.add(Tolerated, identity, clause, who+": hexadecimal in lower case", "in upper case")
	}
	if c.p.PersonPrefix != "" && !strings.HasPrefix(id, c.p.PersonPrefix) {
		c.add(Tolerated, identity, policyIT, who+": "+clip(id), "a person identifier "+c.p.PersonPrefix)
	}
}

func (c *checker) assurance(a *Assurance) {
	const clause = "EN 319 532-4 C.3.4"
	if a.Global == nil {
		c.add(Violation, "I10", clause, "no GlobalAssuranceLevel", LevelSubstantial)
	} else {
		if a.Global.URI != LevelSubstantial {
			c.add(Violation, "I10", clause, "level "+clip(a.Global.URI), LevelSubstantial)
		}
		switch want := c.p.AssurancePolicy; {
		case a.Global.Policy == "":
			c.add(Tolerated, "I10", clause, "no PolicyID of the level", "one")
		case want != "" && a.Global.Policy != want:
			c.add(Tolerated, "I10", policyIT, "policy of the level "+clip(a.Global.Policy), want)
		}
	}
	switch want, x := c.p.AuthenticationMethod, a.Authentication; {
	case x == nil || x.Time.IsZero() || x.Method == "":
		c.add(Tolerated, "I10", clause, "no AuthenticationTime and AuthenticationMethod", "both")
	case want != "" && x.Method != want:
		c.add(Tolerated, "I10", policyIT, "method "+clip(x.Method), want)
	}
}

func (c *checker) recipientNumbers() {
	n := len(c.e.Recipients)
	if c.e.RefersTo != nil {
		c.inRange("I09", "EvidenceRefersToRecipient", n, *c.e.RefersTo)
	}
	for i := range c.e.RecipientDelegates {
		d := &c.e.RecipientDelegates[i]
		if len(d.For) == 0 {
			c.add(c.absent(), "I08", "EN 319 522-3 §5.2 (schema)", "a delegate of nobody", "DelegatingRecipients")
		}
		c.inRange("I08", "DelegatingRecipients", n, d.For...)
	}
	for i := range c.e.Extensions {
		if g := c.e.Extensions[i].General; g != nil {
			c.inRange("E01", "UntrustedPathToRecipient", n, g.Untrusted...)
		}
		if r := c.e.Extensions[i].Relay; r != nil {
			c.inRange("E01", "RelayEvidenceRefersTo", n, r.RefersTo...)
		}
	}
}

// inRange reports the first number that no recipient has, and the first that
// comes twice.
func (c *checker) inRange(component, name string, n int, list ...int) {
	var seen []bool
	if len(list) > 1 {
		seen = make([]bool, n+1)
	}
	for _, at := range list {
		if at < 1 || at > n {
			c.add(Violation, component, "EN 319 532-4 C.4.5", name+" "+strconv.Itoa(at), "1 to "+strconv.Itoa(n))
			return
		}
		if seen == nil {
			continue
		}
		if seen[at] {
			c.add(Remark, component, "EN 319 532-4 C.3.2", name+" "+strconv.Itoa(at)+" twice", "once")
			return
		}
		seen[at] = true
	}
}

func (c *checker) extensions() {
	for i := range c.e.Extensions {
		x := &c.e.Extensions[i]
		switch {
		case x.Critical && !x.Known():
			c.add(Undecided, "E01", "EN 319 522-3 §5.2.2", "a critical extension that is not known", "one that is")
		case x.Critical && c.p.baseline:
			c.add(Violation, "E01", "EN 319 532-4 C.3.2", "isCritical is true", "false")
		case x.Unmarked && c.p.baseline:
			c.add(Tolerated, "E01", "EN 319 532-4 C.3.2", "no isCritical", "false")
		}
	}
}
