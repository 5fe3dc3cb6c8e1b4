package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
)

// peak runs certmail in a process of its own and returns the most memory it
// ever held, in KiB.
func peak(t *testing.T, args ...string) int {
	t.Helper()
	status := filepath.Join(t.TempDir(), "status")
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"="+status)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	data, err := os.ReadFile(status)
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		if after, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(after)[0])
			require.NoError(t, err)
			return kib
		}
	}
	require.Fail(t, "no VmHWM")
	return 0
}

// TestLargeMessageTakesNoMemory: a message of 100 MB is shown, verified,
// extracted and reconciled within 8 MiB of the idle program.
func TestLargeMessageTakesNoMemory(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		return // only Linux tells a process its peak
	}
	g := newGestore()
	dir := t.TempDir()
	name := filepath.Join(dir, "large.eml")
	const large = 100 << 20
	source := writeLarge(t, g, name, large)
	brief := filepath.Join(dir, "brief.eml")
	writeBrief(t, g, brief, source)

	idle := peak(t, "help")
	for _, args := range [][]string{
		{"show", "--json", name},
		{"verify", "--ca", g.caFile(t), name},
		{"extract", name, "--to", filepath.Join(dir, "out")},
		{"reconcile", "--json", name},
		{"reconcile", "--json", brief, "--sent", source, "--ca", g.caFile(t)},
	} {
		more := peak(t, args...) - idle
		t.Logf("%s: %d KiB above idle", args[0], more)
		require.Less(t, more, 8<<10, "%s", args[0])
	}
	info, err := os.Stat(filepath.Join(dir, "out", "grande.bin"))
	require.NoError(t, err)
	require.Equal(t, int64(large/78*57), info.Size())
}

// writeBrief writes the brief delivery receipt of the message in a file.
func writeBrief(t *testing.T, g *gestore, name, source string) {
	t.Helper()
	f, err := os.Open(source)
	require.NoError(t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	data := g.receipt(t, receipt.FormDeliveryBrief, time.Minute, func(tx *receipt.Transaction, n *receipt.Notice) {
		tx.Recipients, tx.ReceiptType = tx.Recipients[:1], daticert.ReceiptBrief
		head, err := io.ReadAll(io.NewSectionReader(f, 0, 2000))
		require.NoError(t, err)
		head = bytes.Replace(head, []byte(sentID), []byte(pecID), 1)
		moved := info.Size() - 2000 + int64(len(head))
		n.Original = io.NewSectionReader(&splice{head, f, 2000}, 0, moved)
	})
	write(t, filepath.Dir(name), filepath.Base(name), data)
}

// splice is a file whose first bytes are replaced.
type splice struct {
	head []byte
	file io.ReaderAt
	from int64
}

func (s *splice) ReadAt(p []byte, off int64) (int, error) {
	if n := int64(len(s.head)); off >= n {
		return s.file.ReadAt(p, off-n+s.from)
	}
	n := copy(p, s.head[off:])
	if n == len(p) {
		return n, nil
	}
	more, err := s.file.ReadAt(p[n:], s.from)
	return n + more, err
}

// writeLarge writes a transport envelope around one attachment in base64, and
// returns the file of the message in it.
func writeLarge(t *testing.T, g *gestore, name string, size int) (source string) {
	t.Helper()
	source = filepath.Join(t.TempDir(), "original.eml")
	f, err := os.Create(source)
	require.NoError(t, err)
	defer f.Close()
	head, tail, _ := strings.Cut(letter(file{"attachment; filename=\"grande.bin\"\r\nContent-Transfer-Encoding: base64", "%BODY%"}), "%BODY%")
	w := bufio.NewWriter(f)
	_, _ = w.WriteString(head)
	line := strings.Repeat("QUJD", 19) + "\r\n"
	for range size / len(line) {
		_, _ = w.WriteString(line)
	}
	_, _ = w.WriteString(tail)
	require.NoError(t, w.Flush())
	info, err := f.Stat()
	require.NoError(t, err)
	out, err := os.Create(name)
	require.NoError(t, err)
	defer out.Close()
	_, err = envelope.WriteTransport(out, io.NewSectionReader(f, 0, info.Size()), &envelope.Transport{
		Provider: envelope.Provider{Name: "Gestore Alfa S.p.A.", Address: mbox}, Identifier: pecID, Time: at(0), Sender: anna,
		Recipients: []daticert.Recipient{{Address: bruno, Type: daticert.RecipientCertified}},
	}, g.signer())
	require.NoError(t, err)
	return source
}
