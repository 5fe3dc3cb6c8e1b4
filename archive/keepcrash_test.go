package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
)

const envKeepCrash = "CERTMAIL_ARCHIVE_KEEP_CRASH"

// keepCrashMail are messages in three to a transaction, with one that is there
// twice, the same in every process.
func keepCrashMail(count int) iter.Seq2[*archive.Mail, error] {
	return func(yield func(*archive.Mail, error) bool) {
		for i := range count {
			n := i
			if i == count-1 {
				n = 0
			}
			data := []byte(fmt.Sprintf("Message-ID: <%d@a.example>\r\nX-Copia: %d\r\nSubject: x\r\n\r\n%s\r\n", n/3, n, strings.Repeat("0123456789abcdef", 200)))
			m := &archive.Mail{Name: fmt.Sprint(n), Date: time.Unix(1_780_000_000+int64(n), 0), Source: io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))}
			if !yield(m, nil) {
				return
			}
		}
	}
}

const keepCrashCount = 120

func keepCrashRun(ctx context.Context, dir string, age time.Duration, done func(archive.Kept) error) error {
	return archive.Keep(ctx, dir, keepCrashMail(keepCrashCount), &archive.KeepOptions{Workers: 3, Package: archive.Options{TempAge: age}, Done: done})
}

// SIGKILL while Keep works: what it told of is there and whole, as is everything
// that has a final name, and the next run completes it.
func TestCrash_Keep(t *testing.T) {
	if dir, ok := os.LookupEnv(envKeepCrash); ok {
		fmt.Println("begin")
		require.NoError(t, keepCrashRun(t.Context(), dir, time.Hour, func(k archive.Kept) error {
			_, err := fmt.Println("kept", k.Path)
			return err
		}))
		return
	}
	reference := t.TempDir()
	began := time.Now()
	require.NoError(t, keepCrashRun(t.Context(), reference, time.Hour, nil))
	whole := time.Since(began)
	want := snapshot(t, reference)
	require.Len(t, want, keepCrashCount-1)
	points := 25
	if testing.Short() {
		points = 3
	}
	dir := t.TempDir()
	told, partly := 0, 0
	for point := range points {
		dice := rand.New(rand.NewPCG(uint64(point), 7))
		cmd := exec.Command(os.Args[0], "-test.run=^TestCrash_Keep$", "-test.timeout=2m")
		cmd.Env = append(os.Environ(), envKeepCrash+"="+dir)
		var said output
		cmd.Stdout = &said
		require.NoError(t, cmd.Start())
		said.wait("begin\n")
		time.Sleep(time.Duration(dice.Int64N(int64(whole))))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		have := finished(t, dir)
		for name, data := range have {
			require.Equal(t, want[name], data, name)
		}
		for line := range strings.Lines(said.String()) {
			if path, ok := strings.CutPrefix(line, "kept "); ok && strings.HasSuffix(line, "\n") {
				require.Contains(t, have, filepath.FromSlash(strings.TrimSpace(path)))
				told++
			}
		}
		if len(have) > 0 && len(have) < len(want) {
			partly++
		}
		if len(have) == len(want) || dice.IntN(3) == 0 {
			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.Mkdir(dir, 0o700))
		}
	}
	t.Logf("%d kills, %d of them in between, %d packages told of, a whole run takes %v", points, partly, told, whole)
	require.True(t, testing.Short() || partly > 0)
	// The last run: what is there with a final name stays.
	known, all := 0, 0
	before := len(finished(t, dir))
	require.NoError(t, keepCrashRun(t.Context(), dir, time.Hour, func(k archive.Kept) error {
		if all++; k.Known {
			known++
		}
		return nil
	}))
	require.Equal(t, keepCrashCount, all)
	require.Equal(t, before+1, known, "known: those that were there, and the second copy")
	require.Equal(t, want, finished(t, dir))
	stop := errors.New("stop")
	require.ErrorIs(t, keepCrashRun(t.Context(), t.TempDir(), 0, func(archive.Kept) error { return stop }), stop)
}

// finished are the files without a temporary name.
func finished(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := snapshot(t, dir)
	for name := range files {
		if strings.HasPrefix(filepath.Base(name), ".") {
			delete(files, name)
		}
	}
	return files
}

// output is what a process prints, to be looked at while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func (o *output) wait(text string) {
	for range 10_000 {
		if strings.Contains(o.String(), text) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
