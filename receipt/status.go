package receipt

import "time"

// facts are what a set of events says about one recipient: the earliest event
// of each kind, nil where there is none.
type facts struct {
	accepted, rejected       *match
	taken, delayed, timedOut *match
	delivered, failed, virus *match
	refused, notified        *match // relay-rejected
	untrusted, left          *match // left-network
	unfetched                *match // not-handed-over
	relayed, against         *match // one issuer's taken-in-charge and relay-rejected
	implied                  *match // an event that only an accepted message can have
	dispatched               time.Time
}

// enter adds an event. Events come in the order of sortMatches.
func (f *facts) enter(m *match) {
	slot := (**match)(nil)
	switch m.Kind {
	case EventAccepted:
		slot = &f.accepted
	case EventNotAccepted:
		slot = &f.rejected
	case EventTakenInCharge:
		slot = &f.taken
	case EventDelivered:
		slot = &f.delivered
	case EventNotDelivered:
		slot = &f.failed
	case EventTimedOut:
		slot = &f.timedOut
	case EventVirusDetected:
		slot = &f.virus
	case EventRelayRejected:
		slot = &f.refused
	case EventNotified:
		slot = &f.notified
	case EventUntrusted:
		slot = &f.untrusted
	case EventLeftNetwork:
		slot = &f.left
	case EventNotHandedOver:
		slot = &f.unfetched
	case EventDelayed:
		slot = &f.delayed
		if finalTimeout(m.reason.Category, m.Time, f.dispatched) {
			slot = &f.timedOut
		}
	default:
		return
	}
	if *slot == nil {
		*slot = m
	}
}

// passed returns an event that proves that the message was accepted, other
// than the acceptance.
func (f *facts) passed() *match {
	for _, m := range [...]*match{f.taken, f.delivered, f.failed, f.virus, f.delayed, f.timedOut,
		f.refused, f.notified, f.untrusted, f.left, f.unfetched, f.implied} {
		if m != nil {
			return m
		}
	}
	return nil
}

// An outcome is what facts come to.
type outcome struct {
	status   Status // empty when the facts say nothing
	by       *match // the event that decided
	against  *match // the one that contradicts it
	conflict string
	late     bool
	// unfetched is the event that the recipient of a delivered message did not
	// fetch it.
	unfetched *match
}

// final reports whether no later event is expected to change the outcome.
func (o *outcome) final() bool {
	switch o.status {
	case StatusDelivered, StatusFailed, StatusRejected, StatusExternal, StatusConflict:
		return true
	}
	return false
}

// decide is the whole rule of status (RFC 6109 §3.1-3.3).
//
// A delivery after the 24 h notice is a delivery: the provider stops tracking
// then, but the message may still arrive. A delivery and a mancata consegna for
// one recipient exclude each other, and so do a non-acceptance and anything
// that happens to accepted messages only. For an ordinary mailbox (esterno)
// the acceptance is the last word.
//
// REM goes by the same rule (EN 319 532-4 C.4.5). A RelayRejection fails, as the
// RelayFailure that follows it does; a ContentConsignmentFailure that was issued
// because nothing was heard, and a ContentConsignment that comes after it, are a
// contradiction of two signed statements, and shown as one. A RelayAcceptance
// and a RelayRejection contradict each other when one service makes both: one in
// between may have taken the message that the recipient's refused (the extended
// model of EN 319 522-1 §4). A ContentHandoverFailure fails what nobody attests to
// have been consigned or handed over, and undoes neither (EN 319 522-1 §6).
func (f *facts) decide(external bool) outcome {
	failed := f.failed
	if failed == nil {
		failed = f.virus
	}
	if failed == nil {
		failed = f.refused
	}
	if failed == nil && f.delivered == nil {
		failed = f.unfetched
	}
	passed := f.passed()
	switch {
	case f.rejected != nil && (f.accepted != nil || passed != nil):
		against := f.accepted
		if against == nil {
			against = passed
		}
		return outcome{status: StatusConflict, by: f.rejected, against: against, conflict: ConflictAcceptance}
	case f.delivered != nil && failed != nil:
		return outcome{status: StatusConflict, by: f.delivered, against: failed, conflict: ConflictOutcome}
	case f.relayed != nil:
		return outcome{status: StatusConflict, by: f.relayed, against: f.against, conflict: ConflictRelay}
	case f.left != nil && failed != nil:
		return outcome{status: StatusConflict, by: f.left, against: failed, conflict: ConflictExternal}
	case f.delivered != nil:
		late := f.timedOut != nil && !f.delivered.Time.Before(f.timedOut.Time)
		return outcome{status: StatusDelivered, by: f.delivered, late: late, unfetched: f.unfetched}
	case failed != nil:
		return outcome{status: StatusFailed, by: failed}
	case f.timedOut != nil:
		return outcome{status: StatusFailed, by: f.timedOut}
	case f.rejected != nil:
		return outcome{status: StatusRejected, by: f.rejected}
	case external && f.accepted != nil:
		return outcome{status: StatusExternal, by: f.accepted}
	case external && passed != nil:
		return outcome{status: StatusExternal, by: passed}
	case f.left != nil:
		return outcome{status: StatusExternal, by: f.left}
	case f.untrusted != nil && f.taken == nil:
		return outcome{status: StatusExternal, by: f.untrusted}
	case f.delayed != nil:
		return outcome{status: StatusDelayed, by: f.delayed}
	case f.taken != nil:
		return outcome{status: StatusInTransit, by: f.taken}
	case f.notified != nil:
		return outcome{status: StatusInTransit, by: f.notified}
	case f.accepted != nil:
		return outcome{status: StatusAccepted, by: f.accepted}
	case passed != nil:
		return outcome{status: StatusAccepted, by: passed}
	}
	return outcome{}
}
