package pec_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// A large message passes through: building, verifying, taking the digest of
// the original and extracting its attachment need no memory that grows with it.

const (
	largeBody  = 100 << 20
	largeLine  = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3\r\n"
	headroom   = 8 << 20 // bytes above the idle program
	largeChild = "CERTMAIL_TEST_LARGE"
)

// repeated is an original of a header, very many equal lines and an end, that
// is nowhere in memory.
type repeated struct {
	head, tail string
	lines      int64
}

func largeOriginal() *repeated {
	return &repeated{
		head: "From: " + mario + "\r\nTo: " + ufficio + "\r\nSubject: Grande\r\nMessage-ID: " + clientID + "\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: multipart/mixed; boundary=G\r\n\r\n--G\r\nContent-Type: text/plain\r\n\r\nEcco\r\n--G\r\n" +
			"Content-Type: application/zip; name=grande.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		tail: "\r\n--G--\r\n", lines: largeBody / int64(len(largeLine)),
	}
}

func (r *repeated) size() int64 {
	return int64(len(r.head)+len(r.tail)) + r.lines*int64(len(largeLine))
}

func (r *repeated) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) && off < r.size() {
		body := off - int64(len(r.head))
		var from string
		switch {
		case body < 0:
			from = r.head[off:]
		case body < r.lines*int64(len(largeLine)):
			from = largeLine[body%int64(len(largeLine)):]
		default:
			from = r.tail[body-r.lines*int64(len(largeLine)):]
		}
		k := copy(p[n:], from)
		n, off = n+k, off+int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (g *gestore) buildLarge(w io.Writer) error {
	o := largeOriginal()
	_, err := envelope.WriteTransport(w, io.NewSectionReader(o, 0, o.size()), &envelope.Transport{
		Provider: envelope.Provider{Name: g.name, Address: g.mailbox}, Identifier: pecID, Time: eventTime, Sender: mario,
		Recipients: []daticert.Recipient{{Address: ufficio, Type: daticert.RecipientCertified}},
	}, g.signer())
	return err
}

// largeWork are the jobs, by name. They return what they found.
var largeWork = map[string]func(path string, ca *x509.Certificate) (string, error){
	"idle": func(string, *x509.Certificate) (string, error) { return "", nil },
	"build": func(path string, _ *x509.Certificate) (string, error) {
		f, err := os.Create(path + ".built")
		if err != nil {
			return "", err
		}
		defer f.Close()
		return "", gestoreAlfa().buildLarge(f)
	},
	"verify": func(path string, ca *x509.Certificate) (string, error) {
		m, err := pec.OpenFile(path, nil)
		if err != nil {
			return "", err
		}
		defer m.Close()
		return verdictOf(m, ca)
	},
	"spool": func(path string, ca *x509.Certificate) (string, error) {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		m, err := pec.Read(io.MultiReader(f), &pec.Options{Envelope: envelope.Options{SpoolDir: filepath.Dir(path)}})
		if err != nil {
			return "", err
		}
		defer m.Close()
		return verdictOf(m, ca)
	},
	"original": func(path string, _ *x509.Certificate) (string, error) {
		m, err := pec.OpenFile(path, nil)
		if err != nil {
			return "", err
		}
		defer m.Close()
		o, err := m.Original()
		if err != nil {
			return "", err
		}
		defer o.Close()
		return o.SHA256()
	},
	"extract": func(path string, _ *x509.Certificate) (string, error) {
		m, err := pec.OpenFile(path, nil)
		if err != nil {
			return "", err
		}
		defer m.Close()
		files, err := m.Attachments()
		if err != nil || len(files) != 1 {
			return "", fmt.Errorf("%d attachments: %w", len(files), err)
		}
		size, sum, err := files[0].Digest()
		return strconv.FormatInt(size, 10) + " " + sum, err
	},
}

func verdictOf(m *pec.Message, ca *x509.Certificate) (string, error) {
	s, err := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{ca}}, nil)
	if err != nil {
		return "", err
	}
	r, err := pec.NewVerifier(s, nil).Verify(context.Background(), m)
	if err != nil {
		return "", err
	}
	return string(r.Verdict), nil
}

