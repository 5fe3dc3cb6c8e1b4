package evidence

import "time"

// Profile is a set of rules that evidence conforms to or not. The four ready
// ones are [GenericERDS], [SMTP], [Baseline] and [PolicyIT]; each call returns
// a new value, whose fields the caller may set to what its own REM
// interoperability domain (REMID) has settled (EN 319 532-4 D.1.3).
type Profile struct {
	// Name is shown in reports.
	Name string
	// Policy is the URI of the REMID policy. When set, the evidence has to name
	// it, or a fragment of it, among its policies (EN 319 532-4 C.3.4 f).
	Policy string
	// AssurancePolicy and AuthenticationMethod, when set, are the URIs that the
	// REMID policy has for the sender's assurance.
	AssurancePolicy, AuthenticationMethod string
	// PersonPrefix, when set, is what person identifiers begin with ("IT/IT/").
	PersonPrefix string
	// LegalName, when set, is the name that the issuer has to have: that of its
	// trusted list (EN 319 532-4 C.3.4 g).
	LegalName string
	// Skew is how far the clocks of two services may differ where times have to
	// be in order; 0 means one minute, a negative duration none.
	Skew time.Duration

	tables   [][]row
	baseline bool // the rules of EN 319 532-4 Annex C
	smtp     bool // the events of EN 319 532-4 §5.5.1
	national bool // the reasons of REM-Policy-IT
}

// URIs of policies.
const (
	// PolicyBaseline is the REM baseline (EN 319 532-4 C.1).
	PolicyBaseline = "http://uri.etsi.org/19532/v1#/REMbaseline"
	// PolicyREMIT is AgID's REM-Policy-IT; evidence names its fragment
	// PolicyREMITEvidence.
	PolicyREMIT         = "https://eidas.agid.gov.it/REM/rem-policy-it"
	PolicyREMITEvidence = PolicyREMIT + "#evidence-issuer-policy"
	// PolicyREMITAssurance and MethodREMIT are the sender's assurance under it.
	PolicyREMITAssurance = PolicyREMIT + "#assurance-level-policy"
	MethodREMIT          = PolicyREMIT + "#authentication-method"

	// VersionBaseline is the version that the baseline writes
	// (EN 319 532-4 C.3.3 d).
	VersionBaseline = "EN319522v1.1.1"
)

// GenericERDS is EN 319 522-2 table 13: evidence of any registered delivery
// service.
func GenericERDS() *Profile {
	return &Profile{Name: "EN 319 522-2", tables: [][]row{genericRows[:]}}
}

// SMTP is the SMTP profile, EN 319 532-4 §5.5: the generic rules, with a remark
// for events that it does not profile.
func SMTP() *Profile {
	return &Profile{Name: "EN 319 532-4 SMTP profile", tables: [][]row{genericRows[:]}, smtp: true}
}

// Baseline is the REM baseline, EN 319 532-4 Annex C: seven events only.
func Baseline() *Profile {
	return &Profile{Name: "EN 319 532-4 REM baseline", tables: [][]row{baselineRows[:]}, baseline: true}
}

// PolicyIT is AgID's REM-Policy-IT 1.2 as far as its examples show it: the
// baseline, and relay to and from ordinary mail.
func PolicyIT() *Profile {
	return &Profile{
		Name: "REM-Policy-IT", Policy: PolicyREMIT, AssurancePolicy: PolicyREMITAssurance,
		AuthenticationMethod: MethodREMIT, PersonPrefix: "IT/IT/",
		tables: [][]row{baselineRows[:], policyITRows[:]}, baseline: true, national: true,
	}
}

// ProfileOf is the strictest of the ready profiles that the evidence itself
// claims by its policies: PolicyIT, Baseline or GenericERDS.
func ProfileOf(e *Evidence) *Profile {
	p := GenericERDS
	for _, uri := range e.Policies {
		switch {
		case samePolicy(uri, PolicyREMIT):
			return PolicyIT()
		case uri == PolicyBaseline:
			p = Baseline
		}
	}
	return p()
}

// samePolicy: the policy itself or a fragment of it.
func samePolicy(uri, policy string) bool {
	return len(uri) >= len(policy) && uri[:len(policy)] == policy && (len(uri) == len(policy) || uri[len(policy)] == '#')
}

// table finds the table that has the event; nil when none does.
func (p *Profile) table(event *EventInfo) []row {
	for _, t := range p.tables {
		if t[0].cells[event.column] != unused {
			return t
		}
	}
	return nil
}

func (p *Profile) skew() time.Duration {
	switch {
	case p.Skew == 0:
		return time.Minute
	case p.Skew < 0:
		return 0
	}
	return p.Skew
}

// orGeneric is the profile itself, or GenericERDS for nil and for one that the
// caller made from nothing.
func (p *Profile) orGeneric() *Profile {
	if p == nil {
		return GenericERDS()
	}
	if p.tables == nil {
		q := *p
		q.tables = [][]row{genericRows[:]}
		return &q
	}
	return p
}
