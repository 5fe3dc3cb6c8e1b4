package envelope_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/reftest"
)

// signedEntity writes a multipart/signed around an entity, exactly as it is.
func signedEntity(t testing.TB, entity string) []byte {
	t.Helper()
	_, signer := alfa(t)
	sum := sha256.Sum256([]byte(entity))
	der, err := cms.Sign(sum[:], &cms.Signing{Key: signer.Key, Certificate: signer.Certificate, SigningTime: accepted})
	require.NoError(t, err)
	var text strings.Builder
	for lines := base64.StdEncoding.EncodeToString(der); lines != ""; {
		n := min(64, len(lines))
		text.WriteString(lines[:n] + "\r\n")
		lines = lines[n:]
	}
	return []byte("From: posta-certificata@gestore-a.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=\"SIG\"\r\n\r\n" +
		"--SIG\r\n" + entity + "\r\n--SIG\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		text.String() + "--SIG--\r\n")
}

// TestSignedPartEndsAtItsDelimiter: the line end before a delimiter belongs
// to the delimiter (RFC 2046 §5.1.1), whatever line it ends: text, an empty
// line, or another multipart's delimiter. OpenSSL is asked too.
func TestSignedPartEndsAtItsDelimiter(t *testing.T) {
	openssl := reftest.Tool(t, "openssl")
	mixed := "Content-Type: multipart/mixed; boundary=MIX\r\n\r\n"
	for name, entity := range map[string]string{
		"text":                        "Content-Type: text/plain\r\n\r\nciao",
		"text and a line end":         "Content-Type: text/plain\r\n\r\nciao\r\n",
		"three line ends":             "Content-Type: text/plain\r\n\r\nciao\r\n\r\n\r\n",
		"close delimiter":             mixed + "--MIX\r\n\r\nciao\r\n--MIX--",
		"close delimiter, line end":   mixed + "--MIX\r\n\r\nciao\r\n--MIX--\r\n",
		"close delimiter, two":        mixed + "--MIX\r\n\r\nciao\r\n--MIX--\r\n\r\n",
		"close delimiter and blanks":  mixed + "--MIX\r\n\r\nciao\r\n--MIX-- \t",
		"two close delimiters":        mixed + "--MIX\r\nContent-Type: multipart/mixed; boundary=IN\r\n\r\n--IN\r\n\r\nciao\r\n--IN--\r\n--MIX--",
		"open delimiter":              mixed + "--MIX\r\n\r\nciao\r\n--MIX",
		"open delimiter and line end": mixed + "--MIX\r\n\r\nciao\r\n--MIX\r\n",
		"epilogue":                    mixed + "--MIX\r\n\r\nciao\r\n--MIX--\r\nepilogo",
		"header only":                 "Content-Type: text/plain",
		"header and empty line":       "Content-Type: text/plain\r\n",
		"header, empty body":          "Content-Type: text/plain\r\n\r\n",
		"hyphens":                     "Content-Type: text/plain\r\n\r\n--\r\n---\r\n--SI\r\n--SIGX\r\n--SIG-\r\n --SIG\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			message := signedEntity(t, entity)
			m, err := envelope.OpenBytes(message, nil)
			require.NoError(t, err)
			require.NotNil(t, m.Signed)
			require.Equal(t, entity, string(message[m.Signed.Entity.Start:m.Signed.Entity.End]))
			require.True(t, m.VerifySignature(nil).OK())
			if !strings.HasPrefix(name, "h") { // OpenSSL wants a body, and takes a longer line for a delimiter
				file := filepath.Join(t.TempDir(), "m.eml")
				require.NoError(t, os.WriteFile(file, message, 0o600))
				out, err := exec.Command(openssl, "cms", "-verify", "-in", file, "-noverify", "-out", os.DevNull).CombinedOutput()
				require.NoError(t, err, "%s", out)
			}
			// One line end less is another content.
			cut := strings.Replace(string(message), entity+"\r\n--SIG\r\n", entity[:len(entity)-1]+"\r\n--SIG\r\n", 1)
			if m, err = envelope.OpenBytes([]byte(cut), nil); err == nil {
				require.False(t, m.VerifySignature(nil).OK())
			}
			// Each line end alone may be stored as LF.
			for i := range len(entity) {
				if entity[i] == '\r' {
					stored := strings.Replace(string(message), entity, entity[:i]+entity[i+1:], 1)
					m, err := envelope.OpenBytes([]byte(stored), nil)
					require.NoError(t, err)
					require.True(t, m.VerifySignature(nil).OK(), "LF at %d", i)
				}
			}
		})
	}
}

