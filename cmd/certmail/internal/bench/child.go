package bench

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// What a child process does, told by its environment.
const (
	childMode  = "CERTMAIL_BENCH_CHILD"
	childTrust = "CERTMAIL_BENCH_TRUST"
	childFile  = "CERTMAIL_BENCH_FILE"

	childIdle   = "idle"
	childVerify = "verify"
	childBuild  = "build"
)

// Child does one piece of work in a process of its own, when this process was
// started by Run for that, and prints the memory it took. It reports whether it
// was. Call it before anything that takes memory.
func Child(subject func(*Trust) (*Subject, error), stdout io.Writer) (was bool, err error) {
	mode := os.Getenv(childMode)
	if mode == "" {
		return false, nil
	}
	if err := work(mode, subject); err != nil {
		return true, fmt.Errorf("bench: child: %w", err)
	}
	peak, err := peakRSS()
	if err != nil {
		peak = -1
	}
	_, err = fmt.Fprintln(stdout, peak)
	return true, err
}

func work(mode string, subject func(*Trust) (*Subject, error)) error {
	if mode == childIdle {
		return nil
	}
	trust, err := readTrust(os.Getenv(childTrust))
	if err != nil {
		return err
	}
	s, err := subject(trust)
	if err != nil {
		return err
	}
	name := os.Getenv(childFile)
	if mode == childVerify {
		return s.VerifyFile(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return s.Build(discard{}, f, info.Size())
}

// peakRSS is the most memory this process ever held, in KiB. (What the parent
// is told of a child by the system would count the parent's own, held at the
// moment of the fork.)
func peakRSS() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, after, ok := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(after)
	if !ok || len(fields) == 0 {
		return 0, errors.New("no VmHWM in /proc/self/status")
	}
	return strconv.ParseInt(string(fields[0]), 10, 64)
}

// child runs this program as a child on one processor; peak is in KiB, -1 when
// the system does not tell.
func (r *run) child(mode, file string) (peak int64, err error) {
	program := r.Executable
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return 0, err
		}
	}
	trust := filepath.Join(r.dir, "trust.pem")
	if _, err := os.Stat(trust); err != nil {
		if err := writeTrust(trust, r.Trust); err != nil {
			return 0, err
		}
	}
	cmd := exec.CommandContext(r.ctx, program, r.ChildArgs...)
	cmd.Env = append(os.Environ(), childMode+"="+mode, childTrust+"="+trust, childFile+"="+file, "GOMAXPROCS=1")
	out, err := capture(cmd)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
}

// memory measures how far a large message raises the peak of a process.
func (r *run) memory() error {
	if r.subject.Build == nil || r.subject.VerifyFile == nil {
		r.results.miss("rss/verify", notWired)
		r.results.miss("rss/build", notWired)
		return nil
	}
	file := filepath.Join(r.dir, "large.eml")
	for range r.Rounds {
		idle, err := r.child(childIdle, "")
		if err != nil {
			return &contestError{"idle", err}
		}
		for _, c := range []struct{ name, mode, file string }{
			{"rss/verify", childVerify, file},
			{"rss/build", childBuild, file + ".original"},
		} {
			peak, err := r.child(c.mode, c.file)
			if err != nil {
				return &contestError{c.name, err}
			}
			if peak < 0 || idle < 0 {
				r.results.miss(c.name, "this system does not tell a process its peak memory")
				continue
			}
			r.results.record(c.name, float64(peak-idle)/1024)
		}
	}
	return nil
}

// writeTrust hands the throw-away provider to a child.
func writeTrust(name string, t *Trust) error {
	key, err := x509.MarshalPKCS8PrivateKey(t.Key)
	if err != nil {
		return err
	}
	data := append(certificatePEM(t.CA), certificatePEM(t.Certificate)...)
	data = append(data, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	return os.WriteFile(name, data, 0o600)
}

func readTrust(name string) (*Trust, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t := &Trust{}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "PRIVATE KEY" {
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			t.Key, _ = key.(*rsa.PrivateKey)
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if t.CA == nil {
			t.CA = c
		} else {
			t.Certificate = c
		}
	}
	if t.CA == nil || t.Certificate == nil || t.Key == nil {
		return nil, fmt.Errorf("%s: not a provider with its authority", name)
	}
	return t, nil
}
