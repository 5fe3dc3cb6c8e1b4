package evidence

import "strconv"

func (w *writer) user(name string, u *User, d *Delegate) {
	w.open(name)
	w.identity(u.Attributes)
	if u.Identifier != (Identifier{}) {
		w.start("Identifier")
		if u.Identifier.Scheme != "" {
			w.attr("IdentifierSchemeName", u.Identifier.Scheme)
		}
		w.value("Identifier", u.Identifier.Value)
	}
	if u.Assurance != nil {
		w.assurance(u.Assurance)
	}
	if d != nil {
		w.start("DelegatingRecipients")
		w.raw(">")
		for i, n := range d.For {
			if i > 0 {
				w.raw(" ")
			}
			w.buf = strconv.AppendInt(w.buf, int64(n), 10)
		}
		w.end("DelegatingRecipients")
	}
	w.close(name)
}

func (w *writer) assurance(a *Assurance) {
	const both = "tns:AuthenticationDetsAndAssuranceLevel"
	w.open("AssuranceLevelsDetails")
	if a.Global != nil {
		w.level("GlobalAssuranceLevel", a.Global)
	}
	inside := a.Global == nil && a.AuthenticationLevel != nil
	if a.Authentication != nil && !inside {
		w.authentication(a.Authentication)
	}
	if a.AuthenticationLevel != nil {
		w.open(both)
		w.level("AssuranceLevel", a.AuthenticationLevel)
		if a.Authentication != nil && inside {
			w.authentication(a.Authentication)
		}
		w.close(both)
	}
	if a.IdentityProof != nil {
		w.level("IdentityProofAssuranceLevel", a.IdentityProof)
	}
	if a.Federation != nil {
		w.level("FederationAssuranceLevel", a.Federation)
	}
	w.close("AssuranceLevelsDetails")
}

func (w *writer) level(name string, l *Level) {
	w.open(name)
	w.leaf("AssuranceLevel", l.URI)
	w.given("PolicyID", l.Policy)
	w.given("PolicyIDDetails", l.PolicyDetails)
	if len(l.Resources) > 0 {
		w.open("PolicyIDDetailsResources")
		for _, r := range l.Resources {
			w.start("URI")
			if r.Lang != "" {
				w.attr("xml:lang", r.Lang)
			}
			w.value("URI", r.URI)
		}
		w.close("PolicyIDDetailsResources")
	}
	w.close(name)
}

func (w *writer) authentication(a *Authentication) {
	const name = "AuthenticationDetails"
	if a.Assertion != nil && a.OAuth2 == nil && a.Other == nil && a.Time.IsZero() && a.Method == "" {
		w.any(name, true, a.Assertion, "Assertion")
		return
	}
	w.open("tns:" + name)
	if a.Assertion != nil { // beside another form: refused by the schema
		w.verbatim(a.Assertion, "Assertion")
	}
	if a.OAuth2 != nil {
		w.any("OAuth2", false, a.OAuth2, "")
	}
	w.given("AuthenticationTime", a.Time.String())
	w.given("AuthenticationMethod", a.Method)
	if a.Other != nil {
		w.any("other", false, a.Other, "")
	}
	w.close("tns:" + name)
}
