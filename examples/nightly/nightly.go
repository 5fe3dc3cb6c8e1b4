package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/trust"
)

// nightly is a mailbox and its archive: incoming has a package for each message,
// whole one for each transaction to which nothing more will come.
type nightly struct {
	client          *pec.Client
	blobs           store.Blobs
	now             func() time.Time
	believed        trust.Material
	capture         archive.CaptureOptions
	incoming, whole string
}

func newNightly(network *pectest.Network, to string) (*nightly, error) {
	n := &nightly{
		blobs: store.NewMemoryBlobs(), now: network.Now, believed: trust.Material{Anchors: []*x509.Certificate{network.Authority().Certificate()}},
		incoming: filepath.Join(to, "incoming"), whole: filepath.Join(to, "whole"),
	}
	believe, err := trust.NewStore(n.believed, nil)
	if err != nil {
		return nil, err
	}
	n.capture = archive.CaptureOptions{Now: network.Now, Trust: believe}
	return n, errors.Join(os.MkdirAll(n.incoming, 0o700), os.MkdirAll(n.whole, 0o700))
}

// received archives a message when it comes in. An error stops the collection
// there, and the message comes again; what is archived already stays as it is.
func (n *nightly) received(ctx context.Context, in *pec.Incoming) error {
	r, err := n.blobs.Open(ctx, in.SHA256)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	capture := n.capture
	capture.Origin = archive.Origin{Mailbox: "anna@alfa.example", Folder: in.Folder}
	mail := &archive.Mail{Name: string(in.ID), Source: io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))}
	return archive.Keep(ctx, n.incoming, one(mail), &archive.KeepOptions{Capture: capture})
}

func one(m *archive.Mail) iter.Seq2[*archive.Mail, error] {
	return func(yield func(*archive.Mail, error) bool) { yield(m, nil) }
}

// night is what is done every night. It may be interrupted anywhere, and done
// again.
func (n *nightly) night(ctx context.Context, out io.Writer) error {
	got, err := n.client.Collect(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  collected %d messages\n", got.Messages)
	packages, err := n.gather(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  packed %d transactions\n", packages)

	rule := pec.CleanRule{OlderThan: 30 * 24 * time.Hour}
	tell := func(verb string) func(pec.Decision) error {
		return func(d pec.Decision) error {
			fmt.Fprintf(out, "  %s %s: %s\n", verb, d.Item.ID, d.Fate)
			return nil
		}
	}
	if _, err := n.client.CleanDry(ctx, n, rule, tell("would")); err != nil {
		return err
	}
	done, err := n.client.Clean(ctx, n, rule, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  deleted %d, %d stay\n", done.Deleted, done.Stay)
	return nil
}

// gather makes one package of each transaction that is complete.
func (n *nightly) gather(ctx context.Context) (made int, err error) {
	folders := map[string]bool{}
	err = filepath.WalkDir(n.incoming, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == archive.Zip.Ext() {
			folders[filepath.Dir(path)] = true
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	for folder := range folders {
		fresh, err := n.gatherOne(ctx, folder)
		if err != nil {
			return made, err
		}
		if fresh {
			made++
		}
	}
	return made, nil
}

func (n *nightly) gatherOne(ctx context.Context, folder string) (fresh bool, err error) {
	g, err := archive.Gather(ctx, folder, nil)
	if err != nil {
		return false, err
	}
	defer g.Close()
	for _, it := range g.Items {
		m, err := n.client.Status(ctx, it.RefMessageID)
		if errors.Is(err, store.ErrNotFound) {
			continue // not sent from here: a message that was received is complete
		}
		if err != nil || !m.Settled {
			return false, err
		}
	}
	// A receipt that comes later makes a fuller package with a name of its own.
	name := archive.PackageName(g.Transaction) + "-" + strconv.Itoa(len(g.Items)) + archive.Zip.Ext()
	err = archive.Write(ctx, filepath.Join(n.whole, name), g.Transaction, &archive.Options{Format: archive.Zip})
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// Archived says whether a message lies in the package of a whole transaction. It
// reads and verifies the package from disk each time: what it says yes to is
// deleted from the provider's mailbox.
func (n *nightly) Archived(ctx context.Context, sha256 receipt.Digest) (pec.Kept, error) {
	names, err := filepath.Glob(filepath.Join(n.whole, "*"+archive.Zip.Ext()))
	if err != nil {
		return pec.Kept{}, err
	}
	for _, name := range names {
		kept, err := n.look(ctx, name, sha256)
		if err == nil || !errors.Is(err, pec.ErrNotArchived) {
			return kept, err
		}
	}
	return pec.Kept{}, pec.ErrNotArchived
}

func (n *nightly) look(ctx context.Context, name string, sha256 receipt.Digest) (pec.Kept, error) {
	p, err := archive.Open(ctx, name, nil)
	if err != nil {
		return pec.Kept{}, fmt.Errorf("%w: %w", pec.ErrNotArchived, err) // a damaged package is none
	}
	defer p.Close()
	mine := false
	for _, it := range p.Transaction.Items {
		mine = mine || it.SHA256 == sha256.String()
	}
	if !mine {
		return pec.Kept{}, pec.ErrNotArchived
	}
	v, err := p.Verify(ctx, &archive.VerifyOptions{Now: n.now(), Trust: n.believed})
	if err != nil {
		return pec.Kept{}, err
	}
	for _, it := range v.Items {
		if it.Item.SHA256 == sha256.String() && it.Intact && v.Integrity.Intact {
			return pec.Kept{SHA256: sha256, Size: it.Item.Size, Place: name}, nil
		}
	}
	return pec.Kept{}, fmt.Errorf("%w: %s does not verify", pec.ErrNotArchived, filepath.Base(name))
}
