package reftest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Evidence is an evidence document of the example kits of ETSI and AgID.
type Evidence struct {
	// Name is the file it was found in, relative to the reference data.
	Name string
	XML  []byte
}

// KitEvidence returns every distinct evidence document of the kits, stand-alone
// or inside a mail, in the order of the files' names. The mails are taken apart
// in the plainest way: base64 between two empty lines after the header of a part
// of type application/xml.
func KitEvidence(tb testing.TB) []Evidence {
	tb.Helper()
	root := Dir(tb, "etsi")
	seen := map[[sha256.Size]byte]bool{}
	var all []Evidence
	add := func(name string, xml []byte) {
		if sum := sha256.Sum256(xml); !seen[sum] {
			seen[sum] = true
			all = append(all, Evidence{name, xml})
		}
	}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		standalone := strings.Contains(name, "standalone-evidence") && strings.HasSuffix(name, ".xml")
		if !standalone && !strings.HasSuffix(name, ".eml") {
			return nil
		}
		data, err := os.ReadFile(path)
		switch {
		case err != nil:
			return err
		case standalone:
			add(name, data)
			return nil
		}
		for rest := data; ; {
			_, part, found := bytes.Cut(rest, []byte("Content-Type: application/xml"))
			if !found {
				return nil
			}
			_, part, _ = bytes.Cut(part, []byte("\r\n\r\n"))
			body, after, _ := bytes.Cut(part, []byte("\r\n--"))
			xml, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(body)))
			if err != nil {
				return err
			}
			add(name, xml)
			rest = after
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}
