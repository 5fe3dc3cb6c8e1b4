package evidence

import (
	"strconv"
	"strings"

	"github.com/certmail/certmail/internal/xmltree"
)

// Parse reads an evidence document (EN 319 522-3 §5.2). It judges nothing: see
// [Verify] and [Evidence.Check].
//
// What is odd becomes a finding. An error means that nothing certain can be
// said: the XML is not well-formed or has a document type declaration, the root
// is not tns:Evidence (ErrNotEvidence, or ErrTS102640 for what came before), a
// limit is passed. White space around values and inside base64 is ignored.
//
// Nothing of the result refers to xml.
func Parse(xml []byte, o *Options) (*Evidence, error) {
	lim, most := o.limits()
	doc, err := xmltree.Parse(xml, &lim)
	if err != nil {
		return nil, err
	}
	return fromTree(doc, most)
}

// fromTree reads a document that was parsed already.
func fromTree(doc *xmltree.Document, most int) (*Evidence, error) {
	root := doc.Root
	if !root.Is(NamespaceERDS, "Evidence") {
		if root.Space == namespaceTS102640 || root.Local == "REMEvidence" {
			return nil, ErrTS102640
		}
		return nil, &RootError{Space: root.Space, Local: root.Local}
	}
	v := new(values)
	v.evidence.Raw = doc.Text()
	r := reader{most: most, shelf: v.shelf()}
	return r.read(&v.evidence, root)
}

// read reads the root into a value.
func (r *reader) read(e *Evidence, root *xmltree.Element) (*Evidence, error) {
	r.root(e, root)
	if r.err != nil {
		return nil, r.err
	}
	r.numbers(e)
	e.Findings = r.findings
	return e, nil
}

// reader turns elements into values and collects what is odd.
type reader struct {
	most     int
	shelf    shelf
	findings []Finding
	err      error
}

func (r *reader) find(code, detail string) {
	switch {
	case len(r.findings) < maxFindings:
		r.findings = append(r.findings, Finding{Code: code, Detail: detail})
	case len(r.findings) == maxFindings:
		r.findings = append(r.findings, Finding{Code: FindingMore, Detail: "only the first " + strconv.Itoa(maxFindings) + " are kept"})
	}
}

// full says that a list has as many items as are allowed.
func (r *reader) full(n int, what string) bool {
	if n < r.most {
		return false
	}
	if r.err == nil {
		r.err = &LimitError{What: what, Limit: r.most}
	}
	return true
}

// A slot is a child that the schema has. An empty space stands for the local
// elements of EN 319 522-3, which are in no namespace.
type slot struct {
	space, local     string
	required, repeat bool
}

// cursor follows the children of one element along its slots.
type cursor struct {
	slots []slot
	seen  uint32
	at    int
}

// place finds the slot of a child; -1 when it has none, or is one too many.
func (r *reader) place(c *xmltree.Element, k *cursor) int {
	for n := range k.slots {
		i := k.at + n // the schema's order first
		if i >= len(k.slots) {
			i -= len(k.slots)
		}
		s := &k.slots[i]
		if c.Local != s.local || c.Space != s.space && !(s.space == "" && c.Space == NamespaceERDS) {
			continue
		}
		if c.Space != s.space {
			r.find(FindingQualified, c.Local)
		}
		if i < k.at {
			r.find(FindingOrder, c.Local)
		} else {
			k.at = i
		}
		if k.seen&(1<<i) != 0 && !s.repeat {
			r.find(FindingRepeated, c.Local)
			return -1
		}
		k.seen |= 1 << i
		return i
	}
	r.unknown(c)
	return -1
}

func (r *reader) unknown(c *xmltree.Element) {
	in := ""
	if c.Parent != nil {
		in = " in " + clip(c.Parent.Local)
	}
	r.find(FindingUnknownElement, clip(c.Local)+in)
}

// done reports the required slots that stayed empty.
func (r *reader) done(parent string, k *cursor) {
	for i := range k.slots {
		if k.slots[i].required && k.seen&(1<<i) == 0 {
			r.find(FindingMissing, k.slots[i].local+" in "+clip(parent))
		}
	}
}

// text is the value of an element of simple type.
func (r *reader) text(c *xmltree.Element) string {
	if child := c.FirstChild(); child != nil {
		r.unknown(child)
	}
	return trim(c.Text())
}

func (r *reader) time(c *xmltree.Element) Time {
	lexical := r.text(c)
	utc, zoned, ok := parseTime(lexical)
	switch {
	case !ok:
		r.find(FindingTime, c.Local+": "+clip(lexical))
	case !zoned:
		r.find(FindingZone, c.Local+": "+lexical)
	}
	return Time{UTC: utc, Lexical: lexical}
}

// number reads an xs:integer; 0, which is no recipient, stands for what is none.
func (r *reader) number(s, what string) int {
	digits := strings.TrimPrefix(s, "+")
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || digits != s && (digits == "" || digits[0] == '-' || digits[0] == '+') {
		r.find(FindingNumber, what+": "+clip(s))
		return 0
	}
	return int(n)
}

func (r *reader) base64(c *xmltree.Element) []byte {
	out, ok := decodeBase64(r.text(c))
	if !ok {
		r.find(FindingBase64, c.Local)
	}
	return out
}

// numbers reports recipient numbers that no recipient has.
func (r *reader) numbers(e *Evidence) {
	n := len(e.Recipients)
	check := func(what string, list ...int) {
		for _, i := range list {
			if i < 1 || i > n {
				r.find(FindingRecipient, what+" "+strconv.Itoa(i)+" of "+strconv.Itoa(n))
			}
		}
	}
	if e.RefersTo != nil {
		check("EvidenceRefersToRecipient", *e.RefersTo)
	}
	for i := range e.RecipientDelegates {
		check("DelegatingRecipients", e.RecipientDelegates[i].For...)
	}
	for i := range e.Extensions {
		if g := e.Extensions[i].General; g != nil {
			check("UntrustedPathToRecipient", g.Untrusted...)
		}
		if x := e.Extensions[i].Relay; x != nil {
			check("RelayEvidenceRefersTo", x.RefersTo...)
		}
	}
}
