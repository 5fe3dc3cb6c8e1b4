package xmltree_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmltree"
)

// refused are documents that are not read, with the reason.
var refused = []struct {
	xml  string
	want error
}{
	// X10: a document type declaration, whatever is in it.
	{`<!DOCTYPE a><a/>`, xmltree.ErrDoctype},
	{`<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`, xmltree.ErrDoctype},
	{`<!DOCTYPE a [<!ATTLIST a Id CDATA "x">]><a/>`, xmltree.ErrDoctype},
	{`<!DOCTYPE a SYSTEM "http://dtd.example/x"><a/>`, xmltree.ErrDoctype},
	{"<?xml version='1.0'?>\n<!-- --><!DOCTYPE a><a/>", xmltree.ErrDoctype},
	{`<a><!DOCTYPE a></a>`, xmltree.ErrDoctype},
	{`<!doctype a><a/>`, xmltree.ErrMalformed},
	{`<a><!ENTITY e "x"></a>`, xmltree.ErrMalformed},
	{`<a>&e;</a>`, xmltree.ErrMalformed},
	{`<a b="&e;"/>`, xmltree.ErrMalformed},
	// X12: names, prefixes, attributes twice.
	{`<a b="1" b="1"/>`, xmltree.ErrMalformed},
	{`<a p:b="1" p:b="2" xmlns:p="urn:p"/>`, xmltree.ErrMalformed},
	{`<a xmlns:p="urn:p" xmlns:q="urn:p" p:b="1" q:b="1"/>`, xmltree.ErrNamespace},
	{`<a xmlns:p="urn:p" xmlns:q="urn:&#112;" p:b="1" q:b="1"/>`, xmltree.ErrNamespace},
	{`<a xmlns="urn:1" xmlns="urn:1"/>`, xmltree.ErrMalformed},
	{`<a xmlns:p="urn:1" xmlns:p="urn:1"/>`, xmltree.ErrMalformed},
	{`<p:a/>`, xmltree.ErrNamespace},
	{`<a p:b=""/>`, xmltree.ErrNamespace},
	{`<a><b xmlns:p="urn:p"/><p:c/></a>`, xmltree.ErrNamespace},
	{`<a:b:c xmlns:a="urn:a"/>`, xmltree.ErrNamespace},
	{`<a a:b:c="" xmlns:a="urn:a"/>`, xmltree.ErrNamespace},
	{`<a: xmlns:a="urn:a"/>`, xmltree.ErrNamespace},
	{`<a:1 xmlns:a="urn:a"/>`, xmltree.ErrNamespace},
	{`<:a/>`, xmltree.ErrNamespace},
	{`<a :b=""/>`, xmltree.ErrNamespace},
	{`<a xmlns:="urn:a"/>`, xmltree.ErrNamespace},
	{`<a xmlns:p=""/>`, xmltree.ErrNamespace},
	{`<a xmlns:xml="urn:x"/>`, xmltree.ErrNamespace},
	{`<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`, xmltree.ErrNamespace},
	{`<a xmlns="http://www.w3.org/XML/1998/namespace"/>`, xmltree.ErrNamespace},
	{`<a xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>`, xmltree.ErrNamespace},
	{`<a xmlns:p="http://www.w3.org/2000/xmlns/"/>`, xmltree.ErrNamespace},
	{`<a xmlns="http://www.w3.org/2000/xmlns/"/>`, xmltree.ErrNamespace},
	{`<xmlns:a/>`, xmltree.ErrNamespace},
	{`<1a/>`, xmltree.ErrMalformed},
	{`<-a/>`, xmltree.ErrMalformed},
	{`<×/>`, xmltree.ErrMalformed},
	{`<a ·="x"/>`, xmltree.ErrMalformed},
	{`<a xml:id="1"/>`, xmltree.ErrMalformed},
	// Structure.
	{``, xmltree.ErrMalformed},
	{` `, xmltree.ErrMalformed},
	{`<!-- -->`, xmltree.ErrMalformed},
	{`text`, xmltree.ErrMalformed},
	{`<a/><b/>`, xmltree.ErrMalformed},
	{`<a/>x`, xmltree.ErrMalformed},
	{`<a/>&#32;`, xmltree.ErrMalformed},
	{`<a/><![CDATA[]]>`, xmltree.ErrMalformed},
	{`x<a/>`, xmltree.ErrMalformed},
	{`</a>`, xmltree.ErrMalformed},
	{`<a>`, xmltree.ErrMalformed},
	{`<a></b>`, xmltree.ErrMalformed},
	{`<a></a`, xmltree.ErrMalformed},
	{`<a></ a>`, xmltree.ErrMalformed},
	{`<a></aa>`, xmltree.ErrMalformed},
	{`<aa></a>`, xmltree.ErrMalformed},
	{`<p:a xmlns:p="urn:p" xmlns:q="urn:p"></q:a>`, xmltree.ErrMalformed},
	{`<a></p:a>`, xmltree.ErrMalformed},
	{`<a><b></a></b>`, xmltree.ErrMalformed},
	{`<a`, xmltree.ErrMalformed},
	{`<a /`, xmltree.ErrMalformed},
	{`<a / >`, xmltree.ErrMalformed},
	{`< a/>`, xmltree.ErrMalformed},
	{`<a b/>`, xmltree.ErrMalformed},
	{`<a b=c/>`, xmltree.ErrMalformed},
	{`<a b="/>`, xmltree.ErrMalformed},
	{`<a b=""c=""/>`, xmltree.ErrMalformed},
	{`<a b="<"/>`, xmltree.ErrMalformed},
	{`<a><`, xmltree.ErrMalformed},
	// Characters, references, sections.
	{`<a>]]></a>`, xmltree.ErrMalformed},
	{"<a>\x00</a>", xmltree.ErrMalformed},
	{"<a>\x0b</a>", xmltree.ErrMalformed},
	{"<a b='\x1f'/>", xmltree.ErrMalformed},
	{"<a><!-- \x01 --></a>", xmltree.ErrMalformed},
	{"<a><![CDATA[\x01]]></a>", xmltree.ErrMalformed},
	{"<a><?b \x01?></a>", xmltree.ErrMalformed},
	{"<a>\uFFFE</a>", xmltree.ErrMalformed},
	{"<a>\uFFFF</a>", xmltree.ErrMalformed},
	{`<a>&#0;</a>`, xmltree.ErrMalformed},
	{`<a>&#xD800;</a>`, xmltree.ErrMalformed},
	{`<a>&#xFFFE;</a>`, xmltree.ErrMalformed},
	{`<a>&#x110000;</a>`, xmltree.ErrMalformed},
	{`<a>&#99999999999999999999;</a>`, xmltree.ErrMalformed},
	{`<a>&#4294967361;</a>`, xmltree.ErrMalformed},
	{`<a>&#X41;</a>`, xmltree.ErrMalformed},
	{`<a>&#x;</a>`, xmltree.ErrMalformed},
	{`<a>&#;</a>`, xmltree.ErrMalformed},
	{`<a>&;</a>`, xmltree.ErrMalformed},
	{`<a>&lt</a>`, xmltree.ErrMalformed},
	{`<a>& lt;</a>`, xmltree.ErrMalformed},
	{`<a>&LT;</a>`, xmltree.ErrMalformed},
	{`<a><!-- -- --></a>`, xmltree.ErrMalformed},
	{`<a><!-- ---></a>`, xmltree.ErrMalformed},
	{`<a><!-- </a>`, xmltree.ErrMalformed},
	{`<a><!- x --></a>`, xmltree.ErrMalformed},
	{`<a><![CDATA[</a>`, xmltree.ErrMalformed},
	{`<a><![cdata[]]></a>`, xmltree.ErrMalformed},
	{`<a><? b?></a>`, xmltree.ErrMalformed},
	{`<a><?b:c d?></a>`, xmltree.ErrNamespace},
	{`<a><?b</a>`, xmltree.ErrMalformed},
	{`<a><?xml version="1.0"?></a>`, xmltree.ErrMalformed},
	{`<a><?XML x?></a>`, xmltree.ErrMalformed},
	{` <?xml version="1.0"?><a/>`, xmltree.ErrMalformed},
	{`<?xml?><a/>`, xmltree.ErrMalformed},
	{`<?xml encoding="UTF-8"?><a/>`, xmltree.ErrMalformed},
	{`<?xml version="1.1"?><a/>`, xmltree.ErrMalformed},
	{`<?xml version="1.0" standalone="maybe"?><a/>`, xmltree.ErrMalformed},
	{`<?xml version="1.0" standalone="yes" encoding="UTF-8"?><a/>`, xmltree.ErrMalformed},
	{`<?xml version="1.0"encoding="UTF-8"?><a/>`, xmltree.ErrMalformed},
	{`<?xml version="1.0" x="y"?><a/>`, xmltree.ErrMalformed},
	// Encodings.
	{`<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, xmltree.ErrEncoding},
	{`<?xml version="1.0" encoding="UTF-16"?><a/>`, xmltree.ErrEncoding},
	{`<?xml version="1.0" encoding=""?><a/>`, xmltree.ErrEncoding},
	{"\xff\xfe<\x00a\x00/\x00>\x00", xmltree.ErrEncoding},
	{"\xfe\xff\x00<\x00a\x00/\x00>", xmltree.ErrEncoding},
	{"<\x00a\x00/\x00>\x00", xmltree.ErrEncoding},
	{"<a>\xe8</a>", xmltree.ErrEncoding},
	{"<a>\xc0\xbc</a>", xmltree.ErrEncoding},
	{"<a>\xed\xa0\x80</a>", xmltree.ErrEncoding},
	{"<a>\xf4\x90\x80\x80</a>", xmltree.ErrEncoding},
	{"\uFEFF\uFEFF<a/>", xmltree.ErrMalformed},
}

func TestX10_X12_StrictReader(t *testing.T) {
	for _, c := range refused {
		_, err := xmltree.Parse([]byte(c.xml), nil)
		require.ErrorIs(t, err, c.want, "%q", c.xml)
		var typed *xmltree.Error
		require.ErrorAs(t, err, &typed)
		require.LessOrEqual(t, typed.Offset, len(c.xml))
		require.Positive(t, typed.Line)
		require.NotEmpty(t, typed.Detail)
	}
}

func TestErrorTellsThePlace(t *testing.T) {
	_, err := xmltree.Parse([]byte("<a>\n  <b>\n    <c></b>\n</a>"), nil)
	var typed *xmltree.Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, [3]int{17, 3, 8}, [3]int{typed.Offset, typed.Line, typed.Column})
	_, large := xmltree.Parse([]byte("<a/>"), &xmltree.Limits{Bytes: 3})
	require.EqualError(t, large, "xml: document too large: 4 octets, the limit is 3")
	require.Equal(t, `xml: line 3, column 8: not well-formed XML: end tag of "c" expected`, err.Error())
}

// allocated is how much fn has the heap give out, in octets.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestX13_Limits(t *testing.T) {
	for name, c := range map[string]struct {
		xml  string
		lim  *xmltree.Limits
		want error
		most uint64 // octets allocated beyond a copy of the source
	}{
		"10,000 nested elements":       {strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000), nil, xmltree.ErrTooDeep, 1 << 20},
		"64 MiB":                       {"<a>" + strings.Repeat("x", 64<<20) + "</a>", nil, xmltree.ErrTooLarge, 1 << 12},
		"a million elements":           {"<a>" + strings.Repeat("<b/>", 1_000_000) + "</a>", nil, xmltree.ErrTooMany, 96 << 20},
		"a million attributes":         {"<a" + many(1_000_000, ` a%d=""`) + "/>", nil, xmltree.ErrTooMany, 1 << 16},
		"attributes everywhere":        {"<a>" + strings.Repeat(`<b a="" c="" d="" e=""/>`, 500_000) + "</a>", &xmltree.Limits{Elements: 1000}, xmltree.ErrTooMany, 1 << 20},
		"all attributes":               {"<a>" + strings.Repeat(`<b a="" c="" d="" e=""/>`, 900) + "</a>", &xmltree.Limits{Elements: 1000}, xmltree.ErrTooMany, 1 << 20},
		"namespaces in one tag":        {"<a" + many(100, ` xmlns:a%d="urn:x"`) + "/>", nil, xmltree.ErrTooMany, 1 << 16},
		"namespaces in scope":          {many(300, `<a xmlns:a%d="urn:x">`) + strings.Repeat("</a>", 300), &xmltree.Limits{Depth: 1000}, xmltree.ErrTooMany, 1 << 20},
		"comments around the root":     {strings.Repeat("<!---->", 100_000) + "<a/>", nil, xmltree.ErrTooMany, 1 << 16},
		"instructions around the root": {"<a/>" + strings.Repeat("<?a?>", 100_000), nil, xmltree.ErrTooMany, 1 << 16},
	} {
		data := []byte(c.xml)
		var err error
		used := allocated(func() { _, err = xmltree.Parse(data, c.lim) })
		require.ErrorIs(t, err, c.want, name)
		require.Less(t, used, uint64(len(data))+c.most, name)
	}
	for _, c := range []struct {
		xml  string
		lim  xmltree.Limits
		want error
	}{
		{"<a><b><c/></b></a>", xmltree.Limits{Depth: 2}, xmltree.ErrTooDeep},
		{"<a><b><c/></b></a>", xmltree.Limits{Depth: 3}, nil},
		{"<a><b/><b/></a>", xmltree.Limits{Elements: 2}, xmltree.ErrTooMany},
		{"<a><b/><b/></a>", xmltree.Limits{Elements: 3}, nil},
		{`<a b="" c="" xmlns=""/>`, xmltree.Limits{Attributes: 2}, xmltree.ErrTooMany},
		{`<a b="" c="" xmlns=""/>`, xmltree.Limits{Attributes: 3}, nil},
		{`<a b=""/>`, xmltree.Limits{Bytes: 8}, xmltree.ErrTooLarge},
		{`<a b=""/>`, xmltree.Limits{Bytes: 9}, nil},
		{`<a xmlns="urn:a"><b xmlns="urn:b"/></a>`, xmltree.Limits{Namespaces: 1}, xmltree.ErrTooMany},
		{`<a xmlns="urn:a"><b xmlns="urn:b"/><b xmlns="urn:b"/></a>`, xmltree.Limits{Namespaces: 2}, nil},
	} {
		_, err := xmltree.Parse([]byte(c.xml), &c.lim)
		require.True(t, errors.Is(err, c.want), "%s: %v", c.xml, err)
	}
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestX03_DuplicateIDs(t *testing.T) {
	d := parse(t, `<a><b Id="1"/><c ID="1"/><d id="2"/><e xml:id="two"/><f iD="1" p:Id="1" xmlns:p="urn:p" idx="1"/></a>`)
	value, found := d.DuplicateID()
	require.True(t, found)
	require.Equal(t, "1", value)
	require.Len(t, d.ByID("1"), 2)
	require.Len(t, d.ByID("2"), 1)
	require.Len(t, d.ByID("two"), 1)
	// One element that has it twice is ambiguous too: another reader may look at one of them only.
	d = parse(t, `<a Id="x" id="x"/>`)
	require.Len(t, d.ByID("x"), 1)
	_, found = d.DuplicateID()
	require.True(t, found)
	// More than are compared one by one.
	_, found = parse(t, "<a>"+many(100, `<b Id="%d"/>`)+"</a>").DuplicateID()
	require.False(t, found)
	value, found = parse(t, "<a>"+many(100, `<b Id="%d"/>`)+`<b ID="57"/></a>`).DuplicateID()
	require.True(t, found)
	require.Equal(t, "57", value)
}
