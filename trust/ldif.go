package trust

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Reasons why an LDIF file is refused as a whole, found with errors.Is.
var (
	// ErrLDIF: the file breaks the grammar of RFC 2849.
	ErrLDIF = errors.New("trust: ldif")
	// ErrLDIFURL: a value is a URL (attr:< url). Following it would open local
	// files or the network.
	ErrLDIFURL = fmt.Errorf("%w: a value given by URL is never followed", ErrLDIF)
	// ErrLDIFChange: the file describes changes, not content.
	ErrLDIFChange = fmt.Errorf("%w: change records are not accepted", ErrLDIF)
	// ErrLDIFLimit: the file exceeds one of the DirectoryLimits.
	ErrLDIFLimit = fmt.Errorf("%w: limit exceeded", ErrLDIF)
)

// DirectoryLimits bound what is read of a provider directory; a zero field
// means its default.
type DirectoryLimits struct {
	Bytes             int // of the whole file, 16 MiB
	LineBytes         int // of one unfolded line, 256 KiB
	Records           int // 5,000
	Domains           int // managedDomains of all records together, 100,000
	CertificateBytes  int // of one certificate, 16 KiB
	CertificatesEach  int // of one record, 64
	AttributesPerFile int // values of all records together, 500,000
}

func (l DirectoryLimits) withDefaults() DirectoryLimits {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&l.Bytes, 16<<20)
	set(&l.LineBytes, 256<<10)
	set(&l.Records, 5000)
	set(&l.Domains, 100_000)
	set(&l.CertificateBytes, 16<<10)
	set(&l.CertificatesEach, 64)
	set(&l.AttributesPerFile, 500_000)
	return l
}

// Attribute is one value of a directory record as it was written.
type Attribute struct {
	// Name is the attribute's name without options, in the file's spelling.
	Name string
	// Options follow the name after semicolons, such as "binary".
	Options []string
	Value   []byte
}

// ldifRecord is one content record.
type ldifRecord struct {
	line       int
	dn         string
	attributes []Attribute
}

// ldifReader reads LDIF content records (RFC 2849) line by line.
type ldifReader struct {
	rest     []byte
	line     int // number of the physical line read last
	limits   DirectoryLimits
	values   int
	records  []ldifRecord
	current  *ldifRecord
	started  bool // something other than comments was read
	findings findingList
}

// readLDIF reads all of r.
func readLDIF(r io.Reader, limits DirectoryLimits) ([]ldifRecord, *findingList, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(limits.Bytes)+1))
	if err != nil {
		return nil, nil, fmt.Errorf("trust: ldif: %w", err)
	}
	if len(data) > limits.Bytes {
		return nil, nil, fmt.Errorf("%w: more than %d bytes", ErrLDIFLimit, limits.Bytes)
	}
	l := &ldifReader{rest: data, limits: limits}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		l.rest = data[3:]
		l.findings.add("ldif-byte-order-mark", "the file begins with a byte order mark")
	}
	for len(l.rest) > 0 {
		if err := l.next(); err != nil {
			return nil, nil, err
		}
	}
	l.endRecord()
	return l.records, &l.findings, nil
}

// next reads one logical line: a physical one and those that continue it.
func (l *ldifReader) next() error {
	first := l.physical()
	start := l.line
	if len(first) == 0 {
		if len(l.rest) > 0 && l.rest[0] == ' ' {
			return fmt.Errorf("%w: line %d continues an empty line", ErrLDIF, start+1)
		}
		l.endRecord()
		return nil
	}
	if first[0] == ' ' {
		return fmt.Errorf("%w: line %d continues nothing", ErrLDIF, start)
	}
	whole, copied := first, false
	for len(l.rest) > 0 && l.rest[0] == ' ' {
		more := l.physical()[1:]
		if len(whole)+len(more) > l.limits.LineBytes {
			return fmt.Errorf("%w: line %d: more than %d bytes", ErrLDIFLimit, start, l.limits.LineBytes)
		}
		if !copied {
			copied = true
			whole = append(make([]byte, 0, 2*(len(first)+len(more))), first...)
		}
		whole = append(whole, more...)
	}
	if len(whole) > l.limits.LineBytes {
		return fmt.Errorf("%w: line %d: more than %d bytes", ErrLDIFLimit, start, l.limits.LineBytes)
	}
	if whole[0] == '#' {
		return nil
	}
	if i := bytes.IndexAny(whole, "\r\x00"); i >= 0 {
		return fmt.Errorf("%w: line %d: control character %#02x", ErrLDIF, start, whole[i])
	}
	return l.attribute(whole, start)
}

