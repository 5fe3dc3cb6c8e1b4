package envelope_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
)

// What a message can make the reader do is bounded: in memory, in time, in
// files left behind.

// endless repeats a text up to a size, without having it in memory, between a
// head and a tail.
type endless struct {
	head, body, tail string
	size             int64 // of the repeated part
}

func (e *endless) Size() int64 { return int64(len(e.head)+len(e.tail)) + e.size }

func (e *endless) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off < e.Size() {
		var from string
		switch at := off - int64(len(e.head)); {
		case at < 0:
			from = e.head[off:]
		case at < e.size:
			from = e.body[at%int64(len(e.body)):]
			from = from[:min(int64(len(from)), e.size-at)]
		default:
			from = e.tail[at-e.size:]
		}
		k := copy(p[n:], from)
		n, off = n+k, off+int64(k)
	}
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (e *endless) reader() io.Reader { return io.NewSectionReader(e, 0, e.Size()) }

// liveAfter returns how much more the heap holds while what run returned is
// alive.
func liveAfter(run func() any) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := run()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

const signedHead = "From: a@b.example\r\nContent-Type: multipart/signed; boundary=SIG\r\n\r\n--SIG\r\nContent-Type: multipart/mixed; boundary=MIX\r\n\r\n"

// TestMemoryIsBounded: whatever a large message is made of, what the reader
// keeps of it stays small.
func TestMemoryIsBounded(t *testing.T) {
	const large = 96 << 20
	if testing.Short() {
		t.Skip("-short: reads a gigabyte; the full run does")
	}
	field := "X-A: " + strings.Repeat("a", 70) + "\r\n"
	manyFields := strings.Repeat("a:\r\n", 200<<10) // 800 KiB of the smallest fields
	longHeader := strings.Repeat(field, 12<<10)     // 900 KiB
	mixed := "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=MIX\r\n\r\n"
	for name, e := range map[string]*endless{
		"one line":             {head: signedHead + "--MIX\r\n\r\n", body: "abcdefgh", size: large},
		"carriage returns":     {head: signedHead + "--MIX\r\n\r\n", body: "\r", size: large},
		"line feeds":           {head: signedHead + "--MIX\r\n\r\n", body: "\n", size: large},
		"hyphens":              {head: signedHead + "--MIX\r\n\r\n", body: "-", size: large},
		"lines of hyphens":     {head: signedHead + "--MIX\r\n\r\n", body: "--\n", size: large},
		"near delimiters":      {head: signedHead + "--MIX\r\n\r\n", body: "--SIGX\r\n", size: large},
		"NULs":                 {head: signedHead + "--MIX\r\n\r\n", body: "\x00", size: large},
		"preamble":             {head: signedHead[:strings.Index(signedHead, "--SIG")], body: "preambolo\r\n", size: large},
		"epilogue":             {head: signedHead + "--SIG\r\n\r\nAAAA\r\n--SIG--\r\n", body: "\r\n", size: large},
		"signature":            {head: signedHead + "--SIG\r\nContent-Transfer-Encoding: base64\r\n\r\n", body: "AAAA\r\n", size: large},
		"certification data":   {head: signedHead + "--MIX\r\nContent-Type: application/xml; name=daticert.xml\r\n\r\n<postacert>", body: "<x/>\r\n", size: large},
		"many XML parts":       {head: signedHead, body: "--MIX\r\nContent-Type: text/xml\r\n\r\n" + strings.Repeat("<postacert/>\r\n", 70<<10), size: large},
		"many daticert.xml":    {head: signedHead, body: "--MIX\r\nContent-Type: text/plain; name=daticert.xml\r\n\r\n" + strings.Repeat("<postacert/>\r\n", 70<<10), size: large},
		"long part headers":    {head: mixed, body: "--MIX\r\n" + longHeader + "\r\n", size: large},
		"headers of fields":    {head: mixed, body: "--MIX\r\n" + manyFields + "\r\n", size: large},
		"signed part headers":  {head: signedHead, body: "--MIX\r\n" + longHeader + "\r\n", size: large},
		"long boundary values": {head: mixed, body: "--MIX\r\nContent-Type: text/plain; name=\"" + strings.Repeat("n", 900<<10) + "\"\r\n\r\n", size: large},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			var err error
			live := liveAfter(func() any {
				var m *envelope.Message
				if m, err = envelope.Open(e, e.Size(), nil); err == nil {
					m.VerifySignature(nil)
				}
				return m
			})
			t.Logf("%s: %d KiB live, %v, %v", name, live>>10, time.Since(start).Round(time.Millisecond), err)
			require.Less(t, live, int64(16<<20))
			require.Less(t, time.Since(start), 20*time.Second)
		})
	}
}

