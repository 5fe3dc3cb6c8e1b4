package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// received and later are when the messages of the tests came in, and when they
// are judged.
const received, later = "2026-03-06T08:00:00Z", "2036-03-06T08:00:00Z"

// judged reads what examined writes.
type judged struct {
	examined
	Messages []json.RawMessage `json:"messages"`
	Orphans  []json.RawMessage `json:"orphans"`
}

// fixtures writes the receipts of the tests and their anchor, as certmail
// fixtures does, and returns the folder.
func fixtures(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "fixtures")
	all, err := pectest.Fixtures(1)
	require.NoError(t, err)
	for _, f := range all {
		if f.File == "good/m1-accettazione.eml" || f.File == "good/m9-consegna-completa.eml" {
			write(t, dir, f.File, f.Data)
		}
	}
	write(t, dir, "ca.pem", pectest.FixtureAnchors(1))
	return dir
}

func makePackages(t *testing.T, to string, args ...string) made {
	t.Helper()
	var out made
	r := certmail(append([]string{"archive", "make", "--json", "--to", to, "--now", received}, args...)...)
	require.Empty(t, r.stderr)
	r.decode(t, &out)
	return out
}

func TestArchiveUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"nothing": {}, "unknown verb": {"keep", "x"}, "make nothing": {"make", "--to", "x"}, "make nowhere": {"make", "x.eml"}, "report nowhere": {"report", "x"},
		"report two": {"report", "x", "y", "--to", "z"}, "odd format": {"make", "x.eml", "--to", "y", "--format", "rar"}, "odd language": {"report", "x", "--to", "y", "--lang", "fr"},
		"format of verify": {"verify", "x", "--format", "zip"}, "title of make": {"make", "x", "--to", "y", "--title", "z"}, "asice without tsa": {"make", "x.eml", "--to", "y", "--format", "asice"},
		"pdv without owner": {"make", "x.eml", "--to", "y", "--format", "pdv"}, "missing package": {"verify", "missing"}, "missing file": {"make", "missing.eml", "--to", "y"},
		"two outputs": {"report", "x", "--to", "-", "--json"}, "at": {"verify", "x", "--at", later},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			r := certmail(append([]string{"archive"}, args...)...)
			require.Equal(t, exitUsage, r.code, r.stderr)
			require.Empty(t, r.stdout)
		})
	}
}

// TestArchiveFixtures: every good fixture is archived in every format that needs
// no network, and holds ten years later.
func TestArchiveFixtures(t *testing.T) {
	dir := fixtures(t)
	ca := []string{"--ca", filepath.Join(dir, "ca.pem"), "--no-builtin-trust"}
	for _, format := range []string{"folder", "zip", "bagit", "bagit-zip", "pdv", "pdv-zip"} {
		t.Run(format, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "archive")
			from := []string{filepath.Join(dir, "good", "m1-accettazione.eml"), filepath.Join(dir, "good", "m9-consegna-completa.eml")}
			args := append(append([]string{}, from...), "--format", format, "--organization", "Esempio S.r.l.")
			out := makePackages(t, to, append(args, ca...)...)
			require.Empty(t, out.Unreadable)
			require.NotEmpty(t, out.Packages)
			var paths []string
			items := 0
			for _, p := range out.Packages {
				require.False(t, p.Existed)
				require.Equal(t, format, p.Format)
				paths = append(paths, p.Path)
				for _, it := range p.Items {
					items++
					require.Equal(t, "valid", it.Verdict)
					data, err := os.ReadFile(it.File)
					require.NoError(t, err)
					require.Equal(t, sha(data), it.SHA256)
				}
			}
			require.Equal(t, len(from), items)
			again := makePackages(t, to, append(args, ca...)...)
			for _, p := range again.Packages {
				require.True(t, p.Existed)
			}
			r := certmail(append(append([]string{"archive", "verify", "--json", "--now", later}, ca...), paths...)...)
			require.Equal(t, exitGood, r.code, r.stderr)
			var got []judged
			r.decode(t, &got)
			require.Len(t, got, len(paths))
			for _, x := range got {
				require.Equal(t, "valid", x.Verdict)
				require.True(t, x.Integrity.Intact)
				require.Equal(t, later, x.Now)
			}
			none := certmail(append([]string{"archive", "verify", "--json", "--now", later, "--no-builtin-trust"}, paths...)...)
			require.Equal(t, exitNotGood, none.code, "whom to believe is not taken from the package")
			text := certmail(append(append([]string{"archive", "verify", "--now", later}, ca...), paths...)...)
			require.Equal(t, exitGood, text.code)
			require.Contains(t, text.stdout, ": VALID")
		})
	}
}

