package evidence

import (
	"strconv"

	"github.com/certmail/certmail/internal/xmltree"
)

func (w *writer) extension(x *Extension) {
	if x.General == nil && x.Relay == nil {
		other := x.Other
		if other == nil {
			other = new(Any)
		}
		critical := AnyAttribute{Local: "isCritical", Value: strconv.FormatBool(x.Critical)}
		if x.Unmarked {
			w.any("Extension", true, other, "")
			return
		}
		marked := *other
		marked.Attributes = append([]AnyAttribute{critical}, other.Attributes...)
		w.any("Extension", true, &marked, "")
		return
	}
	w.start("tns:Extension")
	if !x.Unmarked {
		w.attr("isCritical", strconv.FormatBool(x.Critical))
	}
	w.body()
	if g := x.General; g != nil {
		w.open("ext:GeneralEvidenceInfo")
		if g.Subject != nil {
			w.leaf("ext:Subject", *g.Subject)
		}
		for _, n := range g.Untrusted {
			w.number("ext:UntrustedPathToRecipient", n)
		}
		w.close("ext:GeneralEvidenceInfo")
	}
	if r := x.Relay; r != nil {
		w.open("ext:RelayEvidenceInfo")
		for _, n := range r.RefersTo {
			w.number("ext:RelayEvidenceRefersTo", n)
		}
		w.close("ext:RelayEvidenceInfo")
	}
	if x.Other != nil { // refused: one or the other
		w.fail(&RawError{Where: "Extension", Err: errTwoForms})
	}
	w.close("tns:Extension")
}

// any writes an element with raw content. With only, the content has to be one
// saml element of that name.
func (w *writer) any(name string, global bool, x *Any, only string) {
	prefix := w.wrap(name, global, x.Attributes, x)
	w.depth--
	w.splice(x, name, only)
	w.end(prefix + name)
}

// verbatim writes raw XML that is one saml element of that name.
func (w *writer) verbatim(x *Any, name string) {
	w.line()
	w.splice(x, name, name)
}

// splice appends raw XML, once it is sure that it cannot end the element that
// it is in.
func (w *writer) splice(x *Any, name, only string) {
	var probe writer
	probe.raw("<x")
	for _, ns := range rootNamespaces {
		if !declares(x.Namespaces, ns.Prefix) {
			probe.attr("xmlns:"+ns.Prefix, ns.URI)
		}
	}
	probe.declare(x.Namespaces)
	probe.raw(">")
	probe.buf = append(probe.buf, x.XML...)
	probe.raw("</x>")
	if probe.err != nil {
		w.fail(probe.err)
		return
	}
	doc, err := xmltree.Parse(probe.buf, &xmltree.Limits{Bytes: len(probe.buf), Depth: 4096, Elements: 1 << 24, Attributes: 1024, Namespaces: 4096})
	if err != nil {
		w.fail(&RawError{Where: name, Err: err})
		return
	}
	if only != "" {
		if c := doc.Root.FirstChild(); c == nil || !c.Is(NamespaceSAML, only) || c.NextSibling() != nil || !blank(doc.Root) {
			w.fail(&RawError{Where: name, Err: errNotOne})
			return
		}
	}
	w.buf = append(w.buf, x.XML...)
}

// wrap opens an element around raw content with the namespaces that the
// content and the attributes need, and returns its prefix: another one than
// tns where tns means something else inside.
func (w *writer) wrap(name string, global bool, attributes []AnyAttribute, content ...*Any) (prefix string) {
	var needed []Namespace
	need := func(ns Namespace) {
		for _, have := range needed {
			if have.Prefix == ns.Prefix {
				if have.URI != ns.URI {
					w.fail(&RawError{Where: name, Err: errTwoMeanings})
				}
				return
			}
		}
		needed = append(needed, ns)
	}
	for _, x := range content {
		for _, ns := range x.Namespaces {
			need(ns)
		}
	}
	for _, a := range attributes {
		if a.Space == "" || a.Space == namespaceXML {
			continue
		}
		if standard(a.Prefix, a.Space) && !declares(needed, a.Prefix) {
			continue
		}
		need(Namespace{a.Prefix, a.Space})
	}
	// An element of no namespace cannot be where a default namespace is needed.
	if global = global || declares(needed, ""); global {
		prefix = "tns"
		for n := 2; declares(needed, prefix); n++ {
			prefix = "tns" + strconv.Itoa(n)
		}
		if prefix != "tns" {
			needed = append(needed, Namespace{prefix, NamespaceERDS})
		}
		prefix += ":"
	}
	w.start(prefix + name)
	w.declare(needed)
	for _, a := range attributes {
		switch {
		case !w.name(a.Local):
		case a.Space == "":
			w.attr(a.Local, a.Value)
		case a.Space == namespaceXML:
			w.attr("xml:"+a.Local, a.Value)
		case w.name(a.Prefix):
			w.attr(a.Prefix+":"+a.Local, a.Value)
		}
	}
	w.body()
	return prefix
}

func (w *writer) declare(list []Namespace) {
	for _, ns := range list {
		switch {
		case ns.Prefix == "":
			w.attr("xmlns", ns.URI)
		case w.name(ns.Prefix):
			w.attr("xmlns:"+ns.Prefix, ns.URI)
		}
	}
}

func declares(list []Namespace, prefix string) bool {
	for i := range list {
		if list[i].Prefix == prefix {
			return true
		}
	}
	return false
}
