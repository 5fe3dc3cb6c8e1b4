package remtest

import (
	"slices"
	"strings"

	"github.com/certmail/certmail/rem/evidence"
)

// What evidence says (EN 319 532-4 §C.3.4, and §2.7 of REM-Policy-IT by its
// examples).

// The policies of the networks.
const (
	policyBaseline  = "http://uri.etsi.org/19532/v1#/REMbaseline"
	policyItaly     = "https://eidas.agid.gov.it/REM/rem-policy-it"
	policyDomain    = "https://policy.remid.example/rem-policy"
	fragmentIssuer  = "#evidence-issuer-policy"
	fragmentLevel   = "#assurance-level-policy"
	fragmentMethod  = "#authentication-method"
	evidenceVersion = "EN319522v1.1.1"
)

// rules are those that evidence of a fact follows: the provider's profile, the
// baseline for mail that came from another domain of interoperability or, for
// events and reasons that these do not have, the general ones.
func (of *node) rules(t *transaction, f *Fact) (p *evidence.Profile, policies []string, policy string) {
	p, policy = evidence.PolicyIT(), policyItaly
	known := []evidence.Origin{evidence.OriginBoth, evidence.OriginBaseline, evidence.OriginPolicyIT}
	foreign := t.from != nil && !slices.ContainsFunc(t.from.Policies, func(uri string) bool { return strings.HasPrefix(uri, policyItaly) })
	if of.config.Profile == Baseline || foreign {
		p, policy, known = evidence.Baseline(), policyDomain, known[:2]
	}
	all := evidence.Reasons()
	i := slices.IndexFunc(all, func(r evidence.ReasonInfo) bool { return r.Code == f.Reason })
	if i < 0 || !slices.Contains(known, all[i].Origin) {
		return evidence.GenericERDS(), []string{policyDomain + fragmentIssuer}, policyDomain
	}
	return p, []string{policyBaseline, policy + fragmentIssuer}, policy
}

// document is what the evidence of a fact says.
func (of *node) document(t *transaction, f *Fact) (*evidence.Evidence, *evidence.Profile) {
	n := of.net
	p, policies, policy := of.rules(t, f)
	e := &evidence.Evidence{
		Version: evidenceVersion, ID: f.ID, Event: f.Event, Time: evidence.At(f.Time), Policies: policies,
		Issuer: evidence.Provider(of.config.Name), MessageID: t.identifier,
	}
	if r, ok := evidence.ReasonByCode(f.Reason); ok {
		e.Reasons = []evidence.Reason{r}
	}
	if t.from != nil { // later issuers copy (§C.4.5.2 c)
		e.Sender, e.Submitted, e.Content = t.from.Sender, t.from.Submitted, t.from.Content
	} else {
		e.Sender = evidence.Mailbox(t.sender.Address)
		e.Content = evidence.OriginalMessage(t.userAgent, evidence.DigestSHA256, t.digest)
	}
	if t.from == nil && !t.submitted.IsZero() {
		at := evidence.At(t.submitted)
		e.Submitted = &at
		e.Sender = e.Sender.WithPersonIdentifier(evidence.PersonIdentifier(of.config.Country, of.config.Country, t.sender.Address))
		e.Sender.Assurance = &evidence.Assurance{
			Global:         &evidence.Level{URI: evidence.LevelSubstantial, Policy: policy + fragmentLevel},
			Authentication: &evidence.Authentication{Time: evidence.At(t.authenticated), Method: policy + fragmentMethod},
		}
	}
	for _, r := range t.recipients {
		u := evidence.Mailbox(r.Address.Address)
		// Who a recipient is, only its own provider attests (§C.3.4 note 6).
		if f.Event.Code() != "" && f.Event.Code()[0] != 'A' && n.managing(r.Address.Address) == of {
			u = u.WithPersonIdentifier(evidence.PersonIdentifier(of.config.Country, of.config.Country, r.Address.Address))
		}
		e.Recipients = append(e.Recipients, u)
	}
	of.refer(e, t, f)
	return e, p
}

// refer says whom the evidence is about.
func (of *node) refer(e *evidence.Evidence, t *transaction, f *Fact) {
	subject := t.subject
	general := &evidence.GeneralInfo{Subject: &subject, Untrusted: slices.Clone(t.untrusted)}
	e.Extensions = append(e.Extensions, evidence.Extension{General: general})
	switch {
	case f.Event.Consignment():
		number := f.Recipients[0]
		e.RefersTo = &number
		if delegate := of.delegate(t.address(number)); delegate != "" && (f.Reason == "RD02" || f.Reason == "RE02") {
			e.RecipientDelegates = []evidence.Delegate{{User: evidence.Mailbox(delegate), For: []int{number}}}
		}
	case f.Event.Relay():
		other := evidence.Provider(f.Other)
		e.ExternalERDS = &other
		e.Extensions = append(e.Extensions, evidence.Extension{Relay: &evidence.RelayInfo{RefersTo: slices.Clone(f.Recipients)}})
	case f.Event == evidence.ReceivedFromNonERDS:
		e.External = &f.Other
	case f.Other != "":
		e.External = &f.Other
		e.Extensions = append(e.Extensions, evidence.Extension{Relay: &evidence.RelayInfo{RefersTo: slices.Clone(f.Recipients)}})
	}
}

// delegate is who receives for a recipient, "" for nobody else.
func (of *node) delegate(address string) string {
	for account, delegate := range of.config.Delegates {
		if fold(account) == fold(address) {
			return delegate
		}
	}
	return ""
}

// fact reads a fact from evidence. provider names the provider of a legal
// name by its domain.
func factOf(e *evidence.Evidence, provider func(legalName string) string) *Fact {
	f := &Fact{Event: e.Event, Provider: provider(e.Issuer.LegalName()), Message: e.MessageID, ID: e.ID, Time: e.Time.UTC}
	if len(e.Reasons) > 0 {
		f.Reason = e.Reasons[0].Code()
	}
	numbers, some := e.RelayRefersTo()
	switch {
	case e.RefersTo != nil:
		f.Recipients = []int{*e.RefersTo}
	case some:
		f.Recipients = numbers
	}
	switch {
	case e.ExternalERDS != nil:
		f.Other = e.ExternalERDS.LegalName()
	case e.External != nil:
		f.Other = *e.External
	}
	return f
}

// transactionOf reads what all evidence about one message has in common.
func transactionOf(e *evidence.Evidence) *transaction {
	t := &transaction{identifier: e.MessageID, subject: e.Subject(), untrusted: e.Untrusted(), from: e}
	t.sender.Address = e.Sender.Address()
	for i := range e.Recipients {
		p := party{}
		p.Address.Address = e.Recipients[i].Address()
		t.recipients = append(t.recipients, p)
	}
	if e.Submitted != nil {
		t.submitted = e.Submitted.UTC
	}
	if e.Content != nil {
		t.userAgent = e.Content.AppLayerIdentifier
		for i := range e.Content.Parts {
			t.digest = e.Content.Parts[i].Digest
		}
	}
	return t
}
