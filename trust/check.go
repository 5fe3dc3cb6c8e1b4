package trust

import "slices"

// Status is the outcome of one check.
type Status string

// The four outcomes. Unknown means that the check applies but could not be
// judged (no path to an anchor, stale revocation data); Skipped, that nothing
// was given to judge it against, or that it does not apply.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Unknown Status = "unknown"
	Skipped Status = "skipped"
)

// Names of checks, the same for PEC and REM and stable: programs match on
// them.
const (
	CheckSignature         = "signature"
	CheckDigestAlgorithm   = "digest-algorithm"
	CheckSignerChain       = "signer-chain"
	CheckSignerAddress     = "signer-address"
	CheckProviderDirectory = "provider-directory"
	CheckRevocation        = "revocation"
	CheckCertificationData = "certification-data"
	CheckHeaders           = "headers"
	CheckOriginal          = "original"
	CheckEvidenceSignature = "evidence-signature"
	CheckEvidenceTimestamp = "evidence-timestamp"
	CheckEvidenceProfile   = "evidence-profile"
	CheckOriginalDigest    = "original-digest"
	CheckTrustedList       = "trusted-list"
)

// Check is one named result of a verification. Detail is for people: the
// reason, or what was found.
type Check struct {
	Name   string
	Status Status
	Detail string
}

// Finding is something odd that was met and that by itself decides nothing.
// Code is kebab-case and stable, Detail is for people.
type Finding struct{ Code, Detail string }

// Verdict sums up the checks of one message.
type Verdict string

// The verdicts. Valid means that everything required held; Invalid, that
// something was proved wrong; Indeterminate, that something needed could not
// be judged with what was given.
const (
	Valid         Verdict = "valid"
	Invalid       Verdict = "invalid"
	Indeterminate Verdict = "indeterminate"
)

// Judge turns checks into a verdict; required names the checks that the kind
// of message needs. The verdict is Invalid when any check failed; else
// Indeterminate when a required check is absent, unknown or skipped, or when
// any other check is unknown (it was given what it needs and still could not
// be judged); else Valid. A name may occur several times (one evidence-
// signature per evidence): each occurrence counts. A status that is none of
// the four counts as unknown, and without a single passed check there is
// nothing to call valid.
func Judge(checks []Check, required ...string) Verdict {
	verdict, passed := Valid, false
	for i := range checks {
		switch checks[i].Status {
		case Failed:
			return Invalid
		case Passed:
			passed = true
		case Skipped:
			if slices.Contains(required, checks[i].Name) {
				verdict = Indeterminate
			}
		default:
			verdict = Indeterminate
		}
	}
	for _, name := range required {
		if !slices.ContainsFunc(checks, func(c Check) bool { return c.Name == name }) {
			return Indeterminate
		}
	}
	if !passed {
		return Indeterminate
	}
	return verdict
}
