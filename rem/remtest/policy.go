package remtest

import "time"

// Policy holds the time limits that the policy of a REM interoperability
// domain sets (EN 319 532-4 §D.1.3). The zero value of each stands for the
// informative example of §D.4.4 or, where it has none, for what is said here.
type Policy struct {
	// RetryEvery is how often what fails for now is tried again: 1800 s.
	RetryEvery time.Duration
	// Retries bounds the tries of a notification to a recipient: 8.
	Retries int
	// RelayWait is how long relaying is tried before a RelayFailure RB07, RB08
	// or RB09: 86,400 s (relay-snd-dsp-wait).
	RelayWait time.Duration
	// AcceptanceWait is how long relay evidence may take before a RelayFailure
	// RB22: 86,400 s (relay-rcv-ra-wait).
	AcceptanceWait time.Duration
	// ConsignmentWait is how long after submission consignment evidence may
	// take before a ContentConsignmentFailure RD03: 24 hours.
	ConsignmentWait time.Duration
	// AnswerWait is how long after the first notification a recipient may take
	// to accept or reject before an AcceptanceRejectionExpiry RC09: 5 days.
	AnswerWait time.Duration
	// RemindAfter is when a recipient that has not answered is notified again;
	// never unless set.
	RemindAfter time.Duration
	// HandoverWait is how long after consignment the recipient may take to
	// fetch a message before a ContentHandoverFailure RE04: 30 days.
	HandoverWait time.Duration
}

func (p *Policy) defaults() {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	const day = 24 * time.Hour
	set(&p.RetryEvery, 30*time.Minute)
	set(&p.RelayWait, day)
	set(&p.AcceptanceWait, day)
	set(&p.ConsignmentWait, day)
	set(&p.AnswerWait, 5*day)
	set(&p.HandoverWait, 30*day)
	if p.Retries <= 0 {
		p.Retries = 8
	}
}
