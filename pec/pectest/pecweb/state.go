package pecweb

import (
	"strings"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

// state is how something stands: a class of the style sheet with a shape of
// its own, and words.
type state struct{ Tone, Text string }

// stateOf sums a journey up.
func stateOf(j *pectest.Journey) state {
	reached, trouble := map[string]bool{}, false
	for i := range j.Steps {
		s := &j.Steps[i]
		trouble = trouble || s.Failed
		if s.Failed || s.Point != pectest.AtDelivery && s.Point != pectest.AtOutside {
			continue
		}
		switch s.Kind {
		case pec.KindTransport, pec.KindAnomaly, pec.KindOrdinary:
			reached[strings.ToLower(s.Recipient)] = true
		}
	}
	delivered := 0
	for _, r := range j.Recipients {
		if reached[strings.ToLower(r)] {
			delivered++
		}
	}
	text := "delivered to " + grouped(int64(delivered)) + " of " + grouped(int64(len(j.Recipients)))
	switch {
	case delivered == len(j.Recipients) && delivered > 0 && trouble:
		return state{"amber", text + ", with trouble"}
	case delivered == len(j.Recipients) && delivered > 0:
		return state{"green", text}
	case trouble:
		return state{"red", text + ", with trouble"}
	}
	return state{"grey", text}
}

// verdictOf shows a verdict; ordinary mail has nothing to verify.
func verdictOf(k pec.Kind, v trust.Verdict) state {
	switch {
	case v == trust.Valid:
		return state{"green", "valid"}
	case v == trust.Invalid:
		return state{"red", "invalid"}
	case k == pec.KindOrdinary:
		return state{"grey", "not certified"}
	}
	return state{"amber", "indeterminate"}
}

func checkState(s trust.Status) state {
	switch s {
	case trust.Passed:
		return state{"green", "passed"}
	case trust.Failed:
		return state{"red", "failed"}
	case trust.Skipped:
		return state{"grey", "skipped"}
	}
	return state{"amber", "unknown"}
}
