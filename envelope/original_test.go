package envelope_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
)

// TestOriginalStaysAsItIs: but for its Message-ID and the reference, and line
// ends, the original in a transport envelope is what was submitted, whatever
// its header looks like; the anomaly envelope changes nothing at all.
func TestOriginalStaysAsItIs(t *testing.T) {
	_, signer := alfa(t)
	tail := "Message-ID: <pec1.20260303101532.00042.1@gestore-a.example>\r\nX-Riferimento-Message-ID: <a@b.example>\r\n"
	for name, c := range map[string]struct{ original, header string }{
		"plain":          {"From: a\r\nMessage-ID: <a@b.example>\r\nTo: b\r\n\r\nx\r\n", "From: a\r\nTo: b\r\n" + tail},
		"LF":             {"From: a\nMessage-ID: <a@b.example>\nTo: b,\n c\n\nx\n", "From: a\r\nTo: b,\r\n c\r\n" + tail},
		"first and last": {"message-id:\r\n <a@b.example>\r\nTo: b\r\nX-Riferimento-Message-ID: <x@y>,\r\n z\r\n\r\nx\r\n", "To: b\r\n" + tail},
		"several":        {"Message-ID: <a@b.example>\r\nMessage-ID: <c@d.example>\r\nTo: b\r\n\r\nx\r\n", "To: b\r\n" + tail},
		"only one":       {"Message-ID: <a@b.example>\r\n\r\nx\r\n", tail},
		"no body":        {"To: b\r\nMessage-ID: <a@b.example>\r\n", "To: b\r\n" + tail},
		"no line end":    {"Message-ID: <a@b.example>\r\nTo: b", "To: b\r\n" + tail},
		"control bytes":  {"To: a\rX-Ricevuta: b\x00\r\nMessage-ID: <a@b.example>\r\nCc: \x07\r\n\r\nx\ry\x00\r\n", "To: a\rX-Ricevuta: b\x00\r\nCc: \x07\r\n" + tail},
		"no field":       {"senza due punti\r\nMessage-ID: <a@b.example>\r\nnemmeno qui\r\n continua\r\nTo: b\r\n\r\nx\r\n", "senza due punti\r\nnemmeno qui\r\n continua\r\nTo: b\r\n" + tail},
		"mbox":           {"From a@b.example Tue Mar  3 10:15:32 2026\r\nMessage-ID: <a@b.example>\r\n\r\nx\r\n", "From a@b.example Tue Mar  3 10:15:32 2026\r\n" + tail},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			_, err := envelope.WriteTransport(&b, section(c.original), transport(), signer)
			require.NoError(t, err)
			require.Equal(t, c.header+"\r\n"+body(c.original), inside(t, b.Bytes()))

			b.Reset()
			a := &envelope.Anomalous{Provider: transport().Provider, Time: accepted, Sender: "a@b.example", Recipients: []string{"c@d.example"}, Reason: "x"}
			require.NoError(t, envelope.WriteAnomaly(&b, section(c.original), a, signer))
			require.Equal(t, string(crlf([]byte(c.original))), inside(t, b.Bytes()))
		})
	}
}

func body(original string) string {
	_, b, _ := strings.Cut(string(crlf([]byte(original))), "\r\n\r\n")
	return b
}

func inside(t *testing.T, message []byte) string {
	t.Helper()
	m, err := envelope.OpenBytes(message, nil)
	require.NoError(t, err)
	raw, err := io.ReadAll(m.Original.Raw())
	require.NoError(t, err)
	return string(raw)
}

// TestAnomalyOfOddHeaders: whatever was received, its anomaly envelope has one
// field of each name and no control characters in its header.
func TestAnomalyOfOddHeaders(t *testing.T) {
	ca, signer := alfa(t)
	var b bytes.Buffer
	odd := "Return-Path: <a\x00@b>\r\nReceived: x\rX-Ricevuta: y\r\nSubject: =?utf-8?q?a=00b=FF?= \xff\r\nTo: a@b.example\r\nTo: c@d.example\r\n" +
		"Cc: e@f.example\rX-Trasporto: posta-certificata\r\nReply-To: g@h.example\r\nReply-To: i@j.example\x0b\r\n" +
		"Message-ID: <a\rb@c.example>\r\nMessage-ID: <d@e.example>\r\n\r\nx\r\n"
	require.NoError(t, envelope.WriteAnomaly(&b, section(odd), &envelope.Anomalous{
		Provider: transport().Provider, Time: accepted, Sender: "a@b.example", Recipients: []string{"c@d.example"}, Reason: "x", HTML: true,
	}, signer))
	reftest.OpenSSLVerify(t, b.Bytes(), ca.PEM())
	m, err := envelope.OpenBytes(b.Bytes(), nil)
	require.NoError(t, err)
	require.Empty(t, m.Findings)
	h := m.Header
	require.Equal(t, "a@b.example, c@d.example", h.Get("To"))
	require.Equal(t, "e@f.example X-Trasporto: posta-certificata", h.Get("Cc"))
	require.Equal(t, "g@h.example, i@j.example", strings.TrimSpace(h.Get("Reply-To")))
	require.Equal(t, "<a b@c.example>", h.Get("Message-ID"))
	require.Equal(t, "ANOMALIA MESSAGGIO: a\uFFFDb\uFFFD ÿ", h.Text("Subject"))
	for _, name := range []string{"To", "Cc", "Reply-To", "Message-ID", "X-Trasporto", "Subject"} {
		require.Equal(t, 1, h.Count(name), name)
	}
	for _, c := range strings.ReplaceAll(string(h.Raw()), "\r\n", "") {
		require.GreaterOrEqual(t, c, ' ')
	}
}

func TestFieldAsReceived(t *testing.T) {
	_, signer := alfa(t)
	for _, two := range []string{"To: a\r\nX-Ricevuta: b", "To: a\nb", "To: a\r\n\r\nb"} {
		d := &envelope.Draft{Header: []envelope.Field{{Received: []byte(two)}}}
		require.ErrorIs(t, envelope.Write(io.Discard, d, signer), envelope.ErrBuild, "%q", two)
	}
}
