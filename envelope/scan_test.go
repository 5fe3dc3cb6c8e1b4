package envelope

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// seeds are messages with the shapes that matter to the scan.
var seeds = []string{
	"From: a@b.example\r\n\r\nplain\r\n",
	"From: a@b.example\nSubject: x\n\nLF\n",
	"",
	"\r\n",
	"no header at all",
	"Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\nepilogue\r\n",
	signedSample("\r\n"), signedSample("\n"), signedSample("\r\r\n"),
	strings.Replace(signedSample("\r\n"), "--SIG--", "--SI", 1),
	strings.ReplaceAll(signedSample("\r\n"), "MIX", "SIG"),
	strings.ReplaceAll(signedSample("\r\n"), "MIX", "SIGX"),
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: y\r\n--b\r\n--b--",
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b  \t \r\n\r\nx\r\n--b-- \r\n",
	"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Repeat("abcdefghijkl\r\n", 200) + "--b\r\n\r\n--b--\r\n",
	"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n" + strings.Repeat("x", 3000) + "\n" + strings.Repeat("y", 2000) + "\r\n--b\r\n\r\nz\r\n--b--\r\n",
}

func signedSample(eol string) string {
	return strings.ReplaceAll(`From: posta-certificata@gestore.example
X-Ricevuta: accettazione
Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=SIG

This is an S/MIME signed message

--SIG
Content-Type: multipart/mixed; boundary="MIX"

--MIX
Content-Type: text/plain

--text

--MIX
Content-Type: application/xml; name="daticert.xml"

<postacert/>
--MIX--

--SIG
Content-Type: application/pkcs7-signature; name="smime.p7s"
Content-Transfer-Encoding: base64

AAAA
--SIG--
`, "\n", eol)
}

// describe writes a tree of parts for comparison.
func describe(p *Part, b *strings.Builder) {
	fmt.Fprintf(b, "%*s%s %v %v %d %q %d\n", p.depth, "", p.Type.Value, p.Entity, p.Body, p.Header.Len(), p.kept, p.firstEnd)
	for _, c := range p.Parts {
		describe(c, b)
	}
}

func checkScan(t *testing.T, data []byte, signedOnly bool) {
	if len(data) == 0 {
		return
	}
	opt := (&Options{MaxHeader: 1 << 16, MaxParts: 64, MaxDepth: 6}).withDefaults()
	var f1, f2 findings
	whole, err1 := scan(bytes.NewReader(data), 0, int64(len(data)), opt, &f1, signedOnly, data)
	opt.window = 1
	small, err2 := scan(bytes.NewReader(data), 0, int64(len(data)), opt, &f2, signedOnly, nil)
	require.Equal(t, err1 == nil, err2 == nil, "%v / %v", err1, err2)
	if err1 != nil {
		return
	}
	var d1, d2 strings.Builder
	describe(whole.root, &d1)
	describe(small.root, &d2)
	require.Equal(t, d1.String(), d2.String())
	require.Equal(t, f1.list, f2.list)
	require.Equal(t, whole.digest, small.digest)
	checkTree(t, whole.root, Range{0, int64(len(data))})
	whole.root.Walk(func(p *Part) bool {
		// The fields noted in passing are those of a second reading.
		again := parseHeader(p.Header.Raw(), nil, nil)
		require.Equal(t, again.text, p.Header.text)
		require.Equal(t, len(again.fields), len(p.Header.fields))
		for i := range again.fields {
			require.Equal(t, again.fields[i], p.Header.fields[i])
		}
		return true
	})
	if whole.digest.sum != nil && len(whole.root.Parts) > 0 && whole.digest.hash == 5 {
		r := whole.root.Parts[0].Entity
		sum := sha256.Sum256(naiveCanonical(data[r.Start:r.End]))
		require.Equal(t, sum[:], whole.digest.sum)
	}
}

