package main

import (
	"context"
	"errors"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// judges are the verifiers of the two systems.
type judges struct {
	pec *pec.Verifier
	rem *rem.Verifier
}

// judgement is a report of either system, as this command shows it.
type judgement struct {
	system, kind string
	verdict      trust.Verdict
	time         time.Time
	basis        string
	checks       []trust.Check
	findings     []finding
	signer       *trust.Signer
	signature    *envelope.Signature

	pec *pec.Report // one of the two
	rem *rem.Report
}

func ofPEC(r *pec.Report) *judgement {
	return &judgement{
		system: string(r.Kind.System()), kind: string(r.Kind), verdict: r.Verdict, time: r.Time, basis: string(r.Basis),
		checks: r.Checks, findings: findings("", r.Findings), signer: r.Signer, signature: r.Signature, pec: r,
	}
}

func ofREM(r *rem.Report) *judgement {
	return &judgement{
		system: string(pec.SystemREM), kind: string(r.Kind), verdict: r.Verdict, time: r.Time, basis: string(r.Basis),
		checks: r.Checks, findings: trustFindings(r.Findings), signer: r.Signer, signature: r.Signature, rem: r,
	}
}

func trustFindings(list []trust.Finding) []finding {
	out := make([]finding, 0, len(list))
	for _, f := range list {
		out = append(out, finding(f))
	}
	return out
}

func (j *judgement) check(name string) trust.Check {
	for _, c := range j.checks {
		if c.Name == name {
			return c
		}
	}
	return trust.Check{Name: name, Status: trust.Skipped}
}

// judge verifies a message. One that was quoted in its mbox, or only looks so,
// is judged by the reading under which its signature holds.
func (v *judges) judge(in *input) (*judgement, error) {
	if in.err != nil {
		return nil, in.err
	}
	j, err := v.verify(in)
	if err != nil || j.check(trust.CheckSignature).Status != trust.Failed {
		return j, err
	}
	again, ok := in.verbatim()
	if !ok {
		return j, nil
	}
	other, err := v.verify(again)
	if err != nil || other.check(trust.CheckSignature).Status != trust.Passed {
		again.close()
		return j, nil
	}
	in.become(again)
	return other, nil
}

func (v *judges) verify(in *input) (*judgement, error) {
	if in.rem != nil {
		r, err := v.rem.Verify(context.Background(), in.rem)
		if err != nil {
			return nil, err
		}
		return ofREM(r), nil
	}
	r, err := v.pec.Verify(context.Background(), in.msg)
	if err != nil {
		return nil, err
	}
	return ofPEC(r), nil
}

// judges makes the verifiers of both systems out of the same flags. Trusted
// lists are for REM: PEC providers are in none. The built-in key is for PEC: it
// does not vouch for REM.
func (t *trustFlags) judges(a *app, now func() time.Time) (*judges, error) {
	verifier, err := t.verifier(a, now)
	if err != nil {
		return nil, err
	}
	opt := &rem.VerifyOptions{At: t.at.Time, Now: now}
	material, stamps, lists, err := t.foreign(a, now)
	if err != nil {
		return nil, err
	}
	opt.Lists = lists
	policy := &trust.Policy{AllowSHA1Certificates: t.allowSHA1}
	store, err := trust.NewStore(material, policy)
	if err == nil {
		opt.TimeStamps, err = trust.NewStore(stamps, policy)
	}
	if err != nil {
		return nil, usagef("%v", err)
	}
	return &judges{verifier, rem.NewVerifier(store, opt)}, nil
}

// foreign is what is believed for REM, and for time-stamps.
func (t *trustFlags) foreign(a *app, now func() time.Time) (mail, stamps trust.Material, lists *tsl.Set, err error) {
	if mail, err = t.material(); err != nil {
		return mail, stamps, nil, err
	}
	mail.Keys = nil
	stamps = mail
	if len(t.tsl) > 0 {
		if lists, err = t.lists(a, now); err != nil {
			return mail, stamps, nil, err
		}
		mail.Anchors = append(mail.Anchors[:len(mail.Anchors):len(mail.Anchors)], lists.Anchors(tsl.REM())...)
		stamps.Anchors = append(stamps.Anchors[:len(stamps.Anchors):len(stamps.Anchors)], lists.Anchors(tsl.TimeStamping())...)
	}
	return mail, stamps, lists, nil
}

// lists reads the trusted lists. Whoever names a file here vouches for it; a
// signature in it must hold all the same.
func (t *trustFlags) lists(a *app, now func() time.Time) (*tsl.Set, error) {
	var all []*tsl.Verification
	for _, name := range t.tsl {
		data, err := readFile("--tsl", name)
		if err != nil {
			return nil, err
		}
		list, err := tsl.Parse(data, nil)
		if err != nil {
			return nil, usagef("--tsl %s: %v", name, err)
		}
		v := list.Vouch(now(), nil)
		if !v.Believed() {
			return nil, usagef("--tsl %s: %v", name, v.Err)
		}
		if err := v.Fresh(now()); err != nil {
			a.complain(errors.New("--tsl " + name + ": " + err.Error()))
		}
		all = append(all, v)
	}
	set, err := tsl.NewSet(all...)
	if err != nil {
		return nil, usagef("--tsl: %v", err)
	}
	return set, nil
}
