package rem

import (
	"slices"

	"github.com/certmail/certmail/trust"
)

// aspects takes the verdict apart into what is intact, what conforms and who is
// to be believed.
func (r *Report) aspects() {
	r.Integrity = r.of(trust.CheckSignature, trust.CheckDigestAlgorithm, trust.CheckOriginalDigest)
	r.Conformance = r.of(trust.CheckHeaders, trust.CheckEvidenceProfile)
	r.Trust = r.of(trust.CheckSignerChain, trust.CheckSignerAddress, trust.CheckRevocation, trust.CheckTrustedList)
	r.Qualified = r.TrustedList != nil && r.TrustedList.Qualified() && len(r.Evidence) > 0
	for _, e := range r.Evidence {
		if e == nil {
			r.Integrity, r.Conformance, r.Qualified = trust.Invalid, trust.Indeterminate, false
			continue
		}
		r.Integrity = worse(r.Integrity, e.Integrity)
		r.Trust = worse(r.Trust, e.Trust)
		r.Qualified = r.Qualified && e.Qualification.Status == trust.Passed
	}
}

// of sums up the checks of the names that apply.
func (r *Report) of(names ...string) trust.Verdict {
	verdict := trust.Valid
	for _, c := range r.Checks {
		if !slices.Contains(names, c.Name) {
			continue
		}
		switch c.Status {
		case trust.Failed:
			return trust.Invalid
		case trust.Unknown:
			verdict = trust.Indeterminate
		}
	}
	return verdict
}

func worse(a, b trust.Verdict) trust.Verdict {
	switch {
	case a == trust.Invalid || b == trust.Invalid:
		return trust.Invalid
	case a == trust.Indeterminate || b == trust.Indeterminate:
		return trust.Indeterminate
	}
	return trust.Valid
}
