package rem

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/usertext"
	"github.com/certmail/certmail/rem/evidence"
)

// Prepared is a submitted message as a dispatch carries it: normalised, with
// the MessageIdentifier of its transaction as its Message-ID and the sender's
// own id in REM-UAMessageIdentifier (EN 319 532-3 §4.2 note 2; EN 319 532-4
// C.4.5.1 c). It refers to the submitted bytes, which must not change.
type Prepared struct {
	// MessageID is the new id, UserAgentID the sender's, both without angle
	// brackets. Where the sender's program gave none they are the same.
	MessageID, UserAgentID string
	// Author is the address in From, Subject the decoded subject.
	Author  envelope.Mailbox
	Subject string
	// Recipients are the addresses of To, then of Cc, each once: the order of all
	// evidence.
	Recipients []string
	// Size is the length of the normalised message in bytes, Digest its digest
	// by DigestMethod, which is SHA-256.
	Size         int64
	Digest       []byte
	DigestMethod string
	// EightBit says that it holds bytes above 127 or lines longer than 998
	// bytes: the dispatch needs a way that changes neither (8BITMIME,
	// BINARYMIME), for whoever encodes it again breaks signature and digest.
	EightBit bool
	// Findings is what sender and recipient should be told (what was changed
	// beyond the ids) and what may go wrong.
	Findings []Finding

	header *envelope.Header
	block  []byte // the rewritten header with its empty line
	body   *io.SectionReader
	tail   string // the line end that was missing
}

// Prepare normalises a submitted message and takes its digest. Its line ends
// become CR LF, it ends with one, and its Message-ID is replaced where it
// stands; nothing else is touched, also where its author signed it. It is read
// twice here and once by each writing, never kept in memory.
//
// messageID is the id of the new transaction without angle brackets. The error
// is an ErrBuild where the message cannot be dispatched: no one author, no
// recipient, or blind ones (RFC 6109 §3.1.1 refuses these for PEC, and a
// dispatch would show them to all). Submit a message of its own to each of them.
func Prepare(src *io.SectionReader, messageID string, opt *envelope.Options) (*Prepared, error) {
	if why := faultyID(messageID); why != "" {
		return nil, fmt.Errorf("rem: prepare: %w: the new id %s", ErrBuild, why)
	}
	root, _, err := envelope.Structure(src, opt)
	if err != nil {
		return nil, fmt.Errorf("rem: prepare: %w", err)
	}
	h := &root.Header
	p := &Prepared{
		MessageID: messageID, Subject: h.Text("Subject"), DigestMethod: evidence.DigestSHA256, header: h,
		Recipients: once(h.Addresses("To"), h.Addresses("Cc")),
		body:       io.NewSectionReader(src, root.Body.Start, root.Body.Len()),
	}
	if p.Author, err = h.Author(); err != nil {
		return nil, fmt.Errorf("rem: prepare: %w: %w", ErrBuild, err)
	}
	switch {
	case len(p.Recipients) == 0:
		return nil, fmt.Errorf("rem: prepare: %w: neither To nor Cc has a recipient", ErrBuild)
	case strings.TrimSpace(strings.Join(h.Values("Bcc"), "")) != "":
		return nil, fmt.Errorf("rem: prepare: %w: Bcc names blind recipients", ErrBuild)
	}
	p.rewrite()
	p.warn(root)
	last := make([]byte, 1)
	if n := p.body.Size(); n > 0 {
		if _, err := p.body.ReadAt(last, n-1); err != nil {
			return nil, fmt.Errorf("rem: prepare: %w: %w", envelope.ErrSource, err)
		}
		if last[0] != '\n' {
			p.tail = "\r\n"
			p.find("final-line-end", "a line end was added at the end of the message")
		}
	}
	sum, watch := sha256.New(), &lineWatch{}
	if p.Size, err = p.WriteTo(io.MultiWriter(sum, watch)); err != nil {
		return nil, fmt.Errorf("rem: prepare: %w", err)
	}
	p.Digest, p.EightBit = sum.Sum(nil), watch.high || watch.longest > maxLine
	if p.EightBit {
		p.find("eight-bit", "the message holds bytes above 127 or very long lines: a program on the way that encodes it breaks signature and digest")
	}
	return p, nil
}

// once puts lists of addresses together, each address at its first place: who
// is named twice is one recipient. Only ASCII letters have case.
func once(lists ...[]string) []string {
	var all []string
	seen := map[string]bool{}
	for _, address := range slices.Concat(lists...) {
		key := strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, address)
		if !seen[key] {
			seen[key] = true
			all = append(all, address)
		}
	}
	return all
}

func (p *Prepared) find(code, detail string) {
	p.Findings = append(p.Findings, Finding{Code: code, Detail: detail})
}

