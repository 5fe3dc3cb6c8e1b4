package daticert

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func requireKind(tb testing.TB, document string, opts *Options, kind error) {
	tb.Helper()
	d, err := Parse([]byte(document), opts)
	require.Nil(tb, d)
	require.ErrorIs(tb, err, kind)
	var e *Error
	require.ErrorAs(tb, err, &e)
	require.Equal(tb, kind, e.Kind)
	require.True(tb, strings.HasPrefix(err.Error(), "daticert: "), err.Error())
	require.Less(tb, len(err.Error()), 600)
}

const xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func withDoctype(tb testing.TB, doctype string) string {
	return with(tb, xmlDeclaration, xmlDeclaration+doctype+"\n")
}

func TestRCV19_EntityBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("<!DOCTYPE postacert [\n<!ENTITY a0 \"ha\">\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&b, "<!ENTITY a%d \"&a%d;&a%d;\">\n", i, i-1, i-1)
	}
	b.WriteString("]>")
	requireKind(t, strings.Replace(withDoctype(t, b.String()), "mario.rossi@", "&a29;", 1), nil, ErrDoctype)
}

func TestRCV19_ExternalEntity(t *testing.T) {
	requireKind(t, strings.Replace(withDoctype(t, `<!DOCTYPE postacert [<!ENTITY x SYSTEM "file:///etc/passwd">]>`), "mario.rossi@", "&x;", 1), nil, ErrDoctype)
	requireKind(t, withDoctype(t, `<!DOCTYPE postacert SYSTEM "d.dtd" [<!ENTITY % p SYSTEM "http://x.example/e"> %p;]>`), nil, ErrDoctype)
}

func TestRCV19_UndefinedEntity(t *testing.T) {
	requireKind(t, with(t, "mario.rossi@", "&nbsp;"), nil, ErrNotXML)
	requireKind(t, with(t, `"nessuno"`, `"&x;"`), nil, ErrNotXML)
}

func TestRCV19_InternalSubsetIsRefusedWhateverItHolds(t *testing.T) {
	for _, subset := range []string{"[]", "[ ]", "[<!ATTLIST postacert errore CDATA 'virus'>]", "SYSTEM 'x' [<!-- -->]"} {
		requireKind(t, withDoctype(t, "<!DOCTYPE postacert "+subset+">"), nil, ErrDoctype)
	}
}

func TestRCV19_DeepNesting(t *testing.T) {
	nested := func(n int) string {
		return with(t, "    </dati>", strings.Repeat("<a>", n)+strings.Repeat("</a>", n)+"</dati>")
	}
	mustParse(t, nested(DefaultMaxDepth-2))
	requireKind(t, nested(DefaultMaxDepth-1), nil, ErrTooDeep)
	requireKind(t, nested(100000), nil, ErrTooDeep)
	requireKind(t, strings.Repeat("<postacert>", 90000), nil, ErrTooDeep)
	requireKind(t, delivery, &Options{MaxDepth: 3}, ErrTooDeep)
	_, err := Parse([]byte(delivery), &Options{MaxDepth: 4})
	require.NoError(t, err)
}

func TestRCV19_Size(t *testing.T) {
	big := with(t, "<consegna>", "<errore-esteso>"+strings.Repeat("x", DefaultMaxSize)+"</errore-esteso><consegna>")
	requireKind(t, big, nil, ErrTooLarge)
	d, err := Parse([]byte(big), &Options{MaxSize: 2 * DefaultMaxSize})
	require.NoError(t, err)
	require.Len(t, d.ErrorDetail, DefaultMaxSize)
	_, err = Parse([]byte(delivery), &Options{MaxSize: len(delivery)})
	require.NoError(t, err)
	requireKind(t, delivery, &Options{MaxSize: len(delivery) - 1}, ErrTooLarge)
	requireKind(t, strings.Repeat("x", DefaultMaxSize+1), &Options{MaxSize: -1}, ErrTooLarge)
}

func TestRCV19_Elements(t *testing.T) {
	requireKind(t, with(t, "    </dati>", strings.Repeat("<a/>", DefaultMaxElements)+"</dati>"), nil, ErrTooManyElements)
	var attributes strings.Builder
	for i := range DefaultMaxElements {
		fmt.Fprintf(&attributes, " a%d=''", i)
	}
	requireKind(t, with(t, "<dati>", "<dati"+attributes.String()+">"), nil, ErrTooManyElements)
	const elements, attrs = 16, 6 // of delivery
	_, err := Parse([]byte(delivery), &Options{MaxElements: elements + attrs})
	require.NoError(t, err)
	requireKind(t, delivery, &Options{MaxElements: elements + attrs - 1}, ErrTooManyElements)
}