func TestHeaderLimit(t *testing.T) {
	big := "From: a@b.example\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 900)+"\r\n", 11000) + "\r\ncorpo\r\n" // 10 MB
	oneLine := "X-A: " + strings.Repeat("a", 10<<20)
	folded := "X-A: a\r\n" + strings.Repeat(" a\r\n", 3<<20)
	inPart := signedHead + "--MIX\r\n" + big
	for name, message := range map[string]string{"many fields": big, "one line": oneLine, "one folded field": folded, "in a part": inPart} {
		open := map[string]func(*envelope.Options) (*envelope.Message, error){
			"bytes": func(o *envelope.Options) (*envelope.Message, error) { return envelope.OpenBytes([]byte(message), o) },
			"at": func(o *envelope.Options) (*envelope.Message, error) {
				return envelope.Open(strings.NewReader(message), int64(len(message)), o)
			},
			"reader": func(o *envelope.Options) (*envelope.Message, error) {
				return envelope.Read(strings.NewReader(message), o)
			},
		}
		for how, read := range open {
			dir := t.TempDir()
			m, err := read(&envelope.Options{SpoolDir: dir})
			require.ErrorIs(t, err, envelope.ErrTooLarge, "%s %s", name, how)
			require.Nil(t, m)
			var where *envelope.Error
			require.ErrorAs(t, err, &where)
			require.Equal(t, "header", where.Where)
			require.Empty(t, files(t, dir))
			m, err = read(&envelope.Options{MaxHeader: 64 << 20, SpoolDir: dir})
			require.NoError(t, err)
			require.NoError(t, m.Close())
		}
	}
}

func TestPartLimits(t *testing.T) {
	parts := "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=MIX\r\n\r\n" + strings.Repeat("--MIX\r\n\r\nx\r\n", 100000) + "--MIX--\r\n"
	start := time.Now()
	_, err := envelope.OpenBytes([]byte(parts), nil)
	require.ErrorIs(t, err, envelope.ErrTooManyParts)
	m, err := envelope.OpenBytes([]byte(parts), &envelope.Options{MaxParts: 200000})
	require.NoError(t, err)
	require.Len(t, m.Root.Parts, 100000)
	require.Less(t, time.Since(start), 5*time.Second)

	// Ten thousand multiparts one inside the other: some are followed.
	var b strings.Builder
	b.WriteString("From: a@b.example\r\n")
	for i := range 10000 {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"b%d\"\r\n\r\n--b%d\r\n", i, i)
	}
	for i := 9999; i >= 0; i-- {
		fmt.Fprintf(&b, "\r\n--b%d--\r\n", i)
	}
	start = time.Now()
	m, err = envelope.OpenBytes([]byte(b.String()), nil)
	require.NoError(t, err)
	depth := 0
	for p := m.Root; len(p.Parts) > 0; p = p.Parts[0] {
		depth++
	}
	require.Equal(t, 32, depth)
	require.Equal(t, "nested-too-deep", m.Findings[0].Code)
	require.LessOrEqual(t, len(m.Findings), 100)
	require.Less(t, time.Since(start), 5*time.Second)
}

func files(t testing.TB, dir string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	return list
}

var errBroken = errors.New("connection lost")

// TestSpool: a plain reader gives the same message whatever the sizes of its
// reads, and its temporary file never outlives it.
func TestSpool(t *testing.T) {
	_, signer := alfa(t)
	var b bytes.Buffer
	_, err := envelope.WriteTransport(&b, section(submitted+strings.Repeat("riga\n", 40000)), transport(), signer)
	require.NoError(t, err)
	message := b.Bytes()
	whole, err := envelope.OpenBytes(message, nil)
	require.NoError(t, err)
	want := whole.VerifySignature(nil)
	require.True(t, want.OK())

	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"plain": func(r io.Reader) io.Reader { return r }, "one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with error": iotest.DataErrReader,
	} {
		for _, memory := range []int{1, 1000, 64 << 10, 1 << 20} {
			dir := t.TempDir()
			m, err := envelope.Read(wrap(bytes.NewReader(message)), &envelope.Options{SpoolMemory: memory, SpoolDir: dir})
			require.NoError(t, err, "%s %d", name, memory)
			require.Equal(t, int64(len(message)), m.Size())
			require.True(t, m.VerifySignature(nil).OK())
			back, err := io.ReadAll(m.Source())
			require.NoError(t, err)
			require.True(t, bytes.Equal(message, back))
			require.NoError(t, m.Close())
			require.NoError(t, m.Close(), "twice is no harm")
			require.Empty(t, files(t, dir))
		}
	}
	for _, n := range []int{0, 1, 700, 70000, len(message) - 1} {
		dir := t.TempDir()
		broken := io.MultiReader(bytes.NewReader(message[:n]), iotest.ErrReader(errBroken))
		m, err := envelope.Read(broken, &envelope.Options{SpoolMemory: 1000, SpoolDir: dir})
		require.ErrorIs(t, err, errBroken, n)
		require.Nil(t, m)
		require.Empty(t, files(t, dir))
	}
	for name, opt := range map[string]*envelope.Options{
		"too large for memory": {SpoolMemory: 1000, MaxMessage: 900}, "too large for the file": {SpoolMemory: 1000, MaxMessage: 5000},
		"one byte": {SpoolMemory: 1000, MaxMessage: int64(len(message)) - 1}, "in memory": {MaxMessage: 100}, "header": {SpoolMemory: 1000, MaxHeader: 100},
	} {
		dir := t.TempDir()
		opt.SpoolDir = dir
		_, err := envelope.Read(bytes.NewReader(message), opt)
		require.ErrorIs(t, err, envelope.ErrTooLarge, name)
		require.Empty(t, files(t, dir), name)
	}
	_, err = envelope.Read(bytes.NewReader(message), &envelope.Options{SpoolMemory: 10, SpoolDir: t.TempDir() + "/none"})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = envelope.Read(strings.NewReader(""), nil)
	require.ErrorIs(t, err, envelope.ErrEmpty)
	m, err := envelope.Read((&endless{head: "From: a@b.example\r\n\r\n", body: "x", size: 1 << 30}).reader(), &envelope.Options{MaxMessage: 1 << 20, SpoolDir: t.TempDir()})
	require.ErrorIs(t, err, envelope.ErrTooLarge, "an endless reader is left alone")
	require.Nil(t, m)
}