// naiveCanonical is the rule written down once more, plainly.
func naiveCanonical(b []byte) []byte {
	var out []byte
	for i, c := range b {
		if c == '\n' && (i == 0 || b[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}

func checkTree(t *testing.T, p *Part, within Range) {
	require.LessOrEqual(t, within.Start, p.Entity.Start)
	require.LessOrEqual(t, p.Entity.Start, p.Body.Start)
	require.LessOrEqual(t, p.Body.Start, p.Body.End)
	require.Equal(t, p.Body.End, p.Entity.End)
	require.LessOrEqual(t, p.Entity.End, within.End)
	last := p.Body.Start
	for _, c := range p.Parts {
		require.LessOrEqual(t, last, c.Entity.Start)
		checkTree(t, c, p.Body)
		last = c.Entity.End
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, signedOnly bool) { checkScan(t, data, signedOnly) })
}

// TestScanEveryCut cuts and pads messages at every offset, so that each line
// end and delimiter meets each edge of the window.
func TestScanEveryCut(t *testing.T) {
	for _, s := range seeds {
		for i := range s {
			checkScan(t, []byte(s[:i]), true)
		}
		for pad := range 40 {
			checkScan(t, []byte("X-Pad: "+strings.Repeat("p", 480+pad)+"\r\n"+s), true)
		}
	}
}

// TestScanRegularLines mixes long runs of equal lines with everything that
// could break the reckoning of skipRegular.
func TestScanRegularLines(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	odd := []string{"\n", "\r\n", "\r\r\n", "x\n", "--\r\n", "--SIGX\r\n", "-a-b-c-\r\n", "\r", "--MIX\r\n\r\n", "a\nb\r\n", "--MIX--\r\n"}
	for range 300 {
		var b strings.Builder
		b.WriteString("From: a\r\nContent-Type: multipart/signed; micalg=sha-256; boundary=SIG\r\n\r\n--SIG\r\nContent-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\n\r\n")
		for range 1 + rng.IntN(5) {
			line := strings.Repeat("a", 1+rng.IntN(80)) + []string{"\r\n", "\r\n", "\n", "\r\r\n"}[rng.IntN(4)]
			b.WriteString(strings.Repeat(line, rng.IntN(400)))
			for range rng.IntN(3) {
				b.WriteString(odd[rng.IntN(len(odd))])
			}
		}
		b.WriteString("\r\n--MIX--\r\n\r\n--SIG\r\n\r\nAAAA\r\n--SIG--\r\n")
		checkScan(t, []byte(b.String()), true)
	}
}

func TestLineEndWriter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		data := make([]byte, rng.IntN(30))
		for i := range data {
			data[i] = "\r\nab"[rng.IntN(4)]
		}
		for _, mode := range []LineEnds{CanonicalLineEnds, RawLineEnds, CollapsedLineEnds} {
			var out bytes.Buffer
			w := newLineEndWriter(&out, mode)
			for rest := data; len(rest) > 0; {
				n := 1 + rng.IntN(len(rest))
				_, err := w.Write(rest[:n])
				require.NoError(t, err)
				rest = rest[n:]
			}
			require.NoError(t, w.Close())
			switch mode {
			case CanonicalLineEnds:
				require.Equal(t, string(naiveCanonical(data)), out.String())
			case RawLineEnds:
				require.Equal(t, string(data), out.String())
			default:
				require.NotContains(t, out.String(), "\r\r\n")
			}
		}
	}
}

// TestScanKeptPartAtWindowEdge: a part that is kept fills the window, and its
// delimiter falls on every place at the window's end.
func TestScanKeptPartAtWindowEdge(t *testing.T) {
	opt := (&Options{}).withDefaults()
	for pad := range 700 {
		message := "Content-Type: multipart/signed; boundary=SIG\r\n\r\n--SIG\r\nContent-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\n" +
			"Content-Type: application/xml; name=daticert.xml\r\n\r\n" + strings.Repeat("x", windowSize-500+pad) + "\r\n--MIX--\r\n\r\n--SIG\r\n\r\nAAAA\r\n--SIG--\r\n"
		var f1, f2 findings
		whole, err := scan(strings.NewReader(message), 0, int64(len(message)), opt, &f1, true, []byte(message))
		require.NoError(t, err)
		windowed, err := scan(strings.NewReader(message), 0, int64(len(message)), opt, &f2, true, nil)
		require.NoError(t, err)
		var d1, d2 strings.Builder
		describe(whole.root, &d1)
		describe(windowed.root, &d2)
		require.True(t, d1.String() == d2.String(), "pad %d", pad)
		require.Equal(t, whole.digest, windowed.digest)
		require.Empty(t, f2.list)
	}
}
