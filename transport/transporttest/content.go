package transporttest

import (
	"bytes"
	"crypto/sha256"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/transport"
)

// oddMessages are messages whose bytes are easily changed on the way.
func (m *mailboxTest) oddMessages() map[string][]byte {
	const header = "From: anna@alfa.example\r\nSubject: prova\r\n\r\n"
	every := make([]byte, 0, 256)
	for b := 1; b < 256; b++ {
		if b != '\r' && b != '\n' {
			every = append(every, byte(b))
		}
	}
	odd := map[string]string{
		"8-bit":           "From: anna@alfa.example\r\nSubject: citt\xe0 \xc3\xa0\r\n\r\nperch\xe9 \xff\xfe\r\n",
		"every byte":      header + string(every) + "\r\n",
		"long line":       header + strings.Repeat("x", 100_000) + "\r\n",
		"no last newline": header + "fine",
		"header alone":    header,
		"dots":            header + ".\r\n..\r\n.a\r\n.\r\n",
		"blank lines":     header + "\r\n\r\n \r\n\t\r\n\r\n",
		"IMAP words":      header + "{5}\r\n* BYE\r\n)\r\n{3+}\r\nabc\r\n",
		"From lines":      header + "From anna\r\n>From bruno\r\n",
		"CRLF at 4096":    header + strings.Repeat("y", 4095-len(header)) + "\r\nz\r\n",
		"CR at the end":   header + "a\r\n\r\n",
	}
	if !m.NoNUL {
		odd["NUL"] = header + "\x00a\x00\x00\r\n\x00"
	}
	if !m.NoLoneCR {
		odd["lone CR"] = header + "a\rb\r\r\nc\r"
	}
	if !m.NoLoneLF {
		odd["lone LF"] = header + "a\nb\n\r\nc\n\n"
	}
	all := map[string][]byte{}
	for name, text := range odd {
		all[name] = []byte(text)
	}
	return all
}

func (m *mailboxTest) bytes() {
	var start transport.Cursor
	for name, want := range m.oddMessages() {
		m.Deliver(m.T, m.Folder, want)
		items, next := m.list(m.Mailbox, m.Folder, start, 10)
		if start = next; len(items) != 1 {
			m.Fatalf("%s: %d messages delivered, want 1", name, len(items))
		}
		m.same(name+", delivered", m.fetch(m.Mailbox, m.Folder, items[0].ID), want, items[0].Size)
		id, err := m.Mailbox.Append(m.ctx, m.Other, nil, time.Time{}, bytes.NewReader(want), int64(len(want)))
		m.ok(err, "%s: Append", name)
		m.same(name+", appended", m.fetch(m.Mailbox, m.Other, id), want, int64(len(want)))
		m.ok(m.Mailbox.Move(m.ctx, m.Folder, items[0].ID, m.Other), "%s: Move", name)
	}
	items, _ := m.all(m.Mailbox, m.Other, "", 7)
	if want := 2 * len(m.oddMessages()); len(items) != want {
		m.Fatalf("%d messages in %s, want %d", len(items), m.Other, want)
	}
	count := map[string]int{}
	for _, it := range items {
		count[string(m.fetch(m.Mailbox, m.Other, it.ID))]++
	}
	for name, want := range m.oddMessages() {
		if count[string(want)] != 2 {
			m.Errorf("%s: %d copies after Move, want 2", name, count[string(want)])
		}
	}
}

func (m *mailboxTest) same(what string, got, want []byte, size int64) {
	m.Helper()
	if !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		m.Errorf("%s: %d bytes, want %d; they differ at %d: %.30q, want %.30q", what, len(got), len(want), at, got[at:], want[at:])
	}
	if size != int64(len(want)) {
		m.Errorf("%s: size %d, want %d", what, size, len(want))
	}
}

// lines is a message of size bytes that is made as it is read.
type lines struct {
	size, at int64
	salt     int64
}

