package pec

import (
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// unsent says of a message that nothing was heard of what only the client
// knows: the ledger takes it for submitted, and would wait.
func unsent(m *receipt.Message, s *store.Submission) {
	for i := range m.Recipients {
		if r := m.Recipients[i].Status; r != receipt.StatusSubmitted && r != receipt.StatusOverdue {
			return // receipts know better
		}
	}
	why := ""
	switch s.State {
	case store.Queued, store.Sending:
		why = "not handed over to the provider yet"
	case store.Cancelled:
		why = "taken back before it was handed over"
		m.Settled = true
	case store.Refused:
		why = "the provider's server refused it, and no receipt will come"
		m.Light, m.Settled = receipt.Red, true
	default:
		return
	}
	if s.Reply != "" {
		why += ": " + s.Reply
	}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		r.Explanation = why
		if s.State == store.Refused {
			r.Status, r.Time, r.Reason = receipt.StatusRejected, s.Changed, s.Reply
		}
	}
}