// TestS14_OneParserForHashingAndReading: the parts that are read are those
// that were digested, whatever the boundary looks like; where readers could
// disagree the structure is not followed.
func TestS14_OneParserForHashingAndReading(t *testing.T) {
	entity := "Content-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\nContent-Type: text/plain\r\n\r\nvero\r\n--MIX--\r\n"
	good := string(signedEntity(t, entity))
	const was = `boundary="SIG"`
	require.Equal(t, 1, strings.Count(good, was))
	many := strings.Builder{}
	for i := range 80 {
		fmt.Fprintf(&many, "; a%d=b", i)
	}
	type outcome struct {
		followed bool
		code     string
	}
	for name, c := range map[string]struct {
		params string
		want   outcome
	}{
		"plain":                        {`boundary=SIG`, outcome{true, ""}},
		"upper case name":              {`BOUNDARY="SIG"`, outcome{true, ""}},
		"folded":                       {"\r\n\tboundary=\"SIG\"", outcome{true, ""}},
		"folded around the sign":       {"boundary\r\n =\r\n \"SIG\"", outcome{true, ""}},
		"escaped":                      {`boundary="S\IG"`, outcome{true, ""}},
		"extended":                     {`boundary*=us-ascii''SIG`, outcome{true, ""}},
		"extended, percent":            {`boundary*=us-ascii''S%49G`, outcome{true, ""}},
		"split":                        {`boundary*0=S; boundary*1=IG`, outcome{true, ""}},
		"split, other order":           {`boundary*1=IG; boundary*0=S`, outcome{true, ""}},
		"split, extended":              {`boundary*0*=us-ascii''S%49; boundary*1=G`, outcome{true, ""}},
		"inside a quoted string":       {`x="; boundary=EVIL; y="; boundary=SIG`, outcome{true, ""}},
		"twice":                        {`boundary=SIG; boundary=EVIL`, outcome{false, "duplicate-parameter"}},
		"twice, other case":            {`boundary=SIG; Boundary=EVIL`, outcome{false, "duplicate-parameter"}},
		"twice the same":               {`boundary=SIG; boundary=SIG`, outcome{false, "duplicate-parameter"}},
		"plain and extended":           {`boundary=SIG; boundary*=us-ascii''EVIL`, outcome{false, "duplicate-parameter"}},
		"extended and plain":           {`boundary*=us-ascii''SIG; boundary=EVIL`, outcome{false, "duplicate-parameter"}},
		"plain and split":              {`boundary=SIG; boundary*0=EV; boundary*1=IL`, outcome{false, "duplicate-parameter"}},
		"split twice":                  {`boundary*0=S; boundary*1=IG; boundary*1=VIL`, outcome{false, "duplicate-parameter"}},
		"extended and split":           {`boundary*=us-ascii''SIG; boundary*0=EVIL`, outcome{false, "duplicate-parameter"}},
		"split both ways":              {`boundary*0*=us-ascii''SIG; boundary*0=EVIL`, outcome{false, "duplicate-parameter"}},
		"behind very many":             {`boundary=SIG` + many.String() + `; boundary=EVIL`, outcome{false, "duplicate-parameter"}},
		"trailing space, quoted":       {`boundary="SIG "`, outcome{false, "boundary-ends-with-space"}},
		"empty":                        {`boundary=""`, outcome{false, "no-boundary"}},
		"none":                         {`x=y`, outcome{false, "no-boundary"}},
		"other parameter":              {`xboundary=SIG`, outcome{false, "no-boundary"}},
		"behind a comment":             {`(boundary=EVIL;) boundary=SIG`, outcome{false, "no-boundary"}},
		"unquoted with a comment":      {`boundary=SIG(EVIL)`, outcome{false, "boundary-ambiguous"}},
		"rubbish behind the quotes":    {`boundary="SIG"EVIL`, outcome{false, "boundary-ambiguous"}},
		"quote not closed":             {`boundary="SIG`, outcome{false, "boundary-ambiguous"}},
		"unquoted with spaces":         {`boundary=SIG EVIL`, outcome{false, "signed-part-count"}},
		"a NUL in it":                  {"boundary=\"SIG\x00EVIL\"", outcome{false, "nul-in-header"}},
		"too long":                     {`boundary="` + strings.Repeat("S", 300) + `"`, outcome{false, "boundary-too-long"}},
		"8-bit":                        {"boundary=\"SIG\xe8\"", outcome{false, "signed-part-count"}},
		"an encoded word, taken as is": {`boundary="=?utf-8?q?SIG?="`, outcome{false, "signed-part-count"}},
	} {
		t.Run(name, func(t *testing.T) {
			message := strings.Replace(good, was, c.params, 1)
			m, err := envelope.OpenBytes([]byte(message), nil)
			require.NoError(t, err)
			var codes []string
			for _, f := range m.Findings {
				codes = append(codes, f.Code)
			}
			if c.want.followed {
				require.True(t, m.VerifySignature(nil).OK(), "%v", codes)
				require.Empty(t, codes)
				require.Len(t, m.Signed.Parts, 1)
				return
			}
			require.Contains(t, codes, c.want.code)
			require.False(t, m.VerifySignature(nil).OK())
			require.Nil(t, m.Signed)
		})
	}
}

