package tsl

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/trust"
)

// Names of the checks of a list, beside trust.CheckSignature.
const (
	CheckSigner    = "signer"
	CheckTerritory = "territory"
	CheckSequence  = "sequence"
	CheckFresh     = "fresh"
)

// VerifyOptions say what else is expected of a list. A nil pointer expects
// nothing.
type VerifyOptions struct {
	// Territory and Type are what the pointer says (SchemeTerritory, TSLType);
	// empty ones are not compared.
	Territory, Type string
	// LastSequence is the highest sequence number seen so far of this list; a
	// list with a lower one is a rollback. Zero compares nothing.
	LastSequence int
	// Grace is how long a list may be overdue before it counts as stale.
	Grace time.Duration
}

// Verification is what is known of a list's authenticity.
type Verification struct {
	List *List
	// Checks are signature, signer, territory, sequence and fresh, in this
	// order.
	Checks []trust.Check
	// Signer is the certificate whose key made the signature, when it holds.
	Signer *x509.Certificate
	// SigningTime is what the signer claims.
	SigningTime time.Time
	// Err is the first reason why the list is not believed; it wraps one of
	// the Err values of this package.
	Err error
	// Findings are oddities of the signature and of its certificate (TS 119
	// 612 §5.7.1); those of the list are in List.Findings.
	Findings []trust.Finding

	grace   time.Duration
	vouched bool
}

// Verify judges the list's signature (an enveloped XAdES signature, TS 119 612
// §5.7) against the certificates that the list of lists gives for it:
//
//   - signature: exactly one, over the whole list, and it holds;
//   - signer: its certificate is one of certs, compared in full;
//   - territory: it is the list that was asked for, see VerifyOptions;
//   - sequence: it is not older than one seen before;
//   - fresh: its next update is not overdue at now. An overdue or closed list
//     leaves this unknown: it may still be right about the past.
//
// No path is built above the signer and its validity is not judged: that the
// list of lists names the certificate is the trust statement (TS 119 612
// §5.3.13); what is unusual about it is a finding. A zero now leaves fresh
// unknown.
func (l *List) Verify(certs []*x509.Certificate, now time.Time, o *VerifyOptions) *Verification {
	v := l.judge(certs, now, o)
	v.add(CheckSigner, v.judgeSigner(certs))
	return v.finish(now, o)
}

// Vouch is Verify for a list that the caller vouches for, a file named on a
// command line: no certificate is compared, and a list without any signature
// is taken. A signature that is there must hold.
func (l *List) Vouch(now time.Time, o *VerifyOptions) *Verification {
	v := l.judge(nil, now, o)
	if errors.Is(v.Err, ErrUnsigned) {
		v.Err = nil
		v.Checks[0].Status, v.Checks[0].Detail = trust.Skipped, "the list is not signed"
		v.Findings = append(v.Findings, trust.Finding{Code: "list-unsigned", Detail: l.Title() + " is taken on the caller's word alone"})
	}
	v.vouched = true
	v.Checks = append(v.Checks, trust.Check{Name: CheckSigner, Status: trust.Skipped, Detail: "the caller vouches for the list"})
	return v.finish(now, o)
}

// judge makes the check signature.
func (l *List) judge(certs []*x509.Certificate, now time.Time, o *VerifyOptions) *Verification {
	v := &Verification{List: l, Checks: make([]trust.Check, 0, 5)}
	if o != nil {
		v.grace = o.Grace
	}
	v.add(trust.CheckSignature, v.judgeSignature(certs))
	return v
}

// finish makes the checks after signer.
func (v *Verification) finish(now time.Time, o *VerifyOptions) *Verification {
	if o == nil {
		o = &VerifyOptions{}
	}
	v.judgePlace(o)
	v.judgeSequence(o)
	v.judgeFresh(now)
	return v
}

// add makes a check of an outcome: passed with a detail, or failed.
func (v *Verification) add(name string, outcome result) {
	if outcome.err != nil {
		v.fail(name, outcome.err)
		return
	}
	v.Checks = append(v.Checks, trust.Check{Name: name, Status: outcome.status, Detail: outcome.detail})
}

type result struct {
	status trust.Status
	detail string
	err    error
}

func (v *Verification) fail(name string, err error) {
	v.Checks = append(v.Checks, trust.Check{Name: name, Status: trust.Failed, Detail: err.Error()})
	if v.Err == nil {
		v.Err = err
	}
}

