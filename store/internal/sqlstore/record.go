package sqlstore

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// A record is a value as it was given, to the bit: strings with their lengths,
// numbers as varints, times as seconds and nanoseconds. It begins with the
// version of its form.
type record []byte

const recordVersion = 1

func (w *record) text(s string) {
	*w = append(binary.AppendUvarint(*w, uint64(len(s))), s...)
}

func (w *record) time(t time.Time) {
	*w = binary.AppendUvarint(binary.AppendVarint(*w, t.Unix()), uint64(t.Nanosecond()))
}

func (w *record) flag(b bool) {
	if b {
		*w = append(*w, 1)
	} else {
		*w = append(*w, 0)
	}
}

func (w *record) digest(d receipt.Digest) { *w = append(*w, d[:]...) }

// reading takes a record apart. What follows damage is zero.
type reading struct {
	rest    []byte
	damaged bool
}

func (r *reading) take(n uint64) []byte {
	if r.damaged || n > uint64(len(r.rest)) {
		r.damaged = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reading) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.damaged = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reading) text() string { return string(r.take(r.uvarint())) }

func (r *reading) time() time.Time {
	sec, n := binary.Varint(r.rest)
	if n <= 0 {
		r.damaged = true
		return time.Time{}
	}
	r.rest = r.rest[n:]
	nsec := r.uvarint()
	if nsec > 999_999_999 {
		r.damaged = true
		return time.Time{}
	}
	return time.Unix(sec, int64(nsec)).UTC()
}

func (r *reading) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reading) digest() (d receipt.Digest) {
	copy(d[:], r.take(uint64(len(d))))
	return d
}

// count reads the length of a list whose elements have some bytes each.
func (r *reading) count(least int) int {
	n := r.uvarint()
	if n > uint64(len(r.rest)/least) {
		r.damaged = true
		return 0
	}
	return int(n)
}

func (r *reading) end(what string) error {
	if r.damaged || len(r.rest) > 0 {
		return fmt.Errorf("%s: record: %w", what, store.ErrCorrupt)
	}
	return nil
}

func begin(data []byte) *reading {
	r := &reading{rest: data}
	r.damaged = r.byte() != recordVersion
	return r
}

// recordSent keeps what does not change about a submission.
func recordSent(s *receipt.Sent) []byte {
	w := make(record, 0, 256)
	w = append(w, recordVersion)
	w.text(s.MessageID)
	w.text(s.Sender)
	w = binary.AppendUvarint(w, uint64(len(s.Recipients)))
	for i := range s.Recipients {
		w.text(s.Recipients[i].Address)
		w.flag(s.Recipients[i].Copy)
	}
	w.text(s.Subject)
	w.digest(s.SHA256)
	w.digest(s.Body)
	w.text(s.Name)
	return w
}

func readSent(data []byte) (receipt.Sent, error) {
	r := begin(data)
	s := receipt.Sent{MessageID: r.text(), Sender: r.text()}
	if n := r.count(2); n > 0 {
		s.Recipients = make([]receipt.SentRecipient, n)
		for i := range s.Recipients {
			s.Recipients[i] = receipt.SentRecipient{Address: r.text(), Copy: r.byte() == 1}
		}
	}
	s.Subject, s.SHA256, s.Body, s.Name = r.text(), r.digest(), r.digest(), r.text()
	return s, r.end("submission")
}

func recordEvent(e *receipt.Event) []byte {
	w := make(record, 0, 512)
	w = append(w, recordVersion)
	for _, s := range [...]string{string(e.System), string(e.Kind), e.MessageID, e.Reference, e.Identifier, e.Recipient} {
		w.text(s)
	}
	w = binary.AppendUvarint(w, uint64(len(e.Recipients)))
	for i := range e.Recipients {
		w.text(e.Recipients[i].Address)
		w.text(e.Recipients[i].Type)
	}
	w.time(e.Time)
	for _, s := range [...]string{
		e.Sender, e.Subject, e.Issuer, e.Reason.Value, e.Reason.Code, e.Reason.Provider, e.Reason.Text, string(e.Reason.Category),
		e.ReceiptType, e.Proof.Name, e.Proof.Kind,
	} {
		w.text(s)
	}
	w.digest(e.Proof.SHA256)
	w.digest(e.Proof.Content)
	w.digest(e.Proof.Body)
	return append(w, byte(e.Proof.Verdict))
}

func readEvent(data []byte) (receipt.Event, error) {
	r := begin(data)
	e := receipt.Event{
		System: receipt.System(r.text()), Kind: receipt.EventKind(r.text()),
		MessageID: r.text(), Reference: r.text(), Identifier: r.text(), Recipient: r.text(),
	}
	if n := r.count(2); n > 0 {
		e.Recipients = make([]receipt.Recipient, n)
		for i := range e.Recipients {
			e.Recipients[i] = receipt.Recipient{Address: r.text(), Type: r.text()}
		}
	}
	e.Time = r.time()
	e.Sender, e.Subject, e.Issuer = r.text(), r.text(), r.text()
	e.Reason = receipt.Reason{Value: r.text(), Code: r.text(), Provider: r.text(), Text: r.text(), Category: receipt.Category(r.text())}
	e.ReceiptType = r.text()
	e.Proof = receipt.Proof{Name: r.text(), Kind: r.text(), SHA256: r.digest(), Content: r.digest(), Body: r.digest(), Verdict: receipt.Verdict(r.byte())}
	return e, r.end("event")
}
