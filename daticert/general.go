package daticert

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// readGeneral reads any document: encoding/xml splits it into tokens, and the
// walker follows the DTD as far as the document does.
func readGeneral(document string, lim limits) (*Data, error) {
	w := &walker{lim: lim, d: &Data{Error: ErrorNone}}
	text, err := decode(document, w.find)
	if err != nil {
		return nil, err
	}
	if err := checkCharacters(text); err != nil {
		return nil, err
	}
	w.src = text
	w.dec = xml.NewDecoder(strings.NewReader(text))
	// The text is UTF-8 by now, whatever its declaration says.
	w.dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	if err := w.walk(); err != nil {
		return nil, err
	}
	return w.d, nil
}

// walker is the state of one general reading.
type walker struct {
	lim   limits
	src   string
	dec   *xml.Decoder
	d     *Data
	stack []frame
	count int // elements and attributes so far
	done  bool
}

// frame is one open element.
type frame struct {
	name     string
	decl     *declaration // nil inside what the DTD does not have there
	last     int          // furthest place of the content model reached
	seen     [maxChildren]int
	text     []byte
	attrs    []xml.Attr
	path     string // of an unknown element, at its outermost tag
	start    int    // offset of the start tag
	surplus  bool   // a repetition: the value belongs into Unknown
	notEmpty bool   // FindingNotEmpty was reported
	tipo     string // destinatari/@tipo
}

func (w *walker) find(code, detail string) {
	w.d.Findings = addFinding(w.d.Findings, code, detail)
}

// broken is the error for what is not XML, at the line of a source offset.
func (w *walker) broken(offset int, detail string, cause error) error {
	line := 1 + strings.Count(w.src[:offset], "\n")
	return &Error{Kind: ErrNotXML, Where: "line " + strconv.Itoa(line), Detail: "not well-formed XML: " + detail, Err: cause}
}

func (w *walker) walk() error {
	for {
		from := int(w.dec.InputOffset())
		token, err := w.dec.RawToken()
		to := int(w.dec.InputOffset())
		if err == io.EOF && len(w.stack) == 0 && w.done {
			return nil
		}
		if err != nil {
			var syntax *xml.SyntaxError
			switch {
			case err == io.EOF && len(w.stack) > 0:
				return w.broken(to, "element "+quote(w.stack[len(w.stack)-1].name)+" is not closed", io.ErrUnexpectedEOF)
			case err == io.EOF:
				return w.broken(to, "no element", io.ErrUnexpectedEOF)
			case errors.As(err, &syntax):
				return w.broken(to, clip(syntax.Msg), nil)
			}
			return w.broken(to, "cannot be read", err)
		}
		if err := w.token(token, from, to); err != nil {
			return err
		}
	}
}

func (w *walker) token(token xml.Token, from, to int) error {
	raw := w.src[from:to]
	switch t := token.(type) {
	case xml.StartElement:
		if err := checkTag(raw); err != "" {
			return w.broken(from, err, nil)
		}
		return w.startElement(t, from)
	case xml.EndElement:
		return w.endElement(fullName(t.Name), to)
	case xml.CharData:
		if err := checkReferences(raw); err != "" {
			return w.broken(from, err, nil)
		}
		return w.charData(t, raw, from)
	case xml.Comment:
		w.interruption("comment")
	case xml.ProcInst:
		if strings.EqualFold(t.Target, "xml") {
			if from != 0 {
				return w.broken(from, "XML declaration not at the beginning", nil)
			}
			if !wellFormedDeclaration(raw) {
				return w.broken(from, "XML declaration", nil)
			}
			return nil
		}
		if after := raw[2+len(t.Target):]; after != "?>" && !isSpace(after[0]) {
			return w.broken(from, "processing instruction", nil)
		}
		w.find(FindingInstruction, quote(t.Target))
		w.interruption("processing instruction")
	case xml.Directive:
		if len(w.stack) > 0 || w.done {
			return w.broken(from, "declaration after the root element began", nil)
		}
		return w.doctype(raw, from)
	}
	return nil
}

