package archive

import (
	"cmp"
	"slices"
	"time"

	"github.com/certmail/certmail/trust"
)

// Verification is what a package still proves at a given time.
type Verification struct {
	// Format and ID are the package's, Now is the time it was judged at.
	Format Format    `json:"format"`
	ID     string    `json:"id"`
	Now    time.Time `json:"now"`
	// Verdict is invalid when a byte of the content is not as it was written or
	// a certified message does not verify; else indeterminate when something
	// could not be judged; else valid. Ordinary mail, which nobody certifies,
	// counts only by its bytes. A message that was false when it came already
	// (ItemVerification.FalseAtReception) leaves indeterminate what genuine ones
	// prove: else whoever knows a Message-ID could spoil the proof with a forged
	// receipt.
	Verdict   trust.Verdict `json:"verdict"`
	Integrity *Integrity    `json:"integrity"`
	// Proofs are those of the package as a whole: its lists, its time-stamp.
	Proofs []Proof `json:"proofs"`
	// Items are judged one by one, in the order of their names.
	Items []*ItemVerification `json:"items"`
	// Transaction is what the package is about.
	Transaction *Transaction `json:"transaction"`
	Created     time.Time    `json:"created"`
	RetainUntil time.Time    `json:"retain_until,omitzero"`
	// Findings are what is odd: parts that cannot be read, contradictions.
	Findings []Finding `json:"findings,omitempty"`
}

// ItemVerification is what is known of one item.
type ItemVerification struct {
	// Item is as it was recorded at reception; its Report is that of then.
	Item *Item `json:"item"`
	// Said is what its bytes say of themselves, read again: Item is what somebody
	// wrote beside them. Nil when the bytes are not there. Differs names the fields
	// of the side-car in which the two are not the same.
	Said    *Item    `json:"-"`
	Differs []string `json:"differs,omitempty"`
	// Path is its file in the package.
	Path string `json:"path"`
	// Intact: the bytes are those that were captured, by digests and size.
	Intact bool `json:"intact"`
	// Verdict is that of Report for what is certified mail by its bytes; for
	// ordinary mail it follows Intact. It is indeterminate where the side-car
	// calls the message something that it is not, and for a signature with SHA-1
	// that has outlived it (see VerifyOptions.SHA1Until).
	Verdict trust.Verdict `json:"verdict"`
	// Report is the verification repeated now, with what was captured then; nil
	// when it could not be made.
	Report *Report `json:"report,omitempty"`
	// Seen is a time at which the message existed, SeenBy how that is known: one
	// of the constants SeenBy…. Only a time-stamp proves it.
	Seen   time.Time `json:"seen"`
	SeenBy string    `json:"seen_by"`
	// Proofs say what holds and what does not, each by which evidence.
	Proofs []Proof `json:"proofs"`
	// Changes are the checks that came out otherwise at reception.
	Changes []Change `json:"changes,omitempty"`
}

// How ItemVerification.Seen is known.
const (
	SeenByTimeStamp = "time-stamp"         // over the message
	SeenByPackage   = "package-time-stamp" // over the package that it is in
	SeenByRecord    = "record"             // of the receiver, whose word it is
)

// certified tells that it is certified mail by its bytes.
func (v *ItemVerification) certified() bool {
	it := cmp.Or(v.Said, v.Item)
	return it.System == "pec" || it.System == "rem"
}

// FalseAtReception tells that the message is invalid, and was so when it was
// captured, by the record made then: its bytes are those that came, and no check
// fails that did not fail at that time. It proves nothing, and takes nothing away
// from other messages.
func (v *ItemVerification) FalseAtReception() bool {
	if v.Verdict != trust.Invalid || !v.Intact || v.Report == nil || v.Item.Report == nil || v.Item.Report.Verdict != trust.Invalid {
		return false
	}
	for _, code := range [...]string{ProofBytes, ProofRecord, ProofFirstSeen, ProofTimeStamp} {
		if v.Proof(code).Status == trust.Failed {
			return false
		}
	}
	return !slices.ContainsFunc(v.Changes, func(c Change) bool { return c.Now == trust.Failed })
}

// Proof returns the first proof of a code, Skipped when there is none.
func (v *ItemVerification) Proof(code string) Proof { return proofOf(v.Proofs, code) }

// Proof returns the first proof of a code, Skipped when there is none.
func (v *Verification) Proof(code string) Proof { return proofOf(v.Proofs, code) }

func proofOf(list []Proof, code string) Proof {
	for _, p := range list {
		if p.Code == code {
			return p
		}
	}
	return Proof{Code: code, Status: trust.Skipped}
}

// Proof is one thing that a package shows, or fails to.
type Proof struct {
	// Code is one of the constants, or the name of a check of the report
	// (trust.CheckSignature and so on).
	Code string `json:"code"`
	// Status: Passed holds, Failed is disproved, Unknown cannot be judged any
	// more (or not with what was given), Skipped has nothing to be judged.
	Status trust.Status `json:"status"`
	// By are the files of the package that it rests on.
	By []string `json:"by,omitempty"`
	// Why is a stable code for the reason: the constants Why….
	Why string `json:"why,omitempty"`
	// Detail says it to people, in English.
	Detail string `json:"detail,omitempty"`
	// At is the time that counts: when a certificate expired, when a
	// time-stamp was made.
	At time.Time `json:"at,omitzero"`
}

// Holds tells that it is proved.
func (p Proof) Holds() bool { return p.Status == trust.Passed }

// Codes of proofs beside the names of checks.
const (
	ProofBytes        = "bytes"          // the bytes are those that were captured
	ProofRecord       = "record"         // the side-car says what the bytes say
	ProofFirstSeen    = "first-seen"     // it existed at Seen
	ProofTimeStamp    = "time-stamp"     // the token over the message, at the time it states
	ProofTimeStampNow = "time-stamp-now" // its authority's certificate, now
	ProofSignerNow    = "signer-now"     // the signer's certificate, now: expired is no fault
	ProofPackage      = "package"        // all files are as listed
	ProofPackageStamp = "package-time-stamp"
)

// Reasons of proofs.
const (
	WhyExpired      = "expired"            // a certificate has run out since
	WhyNotCaptured  = "not-captured"       // nothing was kept to judge it by
	WhyNotTrusted   = "not-trusted"        // no path to what the caller believes
	WhyRecord       = "own-record"         // by the receiver's own clock alone
	WhyCaptured     = "captured"           // by what was captured at reception
	WhyMessage      = "message"            // by the message alone
	WhyAltered      = "altered"            // the bytes are not those that were captured
	WhyWeakStamped  = "weak-but-stamped"   // SHA-1, and a time-stamp with a strong digest from when it was believed
	WhyWeakStill    = "weak-so-far"        // SHA-1 and no time-stamp, while it is still believed
	WhyWeak         = "weak"               // SHA-1, and no time-stamp from when it was believed
	WhyNotCertified = "not-certified-mail" // nobody signs ordinary mail
	WhyWrong        = "wrong"              // proved to be wrong
	WhyTimeStamp    = "time-stamp"         // by the time-stamp
)

// Change is a check that came out otherwise than at reception.
type Change struct {
	Check string       `json:"check"`
	Then  trust.Status `json:"then"`
	Now   trust.Status `json:"now"`
}
