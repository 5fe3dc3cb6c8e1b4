package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/reftest"
)

// validASiCE reads a container as EN 319 162-1 does, without this package: an
// ASiC-E with a time assertion. It knows nothing of what is in it.
func validASiCE(raw []byte, dir, ca string) error {
	// §A.1: the first entry is mimetype, stored, without an extra field, so that
	// its content is at offset 38.
	const mime = "application/vnd.etsi.asic-e+zip"
	le := binary.LittleEndian
	if len(raw) < 100 || le.Uint32(raw) != 0x04034b50 || le.Uint16(raw[6:])&9 != 0 || le.Uint16(raw[8:]) != 0 || le.Uint32(raw[22:]) != uint32(len(mime)) ||
		le.Uint16(raw[26:]) != 8 || le.Uint16(raw[28:]) != 0 || string(raw[30:38+len(mime)]) != "mimetype"+mime {
		return errors.New("mimetype is not the first thing in the file as it has to be")
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if _, twice := files[f.Name]; twice || f.Flags&1 != 0 {
			return fmt.Errorf("%s: twice, or encrypted", f.Name)
		}
		files[f.Name] = data
	}
	// §4.4.2, §A.4: META-INF/ASiCManifest*.xml.
	var manifests []string
	for name := range files {
		if ok, _ := filepath.Match("META-INF/ASiCManifest*.xml", name); ok {
			manifests = append(manifests, name)
		}
	}
	if len(manifests) != 1 {
		return fmt.Errorf("%d manifests", len(manifests))
	}
	var m struct {
		XMLName xml.Name `xml:"http://uri.etsi.org/02918/v1.2.1# ASiCManifest"`
		Sig     struct {
			URI      string `xml:"URI,attr"`
			MimeType string `xml:"MimeType,attr"`
		} `xml:"http://uri.etsi.org/02918/v1.2.1# SigReference"`
		Objects []struct {
			URI    string `xml:"URI,attr"`
			Method struct {
				Algorithm string `xml:"Algorithm,attr"`
			} `xml:"http://www.w3.org/2000/09/xmldsig# DigestMethod"`
			Value string `xml:"http://www.w3.org/2000/09/xmldsig# DigestValue"`
		} `xml:"http://uri.etsi.org/02918/v1.2.1# DataObjectReference"`
	}
	if err := xml.Unmarshal(files[manifests[0]], &m); err != nil {
		return err
	}
	if ok, _ := filepath.Match("META-INF/*timestamp*.tst", m.Sig.URI); !ok || m.Sig.MimeType != "application/vnd.etsi.timestamp-token" || files[m.Sig.URI] == nil {
		return fmt.Errorf("SigReference to %q (%s)", m.Sig.URI, m.Sig.MimeType)
	}
	rest := len(files) - len([]string{"mimetype", "manifest", "token"})
	for _, o := range m.Objects {
		data, ok := files[o.URI]
		if !ok || strings.HasPrefix(o.URI, "META-INF/") {
			return fmt.Errorf("reference to %q", o.URI)
		}
		var sum []byte
		switch o.Method.Algorithm {
		case "http://www.w3.org/2001/04/xmlenc#sha256":
			s := sha256.Sum256(data)
			sum = s[:]
		case "http://www.w3.org/2001/04/xmlenc#sha512":
			s := sha512.Sum512(data)
			sum = s[:]
		default:
			return fmt.Errorf("digest by %q", o.Method.Algorithm)
		}
		if want, err := base64.StdEncoding.DecodeString(o.Value); err != nil || !bytes.Equal(want, sum) {
			return fmt.Errorf("%s is not as the manifest has it", o.URI)
		}
		rest--
	}
	if rest != 0 {
		return fmt.Errorf("%d files that no reference covers", rest)
	}
	// The schema and OpenSSL judge the rest.
	schema, err := filepath.Abs(filepath.Join("testdata", "asic-manifest.xsd"))
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"manifest.xml": files[manifests[0]], "token.tst": files[m.Sig.URI]} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"xmllint", "--noout", "--nonet", "--schema", schema, "manifest.xml"},
		{"openssl", "ts", "-verify", "-data", "manifest.xml", "-in", "token.tst", "-token_in", "-CAfile", ca},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

// §7 Package: what we call an ASiC-E is one to a reader that knows the standard
// alone, and that reader refuses what is none.
func TestPackage_ASiCEIsValid(t *testing.T) {
	reftest.Tool(t, "openssl")
	reftest.Tool(t, "xmllint")
	w := newWorld(t)
	ca := pemFile(t, w.stampRoot.Raw)
	genuine := w.write(t, archive.ASiCE, w.transaction(t, true, "good/m1-accettazione.eml", "good/m9-consegna-completa.eml"))
	raw, err := os.ReadFile(genuine)
	require.NoError(t, err)
	require.NoError(t, validASiCE(raw, t.TempDir(), ca))
	require.Equal(t, ".asice", filepath.Ext(genuine))

	// Packed again with something else in it.
	packed := func(change func(name string, data []byte) []byte, more ...string) []byte {
		r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		require.NoError(t, err)
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, f := range r.File {
			in, err := f.Open()
			require.NoError(t, err)
			data, err := io.ReadAll(in)
			require.NoError(t, err)
			if data = change(f.Name, data); data == nil {
				continue
			}
			out, err := z.CreateRaw(&zip.FileHeader{Name: f.Name, Method: zip.Store, CRC32: crc(data), CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data))})
			require.NoError(t, err)
			_, err = out.Write(data)
			require.NoError(t, err)
		}
		for _, name := range more {
			out, err := z.Create(name)
			require.NoError(t, err)
			_, err = out.Write([]byte("x"))
			require.NoError(t, err)
		}
		require.NoError(t, z.Close())
		return b.Bytes()
	}
	same := func(_ string, data []byte) []byte { return data }
	require.NoError(t, validASiCE(packed(same), t.TempDir(), ca), "the very same, packed by another program")
	edit := func(suffix, from, to string) func(string, []byte) []byte {
		return func(name string, data []byte) []byte {
			if strings.HasSuffix(name, suffix) {
				require.Contains(t, string(data), from)
				return bytes.Replace(data, []byte(from), []byte(to), 1)
			}
			return data
		}
	}
	drop := func(suffix string) func(string, []byte) []byte {
		return func(name string, data []byte) []byte {
			if strings.HasSuffix(name, suffix) {
				return nil
			}
			return data
		}
	}
	for what, bad := range map[string][]byte{
		"changed message":   packed(edit(".eml", "Message-ID", "Message-Id")),
		"changed manifest":  packed(edit("ASiCManifest.xml", "message/rfc822", "message/rfc823")),
		"without mimetype":  packed(drop("mimetype")),
		"without token":     packed(drop("META-INF/timestamp.tst")),
		"without a message": packed(drop(".eml")),
		"one file more":     packed(same, "other.txt"),
		"mimetype twice":    packed(same, "mimetype"),
		"other authority":   nil,
	} {
		if bad == nil {
			require.Error(t, validASiCE(raw, t.TempDir(), pemFile(t, w.anchors[0].Raw)), what)
			continue
		}
		require.Error(t, validASiCE(bad, t.TempDir(), ca), what)
		p, err := archive.OpenReader(t.Context(), bytes.NewReader(bad), int64(len(bad)), nil)
		if err != nil {
			require.ErrorIs(t, err, archive.ErrPackage, what)
			continue
		}
		v, err := p.Verify(t.Context(), w.verify())
		require.NoError(t, err)
		require.False(t, v.Integrity.Intact, what)
	}
}

func crc(data []byte) uint32 { return crc32.ChecksumIEEE(data) }