// TestArchiveGrows: receipts that come later make a package that holds
// everything, and the one before stays as it is.
func TestArchiveGrows(t *testing.T) {
	dir := fixtures(t)
	ca := []string{"--ca", filepath.Join(dir, "ca.pem")}
	to := filepath.Join(t.TempDir(), "archive")
	acceptance, delivery := filepath.Join(dir, "good", "m1-accettazione.eml"), filepath.Join(dir, "good", "m9-consegna-completa.eml")
	first := makePackages(t, to, append(ca, acceptance)...)
	both := makePackages(t, to, append(ca, acceptance, delivery)...)
	require.Len(t, both.Packages, 1, "one transaction")
	require.False(t, both.Packages[0].Existed)
	require.NotEqual(t, first.Packages[0].Path, both.Packages[0].Path)
	require.Len(t, both.Packages[0].Items, 2)
	for _, args := range [][]string{{acceptance}, {delivery, acceptance}} {
		require.True(t, makePackages(t, to, append(ca, args...)...).Packages[0].Existed)
	}
}

// TestArchiveAltered: one changed byte is found and named, and the code is 1.
func TestArchiveAltered(t *testing.T) {
	dir := fixtures(t)
	to := filepath.Join(t.TempDir(), "archive")
	out := makePackages(t, to, "--ca", filepath.Join(dir, "ca.pem"), filepath.Join(dir, "good", "m1-accettazione.eml"))
	name := filepath.Join("data", out.Packages[0].Items[0].Name+".eml")
	file := filepath.Join(out.Packages[0].Path, name)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, os.Chmod(file, 0o600))
	require.NoError(t, os.WriteFile(file, data, 0o600))
	r := certmail("archive", "verify", "--json", "--ca", filepath.Join(dir, "ca.pem"), out.Packages[0].Path)
	require.Equal(t, exitNotGood, r.code)
	var got []judged
	r.decode(t, &got)
	require.Equal(t, "invalid", got[0].Verdict)
	require.Equal(t, filepath.ToSlash(name), got[0].Integrity.Alterations[0].Path)
	page := filepath.Join(t.TempDir(), "page.html")
	r = certmail("archive", "report", out.Packages[0].Path, "--to", page, "--ca", filepath.Join(dir, "ca.pem"))
	require.Equal(t, exitNotGood, r.code, "the page is written, and something did not hold")
	require.FileExists(t, page)
}

// TestArchiveNoPackage: what is none is reported, the others are judged.
func TestArchiveNoPackage(t *testing.T) {
	dir := fixtures(t)
	to := filepath.Join(t.TempDir(), "archive")
	out := makePackages(t, to, "--ca", filepath.Join(dir, "ca.pem"), filepath.Join(dir, "good", "m1-accettazione.eml"))
	odd := write(t, t.TempDir(), "x.zip", []byte("no zip"))
	r := certmail("archive", "verify", "--json", "--ca", filepath.Join(dir, "ca.pem"), odd, out.Packages[0].Path)
	require.Equal(t, exitNotGood, r.code)
	var got []judged
	r.decode(t, &got)
	require.Equal(t, []string{"indeterminate", "valid"}, []string{got[0].Verdict, got[1].Verdict})
	require.NotEmpty(t, got[0].Unreadable)
	r = certmail("archive", "verify", odd)
	require.Equal(t, exitNotGood, r.code)
	require.Contains(t, r.stderr, "certmail: ")
}

// TestArchiveUnreadable: bytes that are no message are kept as they are, and the
// code says that something is not right.
func TestArchiveUnreadable(t *testing.T) {
	odd := write(t, t.TempDir(), "x.eml", []byte{0, 255, 1})
	r := certmail("archive", "make", "--json", "--to", filepath.Join(t.TempDir(), "a"), "--now", received, odd)
	require.Equal(t, exitNotGood, r.code)
	var out made
	r.decode(t, &out)
	require.Len(t, out.Unreadable, 1)
	require.Len(t, out.Packages, 1)
	require.Equal(t, "unreadable", out.Packages[0].Items[0].Role)
}

// TestArchiveTimeStamped: with an authority, an ASiC-E container.
func TestArchiveTimeStamped(t *testing.T) {
	dir := fixtures(t)
	at, err := time.Parse(time.RFC3339, received)
	require.NoError(t, err)
	tsa, err := tsptest.New(tsptest.Config{Clock: func() time.Time { return at.Add(time.Minute) }, Seed: 3})
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(tsa.ServeHTTP))
	defer server.Close()
	to := filepath.Join(t.TempDir(), "archive")
	ca := filepath.Join(dir, "ca.pem")
	out := makePackages(t, to, "--ca", ca, "--tsa", server.URL, "--format", "asice", filepath.Join(dir, "good", "m1-accettazione.eml"))
	require.Equal(t, ".asice", filepath.Ext(out.Packages[0].Path))
	root := write(t, t.TempDir(), "tsa.pem", testpki.PEM([]*x509.Certificate{tsa.Root()}...))
	r := certmail("archive", "verify", "--json", "--now", later, "--ca", ca, "--ca", root, out.Packages[0].Path)
	require.Equal(t, exitGood, r.code, r.stderr)
	var got []judged
	r.decode(t, &got)
	require.Equal(t, "time-stamp", got[0].Items[0].SeenBy)
}