// rewrite makes the new header block. What is no field stays where it is.
func (p *Prepared) rewrite() {
	raw := p.header.Raw()
	line := usertext.Certifiable(usertext.Line(p.header.Get("Message-ID")))
	if p.UserAgentID = bare(line); p.UserAgentID == "" {
		p.UserAgentID = p.MessageID
		p.find("message-id-missing", "the message had no Message-ID")
	}
	ids := p.identifiers()
	var out []byte
	replaced := false
	for len(raw) > 0 {
		n := fieldLength(raw)
		field := raw[:n]
		raw = raw[n:]
		if len(bytes.TrimRight(field, "\r\n")) == 0 {
			continue // a CR at the end, which would become the empty line
		}
		switch name, _, _ := bytes.Cut(field, []byte(":")); strings.ToLower(string(bytes.TrimRight(name, " \t"))) {
		case "message-id":
			if replaced {
				p.find("duplicate-message-id", "the message had more than one Message-ID")
				continue
			}
			replaced, field = true, ids
		case strings.ToLower(headerUserAgentID):
			p.find("user-agent-id-dropped", "the message had a "+headerUserAgentID+", which only the service may write")
			continue
		}
		out = append(out, field...)
		if len(out) > 0 && out[len(out)-1] != '\n' {
			out = append(out, '\r', '\n')
		}
	}
	if !replaced {
		out = append(out, ids...)
	}
	p.block = append(out, '\r', '\n')
}

// identifiers are the two fields that a dispatch adds.
func (p *Prepared) identifiers() []byte {
	fields := []byte("Message-ID: <" + p.MessageID + ">\r\n")
	fields = append(fields, envelope.IDField(headerUserAgentID, "<"+p.UserAgentID+">").Received...)
	return append(fields, '\r', '\n')
}

// fieldLength is the length of the first field with its folded lines and line
// end.
func fieldLength(raw []byte) int {
	for n := 0; ; {
		i := bytes.IndexByte(raw[n:], '\n')
		if i < 0 {
			return len(raw)
		}
		if n += i + 1; n == len(raw) || raw[n] != ' ' && raw[n] != '\t' {
			return n
		}
	}
}

// warn looks for signatures of the author that may not survive.
func (p *Prepared) warn(root *envelope.Part) {
	switch {
	case p.header.Has("DKIM-Signature"):
		p.find("original-signed", "a DKIM signature over the Message-ID does not hold any more: the header was rewritten, not tampered with")
	case strings.HasPrefix(root.Type.Value, "multipart/signed"), strings.HasSuffix(root.Type.Value, "pkcs7-mime"):
		p.find("original-signed", "the author signed the message: its body is left as it is, the Message-ID around it is replaced")
	}
}

// reader reads the message as submitted but for its header.
func (p *Prepared) reader() io.Reader {
	return io.MultiReader(bytes.NewReader(p.block), io.NewSectionReader(p.body, 0, p.body.Size()), strings.NewReader(p.tail))
}

// WriteTo writes the normalised message, as often as it is called.
func (p *Prepared) WriteTo(w io.Writer) (int64, error) { return envelope.WriteCanonical(w, p.reader()) }

// Content is what evidence says about the message (UserContentInfo, EN 319
// 532-4 C.3.4 l). Later evidence copies it.
func (p *Prepared) Content() *evidence.Content {
	return evidence.OriginalMessage("<"+p.UserAgentID+">", p.DigestMethod, p.Digest)
}

// maxLine is the longest line in bytes, line end excluded (RFC 5322 §2.1.1).
const maxLine = 998

// lineWatch notes what a way for mail may have to change.
type lineWatch struct {
	high          bool
	line, longest int
}

func (l *lineWatch) Write(b []byte) (int, error) {
	for _, c := range b {
		switch {
		case c == '\n':
			l.line = 0
			continue
		case c == '\r':
			continue
		case c >= 0x80:
			l.high = true
		}
		if l.line++; l.line > l.longest {
			l.longest = l.line
		}
	}
	return len(b), nil
}

// faultyID says what keeps an id, without brackets, from being written.
func faultyID(id string) string {
	const most = 400
	if id == "" || len(id) > most {
		return fmt.Sprintf("must have 1 to %d characters", most)
	}
	left, right, ok := strings.Cut(id, "@")
	if !ok || left == "" || right == "" {
		return excerpt(id) + " is not of the form left@right"
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; c <= ' ' || c > '~' || c == '<' || c == '>' || c == '(' || c == ')' || c == ',' || c == ';' || c == '"' || c == '\\' {
			return fmt.Sprintf("%s holds the byte %q", excerpt(id), c)
		}
	}
	return ""
}
