package archive

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
)

func (p *Package) verifyItem(ctx context.Context, it *Item, base *Evidence, o *VerifyOptions, have map[string]digests, stamped time.Time) (*ItemVerification, error) {
	s := p.data[it]
	iv := &ItemVerification{Item: it, Path: s.data, Seen: it.FirstSeen, SeenBy: SeenByRecord, Verdict: trust.Invalid}
	d, there := have[s.data]
	same := Proof{Code: ProofBytes, By: []string{s.data, s.metadata}, Status: trust.Passed, Detail: "SHA-256 " + d.sha256}
	iv.Intact = there && d.sha256 == it.SHA256 && d.sha512 == it.SHA512 && it.source != nil && it.source.Size() == it.Size
	if !iv.Intact {
		same.Status, same.Why, same.Detail = trust.Failed, WhyAltered, "the bytes are not those that were captured"
		if !there {
			same.Detail = "the file is missing or cannot be read"
		}
	}
	iv.Proofs = append(iv.Proofs, same)
	iv.judgeSeen(it, s, base, d, stamped, o)
	if iv.SeenBy == SeenByRecord && !stamped.IsZero() {
		iv.seenInPackage(stamped)
	}
	if !there || it.source == nil {
		return iv, nil
	}
	e := base.with(it, func(of string) bool { return of != ofToken })
	if iv.SeenBy != SeenByRecord || o.BelieveRecord {
		e.Seen = iv.Seen
	}
	iv.Said = &Item{FirstSeen: it.FirstSeen, Name: it.Name, Size: it.source.Size(), SHA256: d.sha256, SHA512: d.sha512, source: it.source}
	pm, rm, err := iv.Said.describe(o.Envelope)
	if err != nil && errors.Is(err, envelope.ErrSource) {
		return nil, fmt.Errorf("archive: %s: %w", s.data, err)
	}
	decisive := iv.judgeRecord(it, s)
	unreadable := err
	if err == nil {
		if o.Judge != nil {
			iv.Report, err = o.Judge(ctx, it, it.Source(), e)
		} else {
			iv.Report, err = e.judge(ctx, pm, rm)
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, envelope.ErrSource):
		return nil, fmt.Errorf("archive: %s: %w", s.data, err)
	case err != nil:
		iv.Report = nil
		iv.Proofs = append(iv.Proofs, Proof{Code: trust.CheckSignature, Status: trust.Unknown, Why: WhyNotCertified, By: []string{s.data}, Detail: err.Error()})
	default:
		iv.judgeReport(it, s, o)
	}
	iv.Verdict = iv.verdict(unreadable, decisive)
	return iv, nil
}

// verdict says what counts for an item. What it is, is for its bytes to say: a
// record that calls certified mail something else changes nothing, and is found.
func (v *ItemVerification) verdict(unreadable error, recordDiffers bool) trust.Verdict {
	certified := v.Said.System != string(pec.SystemMail)
	switch {
	case !v.Intact:
		return trust.Invalid
	case certified && v.Report == nil, !certified && unreadable != nil && !notMessage(unreadable):
		return trust.Indeterminate
	case certified && v.Report.Verdict != trust.Valid:
		return v.Report.Verdict
	case certified && v.Proof(trust.CheckDigestAlgorithm).Why == WhyWeak:
		return trust.Indeterminate
	case recordDiffers:
		return trust.Indeterminate
	}
	return trust.Valid // of ordinary mail its bytes are all that there is
}

// judgeSeen finds since when the message existed.
func (v *ItemVerification) judgeSeen(it *Item, s *sources, e *Evidence, d digests, stamped time.Time, o *VerifyOptions) {
	seen := Proof{Code: ProofFirstSeen, Status: trust.Unknown, Why: WhyRecord, By: []string{s.metadata}, At: it.FirstSeen,
		Detail: "by the record of the receiver alone: whoever can rewrite the package can change it"}
	if s.token == "" || len(it.TimeStamp) == 0 {
		v.Proofs = append(v.Proofs, seen, Proof{Code: ProofTimeStamp, Status: trust.Skipped, Why: WhyNotCaptured, Detail: "no time-stamp was made of the message"})
		return
	}
	token := stamped // the package has the token in it
	if token.IsZero() && o.BelieveRecord {
		token = it.FirstSeen
	}
	proof, now, at := judgeToken(it.TimeStamp, tsp.OfDigest(digestBytes(d.sha256), crypto.SHA256), e.with(it, func(of string) bool { return of == ofToken }), token)
	proof.By = []string{s.token}
	now.By = proof.By
	if proof.Holds() {
		v.Seen, v.SeenBy = at, SeenByTimeStamp
		seen.Status, seen.Why, seen.At, seen.By, seen.Detail = trust.Passed, WhyTimeStamp, at, proof.By, proof.Detail
	}
	v.Proofs = append(v.Proofs, seen, proof, now)
}

