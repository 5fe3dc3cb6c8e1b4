package rem

import (
	"strings"

	"github.com/certmail/certmail/envelope"
)

// count is how often a header field may stand in a message.
type count uint8

// The cardinalities of EN 319 532-4 table C.26.
const (
	none     count = iota // 0
	optional              // 0..1
	any0                  // 0..*
	one                   // 1
)

func (c count) String() string { return [...]string{"0", "0..1", "0..*", "1"}[c] }

func (c count) allows(n int) bool {
	switch c {
	case none:
		return n == 0
	case optional:
		return n <= 1
	case one:
		return n == 1
	}
	return true
}

// headerRule is a row of EN 319 532-4 table C.26, with §5.4.1 for the last
// ones. The columns are the SubmissionAcceptance receipt, the dispatch, and all
// other receipts; payload and notification are not of the baseline.
type headerRule struct {
	name                        string
	acceptance, dispatch, other count
}

var headerTable = [...]headerRule{
	{headerVersion, one, one, one},              // MD01
	{headerRelayDate, none, optional, optional}, // MD02
	{headerExpiration, none, none, none},        // MD03
	{headerAssurance, optional, optional, optional},
	{headerPolicy, any0, any0, any0},              // MD05
	{headerMode, optional, optional, optional},    // MD06
	{headerScheduled, none, none, none},           // MD07
	{headerSender, one, one, one},                 // MD08
	{"Reply-To", optional, one, optional},         // MD09
	{"To", one, one, one},                         // MD10
	{"Message-ID", one, one, one},                 // MD11
	{"In-Reply-To", optional, optional, optional}, // MD12
	{headerMessageType, one, one, one},            // MD13
	{"Content-Type", one, one, one},               // MD14
	{"Subject", one, one, one},                    // MD14
	{headerDigestAlgorithm, one, one, one},        // MD14
	{headerDigestValue, one, one, one},            // MD14
	{headerUserAgentID, one, one, one},            // MD14
	{headerEvent, one, one, one},                  // §5.4.1, G03
	{headerEvidenceID, one, one, one},             // §5.4.1, G01
	{headerReason, any0, any0, any0},              // §5.4.1, G04: recommended
	{headerLocation, none, none, none},            // Store & Notify only
	{headerNonERDS, none, optional, none},         // REM-Policy-IT 1.2
}

// column is the column of the table that a message is in; nil where the table
// says nothing about it.
func column(kind Kind, acceptance bool) func(*headerRule) count {
	switch {
	case kind == KindDispatch:
		return func(r *headerRule) count { return r.dispatch }
	case kind == KindReceipt && acceptance:
		return func(r *headerRule) count { return r.acceptance }
	case kind == KindReceipt:
		return func(r *headerRule) count { return r.other }
	}
	return nil
}

// deviation is a header field that stands more or less often than it may.
type deviation struct {
	name string
	got  int
	want count
}

// counts is how often a message has the field of each row.
type counts [len(headerTable)]int

func countHeaders(h *envelope.Header) (n counts) {
	for i := range headerTable {
		n[i] = h.Count(headerTable[i].name)
	}
	return n
}

// deviations walks the table of a message.
func deviations(have *counts, kind Kind, acceptance bool) []deviation {
	of := column(kind, acceptance)
	if of == nil {
		return nil
	}
	var all []deviation
	for i := range headerTable {
		row := &headerTable[i]
		if n, want := have[i], of(row); !want.allows(n) {
			all = append(all, deviation{row.name, n, want})
		}
	}
	return all
}

// singular tells whether a field that the table has must not be repeated in
// any message: which of two a reader takes is not ours to guess.
func singular(r *headerRule) bool {
	return strings.HasPrefix(r.name, "REM-") && r.name != headerPolicy && r.name != headerReason
}

// validVersion: "EN31953203V" and the three pairs of digits of the edition
// (EN 319 532-3 §6.2.1, MD01).
func validVersion(v string) bool {
	digits, ok := strings.CutPrefix(v, "EN31953203V")
	return ok && len(digits) == 6 && strings.Trim(digits, "0123456789") == ""
}

// metadataVersion is what we write: EN 319 532-3 V1.2.1.
const metadataVersion = "EN31953203V010201"