// physical takes one line off the input, without its CRLF or LF.
func (l *ldifReader) physical() []byte {
	l.line++
	line, rest, _ := bytes.Cut(l.rest, []byte("\n"))
	l.rest = rest
	return bytes.TrimSuffix(line, []byte("\r"))
}

// attribute reads "name;options: value".
func (l *ldifReader) attribute(line []byte, number int) error {
	described, value, ok := bytes.Cut(line, []byte(":"))
	parts := strings.Split(string(described), ";")
	if !ok || !validDescription(parts) {
		return fmt.Errorf("%w: line %d: no attribute name before a colon", ErrLDIF, number)
	}
	name := parts[0]
	decoded, err := l.value(value, name, number)
	if err != nil {
		return err
	}
	if !l.started {
		l.started = true
		if strings.EqualFold(name, "version") {
			if string(decoded) != "1" {
				return fmt.Errorf("%w: line %d: version %q, want 1", ErrLDIF, number, decoded)
			}
			return nil
		}
	}
	switch {
	case strings.EqualFold(name, "dn"):
		if l.current != nil {
			l.findings.add("ldif-missing-blank-line", fmt.Sprintf("line %d: a record begins without an empty line before it", number))
			l.endRecord()
		}
		if len(l.records) == l.limits.Records {
			return fmt.Errorf("%w: more than %d records", ErrLDIFLimit, l.limits.Records)
		}
		l.current = &ldifRecord{line: number, dn: string(decoded)}
		return nil
	case l.current == nil:
		return fmt.Errorf("%w: line %d: a record has to begin with dn", ErrLDIF, number)
	case strings.EqualFold(name, "changetype"), strings.EqualFold(name, "control"):
		return fmt.Errorf("%w: line %d", ErrLDIFChange, number)
	}
	if l.values++; l.values > l.limits.AttributesPerFile {
		return fmt.Errorf("%w: more than %d values", ErrLDIFLimit, l.limits.AttributesPerFile)
	}
	l.current.attributes = append(l.current.attributes, Attribute{Name: name, Options: parts[1:], Value: decoded})
	return nil
}

// value reads what follows the first colon.
func (l *ldifReader) value(v []byte, name string, number int) ([]byte, error) {
	if len(v) > 0 && v[0] == '<' {
		return nil, fmt.Errorf("%w: line %d: %s", ErrLDIFURL, number, name)
	}
	if len(v) > 0 && v[0] == ':' {
		v = bytes.TrimLeft(v[1:], " ")
		decoded := make([]byte, base64.StdEncoding.DecodedLen(len(v)))
		n, err := base64.StdEncoding.Strict().Decode(decoded, v)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %s: %w", ErrLDIF, number, name, err)
		}
		return decoded[:n], nil
	}
	v = bytes.TrimLeft(v, " ")
	switch {
	case len(v) > 0 && (v[0] == ':' || v[0] == '<'):
		l.findings.add("ldif-unsafe-value", fmt.Sprintf("line %d: %s begins with %q and should be in base64", number, name, v[0]))
	case !utf8.Valid(v):
		l.findings.add("ldif-not-utf8", fmt.Sprintf("line %d: %s is not UTF-8", number, name))
	case !isASCII(string(v)):
		l.findings.add("ldif-not-ascii", fmt.Sprintf("line %d: %s is not ASCII and should be in base64", number, name))
	}
	return bytes.Clone(v), nil
}

func (l *ldifReader) endRecord() {
	if l.current != nil {
		l.records = append(l.records, *l.current)
		l.current = nil
	}
}

// validDescription checks a name or dotted OID and its options.
func validDescription(parts []string) bool {
	for i, p := range parts {
		if p == "" {
			return false
		}
		for _, c := range []byte(p) {
			if c != '-' && (c != '.' || i > 0) && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				return false
			}
		}
	}
	return true
}

// findingList keeps the first findings: a hostile file must not make us
// remember more than it weighs.
type findingList struct {
	list    []Finding
	dropped int
}

const maxFindings = 200

func (f *findingList) add(code, detail string) {
	if len(f.list) >= maxFindings {
		f.dropped++
		return
	}
	if len(detail) > 300 {
		detail = strings.ToValidUTF8(detail[:300], "") + "…"
	}
	f.list = append(f.list, Finding{code, detail})
}

func (f *findingList) all() []Finding {
	if f.dropped > 0 {
		return append(f.list[:len(f.list):len(f.list)], Finding{"more-findings", fmt.Sprintf("%d further findings", f.dropped)})
	}
	return f.list
}