func TestRCV19_Recipients(t *testing.T) {
	for _, element := range []string{`<destinatari tipo="certificato">a@b.example</destinatari>`, "<destinatari>a@b.example</destinatari>"} {
		many := func(n int) string { return with(t, "<risposte>", strings.Repeat(element, n-2)+"<risposte>") }
		d := mustParse(t, many(DefaultMaxRecipients))
		require.Len(t, d.Recipients, DefaultMaxRecipients)
		requireKind(t, many(DefaultMaxRecipients+1), nil, ErrTooManyRecipients)
	}
	for _, element := range []string{"ricezione", "consegna"} {
		requireKind(t, with(t, "    </dati>", strings.Repeat("<"+element+">a@b</"+element+">", DefaultMaxRecipients+1)+"</dati>"), nil, ErrTooManyRecipients)
	}
	requireKind(t, delivery, &Options{MaxRecipients: 1}, ErrTooManyRecipients)
}

func TestRCV19_OneMillionRecipientsAreBounded(t *testing.T) {
	document := []byte(with(t, "<risposte>", strings.Repeat(`<destinatari tipo="certificato">a@b.example</destinatari>`, 1_000_000)+"<risposte>"))
	_, err := Parse(document, nil)
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = Parse(document, &Options{MaxSize: len(document), MaxElements: 10_000_000})
	require.ErrorIs(t, err, ErrTooManyRecipients)
	d, err := Parse(document, &Options{MaxSize: len(document), MaxElements: 10_000_000, MaxRecipients: 2_000_000})
	require.NoError(t, err)
	require.Len(t, d.Recipients, 1_000_002)
}

// The worst that 1 MiB can be made to cost stays within a small multiple of it.
func TestRCV19_MemoryIsBounded(t *testing.T) {
	long := strings.Repeat("n", 500_000)
	for name, document := range map[string]string{
		"long names":      "<postacert><" + long + "><a/></" + long + "></postacert>",
		"long attribute":  "<postacert " + long + `="x" tipo="` + long + `"/>`,
		"many attributes": "<postacert " + strings.Repeat("a='' ", 190_000) + "/>",
		"many unknown":    "<postacert>" + strings.Repeat("<a/>", 32_000) + "</postacert>",
		"nested text":     "<postacert>" + strings.Repeat("<a>x", 30) + strings.Repeat("x", 900_000) + strings.Repeat("</a>", 30) + "</postacert>",
		"stray text":      "<postacert>" + strings.Repeat("x<a/>", 32_000) + "</postacert>",
		"comments":        "<postacert><intestazione><mittente>" + strings.Repeat("<!---->", 140_000) + "</mittente></intestazione></postacert>",
		"instructions":    "<postacert>" + strings.Repeat("<?a?>", 200_000) + "</postacert>",
		"references":      "<postacert><intestazione><mittente>" + strings.Repeat("&amp;", 200_000) + "</mittente></intestazione></postacert>",
		"windows-1252":    "<postacert><intestazione><mittente>" + strings.Repeat("\x80", 1_000_000) + "</mittente></intestazione></postacert>",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Parse([]byte(document), nil)
			runtime.ReadMemStats(&after)
			var e *Error
			require.True(t, err == nil || errors.As(err, &e))
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(160<<20))
		})
	}
}

func TestRCV19_TruncatedAtEveryOffset(t *testing.T) {
	end := strings.LastIndex(delivery, ">")
	for n := range len(delivery) {
		d, err := Parse([]byte(delivery[:n]), nil)
		if n > end {
			require.NoError(t, err)
			continue
		}
		require.Nil(t, d)
		require.ErrorIs(t, err, ErrNotXML, "%d", n)
	}
}

func TestRCV19_OneByteChangedAnywhere(t *testing.T) {
	for i := range len(delivery) {
		for _, c := range []byte{0, '<', '>', '&', '"', ' ', 'x', 0xFF, '/', '!'} {
			document := []byte(delivery)
			document[i] = c
			requireReadersAgree(t, document, nil)
		}
	}
}