// interruption notes a comment or instruction where some reader may stumble.
func (w *walker) interruption(what string) {
	if len(w.stack) == 0 {
		return
	}
	top := &w.stack[len(w.stack)-1]
	switch {
	case top.decl == nil:
	case top.decl.content == value:
		w.find(FindingCommentInValue, what+" in "+top.decl.path)
	case top.decl.content == empty:
		w.reportNotEmpty(top)
	}
}

func (w *walker) reportNotEmpty(f *frame) {
	if !f.notEmpty {
		f.notEmpty = true
		w.find(FindingNotEmpty, f.decl.path)
	}
}

func (w *walker) startElement(t xml.StartElement, from int) error {
	name := fullName(t.Name)
	if len(w.stack) == 0 {
		if w.done {
			return w.broken(from, "second root element "+quote(name), nil)
		}
		if name != root.name {
			return &Error{Kind: ErrNotPostacert, Detail: "root element is " + quote(name) + ", want postacert"}
		}
	}
	if len(w.stack) >= w.lim.depth {
		return &Error{Kind: ErrTooDeep, Where: "element " + quote(name), Detail: "more than " + strconv.Itoa(w.lim.depth) + " nested elements"}
	}
	w.count += 1 + len(t.Attr)
	if w.count > w.lim.elements {
		return &Error{Kind: ErrTooManyElements, Detail: "more than " + strconv.Itoa(w.lim.elements) + " elements and attributes"}
	}
	if repeated := repeatedAttribute(t.Attr); repeated != "" {
		return w.broken(from, "attribute "+quote(repeated)+" twice in element "+quote(name), nil)
	}
	f := frame{name: name, start: from}
	if err := w.place(&f); err != nil {
		return err
	}
	if f.decl == nil || f.surplus {
		f.attrs = t.Attr
	}
	if f.decl != nil && !f.surplus {
		w.attributes(&f, t.Attr)
	}
	w.stack = append(w.stack, f)
	return nil
}

// place finds out what the DTD makes of a new element, and says what it breaks.
func (w *walker) place(f *frame) error {
	if len(w.stack) == 0 {
		f.decl = root
		return nil
	}
	parent := &w.stack[len(w.stack)-1]
	if parent.decl == nil || parent.surplus {
		return nil // all inside something unknown
	}
	f.path = parent.decl.path + "/" + f.name
	i := parent.decl.find(f.name)
	if i < 0 {
		if parent.decl.content == empty {
			w.reportNotEmpty(parent)
		} else {
			w.find(FindingUndeclaredElement, parent.decl.path+"/"+clip(f.name))
		}
		return nil
	}
	if i < parent.last {
		w.find(FindingElementOrder, f.path+" after "+parent.decl.children[parent.last].name)
	} else {
		parent.last = i
	}
	c := &parent.decl.children[i]
	f.decl = c.declaration
	parent.seen[i]++
	if n := parent.seen[i]; n > 1 {
		if !c.many {
			w.find(FindingRepeatedElement, f.path)
			f.surplus = !c.keep
		}
		if (c.many || c.keep) && n > w.lim.recipients {
			return &Error{Kind: ErrTooManyRecipients, Where: "element " + f.name, Detail: "more than " + strconv.Itoa(w.lim.recipients)}
		}
	}
	return nil
}

// attributes stores the declared attributes of a declared element.
func (w *walker) attributes(f *frame, attrs []xml.Attr) {
	decl := f.decl
	hasTipo, hasDeclared := false, false
	if decl.name == "destinatari" {
		f.tipo = string(RecipientCertified)
	}
	for _, a := range attrs {
		name, v := fullName(a.Name), trimSpace(a.Value)
		if !decl.declares(name) {
			w.find(FindingUndeclaredAttribute, decl.path+"/@"+clip(name))
			w.d.Unknown = append(w.d.Unknown, Unknown{Path: decl.path + "/@" + name, Text: v})
			continue
		}
		hasTipo = hasTipo || name == "tipo"
		hasDeclared = hasDeclared || name == decl.attribute
		if v == "" && name == "zona" {
			w.find(FindingEmptyValue, decl.path+"/@zona")
		} else if v == "" {
			w.find(FindingAttributeValue, decl.path+"/@"+name+`=""`)
		}
		switch {
		case decl == root && name == "tipo":
			w.d.Type = Type(v)
		case decl == root:
			w.d.Error = ErrorKind(v)
		case name == "zona":
			w.d.Date.Zone = v
		case decl.content == empty:
			w.d.ReceiptType = ReceiptType(v)
		default:
			f.tipo = v
		}
	}
	if decl == root && !hasTipo {
		w.find(FindingMissingAttribute, "postacert/@tipo")
	}
	if decl.required && !hasDeclared {
		w.find(FindingMissingAttribute, decl.path+"/@"+decl.attribute)
	}
}