// seenInPackage takes the time-stamp of the package for the message in it.
func (v *ItemVerification) seenInPackage(at time.Time) {
	v.Seen, v.SeenBy = at, SeenByPackage
	for i := range v.Proofs {
		if p := &v.Proofs[i]; p.Code == ProofFirstSeen {
			p.Status, p.Why, p.At, p.Detail = trust.Passed, WhyTimeStamp, at, "the package with the message existed at "+at.UTC().Format(time.RFC3339)
		}
	}
}

// judgeReport says of each check by what it holds.
func (v *ItemVerification) judgeReport(it *Item, s *sources, o *VerifyOptions) {
	ordinary := v.Said.System == string(pec.SystemMail)
	var certs, revocation []string
	for i := range s.side.Captures {
		c := &s.side.Captures[i]
		if c.Of == ofToken {
			continue
		}
		certs = append(append(certs, c.Leaf), c.Certificates...)
		revocation = append(append(revocation, c.CRLs...), c.OCSP...)
	}
	slices.Sort(certs)
	slices.Sort(revocation)
	certs, revocation = slices.Compact(certs), slices.Compact(revocation)
	count := map[string]int{}
	for _, c := range v.Report.Checks {
		p := Proof{Code: c.Name, Status: c.Status, Detail: c.Detail, By: []string{s.data}, Why: WhyMessage}
		switch c.Name {
		case trust.CheckSignerChain:
			p.By, p.Why = append(p.By, certs...), WhyCaptured
			if c.Status == trust.Unknown {
				p.Why = WhyNotTrusted
			}
		case trust.CheckRevocation:
			p.By, p.Why = append(revocation, s.metadata), WhyCaptured
			if len(revocation) == 0 {
				p.Why = WhyNotCaptured
			}
		case trust.CheckDigestAlgorithm:
			if v.Report.Digest == "SHA-1" && c.Status == trust.Passed {
				v.judgeSHA1(&p, o)
			}
		}
		if c.Status == trust.Failed {
			p.Why = WhyWrong
		}
		if ordinary {
			p.Why = WhyNotCertified
		}
		v.Proofs = append(v.Proofs, p)
		if it.Report != nil {
			then := nthCheck(it.Report.Checks, c.Name, count[c.Name])
			if then != c.Status {
				v.Changes = append(v.Changes, Change{c.Name, then, c.Status})
			}
		}
		count[c.Name]++
	}
	if g := v.Report.Signer; g != nil && !ordinary {
		p := Proof{Code: ProofSignerNow, Status: g.Now, By: certs, At: g.NotAfter, Detail: g.NowDetail, Why: WhyCaptured}
		if v.Report.Judged.After(g.NotAfter) {
			p.Status, p.Why = trust.Unknown, WhyExpired
			p.Detail = "the signer's certificate ran out on " + g.NotAfter.Format(time.DateOnly) + ": it was in force when it signed, which is what counts"
		}
		v.Proofs = append(v.Proofs, p)
	}
}

// SHA1Until is the default of VerifyOptions.SHA1Until: the end of 2030, after which
// NIST accepts SHA-1 for no purpose any more (announcement of 15 December 2022,
// SP 800-131A). No rule of PEC names a date, and providers signed with SHA-1 until
// the end of 2024 at least.
func SHA1Until() time.Time { return time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC) }

// judgeSHA1 says what a signature with SHA-1 is still worth: what it was when the
// message is known to have existed, and that is now if nothing shows an earlier
// time.
func (v *ItemVerification) judgeSHA1(p *Proof, o *VerifyOptions) {
	until := o.SHA1Until
	if until.IsZero() {
		until = SHA1Until()
	}
	proved := v.SeenBy != SeenByRecord || o.BelieveRecord
	switch {
	case proved && v.Seen.Before(until) && v.SeenBy == SeenByRecord:
		p.Why, p.Detail = WhyRecord, "SHA-1: by the record of the receiver it existed on "+v.Seen.UTC().Format(time.DateOnly)+", when that was still accepted"
	case proved && v.Seen.Before(until):
		p.Why, p.Detail = WhyWeakStamped, "SHA-1: it existed on "+v.Seen.UTC().Format(time.DateOnly)+", when that was still accepted"
		p.By = append(p.By, v.Proof(ProofFirstSeen).By...)
	case o.Now.Before(until):
		p.Status, p.Why, p.Detail = trust.Unknown, WhyWeakStill, "SHA-1: still accepted, but a time-stamp is needed before "+until.UTC().Format(time.DateOnly)
	default:
		p.Status, p.Why, p.Detail = trust.Unknown, WhyWeak, "SHA-1: no time-stamp shows that it existed before "+until.UTC().Format(time.DateOnly)+", and since then it may be a forgery"
	}
}

func nthCheck(checks []Check, name string, n int) trust.Status {
	for _, c := range checks {
		if c.Name == name {
			if n == 0 {
				return c.Status
			}
			n--
		}
	}
	return trust.Skipped
}
