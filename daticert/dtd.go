package daticert

// The DTD of RFC 6109 §4.4 (technical annex of DM 2-11-2005), as a table.

// content is what an element may hold.
type content uint8

const (
	elements content = iota // element content: children and white space
	value                   // #PCDATA
	empty                   // EMPTY
)

// declaration is one <!ELEMENT> with its <!ATTLIST>.
type declaration struct {
	name, path string
	content    content
	attribute  string // the one attribute beside postacert's two, or ""
	required   bool   // #REQUIRED
	children   []child
}

// child is one place of a content model, in its order.
type child struct {
	*declaration
	optional bool // ? or *
	many     bool // + or *
	keep     bool // the DTD allows one, and Data holds them all
}

// root is the declaration of postacert, from which all the others are reached.
var root = &declaration{name: "postacert", path: "postacert", children: []child{
	{declaration: &declaration{name: "intestazione", path: "postacert/intestazione", children: []child{
		{declaration: text("intestazione", "mittente")},
		{declaration: &declaration{name: "destinatari", path: "postacert/intestazione/destinatari",
			content: value, attribute: "tipo"}, many: true},
		{declaration: text("intestazione", "risposte")},
		{declaration: text("intestazione", "oggetto"), optional: true},
	}}},
	{declaration: &declaration{name: "dati", path: "postacert/dati", children: []child{
		{declaration: text("dati", "gestore-emittente")},
		{declaration: &declaration{name: "data", path: "postacert/dati/data",
			attribute: "zona", required: true, children: []child{
				{declaration: text("dati/data", "giorno")},
				{declaration: text("dati/data", "ora")},
			}}},
		{declaration: text("dati", "identificativo")},
		{declaration: text("dati", "msgid"), optional: true},
		{declaration: &declaration{name: "ricevuta", path: "postacert/dati/ricevuta",
			content: empty, attribute: "tipo", required: true}, optional: true},
		{declaration: text("dati", "consegna"), optional: true, keep: true},
		{declaration: text("dati", "ricezione"), optional: true, many: true},
		{declaration: text("dati", "errore-esteso"), optional: true},
	}}},
}}

func text(parent, name string) *declaration {
	return &declaration{name: name, path: "postacert/" + parent + "/" + name, content: value}
}

// maxChildren is the length of the longest content model (dati).
const maxChildren = 8

// find returns the place of an element in the content model, or -1.
func (d *declaration) find(name string) int {
	for i := range d.children {
		if d.children[i].name == name {
			return i
		}
	}
	return -1
}

// declares reports whether the element has the attribute.
func (d *declaration) declares(name string) bool {
	return d.attribute != "" && name == d.attribute || d == root && (name == "tipo" || name == "errore")
}
