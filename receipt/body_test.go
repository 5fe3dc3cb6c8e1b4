package receipt

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
)

func bodyOf(t testing.TB, message string) Digest {
	t.Helper()
	d, err := BodyDigest(strings.NewReader(message))
	require.NoError(t, err)
	require.False(t, d.IsZero())
	return d
}

const (
	letterHead = "From: anna@alfa.example\r\nTo: bruno@beta.example\r\nSubject: Contratto\r\nMessage-ID: <1@alfa.example>\r\nMIME-Version: 1.0\r\n"
	letterType = "Content-Type: multipart/mixed;\r\n\tboundary=\"=_b\"; charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n"
	letterBody = "preamble\r\n--=_b\r\n\r\n> quoted\r\n\r\nFrom here on\r\ntext\r\n--=_b--\r\n"
)

// What providers, servers and mailboxes do to honest mail changes nothing.
func TestSND11_SameContent(t *testing.T) {
	whole := letterHead + letterType + "\r\n" + letterBody
	want := bodyOf(t, whole)
	edit := func(old, with string) string {
		require.Contains(t, whole, old)
		return strings.Replace(whole, old, with, 1)
	}
	for name, message := range map[string]string{
		"LF":                       strings.ReplaceAll(whole, "\r\n", "\n"),
		"CR CR LF":                 strings.ReplaceAll(whole, "\r\n", "\r\r\n"),
		"mixed line ends":          edit("preamble\r\n", "preamble\n"),
		"Received":                 "Received: from a\r\n\tby b\r\nX-Provider: x\r\n" + whole,
		"Message-ID replaced":      edit("Message-ID: <1@alfa.example>\r\n", "") + "",
		"identifier at the end":    edit("\r\n\r\npreamble", "\r\nMessage-ID: <opec1@x>\r\nX-Riferimento-Message-ID: <1@alfa.example>\r\n\r\npreamble"),
		"order of fields":          letterType + letterHead + "\r\n" + letterBody,
		"folding":                  edit(";\r\n\tboundary", "; boundary"),
		"quotes":                   edit(`"=_b"`, "=_b"),
		"case and order":           edit("multipart/mixed;\r\n\tboundary=\"=_b\"; charset=UTF-8", "Multipart/Mixed; CHARSET=utf-8; Boundary=\"=_b\";"),
		"no final line end":        strings.TrimRight(whole, "\r\n"),
		"another line end":         whole + "\r\n",
		"many empty lines":         whole + strings.Repeat("\n", 100_000),
		"a CR at the end":          whole + "\r",
		"default encoding":         edit("Content-Transfer-Encoding: 7bit\r\n", ""),
		"identity encoding":        edit("7bit", "8bit"),
		"MIME-Version":             edit("MIME-Version: 1.0\r\n", ""),
		"MIME-Version, remark":     edit("1.0", "1.0 (Apple Message framework v1.0)"),
		"inline":                   "Content-Disposition: INLINE\r\n" + whole,
		"From quoted by a mailbox": edit("\nFrom here", "\n>From here"),
		"From quoted twice":        edit("\nFrom here", "\n>>From here"),
		"separator of a mailbox":   "From anna@alfa.example Tue Mar 03 10:15:32 2026\r\n" + whole,
	} {
		require.Equal(t, want, bodyOf(t, message), name)
	}
	require.Equal(t, bodyOf(t, "Subject: a\n\nciao\n"), bodyOf(t, "Content-Type: text/plain; charset=US-ASCII\nContent-Transfer-Encoding: 7bit\n\nciao"))
	require.Equal(t, bodyOf(t, "Subject: a\n"), bodyOf(t, "Subject: b\n\n\n"))
	require.Equal(t, bodyOf(t, "\n"), bodyOf(t, "Subject: no end"))
}

func TestSND11_OtherContent(t *testing.T) {
	whole := letterHead + letterType + "\r\n" + letterBody
	seen := map[Digest]string{bodyOf(t, whole): "itself"}
	edit := func(old, with string) string {
		require.Contains(t, whole, old)
		return strings.Replace(whole, old, with, 1)
	}
	for name, message := range map[string]string{
		"a letter":                edit("text", "tExt"),
		"a letter less":           edit("text", "tex"),
		"white space":             edit("text\r\n", "text \r\n"),
		"an empty line less":      edit("\r\n\r\nFrom", "\r\nFrom"),
		"an empty line before":    edit("preamble", "\r\npreamble"),
		"preamble":                edit("preamble", ""),
		"epilogue":                whole + "epilogue",
		"a quote sign":            edit("> quoted", ">> quoted"),
		"no quote sign":           edit("> quoted", "quoted"),
		"quoted From, not whole":  edit("From here", ">Fromhere"),
		"a CR inside":             edit("text", "te\rxt"),
		"boundary":                edit("=_b", "=_c"),
		"boundary, white space":   edit(`"=_b"`, `"=_b "`),
		"boundary, extended":      edit(`boundary=`, `boundary*=`),
		"boundary, twice":         edit(`"=_b"`, `"=_b"; boundary="=_c"`),
		"open quote":              edit(`"=_b"`, `"=_b`),
		"backslash":               edit(`"=_b"`, `"\=_b"`),
		"comment":                 edit(`"=_b"`, `"=_b" (c)`),
		"type":                    edit("multipart/mixed", "text/plain"),
		"no type":                 letterHead + "\r\n" + letterBody,
		"charset":                 edit("UTF-8", "UTF-7"),
		"two types":               "Content-Type: text/html\r\n" + whole,
		"two types, reversed":     edit("\r\n\r\npreamble", "\r\nContent-Type: text/html\r\n\r\npreamble"),
		"encoding":                edit("7bit", "base64"),
		"two encodings":           edit("Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64"),
		"disposition":             "Content-Disposition: attachment\r\n" + whole,
		"name":                    "Content-Disposition: attachment; filename=\"a b.pdf\"\r\n" + whole,
		"name, white space":       "Content-Disposition: attachment; filename=\"a  b.pdf\"\r\n" + whole,
		"version":                 edit("1.0", "2.0"),
		"a line that is no field": "From: x@alfa.example\r\nsome text\r\n" + whole,
		"another such line":       "From: x@alfa.example\r\nsome more text\r\n" + whole,
		"body in the header":      strings.Replace(whole, "\r\n\r\n", "\r\n", 1),
	} {
		d := bodyOf(t, message)
		require.Empty(t, seen[d], "%s is like", name)
		seen[d] = name
	}
}