// TestS14_DelimiterLookAlikes: lines that begin like a delimiter are content,
// and are reported.
func TestS14_DelimiterLookAlikes(t *testing.T) {
	for name, line := range map[string]string{
		"longer":           "--SIGX",
		"with a space":     "--SIG X",
		"close and more":   "--SIG--X",
		"three hyphens":    "--SIG---",
		"a quoted one":     "--SIG=20",
		"soft line break":  "--SIG=",
		"a comment":        "--SIG (x)",
		"a NUL":            "--SIG\x00",
		"a vertical tab":   "--SIG\v",
		"a form feed":      "--SIG\f",
		"a lone CR inside": "--SIG\rContent-Type: text/html\r\r<p>",
		"no-break space":   "--SIG\u00a0",
		"far to the right": "--SIG" + strings.Repeat(" ", 600) + "x",
	} {
		t.Run(name, func(t *testing.T) {
			for _, entity := range []string{
				"Content-Type: text/plain\r\n\r\n" + line + "\r\nvero\r\n",
				"Content-Type: multipart/mixed; boundary=SIGMIX\r\n\r\n--SIGMIX\r\n\r\n" + line + "\r\n--SIGMIX--\r\n",
			} {
				message := signedEntity(t, entity)
				m, err := envelope.OpenBytes(message, nil)
				require.NoError(t, err)
				require.True(t, m.VerifySignature(nil).OK())
				require.Len(t, m.Root.Parts, 2)
				require.Equal(t, entity, string(message[m.Signed.Entity.Start:m.Signed.Entity.End]))
				require.Equal(t, "boundary-prefix", m.Findings[0].Code)
			}
		})
	}
	// These are delimiters all the same, and cut the signed part short.
	for _, line := range []string{"--SIG", "--SIG ", "--SIG \t ", "--SIG\r", "--SIG--", "--SIG-- "} {
		m, err := envelope.OpenBytes(signedEntity(t, "Content-Type: text/plain\r\n\r\n"+line+"\r\nvero\r\n"), nil)
		require.NoError(t, err)
		require.False(t, m.VerifySignature(nil).OK(), "%q", line)
	}
	// Not at the start of a line.
	for _, line := range []string{" --SIG", "x--SIG", "\r--SIG", "x\r--SIG\rfalso", "\x00--SIG", "-\u00ad-SIG"} {
		m, err := envelope.OpenBytes(signedEntity(t, "Content-Type: text/plain\r\n\r\n"+line+"\r\nvero\r\n"), nil)
		require.NoError(t, err)
		require.True(t, m.VerifySignature(nil).OK(), "%q", line)
	}
}

// TestS14_ReusedBoundary: an inner multipart with the outer boundary, or with
// one that begins with it.
func TestS14_ReusedBoundary(t *testing.T) {
	m, err := envelope.OpenBytes(signedEntity(t, "Content-Type: multipart/mixed; boundary=SIG\r\n\r\n--SIG\r\n\r\nfalso\r\n--SIG--\r\n"), nil)
	require.NoError(t, err)
	require.False(t, m.VerifySignature(nil).OK())
	for _, inner := range []string{"SIGN", "SIG-", "SI", "S", "sig"} {
		entity := "Content-Type: multipart/mixed; boundary=\"" + inner + "\"\r\n\r\n--" + inner + "\r\n\r\nvero\r\n--" + inner + "--\r\n"
		m, err := envelope.OpenBytes(signedEntity(t, entity), nil)
		require.NoError(t, err)
		require.True(t, m.VerifySignature(nil).OK(), inner)
		require.Len(t, m.Signed.Parts, 1, inner)
	}
}
