package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// listSize is that of the largest national lists, in bytes.
const listSize = 3 << 20

// list measures a trusted list in turns with xmlsec1, which checks the signature
// alone. Ours is so much faster that its start does not matter.
func (r *run) list() error {
	defer oneCore()()
	if r.subject.TrustedList == nil {
		r.results.miss("list/ours", notWired)
		return nil
	}
	n := listSize
	if r.quick {
		n /= 16
	}
	l, err := r.subject.TrustedList(n)
	if err != nil {
		return fmt.Errorf("the trusted list: %w", err)
	}
	r.notes["list"] = size(len(l.XML))
	if err := fairList(l); err != nil {
		return &contestError{"list", err}
	}
	tool, err := exec.LookPath("xmlsec1")
	if err != nil {
		r.results.miss("list/ours", "xmlsec1 is not installed")
		return nil
	}
	file := filepath.Join(r.dir, "list.xml")
	if err := os.WriteFile(file, l.XML, 0o600); err != nil {
		return err
	}
	for range r.Rounds {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		start := time.Now()
		if err := l.Verify(l.XML); err != nil {
			return &contestError{"list", err}
		}
		ours := time.Since(start)
		start = time.Now()
		if _, err := capture(exec.CommandContext(r.ctx, tool, "--verify", "--insecure", "--enabled-key-data", "x509",
			"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
			"--id-attr:Id", "http://uri.etsi.org/02231/v2#:TrustServiceStatusList", file)); err != nil {
			return &contestError{"xmlsec1", err}
		}
		r.results.record("list/xmlsec1", time.Since(start).Seconds())
		r.results.record("list/ours", ours.Seconds())
	}
	return nil
}

// fairList sees that the list is taken, and refused with one letter of it changed.
func fairList(l *TrustedList) error {
	if err := l.Verify(l.XML); err != nil {
		return err
	}
	altered := bytes.Clone(l.XML)
	at := bytes.LastIndex(altered[:len(altered)/2], []byte("Provider "))
	if at < 0 {
		return errors.New("a list without providers")
	}
	altered[at+2] ^= 0x20 // "PrOvider"
	if l.Verify(altered) == nil {
		return errors.New("an altered list verifies")
	}
	return nil
}
