package pec_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
)

// requireWireSafe checks what may travel unchanged: 7-bit, CR LF, short lines.
func requireWireSafe(t testing.TB, raw []byte) {
	t.Helper()
	require.True(t, bytes.HasSuffix(raw, []byte("\r\n")), "the last line has an end")
	body := false
	for _, line := range bytes.Split(bytes.TrimSuffix(raw, []byte("\r\n")), []byte("\r\n")) {
		if len(line) > 998 {
			require.Fail(t, "a line of more than 998 bytes")
		}
		body = body || len(line) == 0
		for _, c := range line {
			if c != '\t' && (c < ' ' || c > '~') {
				require.Fail(t, "not 7-bit", "byte %#x in %q", c, line)
			}
		}
		if !body {
			require.NotEqual(t, "", strings.TrimSpace(string(line)), "an empty folded line")
			require.False(t, len(line) >= 4 && strings.EqualFold(string(line[:4]), "bcc:"), "a Bcc field")
			if bytes.Contains(line, []byte("=?utf-8?q?")) {
				require.LessOrEqual(t, len(line), 76, "RFC 2047 §2")
			}
		}
	}
}

// part is what an independent reader, the standard library, sees of a leaf.
type part struct {
	kind, name, filename string
	body                 []byte
}

// requireReads reads the message with net/mail and mime/multipart and compares
// everything with the draft.
func requireReads(t testing.TB, raw []byte, d *pec.Draft, id string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	for name, values := range m.Header {
		if name != "X-Pratica" && name != "Auto-Submitted" {
			require.Len(t, values, 1, name)
		}
	}
	dec := new(mime.WordDecoder)
	subject, err := dec.DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, d.Subject, subject)
	for name, want := range map[string][]pec.Address{"From": {d.From}, "To": d.To, "Cc": d.Cc, "Reply-To": d.ReplyTo, "Bcc": nil} {
		list, err := m.Header.AddressList(name)
		if len(want) == 0 {
			require.ErrorIs(t, err, mail.ErrHeaderNotPresent)
			continue
		}
		require.NoError(t, err)
		require.Len(t, list, len(want))
		for i := range want {
			require.Equal(t, want[i], *list[i])
		}
	}
	require.Equal(t, "<"+id+">", m.Header.Get("Message-Id"))
	date, err := m.Header.Date()
	require.NoError(t, err)
	require.True(t, d.Date.IsZero() || date.Equal(d.Date))
	require.Equal(t, string(d.ReceiptType), m.Header.Get("X-Tiporicevuta"))
	for _, f := range d.Header {
		var got []string
		for _, v := range m.Header[strings.ToUpper(f.Name[:1])+f.Name[1:]] {
			v, err := dec.DecodeHeader(v)
			require.NoError(t, err)
			got = append(got, v)
		}
		require.Contains(t, got, f.Value)
	}
	var leaves []part
	readLeaves(t, mail.Header(m.Header), m.Body, &leaves)
	var want []part
	add := func(kind, text string) {
		text = strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(text)
		if text != "" && !strings.HasSuffix(text, "\r\n") {
			text += "\r\n"
		}
		want = append(want, part{kind: kind, body: []byte(text)})
	}
	if d.Text != "" || d.HTML == "" && len(d.Attachments) == 0 {
		add("text/plain", d.Text)
	}
	if d.HTML != "" {
		add("text/html", d.HTML)
	}
	for _, f := range d.Attachments {
		kind := "application/octet-stream"
		if f.Type != "" {
			kind, _, err = mime.ParseMediaType(f.Type)
			require.NoError(t, err)
		}
		r, err := f.Open()
		require.NoError(t, err)
		body, err := io.ReadAll(r)
		require.NoError(t, err)
		want = append(want, part{kind, f.Name, f.Name, body})
	}
	require.Len(t, leaves, len(want))
	for i := range want {
		require.Equal(t, want[i].kind, leaves[i].kind)
		require.Equal(t, want[i].name, leaves[i].name)
		require.Equal(t, want[i].filename, leaves[i].filename)
		require.True(t, bytes.Equal(want[i].body, leaves[i].body), "part %d: %q, want %q", i, leaves[i].body, want[i].body)
	}
}

