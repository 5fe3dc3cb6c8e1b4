package progress

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBar(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)
	b := newBar(&out, "reading", 10, func() time.Time { return now })
	step := func(d time.Duration, n int) string {
		out.Reset()
		now = now.Add(d)
		b.Add(n)
		return out.String()
	}
	require.Empty(t, step(0, 1))
	require.Empty(t, step(999*time.Millisecond, 1), "not within the first second")
	require.Equal(t, "\r\x1b[Kreading [#########.....................] 3/10", step(time.Millisecond, 1))
	require.Empty(t, step(99*time.Millisecond, 1), "not too often")
	require.Equal(t, "\r\x1b[Kreading [###############...............] 5/10", step(time.Millisecond, 1))
	require.Equal(t, "\r\x1b[Kreading [##############################] 10/10", step(0, 5), "the end is always shown")
	require.Equal(t, "\r\x1b[Kreading [##############################] 10/10", step(time.Second, 5), "never beyond")
	out.Reset()
	b.Clear()
	b.Clear()
	require.Equal(t, "\r\x1b[K", out.String())
	out.Reset()
	b.Set(7, 0)
	require.Equal(t, "\r\x1b[Kreading 7", out.String())
}

func TestNoTerminalNoBar(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer f.Close()
	b := New(f, "reading", 3)
	require.Nil(t, b)
	b.Add(1)
	b.Set(3, 3)
	b.Clear()
	info, err := f.Stat()
	require.NoError(t, err)
	require.Zero(t, info.Size())
}