// oddReaderAt does what io.ReaderAt allows and what it does not.
type oddReaderAt struct {
	io.ReaderAt
	most  int   // bytes per read; 0 means all
	after int64 // reads beyond it fail
	err   error
	eof   bool // tells the end together with the last bytes
	size  int64
}

func (o *oddReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if o.err != nil && off+int64(len(p)) > o.after {
		n, _ := o.ReaderAt.ReadAt(p[:max(0, min(int64(len(p)), o.after-off))], off)
		return n, o.err
	}
	if o.most > 0 && len(p) > o.most {
		n, err := o.ReaderAt.ReadAt(p[:o.most], off)
		return n, err // fewer bytes without a reason: against the contract
	}
	n, err := o.ReaderAt.ReadAt(p, off)
	if o.eof && off+int64(n) == o.size && err == nil {
		err = io.EOF
	}
	return n, err
}

func TestSourceErrors(t *testing.T) {
	_, signer := alfa(t)
	for _, lines := range []int{1, 40000} { // read in one piece, and through the window
		var b bytes.Buffer
		_, err := envelope.WriteTransport(&b, section(submitted+strings.Repeat("riga\n", lines)), transport(), signer)
		require.NoError(t, err)
		size := int64(b.Len())
		open := func(o *oddReaderAt, n int64) (*envelope.Message, error) {
			o.ReaderAt, o.size = bytes.NewReader(b.Bytes()), size
			return envelope.Open(o, n, nil)
		}
		m, err := open(&oddReaderAt{eof: true}, size)
		require.NoError(t, err)
		require.True(t, m.VerifySignature(nil).OK())
		for after := int64(0); after < size; after += max(1, size/97) {
			_, err = open(&oddReaderAt{err: errBroken, after: after}, size)
			require.ErrorIs(t, err, errBroken)
			_, err = open(&oddReaderAt{err: io.EOF, after: after}, size)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}
		for _, most := range []int{1, 7, 4096} {
			_, err = open(&oddReaderAt{most: most}, size)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a short read without a reason is not taken for the end")
		}
		_, err = open(&oddReaderAt{}, size+1)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the size was a lie")
		_, err = open(&oddReaderAt{}, -1)
		require.ErrorIs(t, err, envelope.ErrEmpty)
	}
	_, err := envelope.OpenFile(t.TempDir()+"/none.eml", nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = envelope.OpenFile(t.TempDir(), nil)
	require.Error(t, err)
}

// TestConcurrentUse: a Message is read-only once it is open.
func TestConcurrentUse(t *testing.T) {
	_, signer := alfa(t)
	var b bytes.Buffer
	_, err := envelope.WriteTransport(&b, section(submitted+strings.Repeat("riga\n", 20000)), transport(), signer)
	require.NoError(t, err)
	m, err := envelope.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if !m.VerifySignature(nil).OK() {
					t.Error("not valid")
				}
				if _, err := m.Certification.Bytes(1 << 20); err != nil {
					t.Error(err)
				}
				o, err := m.OpenOriginal()
				if err != nil {
					t.Error(err)
					return
				}
				o.Root.Walk(func(p *envelope.Part) bool { _, _ = p.Name(), p.Disposition(); return true })
				_ = o.Close()
			}
		})
	}
	wg.Wait()
}