// judgeSigner compares the signer with the certificates given for the list.
func (v *Verification) judgeSigner(certs []*x509.Certificate) result {
	if v.Signer == nil {
		return result{status: trust.Unknown, detail: "the signature does not hold"}
	}
	if len(certs) == 0 {
		return result{status: trust.Unknown, detail: "no certificate given for the list"}
	}
	if !slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return c != nil && bytes.Equal(c.Raw, v.Signer.Raw) }) {
		return result{err: fmt.Errorf("%w: signed by %s, %d given", ErrSigner, subjectName(v.Signer), len(certs))}
	}
	return result{status: trust.Passed, detail: "signed by " + subjectName(v.Signer)}
}

func (v *Verification) judgePlace(o *VerifyOptions) {
	switch l := v.List; {
	case o.Territory == "" && o.Type == "":
		v.Checks = append(v.Checks, trust.Check{Name: CheckTerritory, Status: trust.Skipped, Detail: "none was asked for"})
	case o.Territory != "" && !strings.EqualFold(o.Territory, l.Territory):
		v.fail(CheckTerritory, fmt.Errorf("%w: territory %q, expected %q", ErrTerritory, l.Territory, o.Territory))
	case o.Type != "" && o.Type != l.Type:
		v.fail(CheckTerritory, fmt.Errorf("%w: type %q, expected %q", ErrTerritory, l.Type, o.Type))
	default:
		v.Checks = append(v.Checks, trust.Check{Name: CheckTerritory, Status: trust.Passed, Detail: l.Territory})
	}
}

func (v *Verification) judgeSequence(o *VerifyOptions) {
	switch n := v.List.Sequence; {
	case o.LastSequence == 0:
		v.Checks = append(v.Checks, trust.Check{Name: CheckSequence, Status: trust.Skipped, Detail: "no earlier issue to compare with"})
	case n < o.LastSequence:
		v.fail(CheckSequence, fmt.Errorf("%w: %d, seen before: %d", ErrSequence, n, o.LastSequence))
	default:
		v.Checks = append(v.Checks, trust.Check{Name: CheckSequence, Status: trust.Passed, Detail: fmt.Sprintf("%d, seen before: %d", n, o.LastSequence)})
	}
}

func (v *Verification) judgeFresh(now time.Time) {
	c := trust.Check{Name: CheckFresh, Status: trust.Unknown}
	switch err := v.Fresh(now); {
	case err == nil:
		c.Status, c.Detail = trust.Passed, "next update due by "+stamp(v.List.NextUpdate)
	default:
		c.Detail = err.Error()
	}
	v.Checks = append(v.Checks, c)
}

// Fresh says whether the list covers a time: its next issue was not due before
// it, with the grace of VerifyOptions. The error is or wraps ErrStale,
// ErrClosed or trust.ErrNoTime.
func (v *Verification) Fresh(at time.Time) error {
	switch l := v.List; {
	case at.IsZero():
		return trust.ErrNoTime
	case l.Closed && at.After(l.Issued):
		return fmt.Errorf("%w: %s", ErrClosed, l.Title())
	case l.Closed:
		return nil
	case l.NextUpdate.IsZero():
		return fmt.Errorf("%w: %s does not say when its next issue is due", ErrStale, l.Title())
	case at.After(l.NextUpdate.Add(v.grace)):
		return fmt.Errorf("%w: %s was to be replaced by %s", ErrStale, l.Title(), stamp(l.NextUpdate))
	}
	return nil
}

func (v *Verification) stale(at time.Time) bool { return v.Fresh(at) != nil }

// Check returns the check of that name; one that was never made is skipped.
func (v *Verification) Check(name string) trust.Check {
	for _, c := range v.Checks {
		if c.Name == name {
			return c
		}
	}
	return trust.Check{Name: name, Status: trust.Skipped}
}

// Verdict sums the checks up. A stale list is indeterminate.
func (v *Verification) Verdict() trust.Verdict {
	if v.vouched {
		return trust.Judge(v.Checks)
	}
	return trust.Judge(v.Checks, trust.CheckSignature, CheckSigner)
}

// Believed says whether the list's words may be used: signature and signer
// passed (or the caller vouched for the list) and nothing failed. Being fresh
// is not required.
func (v *Verification) Believed() bool {
	for _, c := range v.Checks {
		if c.Status == trust.Failed {
			return false
		}
	}
	return v.vouched || v.Check(trust.CheckSignature).Status == trust.Passed && v.Check(CheckSigner).Status == trust.Passed
}
