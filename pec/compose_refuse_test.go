package pec_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
)

func TestInjectionIsRefused(t *testing.T) {
	file := func(name, kind string) func(*pec.Draft, string) {
		return func(d *pec.Draft, s string) {
			d.Attachments = []pec.File{pec.FileBytes(name+s, kind, nil)}
		}
	}
	places := map[string]func(*pec.Draft, string){
		"Subject":             func(d *pec.Draft, s string) { d.Subject = "x" + s },
		"From.Name":           func(d *pec.Draft, s string) { d.From.Name = "x" + s },
		"To[1].Name":          func(d *pec.Draft, s string) { d.To[1].Name = "x" + s },
		"To[0].Address":       func(d *pec.Draft, s string) { d.To[0].Address = "a@x.example" + s },
		"Cc[0].Address":       func(d *pec.Draft, s string) { d.Cc[0].Address = "a" + s + "@x.example" },
		"ReplyTo[0].Address":  func(d *pec.Draft, s string) { d.ReplyTo = pec.Addresses("a@x.example" + s) },
		"InReplyTo[0]":        func(d *pec.Draft, s string) { d.InReplyTo = []string{"a@b" + s + "c"} },
		"References[0]":       func(d *pec.Draft, s string) { d.References = []string{"a@b" + s + "c"} },
		"Header[0].Name":      func(d *pec.Draft, s string) { d.Header = []pec.HeaderField{{"X" + s, "v"}} },
		"Header[0].Value":     func(d *pec.Draft, s string) { d.Header = []pec.HeaderField{{"X", "v" + s}} },
		"Attachments[0].Name": file("a", ""),
	}
	for field, set := range places {
		for _, s := range []string{"\r\nBcc: b@x.example", "\nBcc: b@x.example", "\rBcc: b@x.example", "\r\n\r\nbody", "\x00", "\x7f", "\u0085", "\xff"} {
			d := everydayDraft()
			set(d, s)
			var w bytes.Buffer
			_, err := pec.ComposeTo(&w, d, nil)
			require.Error(t, err, "%s %q", field, s)
			require.Zero(t, w.Len())
			var de *pec.DraftError
			require.ErrorAs(t, err, &de)
			require.ErrorIs(t, err, pec.ErrDraft)
			require.Equal(t, field, de.Field)
			require.NotContains(t, err.Error(), "\r")
		}
	}
	for _, kind := range []string{"text/plain\r\nBcc: a@x.example", "text", "a/b/c", "text/plain; charset", "message/rfc822", "multipart/mixed; boundary=x", strings.Repeat("a", 300) + "/b"} {
		d := everydayDraft()
		d.Attachments = []pec.File{pec.FileBytes("a", kind, nil)}
		_, err := pec.Compose(d, nil)
		require.ErrorIs(t, err, pec.ErrDraft, kind)
	}
}

func TestReservedFieldsAreRefused(t *testing.T) {
	for _, name := range []string{"from", "SENDER", "to", "Subject", "Message-Id", "mime-version", "Content-Type", "content-anything", "X-Trasporto", "x-ricevuta",
		"X-Riferimento-Message-Id", "x-tiporicevuta", "X-VerificaSicurezza", "Received", "Return-Path", "", "a b", "a:", "è", strings.Repeat("x", 41)} {
		d := everydayDraft()
		d.Header = []pec.HeaderField{{name, "v"}}
		_, err := pec.Compose(d, nil)
		require.ErrorIs(t, err, pec.ErrDraft, name)
	}
}

// Everything wrong is told at once, not one fault per attempt.
func TestAllFaultsTogether(t *testing.T) {
	d := &pec.Draft{
		From: pec.Address{Address: "a@x.example"}, Cc: pec.Addresses("no"), Bcc: pec.Addresses("b@x.example"), Subject: "\n", Text: "\xff", HTML: "\xff",
		ReceiptType: "x", MessageID: "x", Date: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC),
		Attachments: []pec.File{{Name: strings.Repeat("a", 256)}, {Name: " ", Type: "x"}},
	}
	_, err := pec.Compose(d, &pec.ComposeOptions{Account: &pec.Account{Address: "b@x.example", Security: pec.Plaintext, Limits: pec.Limits{MaxRecipients: 1}}})
	require.ElementsMatch(t, []string{"SND-01", "SND-02", "SND-04", "SND-06", "SND-09", "SND-10"}, rulesOf(err))
	for _, field := range []string{"Cc[0].Address", "Subject", "Text", "HTML", "Date", "Attachments[0].Name", "Attachments[0].Open", "Attachments[1].Name", "Attachments[1].Type"} {
		require.Contains(t, err.Error(), "pec: draft: "+field+" ")
	}
	_, err = pec.Compose(nil, nil)
	require.ErrorIs(t, err, pec.ErrDraft)
}

