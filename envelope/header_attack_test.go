package envelope

import (
	"bytes"
	"mime"
	"net/mail"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainASCII tells whether both parsers are meant to agree on a value.
func plainASCII(s, without string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] > '~' {
			return false
		}
	}
	return !strings.ContainsAny(s, without)
}

// FuzzMediaType compares with the standard library wherever that accepts a
// value. Left out is where it departs from the RFCs (backslashes), knows less
// (comments, charsets) or stops earlier (more than maxParams).
func FuzzMediaType(f *testing.F) {
	for _, s := range []string{
		"", "text/plain", `multipart/signed; protocol="application/x-pkcs7-signature"; micalg="sha1"; boundary="----08FC"`, "a/b; c=d; C=e", `a/b;c="d;e=f";g=h`,
		"a/b; c", "a/b;;c=d", `a/b; c=""`, `inline; filename*=utf-8''%e8; x=y`, "a/b ; c = d", `a/b; c*0="x"; c*1=y`, `a/b; c="x" y`, "A/B; NAME=Daticert.XML",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := parseMediaType(s)
		require.Equal(t, strings.ToLower(m.Value), m.Value)
		_, _ = m.Param("boundary"), m.Repeated()
		if !plainASCII(s, `\(%*`) || strings.Count(s, ";") >= maxParams {
			return
		}
		value, params, err := mime.ParseMediaType(s)
		if err != nil {
			return
		}
		require.Equal(t, value, m.Value)
		if m.Repeated() != "" {
			return // the library lets the same value stand twice
		}
		for name, want := range params {
			require.Equal(t, want, m.Param(name), name)
		}
	})
}

// FuzzHeader compares with net/mail wherever that accepts a block.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{
		"From: a@b.example\r\nTo: c\r\n\td\r\n", "A:b\nA: c\n d\n", "A : b\r\n", "no field\r\n", ": x\r\n", "A:\r\n \r\n b\r\n", "A: \x00\r\n", "A: b\rB: c\r\n", " A: b\r\n", "From x\r\nA: b",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var found findings
		before := bytes.Clone(raw)
		h := parseHeader(raw, &found, nil)
		require.Equal(t, before, raw)
		require.Equal(t, raw, h.Raw())
		require.LessOrEqual(t, len(found.list), maxFindings)
		n, last := 0, int32(0)
		for _, field := range h.fields {
			require.LessOrEqual(t, last, field.start)
			require.Less(t, field.start, field.name)
			require.Less(t, field.name, field.value)
			require.LessOrEqual(t, field.value, field.end)
			require.LessOrEqual(t, int(field.end), len(raw))
			last = field.end
		}
		seen := map[string]int{}
		for name, value := range h.All() {
			n++
			require.NotContains(t, name, "\n")
			require.NotContains(t, value, "\n")
			require.Contains(t, h.Values(name), value)
			require.True(t, h.Has(strings.ToUpper(name)))
			seen[strings.ToLower(name)]++
			_ = DecodeText(value)
		}
		require.Equal(t, h.Len(), n)
		for name, count := range seen {
			require.Equal(t, count, h.Count(name))
			require.Len(t, h.RawFields(name), count)
		}
		if !plainASCII(string(bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\n"), nil)), "") {
			return
		}
		if len(found.list) > 0 || bytes.Contains(raw, []byte(" :")) || bytes.Contains(raw, []byte("\t:")) {
			return // net/mail takes spaces in names and obsolete white space behind them
		}
		if end, _, ok := headerEnd(raw); ok && end < len(raw) {
			return // an empty line inside: net/mail stops there
		}
		message, err := mail.ReadMessage(bytes.NewReader(append(bytes.TrimRight(bytes.Clone(raw), "\r\n"), "\r\n\r\n"...)))
		if err != nil {
			return
		}
		for name, values := range message.Header {
			var got []string
			for field, value := range h.All() {
				if textproto.CanonicalMIMEHeaderKey(field) == name {
					got = append(got, strings.Join(strings.Fields(value), " "))
				}
			}
			for i := range values {
				values[i] = strings.Join(strings.Fields(values[i]), " ")
			}
			require.Equal(t, values, got, name)
		}
	})
}
