package pec_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// seen is what a caller sees at one moment.
type seen struct {
	// state of the submission, how often it was tried, and what its Reply begins
	// with behind the server's name.
	state    keep.State
	attempts int
	reply    string
	// suspended tells whether the account waits for its owner.
	suspended bool
	// events in the order in which they were taken in, "kind verdict".
	events string
	// status of the one recipient, and the light of the message.
	status receipt.Status
	light  receipt.Light
	// late is a delivery behind the notice that it failed, overdue the client's
	// own word that something should have come.
	late, overdue bool
	// findings of the ledger, what could not be read, and notes on proofs that
	// do not count.
	findings string
	// placed is how often the message lies in the mailbox of its recipient.
	placed int
}

// faultRow is one fault, and all that the caller sees of it: when the outbox
// first worked, when the mail that was under way had come, and 26 hours later,
// in which the outbox went on.
type faultRow struct {
	fault pectest.Fault
	// also are further faults that bring out what this one does; large makes the
	// message more than sockets hold; patience is how long the client waits for
	// the answer to the final dot; taken, that the server takes it after that;
	// and fix is what the owner does in the end.
	also     []pectest.Fault
	large    bool
	patience time.Duration
	taken    bool
	fix      func(*road)

	handed, arrived, after seen
}

// TestFaultsAsTheClientSeesThem goes through all that can go wrong in a network,
// over sockets.
func TestFaultsAsTheClientSeesThem(t *testing.T) {
	for _, row := range faultRows() {
		t.Run(row.fault.String(), func(t *testing.T) {
			if row.large && testing.Short() {
				t.Skip("-short: 16 MB, cut off and sent again; the full run has it")
			}
			r := walk(t, func(p *plan) {
				p.network.Faults = append([]pectest.Fault{row.fault}, row.also...)
				p.direct = true
				p.smtp.Timeouts.Answer = row.patience
			})
			d := agreement(bruno)
			if row.large {
				d.Attachments = []pec.File{pec.FileBytes("scan.tif", "image/tiff", bytes.Repeat([]byte{0x49}, 12_000_000))}
			}
			r.send("7", d)
			require.Equal(t, row.handed, r.see("7"), "when it was handed over")
			if row.taken {
				require.Eventually(t, func() bool { return len(r.Outcomes()) == 1 }, time.Minute, time.Millisecond)
			}
			r.pass(10 * time.Minute)
			require.Equal(t, row.arrived, r.see("7"), "ten minutes later")
			if row.fix != nil {
				row.fix(r)
			}
			for range 13 {
				r.drain("7")
				r.pass(2 * time.Hour)
			}
			require.Equal(t, row.after, r.see("7"), "26 hours later")
			require.LessOrEqual(t, len(r.Outcomes()), 1, "handed over twice")
		})
	}
}

// pass lets time pass and fetches what came, without waiting for what is under
// way.
func (r *road) pass(d time.Duration) {
	r.Helper()
	r.Advance(d)
	_, err := r.client.Collect(r.within())
	require.NoError(r, err)
}

// gist takes out of a reply what differs from run to run: addresses, ports,
// digests, and the words of the network's errors.
func gist(reply string) string {
	if rest, ok := strings.CutPrefix(reply, "proven by "); ok {
		kind, _, _ := strings.Cut(rest, " ")
		return "proven by " + kind
	}
	before, rest, ok := strings.Cut(reply, "smtp: ")
	parts := strings.SplitN(rest, ": ", 4) // server, step, outcome, why
	if !ok || len(parts) < 4 {
		return reply
	}
	if parts[3][0] < '0' || parts[3][0] > '9' {
		return before + parts[1] + ": " + parts[2]
	}
	return before + strings.Join(parts[1:], ": ")
}

func (r *road) see(key string) seen {
	r.Helper()
	s, err := r.store.Submission(r.within(), anna, key)
	require.NoError(r, err)
	m := r.status(key)
	out := seen{state: s.State, attempts: s.Attempts, status: only(r.TB, m).Status, light: m.Light, late: only(r.TB, m).Late, overdue: len(r.late()) > 0}
	out.reply = gist(s.Reply)
	if err := r.out.Suspended(anna); err != nil {
		require.ErrorIs(r, err, transport.ErrLogin)
		out.suspended = true
	}
	events, err := r.store.Events(r.within(), anna, 0, 0)
	require.NoError(r, err)
	var all []string
	for _, e := range events {
		all = append(all, fmt.Sprint(e.Event.Kind, " ", e.Event.Proof.Verdict))
	}
	out.events = strings.Join(all, ", ")
	all = nil
	for _, f := range m.Findings {
		all = append(all, f.Code)
	}
	for _, p := range only(r.TB, m).Proofs {
		if p.Note != "" {
			all = append(all, p.Note)
		}
	}
	unreadable, err := r.store.Unreadable(r.within(), anna)
	require.NoError(r, err)
	for _, u := range unreadable {
		all = append(all, "unreadable: "+u.Finding)
	}
	out.findings = strings.Join(all, ", ")
	for _, o := range r.Outcomes() {
		out.placed += o.Recipients[0].Placed
	}
	return out
}

// A fault that this table does not know is a promise that nobody tested.
func TestEveryFaultIsInTheTable(t *testing.T) {
	known := map[pectest.FaultKind]bool{}
	for _, row := range faultRows() {
		known[row.fault.Kind] = true
	}
	for _, kind := range pectest.FaultKinds() {
		require.True(t, known[kind], "fault %s has no row", kind)
		delete(known, kind)
	}
	require.Empty(t, known, "rows of faults that are none")

	file, err := parser.ParseFile(token.NewFileSet(), "pectest/fault.go", nil, 0)
	require.NoError(t, err)
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "FaultKind" {
				name, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				require.Contains(t, pectest.FaultKinds(), pectest.FaultKind(name))
				declared++
			}
		}
		return true
	})
	require.Len(t, pectest.FaultKinds(), declared)
}

// The same fault when it is IMAP that logs in: what waits in the mailbox comes
// when the owner has set it right.
func TestRefusedLoginWhenCollecting(t *testing.T) {
	r := walk(t, func(p *plan) {
		p.network.Faults = []pectest.Fault{{Kind: pectest.RefuseLogin, Mailbox: anna, Skip: 1}}
	})
	require.Equal(t, keep.Sent, r.send("7", agreement(bruno)).State)
	r.Settle()
	for range 3 {
		got, err := r.client.Collect(r.within())
		require.ErrorIs(t, err, transport.ErrLogin)
		require.Zero(t, got.Messages)
	}
	require.Equal(t, 1, r.Faults()[0].Struck, "asked once, and not again")
	require.Equal(t, receipt.StatusSubmitted, only(t, r.status("7")).Status)
	require.NoError(t, r.out.Suspended(anna), "sending goes on")
	r.ClearFaults()
	r.box.Resume()
	require.Len(t, r.collect().Events, 2)
	require.Equal(t, receipt.Green, r.status("7").Light)
}