func readLeaves(t testing.TB, h mail.Header, body io.Reader, leaves *[]part) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	require.NoError(t, err)
	if strings.HasPrefix(kind, "multipart/") {
		require.Equal(t, "", h.Get("Content-Transfer-Encoding"))
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if errors.Is(err, io.EOF) {
				return
			}
			require.NoError(t, err)
			readLeaves(t, mail.Header(p.Header), p, leaves)
		}
	}
	p := part{kind: kind}
	p.name, err = new(mime.WordDecoder).DecodeHeader(params["name"])
	require.NoError(t, err)
	if d := h.Get("Content-Disposition"); d != "" {
		_, params, err := mime.ParseMediaType(d)
		require.NoError(t, err)
		p.filename = params["filename"]
	}
	switch h.Get("Content-Transfer-Encoding") {
	case "quoted-printable":
		require.Equal(t, "utf-8", params["charset"])
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	default:
		require.Fail(t, "no encoding")
	}
	p.body, err = io.ReadAll(body)
	require.NoError(t, err)
	require.True(t, p.filename != "" || utf8.Valid(p.body))
	*leaves = append(*leaves, p)
}

// FuzzCompose: whatever strings a draft holds, it is refused with a typed error
// or becomes a message that travels unchanged and reads back equal.
func FuzzCompose(f *testing.F) {
	f.Add("Mario Rossi", "mario@x.example", "anna@y.example", "Oggetto è", "testo", "", "file.pdf", "application/pdf", "X-A", "v", "", []byte("x"))
	f.Add("=?x?=", "a.b+c@x.example", "a@b.example", " a  b ", "a\rb\r\n", "<p>", strings.Repeat("è", 127), "", "x", strings.Repeat("w", 600), "i@d", []byte{})
	f.Add("a\r\nBcc: x@y.example", "a@x.example\r\n", "a@b.example,c@d.example", "\x00", "\xff", "\xff", "..\\a/b", "a/b; c=\"d\re\"", "Bcc", "\n", "a@b\n", []byte{0})
	f.Add(`"\`, "a@x.example", "a@b.example", "\u2028", "--=_0\r\n", "=\r\n=", `"\;=?`, "text/plain; charset=x; name=y", "A", "=?", "<a@b>", []byte("\r\n--=_"))
	f.Fuzz(func(t *testing.T, name, from, to, subject, text, html, file, kind, field, value, id string, data []byte) {
		draft := func() *pec.Draft {
			d := &pec.Draft{
				From: pec.Address{Name: name, Address: from}, To: []pec.Address{{Address: "primo@z.example"}, {Name: name, Address: to}},
				Cc: []pec.Address{{Name: subject, Address: to}}, Subject: subject, Text: text, HTML: html, MessageID: id, Date: draftDate,
				ReceiptType: daticert.ReceiptConcise,
			}
			if file != "" {
				d.Attachments = []pec.File{pec.FileBytes(file, kind, data), pec.FileBytes("b", "", data)}
			}
			if field != "" {
				d.Header = []pec.HeaderField{{field, value}}
			}
			return d
		}
		if !composesOrRefuses(t, draft()) {
			// Once more, with everything that may be refused put right.
			from, to, id, kind, field = "a@x.example", "b@y.example", "", "", "X-Field"
			for _, s := range []*string{&name, &subject, &value, &file} {
				*s = strings.Map(func(r rune) rune {
					if unicode.IsControl(r) && r != '\t' || r == 0xFFFE || r == 0xFFFF {
						return -1
					}
					return r
				}, strings.ToValidUTF8(*s, "\uFFFD"))
			}
			file = strings.ToValidUTF8("f"+file[:min(len(file), 254)], "")
			text, html = strings.ToValidUTF8(text, "?"), strings.ToValidUTF8(html, "?")
			require.True(t, composesOrRefuses(t, draft()))
		}
	})
}

func composesOrRefuses(t *testing.T, d *pec.Draft) bool {
	out, err := pec.Compose(d, nil)
	if err != nil {
		require.True(t, errors.Is(err, pec.ErrDraft) || len(pec.Violations(err)) > 0, "%v", err)
		return false
	}
	defer out.Close()
	raw := bytesOf(t, out)
	requireWireSafe(t, raw)
	require.Empty(t, out.Message.Findings)
	for _, f := range d.Header {
		require.Equal(t, f.Value, out.Message.Header.Text(f.Name))
	}
	plain := *d
	plain.Header = nil // names that net/mail writes in another way
	requireReads(t, raw, &plain, out.MessageID)
	findings, err := pec.Preflight(out.Message, out.MailFrom, out.Recipients, nil)
	require.NoError(t, err)
	for _, f := range findings {
		require.Equal(t, pec.FindingRepeated, f.Code)
	}
	return true
}
