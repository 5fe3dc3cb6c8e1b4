// Package storetest tries what claims to be a store.Store or store.Blobs: every
// promise of their documentation is a subtest. Run it in a test of your own
// store, with the race detector.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// Opened is a new, empty store under test. Its open function closes it in a
// t.Cleanup, after which a second Close does no harm.
type Opened struct {
	store.Store
	// Again opens what is stored once more, as another process would, also while
	// the first is open. Nil for a store that ends with its process: then there
	// is nothing durable to try, and a second client is the store itself.
	Again func() store.Store
}

// second returns another client of the store.
func (o Opened) second() store.Store {
	if o.Again == nil {
		return o.Store
	}
	return o.Again()
}

// reopened closes the store and opens it again.
func (o Opened) reopened(t *testing.T) store.Store {
	t.Helper()
	if o.Again == nil {
		return o.Store
	}
	must(t, o.Close())
	return o.Again()
}

// Store tries a store. open is called once for each subtest.
func Store(t *testing.T, open func(t *testing.T) Opened) {
	for _, c := range []struct {
		name string
		try  func(*testing.T, Opened)
	}{
		{"Enqueue", enqueue},
		{"EnqueueIsIdempotent", enqueueIsIdempotent},
		{"MessageIDIsTaken", messageIDIsTaken},
		{"EnqueueAtOnce", enqueueAtOnce},
		{"EnqueueAll", enqueueAll},
		{"EnqueueAllAtOnce", enqueueAllAtOnce},
		{"SettleAll", settleAll},
		{"Turn", turn},
		{"Untried", untried},
		{"Invalid", invalid},
		{"Submissions", submissions},
		{"ClaimInOrder", claimInOrder},
		{"ClaimWhenDue", claimWhenDue},
		{"ClaimNeverTwice", claimNeverTwice},
		{"Settle", settle},
		{"SettleLost", settleLost},
		{"Renew", renew},
		{"Expire", expire},
		{"ExpireOnce", expireOnce},
		{"Decide", decide},
		{"DecideOnce", decideOnce},
		{"Collect", collect},
		{"CollectMoved", collectMoved},
		{"CollectAtomic", collectAtomic},
		{"CollectAtOnce", collectAtOnce},
		{"CollectAgain", collectAgain},
		{"Unreadable", unreadable},
		{"Events", events},
		{"EventsNeverMissed", eventsNeverMissed},
		{"EventsAbout", eventsAbout},
		{"RoundTripOfSubmissions", roundTripOfSubmissions},
		{"RoundTripOfEvents", roundTripOfEvents},
		{"RoundTripOfTimes", roundTripOfTimes},
		{"UnusualStrings", unusualStrings},
		{"LargeStrings", largeStrings},
		{"NothingIsShared", nothingIsShared},
		{"Cancelled", cancelled},
		{"Closed", closed},
	} {
		t.Run(c.name, func(t *testing.T) { c.try(t, open(t)) })
	}
}

const account, folder = "office@pec.certmail.example", "INBOX"

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123456789, time.UTC)

func at(d time.Duration) time.Time { return noon.Add(d) }

// digest returns a digest that is some text's own.
func digest(text string) receipt.Digest { return sha256.Sum256([]byte(text)) }

// message returns a submission with a key.
func message(key string) store.Submission {
	return store.Submission{
		Account: account, Key: key, Size: 1234, NotBefore: noon,
		Sent: receipt.Sent{
			MessageID: key + "@certmail.example", Sender: account, Subject: "Fattura " + key,
			Recipients: []receipt.SentRecipient{{Address: "a@pec.other.example"}, {Address: "b@pec.other.example", Copy: true}},
			SHA256:     digest(key), Body: digest("body " + key), Name: key + ".eml",
		},
	}
}

// put enqueues a submission that must be new.
func put(t *testing.T, s store.Store, m store.Submission) store.Submission {
	t.Helper()
	stored, existed, err := s.Enqueue(t.Context(), m, noon)
	must(t, err)
	if existed {
		t.Fatalf("submission %q was there already", m.Key)
	}
	return stored
}

// take claims up to limit submissions for a minute.
func take(t *testing.T, s store.Store, worker string, limit int) []store.Submission {
	t.Helper()
	claimed, err := s.Claim(t.Context(), claim(worker, limit))
	must(t, err)
	return claimed
}

func claim(worker string, limit int) store.Claim {
	return store.Claim{Account: account, Worker: worker, Now: noon, Lease: at(time.Minute), Limit: limit}
}

func get(t *testing.T, s store.Store, key string) store.Submission {
	t.Helper()
	got, err := s.Submission(t.Context(), account, key)
	must(t, err)
	return got
}

// event returns an event about a message, of a proof that is its own.
func event(messageID, recipient string) receipt.Event {
	return receipt.Event{
		System: receipt.PEC, Kind: receipt.EventDelivered, MessageID: messageID, Recipient: recipient,
		Recipients: []receipt.Recipient{{Address: recipient, Type: "certificato"}},
		Sender:     account, Subject: "Fattura", Time: noon, Issuer: "PROVIDER",
		Proof: receipt.Proof{Name: "r.eml", Kind: "avvenuta-consegna", SHA256: digest(messageID + recipient), Verdict: receipt.Valid},
	}
}

// collected returns a message with events.
func collected(id string, events ...receipt.Event) store.Collected {
	return store.Collected{ID: transport.ID("1." + id), SHA256: digest(id), Size: 99, Kind: "avvenuta-consegna", Verdict: receipt.Valid, Events: events}
}

func batch(was, cursor string, messages ...store.Collected) store.Batch {
	return store.Batch{Account: account, Folder: folder, Was: transport.Cursor(was), Cursor: transport.Cursor(cursor), Messages: messages, At: noon}
}

func gather(t *testing.T, s store.Store, b store.Batch) []store.Recorded {
	t.Helper()
	recorded, err := s.Collect(t.Context(), b)
	must(t, err)
	return recorded
}

// all reads all events of a store by resuming, limit at a time.
func all(t *testing.T, s store.Store, account string, limit int) []store.Recorded {
	t.Helper()
	var list []store.Recorded
	for after := int64(0); ; {
		some, err := s.Events(t.Context(), account, after, limit)
		must(t, err)
		if len(some) > limit {
			t.Fatalf("%d events, where %d at most were asked for", len(some), limit)
		}
		if len(some) == 0 {
			return list
		}
		for _, r := range some {
			if r.Seq <= after {
				t.Fatalf("Seq %d does not grow: the one before was %d", r.Seq, after)
			}
			after = r.Seq
		}
		list = append(list, some...)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails asks for an error of a kind.
func fails(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %s\nwant %s", what, shown(got), shown(want))
	}
}

func shown(v any) string {
	text := fmt.Appendf(nil, "%+v", v)
	if len(text) > 2000 {
		text = append(bytes.Clone(text[:2000]), "…"...)
	}
	return string(text)
}

func keys(list []store.Submission) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Key
	}
	return out
}

// ended returns a context that has ended.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