func TestBodyHashLimits(t *testing.T) {
	broken := errors.New("broken")
	_, err := BodyDigest(io.MultiReader(strings.NewReader("A: b\n\nc"), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	_, err = BodyDigest(io.LimitReader(endless("X: y\r\n"), 100<<20))
	require.ErrorIs(t, err, envelope.ErrTooLarge)

	// What is held back for the end of a line or of the message takes no room.
	for _, s := range []string{"\n", "\r", ">", "x"} {
		h := NewBodyHash()
		_, _ = io.WriteString(h, "\n")
		_, err = io.Copy(h, io.LimitReader(endless(s), 8<<20))
		require.NoError(t, err)
		_, _ = io.WriteString(h, "text")
		require.Less(t, cap(h.body.out), 1<<20, "%q", s)
		h.Digest()
		require.Less(t, cap(h.body.out), 1<<20, "%q", s)
	}
}

// endless is a text over and over again.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// FuzzBodyHash: how the bytes are handed over, the line ends and what a
// provider adds do not count, and one more letter always does.
func FuzzBodyHash(f *testing.F) {
	f.Add([]byte(letterHead+letterType+"\r\n"+letterBody), uint16(7))
	f.Add([]byte("\n>>From \r\r\n>\r>From x\n\n"), uint16(1))
	f.Add([]byte("Content-Type: text/plain; a=\"b\n\nx"), uint16(3))
	f.Add([]byte(" \n:\nx: y\n"), uint16(2))
	f.Fuzz(func(t *testing.T, message []byte, step uint16) {
		want, err := BodyDigest(bytes.NewReader(message))
		require.NoError(t, err)
		h := NewBodyHash()
		for rest := message; len(rest) > 0; {
			n := min(len(rest), int(step%64)+1)
			_, err := h.Write(rest[:n])
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.Equal(t, want, h.Digest(), "in pieces")
		lf := bytes.ReplaceAll(message, []byte("\r\n"), []byte("\n"))
		require.Equal(t, want, bodyOf(t, string(bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")))), "CR LF")
		_, hasBody, _ := bytes.Cut(lf, []byte("\n\n"))
		if !bytes.HasPrefix(lf, []byte("\n")) && hasBody == nil || bytes.ContainsAny(message, "\r>") {
			return
		}
		require.Equal(t, want, bodyOf(t, string(message)+"\r\n\r\n"), "empty lines at the end")
		require.NotEqual(t, want, bodyOf(t, string(message)+"x"), "one more letter")
		if c := message[0]; c != ' ' && c != '\t' && !bytes.HasPrefix(message, []byte("From ")) {
			require.Equal(t, want, bodyOf(t, "Received: from x\r\n\tby y\r\n"+string(message)), "Received")
		}
	})
}

// BenchmarkBodyDigest: small beside SHA-256 over the same bytes.
func BenchmarkBodyDigest(b *testing.B) {
	message := []byte(letterHead + letterType + "\r\n" + strings.Repeat(strings.Repeat("abcdefghijklmnopqrs", 4)+"\r\n", 200<<10/78))
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		h := NewBodyHash()
		for rest := message; len(rest) > 0; {
			n := min(len(rest), 32<<10)
			_, _ = h.Write(rest[:n])
			rest = rest[n:]
		}
		h.Digest()
	}
}

// Headers that are made to be slow are not.
func TestBodyHashOfHostileHeaders(t *testing.T) {
	const n = 200_000
	var params strings.Builder
	for i := range n {
		params.WriteString(";p" + strconv.Itoa(i) + "=1")
	}
	start := time.Now()
	for _, header := range []string{
		"Content-Type: text/plain" + params.String() + "\n",
		strings.Repeat("Content-Type: text/plain; a=b\n", n),
		strings.Repeat("no field\n", n),
		"Content-Type: a/b" + strings.Repeat("\n ;", n) + "\n",
		"Content-Type: a/b; x=\"" + strings.Repeat("\\\"", n) + "\n",
	} {
		require.NotEqual(t, bodyOf(t, header+"\nx"), bodyOf(t, "Content-Type: z/b\n\nx"))
	}
	require.Less(t, time.Since(start), 20*time.Second)
}