// TestArchiveReport writes the page in both languages, the same bytes twice.
func TestArchiveReport(t *testing.T) {
	dir := fixtures(t)
	ca := filepath.Join(dir, "ca.pem")
	out := makePackages(t, filepath.Join(t.TempDir(), "archive"), "--ca", ca, filepath.Join(dir, "good", "m1-accettazione.eml"))
	args := []string{"archive", "report", out.Packages[0].Path, "--ca", ca, "--now", later, "--to"}
	page := filepath.Join(t.TempDir(), "page.html")
	r := certmail(append(args, page, "--json", "--lang", "en", "--title", "Pratica <7>")...)
	require.Equal(t, exitGood, r.code, r.stderr)
	var said reported
	r.decode(t, &said)
	require.Equal(t, reported{out.Packages[0].Path, page, "valid"}, said)
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	require.True(t, bytes.Contains(data, []byte("Pratica &lt;7&gt;")))
	require.True(t, bytes.Contains(data, []byte("The proofs hold")))
	r = certmail(append(args, "-")...)
	require.Equal(t, exitGood, r.code)
	require.True(t, strings.HasPrefix(r.stdout, "<!DOCTYPE html>"))
	require.True(t, strings.Contains(r.stdout, "Le prove reggono"))
}

// TestArchiveRealMessages: real receipts of 2018 in their package, judged in
// 2036 with their certificates long expired, and the commands of their page. They
// are signed with SHA-1: so late that needs a time-stamp, or the receiver's word.
func TestArchiveRealMessages(t *testing.T) {
	to := filepath.Join(t.TempDir(), "archive")
	out := makePackages(t, to, real(t, acceptance, intact)...)
	require.Len(t, out.Packages, 2)
	for _, p := range out.Packages {
		require.Equal(t, "valid", p.Items[0].Verdict)
		for _, c := range []struct {
			flags        []string
			code         int
			verdict, why string
		}{
			{[]string{"--now", "2027-01-01T00:00:00Z"}, exitGood, "valid", "weak-so-far"},
			{[]string{"--now", later}, exitNotGood, "indeterminate", "weak"},
			{[]string{"--now", later, "--believe-record"}, exitGood, "valid", "own-record"},
		} {
			r := certmail(append([]string{"archive", "verify", "--json", p.Path}, c.flags...)...)
			require.Equal(t, c.code, r.code, r.stderr)
			var got []judged
			r.decode(t, &got)
			require.Equal(t, c.verdict, got[0].Verdict)
			status, why := map[string]string{}, map[string]string{}
			for _, one := range got[0].Items[0].Proofs {
				status[one.Code], why[one.Code] = one.Status, one.Why
			}
			require.Equal(t, c.why, why["digest-algorithm"])
			require.Equal(t, "unknown", status["signer-now"])
			require.Equal(t, "passed", status["signature"])

			page := filepath.Join(t.TempDir(), "page.html")
			require.Equal(t, c.code, certmail(append([]string{"archive", "report", p.Path, "--to", page}, c.flags...)...).code)
			if c.why == "own-record" { // the last: the commands write files of their own
				require.Equal(t, 1, runOpenSSL(t, page, p.Path))
			}
		}
	}
	bad := makePackages(t, to, real(t, altered)...)
	require.Equal(t, "invalid", bad.Packages[0].Items[0].Verdict)
	require.Equal(t, exitNotGood, certmail("archive", "verify", bad.Packages[0].Path).code)
}

// runOpenSSL runs the commands of a page, which must all succeed, and counts
// those about signatures.
func runOpenSSL(t *testing.T, page, dir string) (signatures int) {
	t.Helper()
	reftest.Tool(t, "openssl")
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	tags := regexp.MustCompile(`<[^>]*>`)
	for _, m := range regexp.MustCompile(`(?s)<pre class="(save|command)"(?: data-file="([^"]*)")?>(.*?)</pre>`).FindAllStringSubmatch(string(data), -1) {
		text := html.UnescapeString(tags.ReplaceAllString(m[3], ""))
		if m[1] == "save" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, m[2]), []byte(text), 0o600))
			continue
		}
		cmd := exec.Command("sh", "-e", "-c", text)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", text, out)
		if strings.HasPrefix(text, "openssl cms -verify") {
			signatures++
		}
	}
	return signatures
}
