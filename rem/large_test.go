package rem_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// endless is a message of any size that lies nowhere: a header, then lines.
type endless struct{ head string }

const endlessLine = "JVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQKJV\r\n"

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(e.head)) {
		n = copy(p, e.head[off:])
	}
	for n < len(p) {
		at := (off + int64(n) - int64(len(e.head))) % int64(len(endlessLine))
		n += copy(p[n:], endlessLine[at:])
	}
	return n, nil
}

// TestLargeDispatch: an original of 48 MB passes through preparing, writing,
// reading and verifying without ever being in memory.
func TestLargeDispatch(t *testing.T) {
	size := int64(48 << 20)
	if testing.Short() {
		size = 4 << 20 // too small to show much
	}
	w := newWorld(t)
	head := crlf(strings.SplitAfter(offer, "\n\n")[0])
	size -= (size - int64(len(head))) % int64(len(endlessLine)) // ends with its line end
	src := io.NewSectionReader(endless{head}, 0, size)
	e := w.draft(evidence.SubmissionAcceptance, w.alfa, "RA01")
	f, err := os.Create(filepath.Join(t.TempDir(), "dispatch.eml"))
	require.NoError(t, err)
	defer f.Close()

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p, err := rem.Prepare(src, newID, nil)
	require.NoError(t, err)
	e.Content = p.Content()
	d := &rem.Dispatch{Original: p, Evidence: [][]byte{w.sign(e, w.alfa)}}
	d.Frame = w.frame(w.alfa)
	require.NoError(t, rem.WriteDispatch(f, d, w.alfa.signer))
	m, err := rem.OpenFile(f.Name(), nil)
	require.NoError(t, err)
	defer m.Close()
	r, err := w.verifier(rem.VerifyOptions{}).Verify(context.Background(), m)
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.NoError(t, r.Err())
	require.Equal(t, trust.Passed, r.Check(trust.CheckOriginalDigest).Status)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "all that was ever allocated")

	o, err := m.OpenOriginal()
	require.NoError(t, err)
	defer o.Close()
	require.Equal(t, p.Size, o.Size())
	sum := sha256.New()
	_, err = p.WriteTo(sum)
	require.NoError(t, err)
	require.True(t, bytes.Equal(p.Digest, sum.Sum(nil)))
}
