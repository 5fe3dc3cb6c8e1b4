package daticert

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
)

// inUTF16 encodes s in either byte order.
func inUTF16(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func TestCharacterSets(t *testing.T) {
	const subject = `perché €500 – "Š"`
	declared := func(label string) string {
		document := with(t, "Contratto n. 7 – perché &quot;firmare&quot; &amp; spedire", subject)
		if label == "" {
			return strings.TrimPrefix(document, xmlDeclaration)
		}
		return strings.Replace(document, `"UTF-8"`, `"`+label+`"`, 1)
	}
	cp1252 := func(s string) string {
		out, err := charmap.Windows1252.NewEncoder().String(s)
		require.NoError(t, err)
		return out
	}
	latin9 := func(s string) string {
		out, err := charmap.ISO8859_15.NewEncoder().String(strings.ReplaceAll(s, "–", "-"))
		require.NoError(t, err)
		return out
	}
	const bom = "\uFEFF"
	for _, c := range []struct {
		name, document string
		want           []string
	}{
		{"utf-8", declared("UTF-8"), nil},
		{"utf-8 small", declared("utf-8"), nil},
		{"none", declared(""), nil},
		{"bom", bom + declared(""), nil},
		{"bom and declaration", bom + declared("UTF-8"), nil},
		{"windows-1252", cp1252(declared("Windows-1252")), []string{FindingCharset}},
		{"latin-9", latin9(declared("ISO-8859-15")), []string{FindingCharset}},
		{"windows-1252 declared utf-8", cp1252(declared("UTF-8")), []string{FindingCharsetGuessed}},
		{"windows-1252 undeclared", cp1252(declared("")), []string{FindingCharsetGuessed}},
		{"windows-1252 declared ascii", cp1252(declared("US-ASCII")), []string{FindingCharsetMismatch, FindingCharsetGuessed}},
		{"utf-8 declared ascii", declared("US-ASCII"), []string{FindingCharsetMismatch}},
		{"utf-8 declared koi8-r", declared("KOI8-R"), []string{FindingCharsetMismatch}},
		{"utf-8 with bom declared latin-1", bom + declared("ISO-8859-1"), []string{FindingCharsetMismatch}},
		{"utf-8 declared utf-16", declared("utf-16"), []string{FindingCharsetMismatch}},
		{"utf-16 little", inUTF16(bom+declared("UTF-16"), binary.LittleEndian), []string{FindingCharset}},
		{"utf-16 big", inUTF16(bom+declared("UTF-16"), binary.BigEndian), []string{FindingCharset}},
		{"utf-16 without bom", inUTF16(declared("UTF-16LE"), binary.LittleEndian), []string{FindingCharset}},
		{"utf-16 big without declaration", inUTF16(declared(""), binary.BigEndian), []string{FindingCharset}},
		{"utf-16 declared utf-8", inUTF16(bom+declared("UTF-8"), binary.BigEndian), []string{FindingCharset, FindingCharsetMismatch}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := mustParse(t, c.document)
			require.Equal(t, c.want, codes(d.Findings))
			want := subject
			if c.name == "latin-9" {
				want = strings.ReplaceAll(subject, "–", "-")
			}
			require.Equal(t, want, d.Subject)
		})
	}
}

func TestLatin1(t *testing.T) {
	d := mustParse(t, strings.Replace(with(t, "Contratto n. 7 – perché", "perch\xe9"), "UTF-8", "ISO-8859-1", 1))
	require.Equal(t, `perché "firmare" & spedire`, d.Subject)
	require.Equal(t, []Finding{{FindingCharset, "ISO-8859-1"}}, d.Findings)
}

func TestASCIIDocumentsDeclaredOtherwiseAreNotOdd(t *testing.T) {
	ascii := with(t, "Contratto n. 7 – perché", "x")
	for _, label := range []string{"US-ASCII", "ISO-8859-1", "ISO-8859-15", "windows-1252"} {
		require.Empty(t, mustParse(t, strings.Replace(ascii, "UTF-8", label, 1)).Findings)
	}
}

func TestSurrogatePairs(t *testing.T) {
	d := mustParse(t, inUTF16("\uFEFF"+with(t, "Contratto", "😀"), binary.LittleEndian))
	require.True(t, strings.HasPrefix(d.Subject, "😀 n. 7"))
}

func TestLeadingSpace(t *testing.T) {
	require.Equal(t, []string{FindingLeadingSpace}, codes(mustParse(t, "\r\n"+delivery).Findings))
	require.Empty(t, mustParse(t, "\n"+strings.TrimPrefix(delivery, xmlDeclaration)).Findings)
}

// golang.org/x/text is the oracle for the tables.
func TestTablesAgreeWithXText(t *testing.T) {
	for name, table := range map[string]*charmap.Charmap{"iso-8859-1": charmap.ISO8859_1, "iso-8859-15": charmap.ISO8859_15, "windows-1252": charmap.Windows1252} {
		for c := range 256 {
			want := string(table.DecodeByte(byte(c)))
			if want == "\uFFFD" {
				want = string(rune(c))
			}
			require.Equal(t, want, singleByte(name)(string([]byte{byte(c)})), "%s %x", name, c)
		}
	}
}