func (l *lines) Read(p []byte) (int, error) {
	if l.at >= l.size {
		return 0, io.EOF
	}
	const width = 74
	n := int(min(int64(len(p)), l.size-l.at, 32<<10))
	for i := range n {
		at := l.at + int64(i)
		switch at % width {
		case width - 2:
			p[i] = '\r'
		case width - 1:
			p[i] = '\n'
		case 0:
			p[i] = 'X'
		case 1:
			p[i] = ':'
		default:
			p[i] = byte('!' + (at/width*31+at%width*7+l.salt)%90)
		}
	}
	l.at += int64(n)
	return n, nil
}

// largeMessage appends a large message.
func (m *mailboxTest) largeMessage(salt int64) (id transport.ID, size int64) {
	m.Helper()
	size = m.Large/74*74 + 74
	err := m.within("Append", func() (err error) {
		id, err = m.Mailbox.Append(m.ctx, m.Folder, nil, time.Time{}, &lines{size: size, salt: salt}, size)
		return err
	})
	m.ok(err, "Append of %d bytes", size)
	return id, size
}

func (m *mailboxTest) large() {
	id, size := m.largeMessage(0)
	want := sha256.New()
	if _, err := io.Copy(want, &lines{size: size}); err != nil {
		m.Fatal(err)
	}
	items, _ := m.list(m.Mailbox, m.Folder, "", 10)
	if len(items) != 1 || items[0].Size != size || items[0].ID != id {
		m.Fatalf("listed as %v, want %s of %d bytes", items, id, size)
	}
	r, err := m.Mailbox.Fetch(m.ctx, m.Folder, id)
	m.ok(err, "Fetch")
	got := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{got}, r, make([]byte, 10_007))
	m.ok(err, "read")
	m.ok(r.Close(), "Close")
	if n != size || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		m.Fatalf("%d bytes with another digest, want %d", n, size)
	}
}

// earlyClose: a reader may be closed at any time, and twice.
func (m *mailboxTest) earlyClose() {
	m.deliver(m.Folder, 0, 1)
	id, size := m.largeMessage(0)
	for _, n := range []int64{0, 1, 10, min(100_000, size/2), size} {
		r, err := m.Mailbox.Fetch(m.ctx, m.Folder, id)
		m.ok(err, "Fetch")
		read, err := io.CopyN(io.Discard, r, n)
		if err != nil || read != n {
			m.Fatalf("read %d of %d bytes: %v", read, n, err)
		}
		m.ok(m.within("Close", r.Close), "Close after %d bytes", n)
		_ = m.within("Close", r.Close)
		items, _ := m.list(m.Mailbox, m.Folder, "", 1)
		m.are(m.Mailbox, m.Folder, items, 0)
	}
}

// twoReaders: messages can be read side by side, and the mailbox be used.
func (m *mailboxTest) twoReaders() {
	m.deliver(m.Folder, 0, 1)
	a, size := m.largeMessage(1)
	b, _ := m.largeMessage(2)
	var readers, wants []io.Reader
	for i, id := range []transport.ID{a, b, a} {
		r, err := m.Mailbox.Fetch(m.ctx, m.Folder, id)
		m.ok(err, "Fetch")
		defer r.Close()
		readers, wants = append(readers, r), append(wants, &lines{size: size, salt: []int64{1, 2, 1}[i]})
	}
	got, want := make([]byte, min(70_001, size/4)), make([]byte, min(70_001, size/4))
	for range 3 {
		for i, r := range readers {
			_, err := io.ReadFull(r, got)
			m.ok(err, "read")
			if _, err := io.ReadFull(wants[i], want); err != nil {
				m.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				m.Fatalf("reader %d gives other bytes", i)
			}
		}
		m.ok(m.within("List and Fetch beside open readers", func() error {
			items, _, err := m.Mailbox.List(m.ctx, m.Folder, "", 1)
			if err != nil {
				return err
			}
			return m.calls(m.Mailbox, m.Folder, items[0].ID)["Fetch"](m.ctx)
		}), "beside open readers")
	}
}
