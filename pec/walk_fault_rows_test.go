package pec_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
)

func faultRows() []faultRow {
	const (
		beta     = "beta.example"
		both     = "accepted valid, delivered valid"
		unproven = "the proof is invalid"
	)
	fault := func(kind pectest.FaultKind) pectest.Fault { return pectest.Fault{Kind: kind} }
	on := func(kind pectest.FaultKind, message pec.Kind) pectest.Fault {
		return pectest.Fault{Kind: kind, Message: message}
	}
	times := func(n int, f pectest.Fault) pectest.Fault { f.Times = n; return f }
	lasting := func(d time.Duration, f pectest.Fault) pectest.Fault { f.For = d; return f }
	until := func(d time.Duration, f pectest.Fault) pectest.Fault { f.Until = d; return f }
	at := func(provider string, kind pectest.FaultKind) pectest.Fault {
		return pectest.Fault{Kind: kind, Provider: provider}
	}
	of := func(mailbox string, kind pectest.FaultKind) pectest.Fault {
		return pectest.Fault{Kind: kind, Mailbox: mailbox}
	}
	checked := func(f pectest.Fault) pectest.Fault { f.Checked = true; return f }

	// What the caller sees of a message that the server took at once.
	told := func(events string, status receipt.Status, light receipt.Light, placed int) seen {
		return seen{state: keep.Sent, attempts: 1, events: events, status: status, light: light, placed: placed}
	}
	handed := told("", receipt.StatusSubmitted, receipt.Amber, 0)
	delivered := told(both, receipt.StatusDelivered, receipt.Green, 1)
	accepted := func(placed int) seen {
		return told("accepted valid", receipt.StatusAccepted, receipt.Amber, placed)
	}
	failed := told("accepted valid, not-delivered valid", receipt.StatusFailed, receipt.Red, 0)
	timedOut := told("accepted valid, delayed valid, timed-out valid", receipt.StatusFailed, receipt.Red, 0)
	noProof := told("accepted valid, delivered invalid", receipt.StatusAccepted, receipt.Grey, 1)
	noProof.findings = unproven
	noProofYet := noProof
	noProofYet.status, noProofYet.overdue = receipt.StatusOverdue, true

	// And of one that it did not take, or did not say that it took.
	waits := func(reply string) seen {
		return seen{state: keep.Queued, attempts: 1, reply: reply, status: receipt.StatusSubmitted, light: receipt.Amber}
	}
	again := func(attempts int) seen { s := delivered; s.attempts = attempts; return s }
	refused := func(attempts int, reply string) seen {
		return seen{state: keep.Refused, attempts: attempts, reply: reply, status: receipt.StatusRejected, light: receipt.Red}
	}
	uncertain := func(placed int) seen {
		return seen{state: keep.Uncertain, attempts: 1, reply: "answer: uncertain", status: receipt.StatusUncertain, light: receipt.Amber, placed: placed}
	}
	resolved := delivered
	resolved.reply = "proven by accettazione"
	locked := waits("auth: refused: 535 5.7.8 Authentication credentials invalid: login refused")
	locked.suspended = true
	busy := waits("answer: deferred: 451 4.3.0 Try again later")

	return []faultRow{
		{fault: on(pectest.Lose, pec.KindTransport), handed: handed, arrived: accepted(0), after: timedOut},
		{fault: on(pectest.Lose, pec.KindAcceptance), handed: handed,
			arrived: told("delivered valid", receipt.StatusDelivered, receipt.Green, 1), after: told("delivered valid", receipt.StatusDelivered, receipt.Green, 1)},
		{fault: on(pectest.Lose, pec.KindDelivery), handed: handed, arrived: accepted(1),
			after: told("accepted valid, timed-out valid", receipt.StatusFailed, receipt.Red, 1)},
		{fault: on(pectest.Duplicate, pec.KindTransport), handed: handed, arrived: delivered, after: delivered},
		{fault: on(pectest.Duplicate, pec.KindAcceptance), also: []pectest.Fault{on(pectest.Duplicate, pec.KindDelivery)}, handed: handed, arrived: delivered, after: delivered},
		{fault: lasting(13*time.Hour, on(pectest.Delay, pec.KindDelivery)), handed: handed, arrived: accepted(1), after: delivered},
		{fault: times(1, on(pectest.Reorder, pec.KindAcceptance)), handed: handed,
			arrived: told("delivered valid, accepted valid", receipt.StatusDelivered, receipt.Green, 1),
			after:   told("delivered valid, accepted valid", receipt.StatusDelivered, receipt.Green, 1)},

		{fault: on(pectest.WrongSigner, pec.KindDelivery), handed: handed, arrived: noProof, after: noProofYet},
		{fault: on(pectest.ExpiredCertificate, pec.KindDelivery), handed: handed, arrived: noProof, after: noProofYet},
		{fault: on(pectest.Alter, pec.KindDelivery), handed: handed, arrived: noProof, after: noProofYet},
		{fault: checked(on(pectest.Alter, pec.KindTransport)), handed: handed, arrived: accepted(0), after: timedOut},

		{fault: until(13*time.Hour, at(beta, pectest.Unreachable)), handed: handed, arrived: accepted(0),
			after: told("accepted valid, delayed valid, delivered valid", receipt.StatusDelivered, receipt.Green, 1)},
		{fault: at(beta, pectest.Unreachable), handed: handed, arrived: accepted(0), after: timedOut},
		{fault: at(beta, pectest.RefuseTransfer), handed: handed, arrived: failed, after: failed},
		{fault: of(bruno, pectest.MailboxFull), handed: handed, arrived: failed, after: failed},
		{fault: of(bruno, pectest.MailboxDisabled), handed: handed, arrived: failed, after: failed},

		{fault: times(1, of(anna, pectest.RefuseLogin)), handed: locked, arrived: locked, fix: resume, after: again(2)},
		{fault: times(2, fault(pectest.RefuseForNow)), handed: busy, arrived: busy, after: again(3)},
		{fault: fault(pectest.RefuseForNow), handed: busy, arrived: busy,
			after: refused(14, "given up after 24h0m0s: answer: deferred: 451 4.3.0 Try again later")},
		{fault: fault(pectest.RefuseForGood), handed: refused(1, "answer: refused: 550 5.7.1 Refused by policy"),
			arrived: refused(1, "answer: refused: 550 5.7.1 Refused by policy"), after: refused(1, "answer: refused: 550 5.7.1 Refused by policy")},
		// A small message may be under way as a whole before the cut is known.
		{fault: times(1, fault(pectest.CutBeforeDot)), large: true, handed: waits("data: deferred"), arrived: waits("data: deferred"), after: again(2)},
		{fault: times(1, fault(pectest.CutAfterDot)), handed: uncertain(0), arrived: resolved, after: resolved},
		{fault: times(1, fault(pectest.CutAfterDot)), also: []pectest.Fault{fault(pectest.Lose)}, handed: uncertain(0), arrived: uncertain(0), after: uncertain(0)},
		{fault: lasting(50*time.Millisecond, fault(pectest.Slow)), handed: handed, arrived: delivered, after: delivered},
		{fault: lasting(time.Second, times(1, fault(pectest.Slow))), patience: 100 * time.Millisecond, taken: true, handed: uncertain(0), arrived: resolved, after: resolved},
		{fault: lasting(time.Hour, fault(pectest.Slow)), patience: 100 * time.Millisecond, handed: uncertain(0), arrived: uncertain(0), after: uncertain(0)},
		{fault: pectest.Fault{Kind: pectest.ResetUIDValidity, Skip: 1}, also: []pectest.Fault{lasting(time.Hour, on(pectest.Delay, pec.KindDelivery))},
			handed: handed, arrived: accepted(1), after: delivered},
	}
}

// resume is what the owner does who has set the password right.
func resume(r *road) {
	r.Helper()
	require.NoError(r, r.out.Resume(anna))
}