func TestComposeReportsTheAttachmentThatFailed(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, f := range map[string]pec.File{
		"open":  {Name: "a.bin", Open: func() (io.ReadCloser, error) { return nil, broken }},
		"read":  pec.FileReader("a.bin", "", io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))),
		"nil":   {Name: "a.bin", Open: func() (io.ReadCloser, error) { return nil, nil }},
		"path":  pec.FilePath(filepath.Join(t.TempDir(), "a.bin"), ""),
		"again": pec.FileReader("a.bin", "", nil),
	} {
		t.Run(name, func(t *testing.T) {
			d := everydayDraft()
			d.Attachments = []pec.File{f}
			_, err := pec.Compose(d, nil)
			require.ErrorContains(t, err, `attachment 0, "a.bin"`)
			switch name {
			case "open", "read":
				require.ErrorIs(t, err, broken)
			case "path":
				require.ErrorIs(t, err, os.ErrNotExist)
			}
		})
	}
	d := everydayDraft()
	d.Attachments = []pec.File{pec.FileReader("a.bin", "", strings.NewReader("x"))}
	composed(t, d, nil)
	_, err := pec.Compose(d, nil)
	require.ErrorContains(t, err, "used before")
}

// A reader that gives up ends the writer, and nothing stays behind.
func TestComposeSpoolFails(t *testing.T) {
	d := everydayDraft()
	d.Attachments = []pec.File{pec.FileBytes("a.bin", "", make([]byte, 1<<20))}
	_, err := pec.Compose(d, &pec.ComposeOptions{Envelope: envelope.Options{SpoolMemory: 1000, SpoolDir: filepath.Join(t.TempDir(), "none")}})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = pec.Compose(d, &pec.ComposeOptions{Envelope: envelope.Options{MaxMessage: 5000}})
	require.ErrorIs(t, err, envelope.ErrTooLarge)
	dir := t.TempDir()
	_, err = pec.Compose(d, &pec.ComposeOptions{Envelope: envelope.Options{SpoolMemory: 1000, SpoolDir: dir, MaxHeader: 10}})
	require.ErrorIs(t, err, envelope.ErrTooLarge)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

// A panic of the caller's own code stays the caller's, and holds nothing up.
func TestComposeOpenPanics(t *testing.T) {
	d := everydayDraft()
	d.Attachments = []pec.File{{Name: "a", Open: func() (io.ReadCloser, error) { panic("mine") }}}
	before := runtime.NumGoroutine()
	require.PanicsWithValue(t, "mine", func() { _, _ = pec.Compose(d, nil) })
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	require.Fail(t, "a goroutine is left")
}

func TestComposeToAFullDisk(t *testing.T) {
	d := everydayDraft()
	d.HTML, d.Attachments = "<p>", []pec.File{pec.FileBytes("a.bin", "", make([]byte, 1<<20))}
	var whole bytes.Buffer
	_, err := pec.ComposeTo(&whole, d, nil)
	require.NoError(t, err)
	for n := 0; n < whole.Len(); n += 1 + n/3 {
		_, err := pec.ComposeTo(&fullDisk{n}, d, nil)
		require.ErrorIs(t, err, io.ErrShortWrite, "%d bytes", n)
	}
}

type fullDisk struct{ room int }

func (w *fullDisk) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// TestMoreThanAnAddress: the error says what to do with a name and with a list.
func TestMoreThanAnAddress(t *testing.T) {
	for _, to := range []string{"Bruno <bruno@beta.example>", "<bruno@beta.example>", "bruno@beta.example, carla@beta.example", "bruno@beta.example;carla@beta.example"} {
		_, err := pec.Compose(&pec.Draft{From: pec.Address{Address: anna}, To: pec.Addresses(to), Subject: "x"}, nil)
		require.ErrorIs(t, err, pec.ErrDraft, to)
		require.ErrorContains(t, err, "Address.Name", to)
	}
}

// TestOrdinaryMailSaysSo: no check failed, and the error says why it is none.
func TestOrdinaryMailSaysSo(t *testing.T) {
	m, err := pec.ParseBytes([]byte("From: ditta@mail.test\r\nSubject: Offerta\r\n\r\nciao\r\n"), nil)
	require.NoError(t, err)
	report, err := pec.NewVerifier(nil, nil).Verify(t.Context(), m)
	require.NoError(t, err)
	require.ErrorIs(t, report.Err(), pec.ErrNotValid)
	require.ErrorContains(t, report.Err(), "ordinary mail")
}
