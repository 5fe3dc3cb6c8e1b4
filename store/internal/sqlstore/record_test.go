package sqlstore

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", `\`, `\x00`, "\x00", "\xff", "a\xc3", "è\\", `\#`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		stored := text(s)
		require.True(t, utf8.ValidString(stored) && !strings.Contains(stored, "\x00"))
		require.LessOrEqual(t, len(stored), 4*len(s))
		back, err := original(stored)
		require.NoError(t, err)
		require.Equal(t, s, back)
		require.LessOrEqual(t, len(indexed(s)), 4*maxIndexed)
		if len(s) > maxIndexed {
			_, err := original(indexed(s))
			require.ErrorIs(t, err, store.ErrCorrupt, "a digest is no text's form")
		}
		// What is not a form of ours is refused, or is one.
		if back, err := original(s); err == nil && utf8.ValidString(s) && !strings.Contains(s, "\x00") {
			again, err := original(text(back))
			require.NoError(t, err)
			require.Equal(t, back, again)
		}
	})
}

func someEvent() receipt.Event {
	return receipt.Event{
		System: receipt.PEC, Kind: receipt.EventDelivered, MessageID: "m", Reference: "r", Identifier: "i", Recipient: "a@x.example",
		Recipients: []receipt.Recipient{{Address: "a@x.example", Type: "certificato"}}, Sender: "s", Subject: "Fattura", Time: time.Unix(1, 2),
		Issuer: "p", Reason: receipt.Reason{Code: "5.1.1"}, Proof: receipt.Proof{SHA256: receipt.Digest{1}, Verdict: receipt.Valid},
	}
}

// FuzzRecord: what can be read is written back as it was, and nothing is read
// that takes more memory than its record.
func FuzzRecord(f *testing.F) {
	e := someEvent()
	f.Add(recordEvent(&e))
	f.Add(recordSent(&receipt.Sent{MessageID: "m", Recipients: []receipt.SentRecipient{{Address: "a", Copy: true}}}))
	f.Add([]byte{recordVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := readEvent(data); err == nil {
			again := recordEvent(&e)
			back, err := readEvent(again)
			require.NoError(t, err)
			require.Equal(t, e, back)
			require.True(t, bytes.Equal(again, recordEvent(&back)))
		}
		if s, err := readSent(data); err == nil {
			back, err := readSent(recordSent(&s))
			require.NoError(t, err)
			require.Equal(t, s, back)
		}
	})
}

// A record that is cut or longer is told.
func TestRecordsAreWhole(t *testing.T) {
	e := someEvent()
	data := recordEvent(&e)
	for i := range data {
		_, err := readEvent(data[:i])
		require.ErrorIs(t, err, store.ErrCorrupt, i)
	}
	_, err := readEvent(append(data, 0))
	require.ErrorIs(t, err, store.ErrCorrupt)
	data[0]++
	_, err = readEvent(data)
	require.ErrorIs(t, err, store.ErrCorrupt, "another version")
}

func TestTimesSort(t *testing.T) {
	last := ""
	for _, at := range []time.Time{{}, time.Unix(-1, 0), time.Unix(0, 1), time.Unix(0, 10), time.Unix(1, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		text := when(at)
		require.Less(t, last, text)
		back, err := parseTime(text)
		require.NoError(t, err)
		require.Equal(t, at.UTC(), back)
		last = text
	}
	require.Equal(t, zeroTime, when(time.Time{}))
	_, err := parseTime("2026-01-01")
	require.ErrorIs(t, err, store.ErrCorrupt)
}

func BenchmarkReadEvent(b *testing.B) {
	e := someEvent()
	data := recordEvent(&e)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readEvent(data); err != nil {
			b.Fatal(err)
		}
	}
}
