package envelope

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-message/charset"
)

// File is an attachment: a file in a message.
type File struct {
	// Name is as the sender wrote it, decoded. It may hold anything, path
	// separators too: never use it as a path.
	Name string
	// Type is the media type in lower case.
	Type string
	part *Part
}

// Open returns a reader over the decoded file.
func (f *File) Open() (io.Reader, error) { return f.part.Content() }

// Part returns the MIME part behind the file.
func (f *File) Part() *Part { return f.part }

// Digest reads the file and returns its size in bytes and its SHA-256 in
// hexadecimal.
func (f *File) Digest() (size int64, sha256Hex string, err error) {
	r, err := f.Open()
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	size, err = io.Copy(sum, r)
	if err != nil {
		return size, "", fmt.Errorf("envelope: digest: %w", err)
	}
	return size, hex.EncodeToString(sum.Sum(nil)), nil
}

// Files returns the files in an entity whose multiparts were followed (see
// Structure): every leaf that has a name, says it is an attachment, or is
// neither text nor the signature of its author.
func (p *Part) Files() []File {
	var all []File
	p.Walk(func(p *Part) bool {
		if isFile(p) {
			all = append(all, File{Name: p.Name(), Type: p.Type.Value, part: p})
		}
		return true
	})
	return all
}

func isFile(p *Part) bool {
	if p.Type.IsMultipart() && len(p.Parts) > 0 {
		return false
	}
	d := p.Disposition()
	if p.Name() != "" || d.Value == "attachment" {
		return true
	}
	return !strings.HasPrefix(p.Type.Value, "text/") && !p.Type.IsMultipart()
}

// ErrNoText says that a message has no readable text.
var ErrNoText = errors.New("no readable text")

// Text returns the readable text of an entity whose multiparts were followed
// (see Structure), decoded whatever its charset: the first plain text, else the
// first HTML. At most limit bytes are read.
func (p *Part) Text(limit int64) (string, error) {
	var plain, html *Part
	p.Walk(func(p *Part) bool {
		if p.Disposition().Value == "attachment" {
			return true
		}
		switch {
		case p.Type.Value == "text/plain" && plain == nil:
			plain = p
		case p.Type.Value == "text/html" && html == nil:
			html = p
		}
		return plain == nil
	})
	if plain == nil {
		plain = html
	}
	if plain == nil {
		return "", ErrNoText
	}
	r, err := plain.Content()
	if err != nil {
		return "", err
	}
	if name := plain.Type.Param("charset"); name != "" {
		if decoded, err := charset.Reader(name, r); err == nil {
			r = decoded
		}
	}
	text, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(strings.ReplaceAll(string(text), "\r\n", "\n"), "\uFFFD"), nil
}