func TestRCV19_NotWellFormed(t *testing.T) {
	for _, document := range []string{
		"", " ", "\uFEFF", "ciao", "{}", xmlDeclaration, "<postacert", "<postacert>", "<postacert></dati>", "</postacert>",
		delivery + delivery, delivery + "<a/>", delivery + "ciao", "ciao" + delivery, delivery + "\x00", delivery + "<!DOCTYPE postacert>",
		with(t, "<dati>", "<dati><?xml version=\"1.0\"?>"),
		with(t, "<dati>", "<dati><!DOCTYPE postacert>"),
		with(t, "mario.rossi", "mario\x01rossi"), with(t, "mario.rossi", "mario\uFFFErossi"), with(t, "mario.rossi", "mario\uFFFFrossi"),
		with(t, "mario.rossi", "mario&#1;rossi"), with(t, "mario.rossi", "mario&#xD800;rossi"), with(t, "mario.rossi", "mario&#x110000;rossi"),
		with(t, "mario.rossi", "mario&#xFFFE;rossi"), with(t, "mario.rossi", "mario&#99999999999999999999;rossi"), with(t, "mario.rossi", "mario&#;rossi"),
		with(t, "mario.rossi", "mario & rossi"), with(t, "mario.rossi", "mario]]>rossi"), with(t, "mario.rossi", "mario<rossi"),
		with(t, `"nessuno"`, `nessuno`), with(t, `"nessuno"`, `"nes<suno"`), with(t, `"nessuno"`, `"nessuno" errore="virus"`),
		with(t, `"nessuno"`, `"&#xDFFF;"`), with(t, `tipo="avvenuta-consegna" errore`, `tipo="avvenuta-consegna"errore`),
		with(t, "<dati>", "<dati><!-- a -- b -->"), with(t, "<dati>", "<dati><!-- \x02 -->"),
		with(t, `version="1.0"`, `version="1.1"`), with(t, "</consegna>", "</Consegna>"),
		withDoctype(t, "<!DOCTYPE>"), withDoctype(t, "<!DOCTYPE postacert SYSTEM>"), withDoctype(t, "<!DOCTYPE postacert PUBLIC 'a'>"),
		withDoctype(t, "<!DOCTYPE postacert SYSTEM 'a' 'b'>"), withDoctype(t, "<!ENTITY a 'b'>"), withDoctype(t, "<!DOCTYPE postacert><!DOCTYPE postacert>"),
		"\xFE\xFF\x00<\x00", "\xFF\xFE<\x00\x00\xD8", "\xFF\xFE<\x00\x00\xD8a\x00",
	} {
		requireKind(t, document, nil, ErrNotXML)
	}
}

func TestNotPostacert(t *testing.T) {
	for _, document := range []string{"<html/>", "<certificazione/>", `<p:postacert xmlns:p="urn:x"/>`, "<Postacert/>", `<?xml version="1.0" encoding="UTF-8"?><daticert/>`} {
		requireKind(t, document, nil, ErrNotPostacert)
	}
}

func TestErrorNamesTheLine(t *testing.T) {
	_, err := Parse([]byte(with(t, "</consegna>", "</consegnata>")), nil)
	require.EqualError(t, err, `daticert: line 19: not well-formed XML: element "consegna" closed by "consegnata"`)
	_, err = Parse([]byte("<postacert>"), nil)
	require.EqualError(t, err, `daticert: line 1: not well-formed XML: element "postacert" is not closed: unexpected EOF`)
}

func TestS31_HarmlessDoctypeIsIgnoredWithAFinding(t *testing.T) {
	for _, doctype := range []string{
		`<!DOCTYPE postacert>`,
		`<!DOCTYPE postacert SYSTEM "daticert.dtd">`,
		`<!DOCTYPE  postacert  SYSTEM  'http://dtd.example/[daticert].dtd' >`,
		`<!DOCTYPE postacert PUBLIC "-//X//DTD daticert//IT" "http://x.example/d.dtd">`,
	} {
		d := mustParse(t, withDoctype(t, doctype))
		require.Equal(t, []Finding{{FindingDoctype, doctype}}, d.Findings)
		want := withoutBytes(mustParse(t, delivery))
		want.Findings = d.Findings
		require.Equal(t, want, withoutBytes(d))
	}
}

func TestS31_DoctypeWithEntitiesIsRefused(t *testing.T) {
	requireKind(t, withDoctype(t, `<!DOCTYPE postacert [<!ENTITY a "b">]>`), nil, ErrDoctype)
}