// peakHeap runs a job and returns how far the live heap rose, sampled.
func peakHeap(run func()) int64 {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), int64(now.HeapAlloc)-int64(before.HeapAlloc)))
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	run()
	close(stop)
	<-done
	return peak.Load()
}

func TestLargeMessageNeedsNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: writes 300 MB; the full run does")
	}
	g := gestoreAlfa()
	dir := t.TempDir()
	path := filepath.Join(dir, "large.eml")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, g.buildLarge(f))
	require.NoError(t, f.Close())

	// What must come out.
	o := largeOriginal()
	original := sha256.New()
	head := strings.Replace(o.head, "Message-ID: "+clientID+"\r\n", "", 1)
	head = strings.Replace(head, "\r\n\r\n--G", "\r\nMessage-ID: <"+pecID+">\r\nX-Riferimento-Message-ID: "+clientID+"\r\n\r\n--G", 1)
	fmt.Fprint(original, head)
	_, err = io.Copy(original, io.NewSectionReader(o, int64(len(o.head)), o.size()-int64(len(o.head))))
	require.NoError(t, err)
	attachment := sha256.New()
	plain := []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234567")
	for range o.lines {
		attachment.Write(plain)
	}
	want := map[string]string{
		"idle": "", "build": "", "verify": "valid", "spool": "valid", "original": hex.EncodeToString(original.Sum(nil)),
		"extract": strconv.FormatInt(o.lines*int64(len(plain)), 10) + " " + hex.EncodeToString(attachment.Sum(nil)),
	}
	for name, job := range largeWork {
		t.Run("heap "+name, func(t *testing.T) {
			var got string
			var err error
			rise := peakHeap(func() { got, err = job(path, g.ca.Certificate) })
			require.NoError(t, err)
			require.Equal(t, want[name], got)
			t.Logf("%s: heap rises by %d KiB", name, rise>>10)
			require.Less(t, rise, int64(headroom))
		})
	}
	require.NoError(t, os.WriteFile(path+".ca", g.ca.Certificate.Raw, 0o600))
	idle := childPeak(t, "idle", path, "")
	for name := range largeWork {
		t.Run("process "+name, func(t *testing.T) {
			peak := childPeak(t, name, path, want[name])
			if raceDetector || peak == 0 {
				return // its memory is that of the detector; or no Linux
			}
			t.Logf("%s: peak %d KiB, idle %d KiB, above %d KiB", name, peak>>10, idle>>10, (peak-idle)>>10)
			require.Less(t, peak-idle, int64(headroom))
		})
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "no temporary file is left")
}

// childPeak runs a job in this test program, started anew, and returns the
// peak of its resident memory in bytes.
func childPeak(t *testing.T, name, path, want string) int64 {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestLargeChild$", "-test.v")
	cmd.Env = append(os.Environ(), largeChild+"="+name+" "+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "found <"+want+">")
	_, after, _ := strings.Cut(string(out), "peak ")
	kib, _, _ := strings.Cut(after, " ")
	n, err := strconv.ParseInt(kib, 10, 64)
	require.NoError(t, err, "%s", out)
	return n << 10
}

// TestLargeChild does one job when it is started for it.
func TestLargeChild(t *testing.T) {
	name, path, ok := strings.Cut(os.Getenv(largeChild), " ")
	if !ok {
		return
	}
	der, err := os.ReadFile(path + ".ca")
	require.NoError(t, err)
	ca, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	found, err := largeWork[name](path, ca)
	require.NoError(t, err)
	status, _ := os.ReadFile("/proc/self/status") // Linux
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	kib := "0"
	if fields := bytes.Fields(after); len(fields) > 0 {
		kib = string(fields[0])
	}
	fmt.Printf("found <%s> peak %s KiB\n", found, kib)
}
