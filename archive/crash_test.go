package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
)

const envCrash = "CERTMAIL_ARCHIVE_CRASH"

// crashJobs are packages to be written, the same in every process.
func crashJobs(ctx context.Context) (map[string]*archive.Transaction, error) {
	jobs := map[string]*archive.Transaction{}
	for i := range 12 {
		t := &archive.Transaction{ID: fmt.Sprint("urn:example:", i)}
		for j := range 3 {
			data := []byte(fmt.Sprintf("Message-ID: <%d.%d@a.example>\r\nSubject: x\r\n\r\n%s\r\n", i, j, strings.Repeat("0123456789abcdef", 3000)))
			it, err := archive.Capture(ctx, bytes.NewReader(data), int64(len(data)), &archive.CaptureOptions{FirstSeen: time.Date(2026, 3, 6, 8, 0, j, 0, time.UTC)})
			if err != nil {
				return nil, err
			}
			t.Items = append(t.Items, it)
		}
		formats := archive.Formats()
		f := formats[i%len(formats)]
		if f == archive.ASiCE {
			f = archive.Zip
		}
		jobs[fmt.Sprintf("%02d-%s%s", i, f, f.Ext())] = t
	}
	return jobs, nil
}

func crashFormat(name string) archive.Format {
	_, rest, _ := strings.Cut(name, "-")
	return archive.Format(strings.TrimSuffix(rest, ".zip"))
}

// crashRun writes what is not there yet, and says when it begins.
func crashRun(ctx context.Context, dir string, age time.Duration) error {
	jobs, err := crashJobs(ctx)
	if err != nil {
		return err
	}
	fmt.Println("begin")
	for _, name := range slices.Sorted(keysOf(jobs)) {
		err := archive.Write(ctx, filepath.Join(dir, name), jobs[name], &archive.Options{Format: crashFormat(name), Organization: "x", TempAge: age})
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// SIGKILL at 50 seeded points: never a half package under a final name, and the
// next run completes them.
func TestCrash_NoHalfPackage(t *testing.T) {
	if dir, ok := os.LookupEnv(envCrash); ok {
		require.NoError(t, crashRun(t.Context(), dir, time.Hour))
		return
	}
	reference := t.TempDir()
	require.NoError(t, crashRun(t.Context(), reference, time.Hour))
	points := 50
	if testing.Short() {
		points = 5
	}
	jobs, err := crashJobs(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	found, killed := 0, 0
	began := time.Now()
	require.NoError(t, crashRun(t.Context(), t.TempDir(), time.Hour))
	whole := time.Since(began)
	for point := range points {
		dice := rand.New(rand.NewPCG(uint64(point), 6))
		cmd := exec.Command(os.Args[0], "-test.run=^TestCrash_NoHalfPackage$", "-test.timeout=2m")
		cmd.Env = append(os.Environ(), envCrash+"="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = out.Read(make([]byte, 6))
		require.NoError(t, err)
		time.Sleep(time.Duration(dice.Int64N(int64(whole) * 5 / 4)))
		if cmd.Process.Kill() == nil {
			killed++
		}
		_ = cmd.Wait()
		list, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range list {
			if strings.HasPrefix(e.Name(), ".") {
				continue // a temporary name
			}
			require.Contains(t, jobs, e.Name())
			requireSame(t, filepath.Join(reference, e.Name()), filepath.Join(dir, e.Name()))
			found++
		}
		if dice.IntN(3) == 0 { // begin anew, the rest of earlier crashes stays
			for _, e := range list {
				if !strings.HasPrefix(e.Name(), ".") {
					require.NoError(t, os.RemoveAll(filepath.Join(dir, e.Name())))
				}
			}
		}
	}
	t.Logf("%d kills, %d packages compared, a whole run takes %v", killed, found, whole)
	require.NotZero(t, found)
	for name := range jobs { // the last run, which also clears away
		require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
	}
	require.NoError(t, crashRun(t.Context(), dir, -1))
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, list, len(jobs), "nothing is left beside the packages")
	for name := range jobs {
		requireSame(t, filepath.Join(reference, name), filepath.Join(dir, name))
	}
}

// requireSame compares two packages byte for byte.
func requireSame(t *testing.T, a, b string) {
	t.Helper()
	require.Equal(t, snapshot(t, a), snapshot(t, b), filepath.Base(a))
}

func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[rel] = string(data)
		return err
	}))
	return files
}

// The same input gives the same bytes, in whatever order; a name that is taken
// stays as it is.
func TestWrite_DeterministicAndNeverOver(t *testing.T) {
	w := newWorld(t)
	files := []string{"good/m1-accettazione.eml", "good/m9-consegna-completa.eml", "good/m10-mancata-consegna.eml"}
	for _, format := range archive.Formats() {
		a := w.write(t, format, w.transaction(t, true, files...))
		b := w.write(t, format, w.transaction(t, true, files[2], files[0], files[1], files[0]))
		requireSame(t, a, b)
		before := snapshot(t, a)
		err := archive.Write(t.Context(), a, w.transaction(t, false, files[0]), &archive.Options{Format: format, Organization: "x", TimeStamp: w.tsa})
		require.ErrorIs(t, err, fs.ErrExist)
		require.Equal(t, before, snapshot(t, a))
		// What is read out of a package can be packed again: the same bytes.
		p := open(t, a)
		again := filepath.Join(t.TempDir(), "again"+format.Ext())
		o := &archive.Options{Format: format, Organization: "Esempio S.r.l."}
		if format == archive.ASiCE {
			o.TimeStamp = w.tsa
		}
		require.NoError(t, archive.Write(t.Context(), again, p.Transaction, o))
		requireSame(t, a, again)
	}
}

// Bytes that change between capture and writing are noticed, and nothing is
// left behind.
func TestWrite_ChangedSource(t *testing.T) {
	w := newWorld(t)
	for _, format := range []archive.Format{archive.Folder, archive.Zip} {
		data := bytes.Clone(w.fixture(t, "good/m1-accettazione.eml").Data)
		it := capture(t, data, w.options(false))
		data[len(data)/2] ^= 1
		dir := t.TempDir()
		err := archive.Write(t.Context(), filepath.Join(dir, "p"), &archive.Transaction{Items: []*archive.Item{it}}, &archive.Options{Format: format})
		require.ErrorIs(t, err, archive.ErrChanged)
		list, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, list)
	}
	ctx, cancel := context.WithCancel(t.Context())
	tx := w.transaction(t, false, "good/m1-accettazione.eml")
	cancel()
	require.ErrorIs(t, archive.Write(ctx, filepath.Join(t.TempDir(), "p"), tx, nil), context.Canceled)
	require.ErrorIs(t, archive.Write(t.Context(), filepath.Join(t.TempDir(), "p"), &archive.Transaction{}, nil), archive.ErrItem)
	require.ErrorIs(t, archive.Write(t.Context(), filepath.Join(t.TempDir(), "p"), tx, &archive.Options{Format: "tar"}), archive.ErrFormat)
	require.ErrorIs(t, archive.Write(t.Context(), filepath.Join(t.TempDir(), "p"), tx, &archive.Options{Format: archive.ASiCE}), archive.ErrFormat)
	require.ErrorIs(t, archive.WriteTo(t.Context(), &bytes.Buffer{}, tx, nil), archive.ErrFormat)
}
