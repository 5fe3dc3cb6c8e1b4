package evidence

import (
	"math"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
)

// New starts an evidence of the baseline's version for an event at a time, with
// reasons by their short codes ("RB03"). The caller fills in the rest and gives
// it to [Evidence.Marshal].
func New(event Event, at time.Time, reasons ...string) (*Evidence, error) {
	if event.info() == nil {
		return nil, &UnknownError{What: "event", Value: string(event)}
	}
	e := &Evidence{Version: VersionBaseline, Event: event, EventID: event.URI(), Time: At(at)}
	for _, code := range reasons {
		r, ok := ReasonByCode(code)
		if !ok {
			return nil, &UnknownError{What: "reason", Value: code}
		}
		e.Reasons = append(e.Reasons, r)
	}
	return e, nil
}

// Marshal writes the evidence as an unsigned document, ready for [Sign]: the
// order of the schema, local elements without prefix, all namespaces on the
// root. Equal values give equal octets.
//
// A value that does not conform to the profile is refused with a
// [*NonConformant] that lists every deviation, tolerated ones included; nil
// stands for [GenericERDS]. See [Evidence.MarshalLenient].
func (e *Evidence) Marshal(p *Profile) ([]byte, error) {
	xml, deviations, err := e.MarshalLenient(p)
	if err != nil {
		return nil, err
	}
	kept := deviations[:0]
	for _, d := range deviations {
		if d.Severity > Remark {
			kept = append(kept, d)
		}
	}
	if len(kept) > 0 {
		return nil, &NonConformant{Profile: p.orGeneric().Name, Deviations: kept}
	}
	return xml, nil
}

// MarshalLenient writes whatever XML can hold and returns the deviations beside
// it, remarks included: for evidence of a failure that cannot be complete
// (EN 319 532-4 C.4.5.1 h), and for tests. An error is a text that XML cannot
// hold, or raw XML that is not well-formed.
//
// The deviations are those of the document that was written, read again, so
// that nothing depends on what the writer believes to have written.
func (e *Evidence) MarshalLenient(p *Profile) ([]byte, []Deviation, error) {
	xml, back, err := e.write()
	if err != nil {
		return nil, nil, err
	}
	return xml, e.judge(back, p), nil
}

// judge is Check of a draft: of the document that was made of it, without R03,
// and of what only the draft shows.
func (e *Evidence) judge(back *Evidence, p *Profile) []Deviation {
	c := checker{e: e, p: p.orGeneric()}
	c.consistency()
	back.Raw = "" // a draft has no signature yet
	return append(c.out, back.check(p)...)
}

// write makes the document and reads it again.
func (e *Evidence) write() ([]byte, *Evidence, error) {
	w := writer{buf: make([]byte, 0, 8<<10)}
	w.evidence(e)
	if w.err != nil {
		return nil, nil, w.err
	}
	unbounded := xmltree.Limits{Bytes: math.MaxInt, Depth: 4096, Elements: math.MaxInt32, Attributes: 1024, Namespaces: 4096}
	doc, err := xmltree.Parse(w.buf, &unbounded)
	if err != nil {
		return nil, nil, err
	}
	back, err := fromTree(doc, math.MaxInt)
	if err != nil {
		return nil, nil, err
	}
	return w.buf, back, nil
}

// consistency finds fields that contradict each other and cannot once written.
func (c *checker) consistency() {
	if e := c.e; e.Event != "" && e.EventID != "" && e.Event != EventByURI(e.EventID) {
		c.add(Violation, "G03", "EN 319 522-3 §5.2.2.5", "URI "+clip(e.EventID), "that of "+clip(string(e.Event)))
	}
	same := func(component string, t Time) {
		if t.Lexical == "" || t.UTC.IsZero() {
			return
		}
		if utc, _, ok := parseTime(trim(t.Lexical)); !ok || !utc.Equal(t.UTC) {
			c.add(Violation, component, "EN 319 532-4 C.3.4", clip(t.Lexical)+" for "+t.UTC.UTC().Format(time.RFC3339Nano), "the same instant")
		}
	}
	same("G05", c.e.Time)
	if c.e.Submitted != nil {
		same("M03", *c.e.Submitted)
	}
}
