package rem

import (
	"time"

	"github.com/certmail/certmail/rem/evidence"
)

// Reissue says who reports a refusal, and when.
type Reissue struct {
	// ID is the identifier of the new evidence, without angle brackets.
	ID string
	// Time is when the refusal became known.
	Time time.Time
	// Issuer is the legal name of the sender's provider.
	Issuer string
	// Policies are the policies of the new evidence; those of the refusal
	// unless set.
	Policies []string
}

// RelayFailure returns the evidence that the sender's provider issues after the
// recipients' provider has refused a dispatch: a RelayFailure with the same
// reasons for the same recipients, to be signed (EN 319 532-4 C.4.5.2 a II).
// What was the refusal's word about the transaction is copied unchanged.
//
// Verify the refusal first. The error is an ErrBuild for evidence of any other
// event.
func RelayFailure(refusal *evidence.Evidence, r *Reissue) (*evidence.Evidence, error) {
	switch {
	case refusal.Event != evidence.RelayRejection:
		return nil, buildError("a %s is not reported as %s, only a %s is", refusal.Event, evidence.RelayFailure, evidence.RelayRejection)
	case faultyID(r.ID) != "":
		return nil, buildError("the evidence identifier %s", faultyID(r.ID))
	case r.Time.IsZero() || r.Issuer == "":
		return nil, buildError("time and issuer are needed")
	}
	issuer := evidence.Provider(refusal.Issuer.LegalName())
	e := &evidence.Evidence{
		Version: refusal.Version, ID: r.ID, Event: evidence.RelayFailure, EventID: evidence.RelayFailure.URI(),
		Reasons: refusal.Reasons, Time: evidence.At(r.Time), Policies: r.Policies, Issuer: evidence.Provider(r.Issuer),
		Sender: refusal.Sender, SenderDelegate: refusal.SenderDelegate, Recipients: refusal.Recipients,
		Submitted: refusal.Submitted, MessageID: refusal.MessageID, Content: refusal.Content,
		ExternalERDS: &issuer, Extensions: refusal.Extensions,
	}
	if e.Policies == nil {
		e.Policies = refusal.Policies
	}
	return e, nil
}
