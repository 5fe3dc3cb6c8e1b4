package archive

import (
	"time"

	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
)

// judgeToken judges a time-stamp at the time it states, and its authority's
// certificate now. seen is a time at which the token itself existed already, zero
// when nothing shows one: a token of before the authority lost its key stays
// good only if it can be told from those that were forged afterwards (RFC 3161
// §4).
func judgeToken(token []byte, imprint tsp.ImprintFunc, e *Evidence, seen time.Time) (proof, now Proof, at time.Time) {
	proof, now = Proof{Code: ProofTimeStamp}, Proof{Code: ProofTimeStampNow, Status: trust.Skipped}
	t, err := tsp.Parse(token)
	if err != nil {
		proof.Status, proof.Why, proof.Detail = trust.Failed, WhyAltered, err.Error()
		return proof, now, at
	}
	r := tsp.Verify(t, tsp.Query{Imprint: imprint, Store: e.TimeStamps, Now: e.Now, FirstSeen: seen, CRLs: e.CRLs, OCSP: e.OCSP})
	proof.At = r.Time
	switch {
	case !r.OK:
		proof.Status, proof.Why, proof.Detail = trust.Failed, WhyWrong, r.Err.Error()
	case !r.Trusted:
		proof.Status, proof.Why, proof.Detail = trust.Unknown, WhyNotTrusted, "signed by an authority that is not trusted here"
		for _, c := range r.Checks {
			if c.Status == trust.Failed {
				proof.Status, proof.Why, proof.Detail = trust.Failed, WhyWrong, c.Name+": "+c.Detail
			}
		}
		for _, name := range [...]string{tsp.CheckRevocation, tsp.CheckSignerChain} {
			if c := r.Check(name); c.Status == trust.Unknown && proof.Status == trust.Unknown {
				proof.Detail = c.Detail
			}
		}
	default:
		proof.Status, proof.Why, at = trust.Passed, WhyTimeStamp, r.Time
		proof.Detail = "the data existed at " + r.Time.UTC().Format(time.RFC3339)
	}
	if r.Certificate != nil {
		now.At = r.Certificate.NotAfter
		switch {
		case e.Now.After(r.Certificate.NotAfter):
			now.Status, now.Why = trust.Unknown, WhyExpired
			now.Detail = "the authority's certificate ran out on " + r.Certificate.NotAfter.UTC().Format(time.DateOnly) + ": whether its key was safe until then, a later time-stamp or a preservation service has to show"
		case r.Signer != nil && r.Signer.Now.Status == trust.Passed:
			now.Status, now.Why, now.Detail = trust.Passed, WhyTimeStamp, "the authority's certificate is in force"
		case r.Signer != nil:
			now.Status, now.Why, now.Detail = r.Signer.Now.Status, WhyNotTrusted, r.Signer.Now.Detail
		}
	}
	return proof, now, at
}
