package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"path/filepath"
)

// KeepOptions are the choices of Keep.
type KeepOptions struct {
	// Capture is what messages are captured with; its FirstSeen is replaced by
	// the Date of a message that has one, its Origin.UIDL by the name.
	Capture CaptureOptions
	// Package are those of each package; Format must be one that is a file, Zip
	// when empty.
	Package Options
	// Workers work at the same time; 1 when 0. The source of the messages is
	// asked by one at a time, and each Source may be read by another goroutine.
	Workers int
	// Done, if not nil, is told of each message when its package is durable; one
	// call at a time. An error ends the run.
	Done func(Kept) error
}

// Kept is what became of one message.
type Kept struct {
	Mail *Mail
	Item *Item
	// Path is that of the package below the folder, with slashes; Known tells
	// that it was there already.
	Path  string
	Known bool
}

// Keep archives a mailbox of any size, message by message, in memory that does
// not grow with it: a package for each message, in a folder for each
// transaction. It is made for runs that are repeated (every night) and may be
// interrupted: what is there is passed over. Packages are made durable a few at a
// time, and each gets its final name only then. Gather puts a transaction together
// when it is complete.
func Keep(ctx context.Context, dir string, messages iter.Seq2[*Mail, error], o *KeepOptions) error {
	if o == nil {
		return fmt.Errorf("%w: KeepOptions are needed", ErrItem)
	}
	opt := *o
	if opt.Package.Format == "" {
		opt.Package.Format = Zip
	}
	if !opt.Package.Format.File() {
		return fmt.Errorf("%w: %s is no file", ErrFormat, opt.Package.Format)
	}
	opt.Capture.REM, opt.Capture.TimeStamps = opt.Capture.registered(), opt.Capture.timeStamps() // once for all
	k := &keeper{dir: filepath.Clean(dir), o: &opt, settled: map[string]bool{}}
	if err := makeFolder(k.dir); err != nil {
		return fmt.Errorf("archive: keep: %w", err)
	}
	return k.run(ctx, messages)
}

// TransactionFolder is the folder, below that of Keep, of the transaction that
// an item belongs to.
func TransactionFolder(it *Item) string {
	sum := sha256.Sum256([]byte(it.Key()))
	name := hex.EncodeToString(sum[:16])
	return name[:2] + "/" + name[2:]
}
