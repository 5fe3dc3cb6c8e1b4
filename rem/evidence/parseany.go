package evidence

import (
	"bytes"

	"github.com/certmail/certmail/internal/xmltree"
)

var (
	logsSlots       = [...]slot{{NamespaceERDS, "TransactionLog", true, true}}
	extensionsSlots = [...]slot{{NamespaceERDS, "Extension", true, true}}
)

func (r *reader) logs(el *xmltree.Element) (list []Any) {
	k := cursor{slots: logsSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		if r.place(c, &k) == 0 {
			if r.full(len(list), "logs") {
				break
			}
			list = append(list, *r.any(c))
		}
	}
	r.done(el.Local, &k)
	return list
}

func (r *reader) extensions(el *xmltree.Element) (list []Extension) {
	k := cursor{slots: extensionsSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		if r.place(c, &k) == 0 {
			if r.full(len(list), "extensions") {
				break
			}
			list = appended(list, r.extension(c), &r.shelf.extensions, 1)
		}
	}
	r.done(el.Local, &k)
	return list
}

func (r *reader) extension(el *xmltree.Element) (x Extension) {
	value, given := el.Attr("", "isCritical")
	x.Unmarked = !given
	switch trim(value) {
	case "false", "0":
	case "true", "1":
		x.Critical = true
	default:
		if given {
			r.find(FindingBoolean, "isCritical: "+clip(value))
			x.Critical = true
		}
	}
	if !r.baselineExtension(&x, el) {
		x.General, x.Relay = nil, nil
		x.Other = r.any(el)
		if c := el.FirstChild(); c != nil && c.Space == NamespaceREM && (c.Local == "GeneralEvidenceInfo" || c.Local == "RelayEvidenceInfo") {
			r.find(FindingUnknownElement, c.Local+" of another form than EN 319 532-4 C.3.2 gives it")
		}
		if x.Critical {
			name := "without an element"
			if c := el.FirstChild(); c != nil {
				name = clip(c.Local)
			}
			r.find(FindingExtension, name)
		}
	}
	return x
}

// baselineExtension reads the extensions of EN 319 532-4 C.3.2, and says false
// for anything that is not entirely of that form.
func (r *reader) baselineExtension(x *Extension, el *xmltree.Element) bool {
	if el.FirstChild() == nil || !blank(el) || len(el.Attrs) > 1 || len(el.Attrs) == 1 && x.Unmarked {
		return false
	}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Space != NamespaceREM || len(c.Attrs) > 0 || !blank(c) {
			return false
		}
		switch {
		case c.Local == "GeneralEvidenceInfo" && x.General == nil:
			x.General = one(&r.shelf.general)
		case c.Local == "RelayEvidenceInfo" && x.Relay == nil:
			x.Relay = new(RelayInfo)
		default:
			return false
		}
		for d := c.FirstChild(); d != nil; d = d.NextSibling() {
			if d.Space != NamespaceREM || len(d.Attrs) > 0 || d.FirstChild() != nil {
				return false
			}
			text := trim(d.Text())
			switch {
			case c.Local == "RelayEvidenceInfo" && d.Local == "RelayEvidenceRefersTo":
				if r.full(len(x.Relay.RefersTo), "recipients of an extension") {
					return false
				}
				x.Relay.RefersTo = append(x.Relay.RefersTo, r.number(text, d.Local))
			case c.Local == "GeneralEvidenceInfo" && d.Local == "UntrustedPathToRecipient":
				if r.full(len(x.General.Untrusted), "recipients of an extension") {
					return false
				}
				x.General.Untrusted = append(x.General.Untrusted, r.number(text, d.Local))
			case c.Local == "GeneralEvidenceInfo" && d.Local == "Subject" && x.General.Subject == nil && x.General.Untrusted == nil:
				x.General.Subject = one(&r.shelf.strings)
				*x.General.Subject = text
			default:
				return false
			}
		}
	}
	return true
}

// blank says that an element holds no text of its own.
func blank(el *xmltree.Element) bool {
	if el.Remarks() {
		return trim(el.Text()) == ""
	}
	source := el.Document().Text()
	from, end := el.Inner()
	for c := el.FirstChild(); ; c = c.NextSibling() {
		to := end
		if c != nil {
			to = c.Start
		}
		for i := from; i < to; i++ {
			if source[i] > ' ' {
				return false
			}
		}
		if c == nil {
			return true
		}
		from = c.End
	}
}

// any keeps the content of an element of AnyType.
func (r *reader) any(el *xmltree.Element) *Any {
	start, end := el.Inner()
	out := &Any{}
	if start < end {
		out.XML = []byte(el.Document().Text()[start:end])
	}
	for i := range el.Attrs {
		a := &el.Attrs[i]
		if a.Space == "" && a.Local == "isCritical" && el.Is(NamespaceERDS, "Extension") {
			continue
		}
		out.Attributes = append(out.Attributes, AnyAttribute{a.Prefix, a.Space, a.Local, a.Value})
	}
	out.Namespaces = used(out.XML, el)
	return out
}

// verbatim keeps an element with its tags.
func (r *reader) verbatim(el *xmltree.Element) *Any {
	xml := []byte(el.Document().Text()[el.Start:el.End])
	return &Any{XML: xml, Namespaces: used(xml, el.Parent)}
}

// used lists the namespaces that a piece of XML takes from its surroundings, as
// far as they are not those that every evidence declares. It may list more than
// are needed.
func used(xml []byte, at *xmltree.Element) (list []Namespace) {
	if len(xml) == 0 {
		return nil
	}
	for e := at; e != nil; e = e.Parent {
		for _, ns := range e.Namespaces() {
			if uri, _ := at.Resolve(ns.Prefix); uri != ns.URI || standard(ns.Prefix, ns.URI) || ns.Prefix == "" && ns.URI == "" {
				continue
			}
			if ns.Prefix != "" && !mentions(xml, ns.Prefix) {
				continue
			}
			known := false
			for _, have := range list {
				known = known || have.Prefix == ns.Prefix
			}
			if !known {
				list = append(list, Namespace(ns))
			}
		}
	}
	return list
}

// mentions says that a prefix occurs before a colon, in a name or in a value.
func mentions(xml []byte, prefix string) bool {
	wanted := append([]byte(prefix), ':')
	for from := 0; ; {
		i := bytes.Index(xml[from:], wanted)
		if i < 0 {
			return false
		}
		if i += from; i == 0 || !inName(xml[i-1]) {
			return true
		}
		from = i + 1
	}
}

// inName says that a name may go on over this octet.
func inName(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c >= 0x80
}

// standard says that the root of every written evidence declares this.
func standard(prefix, uri string) bool {
	for i := range rootNamespaces {
		if rootNamespaces[i].Prefix == prefix {
			return rootNamespaces[i].URI == uri
		}
	}
	return false
}
