package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// writeAll writes a message as it was submitted, and every message that came
// about it, into a folder: what does not count as a proof, too.
func (m *postbox) writeAll(ctx context.Context, s *store.Submission, dir string) ([]writtenFile, error) {
	root, err := makeFolder("status", dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	events, err := m.store.EventsAbout(ctx, s.Account, s.Sent.MessageID)
	if err != nil {
		return nil, err
	}
	list := []writtenFile{}
	done := map[receipt.Digest]bool{{}: true} // bytes that the mailbox never gave have no digest
	add := func(at time.Time, kind string, sum receipt.Digest) error {
		if done[sum] {
			return nil
		}
		done[sum] = true
		w, err := m.write(ctx, root, archive.ItemName(at, kind, sum.String())+".eml", sum)
		if err != nil {
			return fmt.Errorf("status: %s: %w", sum, err)
		}
		list = append(list, w)
		return nil
	}
	if err := add(s.Enqueued, string(pec.KindOrdinary), s.Sent.SHA256); err != nil {
		return nil, err
	}
	for _, e := range events {
		if err := add(e.Event.Time, e.Event.Proof.Kind, e.Event.Proof.SHA256); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func makeFolder(command, dir string) (*os.Root, error) {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var root *os.Root
		if root, err = os.OpenRoot(dir); err == nil {
			return root, nil
		}
	}
	return nil, usagef("%s: --to %v", command, err)
}

// keepIn lets everything be written to a folder that is collected from now on.
func (m *postbox) keepIn(command, dir string) (err error) {
	if dir == "" {
		return nil
	}
	if m.to, err = makeFolder(command, dir); err == nil {
		m.close = append(m.close, m.to.Close)
	}
	return err
}

// received writes a message before it counts as taken in: after an error it
// comes again.
func (m *postbox) received(ctx context.Context, in *pec.Incoming) error {
	if m.to == nil {
		return nil
	}
	at, kind := whatCame(in)
	_, err := m.write(ctx, m.to, archive.ItemName(at, kind, in.SHA256.String())+".eml", in.SHA256)
	return err
}

// whatCame is the kind of a message and its time: of what is certified, else of
// its own Date. The same bytes have the same.
func whatCame(in *pec.Incoming) (at time.Time, kind string) {
	if in.Message == nil {
		return at, ""
	}
	kind = string(in.Message.Kind)
	at, err := in.Message.Time()
	if in.Other != nil {
		kind = in.Other.Kind
		if len(in.Other.Events) > 0 {
			return in.Other.Events[0].Time, kind
		}
	}
	if err != nil {
		at, _ = mail.ParseDate(in.Message.Envelope.Header.Get("Date"))
	}
	return at, kind
}

// write writes bytes under a name that follows from them: a file that is there
// is replaced by itself, and there is never a part of one under that name.
func (m *postbox) write(ctx context.Context, root *os.Root, name string, sum receipt.Digest) (w writtenFile, err error) {
	r, err := m.blobs.Open(ctx, sum)
	if err != nil {
		return w, err
	}
	defer r.Close()
	part := item{name: name + ".part", open: func() (io.Reader, error) { return r, nil }}
	if err := root.Remove(part.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return w, err
	}
	if w, err = part.copy(root); err != nil {
		return w, err
	}
	w.Name = name
	return w, root.Rename(part.name, name)
}
