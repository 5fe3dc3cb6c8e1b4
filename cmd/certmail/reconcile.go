package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
)

const reconcileHelp = `usage: certmail reconcile [--json] [FLAGS] PATH… [--sent PATH]…

Says what became of each recipient of each message that was sent, from the
receipts and notices (ricevute e avvisi) among the messages of PATH, PEC and REM
alike, and which proof shows it. Every receipt is verified; one that does not hold
never turns a light green. The order of the messages and repetitions change
nothing.

  --sent PATH           copies of the messages as they were submitted; repeatable.
                        With them, receipts for anything else are orphans, and
                        receipts that carry another content are in conflict
  --html FILE           also write a page for people, with links to the proofs
  --lang it|en          the language of the page, Italian unless given
  --now TIME            the present (RFC 3339), which decides what is overdue
  --json                one JSON object on standard output
` + trustHelp + `
The exit code is 1 if a proof is not valid or contradicts another one, or if a
message cannot be read.
`

// reconciled is what "certmail reconcile --json" writes: messages, orphans and
// unreadable.
type reconciled struct {
	*receipt.Report
	Unreadable []unreadableFile `json:"unreadable"`
}

type unreadableFile struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

func (a *app) reconcile(args []string) error {
	f := newFlags("reconcile", reconcileHelp)
	var believe trustFlags
	believe.register(f)
	var sent list
	f.Var(&sent, "sent", "")
	html := f.String("html", "", "")
	lang := f.String("lang", "it", "")
	var at moment
	f.Var(&at, "now", "")
	paths, err := f.read(args)
	switch {
	case err != nil:
		return err
	case len(paths)+len(sent) == 0:
		return usagef("reconcile: a path is missing; see certmail reconcile --help")
	case *lang != "it" && *lang != "en":
		return usagef("reconcile: --lang %s: want it or en", *lang)
	case slices.Contains(paths, "-") && slices.Contains(sent, "-"):
		return usagef("reconcile: standard input can be read only once")
	}
	now := a.now
	if !at.IsZero() {
		now = func() time.Time { return at.Time }
	}
	verifiers, err := believe.judges(a, now)
	if err != nil {
		return err
	}
	out := &reconciled{Unreadable: []unreadableFile{}}
	ledger := receipt.NewLedger(nil)
	copies, err := a.addSent(ledger, sent, out)
	if err != nil {
		return err
	}
	if err := a.addReceipts(ledger, paths, verifiers, copies, out); err != nil {
		return err
	}
	out.Report = ledger.Snapshot(now())
	if *html != "" {
		if err := writePage(*html, *lang, now(), out); err != nil {
			return err
		}
	}
	if f.json {
		err = out.writeJSON(a.stdout)
	} else {
		a.reconcileText(out)
	}
	if err != nil {
		return err
	}
	if !out.good() {
		return errNotGood
	}
	return nil
}

// addReceipts verifies the receipts among the messages. Other messages have no
// say: a transport envelope may carry our own message back to us.
func (a *app) addReceipts(l *receipt.Ledger, paths []string, v *judges, copies sentCopies, out *reconciled) error {
	return a.messages(paths, func(in *input) error {
		if in.err == nil && (in.msg != nil && in.msg.Kind == pec.KindUnknown || in.rem != nil && in.rem.Kind == rem.KindUnknown) {
			in.err = fmt.Errorf("certified mail of a type that the rules do not know")
		}
		if in.err != nil {
			out.unreadable(in.name, in.err)
			return nil
		}
		if in.rem == nil && !in.msg.Kind.IsReceipt() || in.rem != nil && in.rem.Original != nil {
			return nil
		}
		events, err := eventsOf(in, v, copies)
		if err != nil {
			out.unreadable(in.name, err)
			return nil
		}
		l.Add(events...)
		return nil
	})
}

func eventsOf(in *input, v *judges, copies sentCopies) ([]receipt.Event, error) {
	j, err := v.judge(in)
	if err != nil {
		return nil, err
	}
	if j.rem != nil {
		if in.rem.Kind == rem.KindReceipt && len(in.rem.Evidence) == 0 {
			return nil, rem.ErrNoEvidence
		}
		return j.rem.EventsFor(in.name, copies.of(in.rem.RefMessageID()))
	}
	if _, err := in.msg.Receipt(); err != nil {
		return nil, err
	}
	return j.pec.EventsFor(in.name, copies.of(in.msg.RefMessageID()))
}

func (r *reconciled) unreadable(name string, err error) {
	r.Unreadable = append(r.Unreadable, unreadableFile{name, err.Error()})
}

// writeJSON writes what encoding/json would, one message after the other: a year
// of receipts makes a large document.
func (r *reconciled) writeJSON(w io.Writer) error {
	return writeJSONLists(w,
		jsonList{"messages", len(r.Messages), func(i int) any { return &r.Messages[i] }},
		jsonList{"orphans", len(r.Orphans), func(i int) any { return &r.Orphans[i] }},
		jsonList{"unreadable", len(r.Unreadable), func(i int) any { return &r.Unreadable[i] }})
}

// good reports whether everything that was checked held.
func (r *reconciled) good() bool {
	good := len(r.Unreadable) == 0
	for i := range r.Messages {
		m := &r.Messages[i]
		good = good && len(m.Conflicts) == 0
		for j := range m.Recipients {
			for _, p := range m.Recipients[j].Proofs {
				good = good && p.Verdict == receipt.Valid
			}
		}
	}
	for i := range r.Orphans {
		good = good && r.Orphans[i].Verdict == receipt.Valid
	}
	return good
}
