package archive

import (
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust"
)

// Report is what a verification said, as it is kept in a package: facts by
// name, not the objects behind them.
type Report struct {
	// Version is that of this form, 1.
	Version int           `json:"version"`
	Verdict trust.Verdict `json:"verdict"`
	// Judged is when the verification was made, Time the time that the
	// certificates were judged at, Basis why that one (pec.TimeBasis,
	// rem.TimeBasis).
	Judged time.Time `json:"judged,omitzero"`
	Time   time.Time `json:"time,omitzero"`
	Basis  string    `json:"time_basis"`
	// Digest is the algorithm of the message's signature.
	Digest   string    `json:"digest,omitempty"`
	Signer   *Signer   `json:"signer,omitempty"`
	Checks   []Check   `json:"checks"`
	Findings []Finding `json:"findings,omitempty"`
}

// Signer is who signed a message.
type Signer struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Email     string    `json:"email,omitempty"`
	Serial    string    `json:"serial"` // lower-case hexadecimal
	SHA256    string    `json:"sha256"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Provider  string    `json:"provider,omitempty"`
	// Source says why it is taken for a provider (trust.Source), Anchor where
	// the path ends.
	Source string `json:"source,omitempty"`
	Anchor string `json:"anchor,omitempty"`
	// Now is the state of the path at Report.Judged.
	Now       trust.Status `json:"now,omitempty"`
	NowDetail string       `json:"now_detail,omitempty"`
}

// Check is a trust.Check with names for JSON.
type Check struct {
	Name   string       `json:"name"`
	Status trust.Status `json:"status"`
	Detail string       `json:"detail,omitempty"`
}

// Finding is a trust.Finding with names for JSON.
type Finding struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

const reportVersion = 1

// Check returns the first check of that name, Skipped when there is none.
func (r *Report) Check(name string) Check {
	if r != nil {
		for _, c := range r.Checks {
			if c.Name == name {
				return c
			}
		}
	}
	return Check{Name: name, Status: trust.Skipped}
}

// ReportPEC puts a report of package pec into the form that is kept.
func ReportPEC(r *pec.Report, judged time.Time) *Report {
	out := &Report{Version: reportVersion, Verdict: r.Verdict, Judged: judged.UTC(), Time: r.Time.UTC(), Basis: string(r.Basis)}
	out.signature(r.Check(trust.CheckDigestAlgorithm).Detail, r.Signer)
	out.checks(r.Checks)
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, Finding{f.Code, f.Detail})
	}
	return out
}

// ReportREM puts a report of package rem into the form that is kept.
func ReportREM(r *rem.Report, judged time.Time) *Report {
	out := &Report{Version: reportVersion, Verdict: r.Verdict, Judged: judged.UTC(), Time: r.Time.UTC(), Basis: string(r.Basis)}
	out.signature(r.Check(trust.CheckDigestAlgorithm).Detail, r.Signer)
	out.checks(r.Checks)
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, Finding{f.Code, f.Detail})
	}
	return out
}

func (r *Report) checks(checks []trust.Check) {
	for _, c := range checks {
		r.Checks = append(r.Checks, Check{c.Name, c.Status, c.Detail})
	}
}

func (r *Report) signature(algorithm string, s *trust.Signer) {
	r.Digest = digestName(algorithm)
	if s == nil || s.Certificate == nil {
		return
	}
	c := s.Certificate
	r.Signer = &Signer{Subject: c.Subject.String(), Issuer: c.Issuer.String(), SHA256: s.SHA256, NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
		Provider: s.Provider, Source: string(s.Source), Anchor: s.AtEvent.Anchor, Now: s.Now.Status, NowDetail: s.Now.Detail}
	if c.SerialNumber != nil {
		r.Signer.Serial = c.SerialNumber.Text(16)
	}
	if len(s.Emails) > 0 {
		r.Signer.Email = s.Emails[0]
	}
}
