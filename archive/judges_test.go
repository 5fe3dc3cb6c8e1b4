package archive_test

import (
	"bufio"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/reftest"
)

// run runs an outside judge, who must be content.
func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(reftest.Tool(t, name), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out)
}

// validBag judges a bag as RFC 8493 reads, with nothing of package archive.
func validBag(dir string) error {
	declaration, err := os.ReadFile(filepath.Join(dir, "bagit.txt")) // §2.1.1
	if err != nil || !regexp.MustCompile(`^BagIt-Version: 1\.0\nTag-File-Character-Encoding: UTF-8\n$`).Match(declaration) {
		return fmt.Errorf("bagit.txt: %q %w", declaration, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "data")); err != nil || !info.IsDir() { // §2.1.2
		return fmt.Errorf("no data: %w", err)
	}
	present, size := map[string]bool{}, int64(0)
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		present[filepath.ToSlash(rel)] = true
		if info, err := d.Info(); err == nil && strings.HasPrefix(filepath.ToSlash(rel), "data/") {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	if present["fetch.txt"] { // §2.2.3
		return fmt.Errorf("fetch.txt: the bag is not complete")
	}
	count := 0
	for p := range present {
		if strings.HasPrefix(p, "data/") {
			count++
		}
	}
	manifests := 0
	for _, alg := range []struct {
		name string
		new  func() hash.Hash
	}{{"sha256", sha256.New}, {"sha512", sha512.New}} {
		for _, kind := range []string{"manifest-", "tagmanifest-"} {
			f, err := os.Open(filepath.Join(dir, kind+alg.name+".txt"))
			if err != nil {
				continue
			}
			manifests++
			listed := map[string]bool{}
			for s := bufio.NewScanner(f); s.Scan(); { // §2.1.3
				m := regexp.MustCompile(`^([0-9a-fA-F]+)[ \t]+(.+)$`).FindStringSubmatch(s.Text())
				if m == nil || listed[m[2]] {
					return fmt.Errorf("%s: line %q", f.Name(), s.Text())
				}
				if listed[m[2]] = true; strings.HasPrefix(m[2], "data/") != (kind == "manifest-") || strings.HasPrefix(m[2], "tagmanifest-") {
					return fmt.Errorf("%s lists %s", f.Name(), m[2])
				}
				data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(m[2])))
				if err != nil {
					return err
				}
				h := alg.new()
				h.Write(data)
				if !strings.EqualFold(hex.EncodeToString(h.Sum(nil)), m[1]) {
					return fmt.Errorf("%s: %s differs", f.Name(), m[2])
				}
			}
			f.Close()
			for p := range present { // §3: every payload file in every payload manifest
				if kind == "manifest-" && strings.HasPrefix(p, "data/") && !listed[p] {
					return fmt.Errorf("%s is in no manifest", p)
				}
			}
		}
	}
	if manifests < 2 {
		return fmt.Errorf("%d manifests", manifests)
	}
	info, err := os.ReadFile(filepath.Join(dir, "bag-info.txt")) // §2.2.2
	if err != nil || !strings.Contains(string(info), fmt.Sprintf("\nPayload-Oxum: %d.%d\n", size, count)) {
		return fmt.Errorf("bag-info.txt: %q: %w", info, err)
	}
	return nil
}

// §7 Package: BagIt.
func TestPackage_BagIsValid(t *testing.T) {
	w := newWorld(t)
	for _, format := range []archive.Format{archive.BagIt, archive.PDV, archive.BagItZip, archive.PDVZip} {
		dir := w.write(t, format, w.transaction(t, true, "good/m1-accettazione.eml", "good/m5-presa-in-carico.eml"))
		if format.File() {
			run(t, filepath.Dir(dir), "unzip", "-tq", dir)
			out := t.TempDir()
			run(t, out, "unzip", "-q", dir)
			list, err := os.ReadDir(out)
			require.NoError(t, err)
			require.Len(t, list, 1, "RFC 8493 §5.1: one folder")
			dir = filepath.Join(out, list[0].Name())
		}
		require.NoError(t, validBag(dir), format)
		data, err := filepath.Glob(filepath.Join(dir, "data", "*"))
		require.NoError(t, err)
		require.Len(t, data, 2)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "x"), nil, 0o600))
		require.Error(t, validBag(dir), "the validator itself")
	}
}

func TestPackage_SumsAsOthersCheckThem(t *testing.T) {
	w := newWorld(t)
	dir := w.write(t, archive.Folder, w.transaction(t, true, "good/m1-accettazione.eml"))
	run(t, dir, "sha256sum", "--strict", "-c", "manifest-sha256.txt")
	run(t, dir, "sha512sum", "--strict", "-c", "manifest-sha512.txt")
	run(t, dir, "sha512sum", "--strict", "-c", "seal-sha512.txt")
}

func pemFile(t testing.TB, der []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return name
}

