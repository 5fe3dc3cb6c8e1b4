package usertext

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestCertifiable(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		" Contratto n. 7\r\n":      "Contratto n. 7",
		"perché\t\r\n€ \U0001F600": "perché\t\r\n€ \U0001F600",
		"a\x00b\x1bc\x07":          "a\uFFFDb\uFFFDc\uFFFD",
		"\xff\xfe":                 "\uFFFD\uFFFD",
		"a\uFFFEb\uFFFFc":          "a\uFFFDb\uFFFDc",
		"a\uFFFDb":                 "a\uFFFDb",
		"\xed\xa0\x80":             "\uFFFD\uFFFD\uFFFD", // a surrogate
		"\x7f\u0085":               "\x7f\u0085",
	} {
		require.Equal(t, want, Certifiable(in), "%q", in)
	}
}

func TestLine(t *testing.T) {
	require.Equal(t, "<a X-Ricevuta: x @y.example>", Line("<a\rX-Ricevuta: x\x00@y.example>\x7f "))
	require.Equal(t, "a\tè", Line("a\tè"))
}

func TestAppendField(t *testing.T) {
	for in, want := range map[string]string{
		"To: a@b.example":             "To: a@b.example",
		"To: a,\n b,\r\n\tc,\r\r\n d": "To: a,\r\n b,\r\n\tc,\r\n d",
		"To: a\rX-Ricevuta: b":        "To: a X-Ricevuta: b",
		"To: a\x00\x0b\x0c\x1c\x7f":   "To: a     ",
		"To:\r\n \r\n \x00\r\n\t\n a": "To:\r\n a",
		"To: a\r\n ":                  "To: a",
		"":                            "",
		"To: perch\xe9 \xff":          "To: perch\xe9 \xff",
	} {
		require.Equal(t, "x"+want, string(AppendField([]byte("x"), []byte(in))), "%q", in)
	}
}

// FuzzCertifiable: whatever a user writes, encoding/xml takes it, and what is
// text already stays.
func FuzzCertifiable(f *testing.F) {
	for _, s := range []string{"", "perché", "a\x00", "\xff", "\uFFFE", " \r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Certifiable(s)
		require.True(t, utf8.ValidString(out))
		require.Equal(t, out, Certifiable(out))
		var text string
		var b strings.Builder
		require.NoError(t, xml.EscapeText(&b, []byte(out)))
		require.NoError(t, xml.Unmarshal([]byte("<a>"+b.String()+"</a>"), &text))
		require.Equal(t, out, text)

		field := string(AppendField(nil, []byte("To: "+s)))
		for i, line := range strings.Split(field, "\r\n") {
			require.Equal(t, -1, strings.IndexFunc(line, isControl))
			if i > 0 {
				require.NotEmpty(t, strings.Trim(line, " \t"))
			}
		}
		require.Equal(t, -1, strings.IndexFunc(Line(s), isControl))
	})
}
