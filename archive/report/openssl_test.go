package report_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"html"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
)

var (
	blocks = regexp.MustCompile(`(?s)<pre class="(save|command|answer)"(?: data-file="([^"]*)")?>(.*?)</pre>`)
	tags   = regexp.MustCompile(`<[^>]*>`)
)

// follow does what the page says in a folder: it saves the files, runs the
// commands one by one, and compares the answers. It returns how many commands
// there were, and those whose answer is another one.
func follow(t *testing.T, page, dir string) (commands []string, wrong []string) {
	t.Helper()
	reftest.Tool(t, "openssl")
	_, page, ok := strings.Cut(page, `id="repeat"`)
	require.True(t, ok)
	var output, last string
	for _, b := range blocks.FindAllStringSubmatch(page, -1) {
		text := html.UnescapeString(tags.ReplaceAllString(b[3], ""))
		switch b[1] {
		case "save":
			require.NoError(t, os.WriteFile(filepath.Join(dir, b[2]), []byte(text), 0o600))
		case "command":
			for line := range strings.SplitSeq(text, "\n") {
				require.True(t, strings.HasPrefix(line, "openssl "), "OpenSSL alone: %s", line)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			cmd := exec.CommandContext(ctx, "sh", "-e", "-c", text)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			cancel()
			output, last = string(out), text
			commands = append(commands, text)
			if err != nil {
				wrong = append(wrong, text+"\n"+output)
			}
		case "answer":
			if !strings.Contains(output, text) {
				wrong = append(wrong, last+"\n"+output+"\nwant "+text)
			}
		}
	}
	return commands, wrong
}

// TestCommandsOfThePage: what the page tells the reader to do works, on a
// package whose certificates expired long ago, in both languages.
func TestCommandsOfThePage(t *testing.T) {
	w := newWorld(t)
	tx := w.sent(w.contract(), true)
	for _, lang := range []string{"it", "en"} {
		name := w.write(archive.Folder, tx)
		commands, wrong := follow(t, w.page(w.examine(name), lang), name)
		require.Empty(t, wrong)
		all := strings.Join(commands, "\n")
		require.Equal(t, 3, strings.Count(all, "openssl dgst -sha256"))
		require.Equal(t, 3, strings.Count(all, "openssl cms -verify"))
		require.Equal(t, 4, strings.Count(all, "openssl ts -verify"), "each receipt, and the package")
		require.Contains(t, all, "openssl x509 -inform DER")
		// And the authority matters: under another one the signature does not hold.
		require.NoError(t, os.WriteFile(filepath.Join(name, "ca-1.pem"), testpki.NewAuthority(9, "Altra", nil).PEM(), 0o600))
		for _, c := range commands {
			if strings.HasPrefix(c, "openssl cms") {
				cmd := exec.Command("sh", "-c", c)
				cmd.Dir = name
				require.Error(t, cmd.Run())
			}
		}
	}
}

// TestCommandsFindAForgery: they are no theatre. With one byte changed in a
// receipt after the page was made, the commands that are about it fail.
func TestCommandsFindAForgery(t *testing.T) {
	w := newWorld(t)
	tx := w.sent(w.contract(), true)
	name := w.write(archive.Folder, tx)
	page := w.page(w.examine(name), "it")
	file := filepath.Join(name, "data", tx.Items[1].Name+".eml")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	changed := strings.Replace(string(data), "bruno@beta.example", "bruna@beta.example", 1)
	require.NotEqual(t, string(data), changed)
	changed = strings.ReplaceAll(changed, "bruno@beta.example", "bruna@beta.example")
	require.NoError(t, os.Chmod(file, 0o600))
	require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
	_, wrong := follow(t, page, name)
	all := strings.Join(wrong, "\n")
	require.Contains(t, all, "openssl dgst")
	require.Contains(t, all, "openssl cms -verify -in data/"+tx.Items[1].Name)
	require.Contains(t, all, "openssl ts -verify")
}

// TestCommandsWithAnIntermediate: an envelope that was received, two
// authorities above the provider, and a captured revocation list.
func TestCommandsWithAnIntermediate(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("", 3600))
	root := testpki.NewAuthority(3, "Radice", func(c *x509.Certificate) { c.MaxPathLen = 1 })
	sub := root.Sub("Intermedia", nil)
	leaf := sub.Provider("Gestore Gamma", "posta-certificata@pec.gamma.example", nil)
	var b bytes.Buffer
	original := "From: anna@gamma.example\r\nTo: bruno@beta.example\r\nSubject: ciao\r\nMessage-ID: <1@gamma.example>\r\nDate: Mon, 2 Mar 2026 09:29:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nciao\r\n"
	_, err := envelope.WriteTransport(&b, io.NewSectionReader(strings.NewReader(original), 0, int64(len(original))), &envelope.Transport{
		Provider: envelope.Provider{Name: "Gestore Gamma", Address: "posta-certificata@pec.gamma.example"}, Identifier: "pec1.20260302093000.1.1@pec.gamma.example",
		Time: at, Sender: "anna@gamma.example", Recipients: []daticert.Recipient{{Address: bruno, Type: daticert.RecipientCertified}},
	}, &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain})
	require.NoError(t, err)
	crl, err := x509.CreateRevocationList(testpki.Reader(9, "crl"), &x509.RevocationList{Number: big.NewInt(7), ThisUpdate: at.Add(time.Hour), NextUpdate: at.AddDate(0, 0, 7),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(0xABCDEF), RevocationTime: at}}}, sub.Certificate, sub.Key)
	require.NoError(t, err)
	believed := trust.Material{Anchors: []*x509.Certificate{root.Certificate}, CRLs: [][]byte{crl}}
	store, err := trust.NewStore(believed, nil)
	require.NoError(t, err)
	it, err := archive.Capture(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), &archive.CaptureOptions{FirstSeen: at.Add(2 * time.Hour), Trust: store})
	require.NoError(t, err)
	w := newWorld(t)
	name := w.write(archive.Folder, &archive.Transaction{ID: "urn:example:crl", Items: []*archive.Item{it}})
	x := w.examineWith(name, &archive.VerifyOptions{Now: w.now, Trust: trust.Material{Anchors: believed.Anchors}})
	require.Equal(t, trust.Valid, x.Verdict)
	page := w.page(x, "it")
	commands, wrong := follow(t, page, name)
	require.Empty(t, wrong)
	all := strings.Join(commands, "\n")
	require.Contains(t, all, "openssl crl -inform DER")
	require.Contains(t, all, "openssl verify -no-CApath")
	require.Contains(t, page, "attesta che questo messaggio fu inviato da <bdi>anna@gamma.example</bdi>")
}
