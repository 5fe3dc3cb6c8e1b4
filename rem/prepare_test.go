package rem_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem"
)

func section(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

const newID = "D1.20260115T093001Z.7F3A9C21@rem-service.alfa-rem.example"

// offer is the message of the worked example before its sender's provider took
// it, as a program with LF line ends and no last one hands it over.
const offer = `From: "Anna Bianchi" <anna.bianchi@alfa-rem.example>
To: <ufficio@beta-rem.example>, <archivio@beta-rem.example>
Subject: Offerta n. 42
Date: Thu, 15 Jan 2026 10:30:00 +0100
Message-ID: <4f1d2c$0a1b@client.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 7bit

Buongiorno,
in allegato l'offerta richiesta.`

func prepared(t testing.TB, message string) (*rem.Prepared, string) {
	t.Helper()
	p, err := rem.Prepare(section(message), newID, nil)
	require.NoError(t, err)
	var out bytes.Buffer
	n, err := p.WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, p.Size, n)
	require.EqualValues(t, out.Len(), n)
	sum := sha256.Sum256(out.Bytes())
	require.Equal(t, sum[:], p.Digest)
	return p, out.String()
}

// TestB09_Vector: the test vector of the worked example, 448 octets whose
// SHA-256 was computed outside of this module.
func TestB09_Vector(t *testing.T) {
	for name, message := range map[string]string{"LF": offer, "CRLF": crlf(offer) + "\r\n", "CR CR LF": strings.ReplaceAll(offer, "\n", "\r\r\n")} {
		p, out := prepared(t, message)
		require.Len(t, out, 448, name)
		require.Equal(t, "B0wEaFT7yMBUIZgGLQcymUgN3ZZoD8yGaqvGyaVhlrE=", base64.StdEncoding.EncodeToString(p.Digest), name)
		require.Contains(t, out, "\r\nMessage-ID: <"+newID+">\r\nREM-UAMessageIdentifier: <4f1d2c$0a1b@client.example>\r\nMIME-Version: 1.0\r\n")
		require.Equal(t, "4f1d2c$0a1b@client.example", p.UserAgentID)
		require.Equal(t, []string{"ufficio@beta-rem.example", "archivio@beta-rem.example"}, p.Recipients)
		require.Equal(t, "Anna Bianchi", p.Author.Name)
		require.Equal(t, "Offerta n. 42", p.Subject)
		require.False(t, p.EightBit)
	}
}

// TestB09_Kit: AgID's kit has the message as its user wrote it, and as its
// service attached it.
func TestB09_Kit(t *testing.T) {
	dir := []string{"etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow"}
	clean := string(reftest.File(t, append(dir, "original_message.clean_from_user.eml")...))
	attached := string(reftest.File(t, append(dir, "original_message.to_attach_to_dispatch.eml")...))
	p, err := rem.Prepare(section(clean), "26A0CF65.00566CE0.242DDC3F.85251369.rem-service@s1-rems-only-for-test.it", nil)
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = p.WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, attached, out.String())
	require.True(t, p.EightBit)
	digest := string(reftest.File(t, append(dir, "original_message.to_attach_to_dispatch.digest.txt")...))
	require.Contains(t, digest, base64.StdEncoding.EncodeToString(p.Digest))
}

// TestB09_Odd: what the headers of real programs look like.
func TestB09_Odd(t *testing.T) {
	const from = "From: a@x.example\nTo: b@y.example\n"
	for name, c := range map[string]struct{ in, want, code string }{
		"no id":          {from + "\nx\n", from + "Message-ID: <N>\nREM-UAMessageIdentifier: <N>\n\nx\n", "message-id-missing"},
		"two ids":        {"Message-ID: <1@x>\nmessage-id: <2@x>\n" + from + "\nx\n", "Message-ID: <N>\nREM-UAMessageIdentifier: <1@x>\n" + from + "\nx\n", "duplicate-message-id"},
		"folded":         {from + "Message-ID:\n <1@x>\nSubject: a\n b\n\nx\n", from + "Message-ID: <N>\nREM-UAMessageIdentifier: <1@x>\nSubject: a\n b\n\nx\n", ""},
		"forged":         {from + "REM-UAMessageIdentifier: <f@x>\nMessage-ID: <1@x>\n\nx\n", from + "Message-ID: <N>\nREM-UAMessageIdentifier: <1@x>\n\nx\n", "user-agent-id-dropped"},
		"header only":    {from + "Message-ID: <1@x>", from + "Message-ID: <N>\nREM-UAMessageIdentifier: <1@x>\n\n", ""},
		"no last end":    {from + "Message-ID: <1@x>\n\nx", from + "Message-ID: <N>\nREM-UAMessageIdentifier: <1@x>\n\nx\n", "final-line-end"},
		"signed by user": {from + "Message-ID: <1@x>\nDKIM-Signature: v=1\n\nx\n", from + "Message-ID: <N>\nREM-UAMessageIdentifier: <1@x>\nDKIM-Signature: v=1\n\nx\n", "original-signed"},
		"no field":       {from + "Message-ID: <1@x>\nnothing\n\nx\n", from + "Message-ID: <N>\nREM-UAMessageIdentifier: <1@x>\nnothing\n\nx\n", ""},
	} {
		p, out := prepared(t, c.in)
		require.Equal(t, crlf(strings.ReplaceAll(c.want, "<N>", "<"+newID+">")), out, name)
		if c.code != "" {
			require.Equal(t, c.code, p.Findings[0].Code, name)
		}
		// A prepared message that is prepared again has the same form.
		_, again := prepared(t, out)
		require.Len(t, strings.Split(again, "REM-UAMessageIdentifier"), 2, name)
	}
}

func TestPrepareRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"no recipient": "From: a@x.example\n\nx\n", "no author": "To: a@x.example\n\nx\n",
		"two authors": "From: a@x.example, b@x.example\nTo: a@x.example\n\nx\n",
		"blind":       "From: a@x.example\nTo: a@x.example\nBcc: c@x.example\n\nx\n",
	} {
		_, err := rem.Prepare(section(in), newID, nil)
		require.ErrorIs(t, err, rem.ErrBuild, name)
	}
	for _, id := range []string{"", "a", "@b", "a@", "a@b>", "a b@c", "a@b\r\nX: y", strings.Repeat("a", 400) + "@b"} {
		_, err := rem.Prepare(section(offer), id, nil)
		require.ErrorIs(t, err, rem.ErrBuild, "%q", id)
	}
	_, err := rem.Prepare(section(""), newID, nil)
	require.Error(t, err)
	_, err = rem.Prepare(section("From: a@x.example\nTo: a@x.example\nBcc:\n\nx\n"), newID, nil)
	require.NoError(t, err)
}
