package evidence

import "strings"

// Reason is one tns:EventReason (G04, EN 319 522-3 §5.2.2.7): why the event
// happened. Known or not, it is kept as it was.
type Reason struct {
	// URI is Code, which alone decides the meaning: texts vary, and EN 319
	// 522-2 §8.3.1 allows other languages.
	URI string
	// Details are all Details in order. In the REM baseline the first is the
	// short code, the second the text (EN 319 532-4 C.3.4 d).
	Details []string
}

const reasonPrefix = "http://uri.etsi.org/19522/EventReason/"

// Code is the short code (RA01). The URI decides; for a URI that is not in the
// table, and for the URI "Other" that all groups share, it is the first of the
// Details that looks like one, if any.
func (r Reason) Code() string {
	if row := r.row(); row != nil && row.fragment != fragmentOther {
		return row.Code
	}
	return r.written()
}

// written is the first of the Details that has the shape of a short code.
func (r Reason) written() string {
	for _, d := range r.Details {
		if isReasonCode(d) {
			return d
		}
	}
	return ""
}

// Text is the text for people: the first of the Details that is not a short
// code, and without one that of the table.
func (r Reason) Text() string {
	for _, d := range r.Details {
		if !isReasonCode(d) && d != "" {
			return d
		}
	}
	if row := r.row(); row != nil {
		return row.Text
	}
	return ""
}

func (r Reason) row() *ReasonInfo { return reasonByURI(r.URI) }

func reasonByURI(uri string) *ReasonInfo {
	if len(uri) <= len(reasonPrefix) || uri[:len(reasonPrefix)] != reasonPrefix {
		return nil
	}
	fragment := uri[len(reasonPrefix):]
	for i := range reasons {
		if reasons[i].fragment == fragment {
			return &reasons[i]
		}
	}
	return nil
}

// isReasonCode: R, a group letter, two digits or XX.
func isReasonCode(s string) bool {
	if len(s) != 4 || s[0] != 'R' || s[1] < 'A' || s[1] > 'F' {
		return false
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	return digit(s[2]) && digit(s[3]) || s[2:] == "XX"
}

// ReasonByCode returns the reason with a short code, in the form that the
// baseline writes: URI, code, text.
func ReasonByCode(code string) (Reason, bool) {
	for i := range reasons {
		if reasons[i].Code == code {
			return reasons[i].Reason(), true
		}
	}
	return Reason{}, false
}

// ReasonInfo is a row of the table of reasons.
type ReasonInfo struct {
	// Code is the short code (RA01), Text the text of the standard.
	Code, Text string
	// Group is the letter of the events that may have it, Events their codes
	// ("B.2 B.3").
	Events string
	// Origin says where the row stands.
	Origin Origin

	fragment string // of the URI
}

// URI is the reason's identifier on the wire.
func (r ReasonInfo) URI() string { return reasonPrefix + r.fragment }

// Reason is the reason as the baseline writes it: URI, code, text.
func (r ReasonInfo) Reason() Reason {
	return Reason{URI: r.URI(), Details: []string{r.Code, r.Text}}
}

// Allows says whether evidence of the event may have the reason.
func (r ReasonInfo) Allows(e Event) bool {
	row := e.info()
	return row != nil && strings.Contains(r.Events, row.Code)
}

// Origin is the document that a reason comes from.
type Origin string

const (
	// OriginERDS: EN 319 522-2 §8.3.3, and not used by the REM baseline.
	OriginERDS Origin = "EN 319 522-2 §8.3.3"
	// OriginBoth: EN 319 522-2 §8.3.3, and in table C.28 of EN 319 532-4.
	OriginBoth Origin = "EN 319 522-2 §8.3.3 and EN 319 532-4 table C.28"
	// OriginBaseline: added by EN 319 532-4 table C.28.
	OriginBaseline Origin = "EN 319 532-4 table C.28"
	// OriginPolicyIT: added by AgID's REM-Policy-IT 1.2, as its examples show.
	OriginPolicyIT Origin = "REM-Policy-IT 1.2"
)

// Reasons returns the table of reasons.
func Reasons() []ReasonInfo { return append([]ReasonInfo(nil), reasons[:]...) }