func (w *walker) charData(text xml.CharData, raw string, from int) error {
	blank := trimSpace(raw) == ""
	if len(w.stack) == 0 {
		if !blank {
			return w.broken(from, "text outside the root element", nil)
		}
		return nil
	}
	top := &w.stack[len(w.stack)-1]
	switch {
	case top.decl == nil || top.surplus || top.decl.content == value:
		top.text = append(top.text, text...)
		return nil
	case top.decl.content == empty:
		w.reportNotEmpty(top)
	case !blank:
		w.find(FindingStrayText, top.decl.path+": "+quote(trimSpace(string(text))))
	}
	if stray := trimSpace(string(text)); stray != "" {
		w.d.Unknown = append(w.d.Unknown, Unknown{Path: top.decl.path + "/text()", Text: stray})
	}
	return nil
}

func (w *walker) endElement(name string, to int) error {
	if len(w.stack) == 0 {
		return w.broken(to, "end tag "+quote(name)+" without a start tag", nil)
	}
	f := &w.stack[len(w.stack)-1]
	if f.name != name {
		return w.broken(to, "element "+quote(f.name)+" closed by "+quote(name), nil)
	}
	w.stack = w.stack[:len(w.stack)-1]
	if len(w.stack) == 0 {
		w.done = true
	}
	switch {
	case f.decl == nil || f.surplus:
		if f.path == "" { // inside the outermost unknown element: its text is part of that
			parent := &w.stack[len(w.stack)-1]
			parent.text = append(parent.text, f.text...)
			return nil
		}
		w.keep(f, to)
	case f.decl.content == elements:
		for i := range f.decl.children {
			if c := &f.decl.children[i]; f.seen[i] == 0 && !c.optional {
				w.find(FindingMissingElement, c.path)
			}
		}
	case f.decl.content == value:
		v := trimSpace(string(f.text))
		if v == "" && f.name != "oggetto" {
			w.find(FindingEmptyValue, f.decl.path)
		}
		w.d.set(f.name, v, RecipientType(f.tipo))
	}
	return nil
}

// keep puts an unknown element aside with all that it holds.
func (w *walker) keep(f *frame, to int) {
	u := Unknown{Path: f.path, Text: trimSpace(string(f.text)), XML: w.src[f.start:to]}
	for _, a := range f.attrs {
		u.Attributes = append(u.Attributes, Attribute{Name: fullName(a.Name), Value: a.Value})
	}
	w.d.Unknown = append(w.d.Unknown, u)
}

// set stores the value of a declared element.
func (d *Data) set(name, v string, tipo RecipientType) {
	switch name {
	case "mittente":
		d.Sender = v
	case "destinatari":
		d.Recipients = append(d.Recipients, Recipient{Address: v, Type: tipo})
	case "risposte":
		d.ReplyTo = v
	case "oggetto":
		d.Subject, d.HasSubject = v, true
	case "gestore-emittente":
		d.Provider = v
	case "giorno":
		d.Date.Day = v
	case "ora":
		d.Date.Hour = v
	case "identificativo":
		d.Identifier = v
	case "msgid":
		d.MessageID = v
	case "consegna":
		d.Deliveries = append(d.Deliveries, v)
	case "ricezione":
		d.TakenInCharge = append(d.TakenInCharge, v)
	case "errore-esteso":
		d.ErrorDetail = v
	}
}

// fullName is a name as written, prefix included.
func fullName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}