// §7 Package: ASiC-E; the time-stamps are OpenSSL's to judge.
func TestPackage_TimeStampsVerifyWithOpenSSL(t *testing.T) {
	w := newWorld(t)
	ca := pemFile(t, w.stampRoot.Raw)
	name := w.write(t, archive.ASiCE, w.transaction(t, true, "good/m1-accettazione.eml"))
	run(t, filepath.Dir(name), "unzip", "-tq", name)
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	// EN 319 162-1 §A.1: name and content of mimetype at fixed places.
	require.Equal(t, "mimetypeapplication/vnd.etsi.asic-e+zip", string(raw[30:30+8+31]))
	require.Equal(t, []byte{0, 0}, raw[8:10], "stored")
	require.Equal(t, []byte{0, 0}, raw[28:30], "no extra field")
	dir := t.TempDir()
	run(t, dir, "unzip", "-q", name)
	run(t, dir, "openssl", "ts", "-verify", "-data", "META-INF/ASiCManifest.xml", "-in", "META-INF/timestamp.tst", "-token_in", "-CAfile", ca)
	run(t, dir, "xmllint", "--noout", "META-INF/ASiCManifest.xml")
	manifest, err := os.ReadFile(filepath.Join(dir, "META-INF", "ASiCManifest.xml"))
	require.NoError(t, err)
	refs := regexp.MustCompile(`DataObjectReference URI="([^"]*)"[^>]*>\s*<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>\s*<ds:DigestValue>([^<]*)<`).FindAllStringSubmatch(string(manifest), -1)
	require.Len(t, refs, len(open(t, name).Files())-3)
	for _, ref := range refs {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(ref[1])))
		require.NoError(t, err)
		sum := sha512.Sum512(data)
		require.Equal(t, base64.StdEncoding.EncodeToString(sum[:]), ref[2], ref[1])
	}
	// The token of the message.
	data, err := filepath.Glob(filepath.Join(dir, "data", "*.eml"))
	require.NoError(t, err)
	token, err := filepath.Glob(filepath.Join(dir, "evidence", "*", "timestamp.tst"))
	require.NoError(t, err)
	run(t, dir, "openssl", "ts", "-verify", "-data", data[0], "-in", token[0], "-token_in", "-CAfile", ca)
}

// §7 Package: PIndex validates; prefixed attributes; the text of a digest.
func TestPackage_IndexIsValid(t *testing.T) {
	w := newWorld(t)
	schema, err := filepath.Abs(filepath.Join("testdata", "pindex-2020.xsd"))
	require.NoError(t, err)
	minimal, err := filepath.Abs(filepath.Join("testdata", "minimal-pindex.xml"))
	require.NoError(t, err)
	run(t, ".", "xmllint", "--noout", "--schema", schema, minimal)
	for _, index := range []archive.Index{{}, {Base64: true, HolderRole: "soggetto proprietario", Language: "en",
		Submitter: archive.Agent{Name: `A & "B" <C>`, IDs: []string{"VATIT-01234567890"}, Documents: []string{"Accordo"}},
		Signer:    archive.Agent{Natural: true, FirstName: "Maria", LastName: "Rossi", IDs: []string{"TINIT-RSSMRA80A01H501U"}}}} {
		tx := w.transaction(t, true, "good/m1-accettazione.eml", "good/m5-presa-in-carico.eml")
		dir := filepath.Join(t.TempDir(), "p")
		require.NoError(t, archive.Write(t.Context(), dir, tx, &archive.Options{Format: archive.PDV, Organization: "Esempio S.r.l.", Index: index}))
		run(t, dir, "xmllint", "--noout", "--schema", schema, "index/PIndex.xml")
		data, err := os.ReadFile(filepath.Join(dir, "index", "PIndex.xml"))
		require.NoError(t, err)
		want := tx.Items[0].SHA256
		if index.Base64 {
			raw, err := hex.DecodeString(want)
			require.NoError(t, err)
			want = base64.StdEncoding.EncodeToString(raw)
		}
		require.Contains(t, string(data), ">"+want+"</sincro:Hash>")
		// Every file but the bag's own is in the index with its digest.
		for _, path := range open(t, dir).Files() {
			if regexp.MustCompile(`^(data|evidence|metadata)/|^manifest.json$`).MatchString(path) {
				require.Contains(t, string(data), "<sincro:Path>"+path+"</sincro:Path>")
			}
		}
		require.Regexp(t, `<sincro:Type>ricevuta di</sincro:Type>`, string(data))
		files, err := filepath.Glob(filepath.Join(dir, "metadata", "*.xml"))
		require.NoError(t, err)
		run(t, dir, "xmllint", append([]string{"--noout"}, files...)...)
	}
	err = archive.Write(t.Context(), filepath.Join(t.TempDir(), "p"), w.transaction(t, false, "good/m1-accettazione.eml"), &archive.Options{Format: archive.PDV})
	require.ErrorIs(t, err, archive.ErrFormat, "an index names its parties")
}

// A template of the caller's must make XML.
func TestMetadata_Template(t *testing.T) {
	w := newWorld(t)
	write := func(text string) error {
		tmpl, err := archive.ParseMetadataTemplate(text)
		require.NoError(t, err)
		return archive.Write(t.Context(), filepath.Join(t.TempDir(), "p"), w.transaction(t, false, "good/m1-accettazione.eml"), &archive.Options{Format: archive.PDV, Organization: "x", Metadata: tmpl})
	}
	require.NoError(t, write("<a>{{xml .Object}}</a>"))
	require.ErrorIs(t, write("<a/><b/>"), archive.ErrFormat)
	require.Error(t, write("<a>"))
	require.Error(t, write("{{.Nothing}}"))
	_, err := archive.ParseMetadataTemplate("{{")
	require.Error(t, err)
}
