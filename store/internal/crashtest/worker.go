package crashtest

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

var base = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const folder = "INBOX"

// worker is the process that is killed: it enqueues, claims, settles and
// collects, and says before and after each what it is about.
type worker struct {
	t       *testing.T
	s       store.Store
	account string
	seed    uint64
	rand    *rand.Rand
}

func (w *worker) say(verb, what string, args ...string) {
	if _, err := os.Stdout.WriteString(verb + " " + what + " " + strings.Join(args, " ") + "\n"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *worker) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *worker) work() {
	for i := 0; ; i++ {
		switch w.rand.IntN(4) {
		case 0:
			key := fmt.Sprintf("%d-%d", w.seed, i)
			w.say("begin", "enqueue", key)
			_, existed, err := w.s.Enqueue(w.t.Context(), submission(w.account, key), base)
			w.must(err)
			if existed {
				w.t.Fatalf("%s was there", key)
			}
			w.say("done", "enqueue", key)
		case 3:
			keys := make([]string, 2+w.rand.IntN(6))
			list := make([]store.Submission, len(keys))
			for j := range keys {
				keys[j] = fmt.Sprintf("%d-%d-%d", w.seed, i, j)
				list[j] = submission(w.account, keys[j])
			}
			w.say("begin", "enqueue", keys...)
			out, err := w.s.EnqueueAll(w.t.Context(), list, base)
			w.must(err)
			for j := range out {
				w.must(out[j].Err)
				if out[j].Existed {
					w.t.Fatalf("%s was there", keys[j])
				}
			}
			w.say("done", "enqueue", keys...)
		case 1:
			w.send()
		case 2:
			w.collect()
		}
	}
}

func (w *worker) send() {
	w.say("begin", "claim")
	claimed, err := w.s.Claim(w.t.Context(), store.Claim{
		Account: w.account, Worker: w.account, Now: base, Lease: base.Add(time.Minute), Limit: 1 + w.rand.IntN(6)})
	w.must(err)
	keys := make([]string, len(claimed))
	for i, c := range claimed {
		keys[i] = c.Key
	}
	w.say("done", "claim", keys...)
	if len(keys) > 0 && w.rand.IntN(2) == 0 {
		w.settleAll(keys)
		return
	}
	for _, key := range keys {
		state := []store.State{store.Sent, store.Refused, store.Uncertain, store.Queued}[w.rand.IntN(4)]
		w.say("begin", "settle", key, string(state))
		w.must(w.s.Settle(w.t.Context(), w.account, key, w.account, store.Result{State: state, NotBefore: base, At: base}))
		w.say("done", "settle", key, string(state))
	}
}

func (w *worker) settleAll(keys []string) {
	state := []store.State{store.Sent, store.Refused, store.Uncertain, store.Queued}[w.rand.IntN(4)]
	var list []store.Settlement
	for _, key := range keys {
		list = append(list, store.Settlement{Account: w.account, Key: key, Result: store.Result{State: state, NotBefore: base, At: base}})
	}
	args := append([]string{string(state)}, keys...)
	w.say("begin", "settleall", args...)
	each, err := w.s.SettleAll(w.t.Context(), w.account, list)
	w.must(err)
	for _, err := range each {
		w.must(err)
	}
	w.say("done", "settleall", args...)
}

func (w *worker) collect() {
	was, err := w.s.Cursor(w.t.Context(), w.account, folder)
	w.must(err)
	step, _ := strconv.Atoi(string(was)) // 0 for none
	w.say("begin", "collect", strconv.Itoa(step))
	recorded, err := w.s.Collect(w.t.Context(), batch(w.account, step))
	w.must(err)
	if len(recorded) != len(news(step)) {
		w.t.Fatalf("step %d: %d events are new, want %d", step, len(recorded), len(news(step)))
	}
	w.say("done", "collect", strconv.Itoa(step))
}

func digest(text string) receipt.Digest { return sha256.Sum256([]byte(text)) }

func submission(account, key string) store.Submission {
	return store.Submission{Account: account, Key: key, Size: 7, NotBefore: base,
		Sent: receipt.Sent{MessageID: key + "@" + account + ".example", Subject: key, SHA256: digest(key),
			Recipients: []receipt.SentRecipient{{Address: "x@pec.example"}}}}
}

// batch is what a step brings: events of its own, one that each step brings, and
// a message that cannot be read.
func batch(account string, step int) store.Batch {
	b := store.Batch{Account: account, Folder: folder, Cursor: transport.Cursor(strconv.Itoa(step + 1)), At: base}
	if step > 0 {
		b.Was = transport.Cursor(strconv.Itoa(step))
	}
	for _, id := range append(news(step), "same") {
		e := receipt.Event{MessageID: id, Time: base, Proof: receipt.Proof{SHA256: digest(id)}}
		b.Messages = append(b.Messages, store.Collected{ID: transport.ID(id), SHA256: digest(id), Events: []receipt.Event{e}})
	}
	bad := fmt.Sprint("bad", step)
	b.Messages = append(b.Messages, store.Collected{ID: transport.ID(bad), SHA256: digest(bad), Finding: bad})
	return b
}

// news are the ids of the events that are new in a step.
func news(step int) []string {
	var ids []string
	for i := range 1 + step%5 {
		ids = append(ids, fmt.Sprintf("m%d-%d", step, i))
	}
	if step == 0 {
		ids = append(ids, "same")
	}
	return ids
}
