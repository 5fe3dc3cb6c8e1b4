package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/receipt/report"
)

func write(t testing.TB, p *report.Page) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.WriteHTML(&b, p))
	return b.Bytes()
}

func TestSampleHasEverything(t *testing.T) {
	r := sample()
	statuses, lights, conflicts, findings := map[receipt.Status]bool{}, map[receipt.Light]bool{}, map[string]bool{}, map[string]bool{}
	events, keys, notes, whys := map[receipt.EventKind]bool{}, map[receipt.MatchKey]bool{}, map[string]bool{}, map[string]bool{}
	for _, m := range r.Messages {
		lights[m.Light] = true
		for _, c := range m.Conflicts {
			conflicts[c.Code] = true
		}
		for _, f := range m.Findings {
			findings[f.Code] = true
		}
		for _, rec := range m.Recipients {
			statuses[rec.Status] = true
			for _, p := range rec.Proofs {
				events[p.Event], keys[p.Matched], notes[p.Note] = true, true, true
			}
		}
	}
	for _, o := range r.Orphans {
		whys[o.Why] = true
	}
	require.Len(t, statuses, 11, "%v", statuses)
	require.Len(t, lights, 4)
	require.Len(t, conflicts, 5, "%v", conflicts)
	require.Len(t, findings, 4, "%v", findings)
	require.Len(t, events, 8, "%v", events)
	require.Len(t, keys, 3, "%v", keys) // the fourth is for ledgers without submissions
	require.Len(t, notes, 8, "%v", notes)
	require.Len(t, whys, 5, "%v", whys)
}

// Everything that the ledger says in words of its own has a translation.
func TestNothingIsLeftUntranslated(t *testing.T) {
	withoutSubmissions := &book{Ledger: receipt.NewLedger(nil)}
	withoutSubmissions.event("", receipt.EventDelivered, time.Hour, bruno)
	withoutSubmissions.event("x@pc.alfa.example", receipt.EventDelivered, time.Hour, bruno, verdict(receipt.Invalid))
	for _, r := range []*receipt.Report{sample(), withoutSubmissions.Snapshot(now)} {
		doc := parse(t, write(t, &report.Page{Report: r}))
		for _, n := range all(doc, "bdi") {
			if attr(n, "lang") == "en" {
				before := text(n.Parent)
				require.True(t, strings.HasPrefix(before, "Nota tecnica: "), before)
			}
		}
		for _, m := range r.Messages {
			for _, rec := range m.Recipients {
				require.NotContains(t, text(doc), "count yet")
				require.NotContains(t, text(doc), "was due by")
				require.NotEmpty(t, rec.Explanation)
			}
		}
	}
}

func TestPageSaysWhatTheProofsSay(t *testing.T) {
	doc := text(parse(t, write(t, samplePage())))
	for _, want := range []string{
		"Il gestore Beta Certificata S.r.l. certifica che il messaggio è stato consegnato nella casella di bruno@beta.example.",
		"Il gestore Posta Alfa S.p.A. certifica che il messaggio è stato accettato.",
		"Il gestore Posta Alfa S.p.A. certifica che il messaggio non è stato accettato.",
		"certifica che il messaggio non è stato consegnato a nessuno@beta.example.",
		"certifica che nelle 24 ore successive all’invio non risulta la consegna del messaggio a bruno@beta.example.",
		"Una prova non valida, che si presenta come del gestore Beta Certificata S.r.l., riporta che",
		"destinatario inesistente – 5.1.1", "prove non verificate: consegnato",
		"Il termine era il 4 marzo 2026, 11:48:30 (UTC+01:00).",
		"La consegna è avvenuta dopo l’avviso", "5 ricevute non abbinate", "2 file illeggibili", "message ends inside a part",
	} {
		require.Contains(t, doc, want)
	}
	english := text(parse(t, write(t, &report.Page{Report: sample(), Lang: "en"})))
	require.Contains(t, english, "The provider Beta Certificata S.r.l. certifies that the message was delivered to the mailbox of bruno@beta.example.")
	for _, doc := range []string{doc, english} {
		for _, never := range []string{"attendibil", "affidabil", "trustworthy", "reliable", "autentic"} {
			require.NotContains(t, strings.ToLower(doc), never)
		}
	}
}

// A page never says "certifies" of a proof that does not count.
func TestOnlyProofsThatCountCertify(t *testing.T) {
	for _, v := range []receipt.Verdict{receipt.Unverified, receipt.Indeterminate, receipt.Invalid, receipt.Valid, 99} {
		for _, note := range []string{"", "some doubt"} {
			r := &receipt.Report{Messages: []receipt.Message{{Recipients: []receipt.RecipientStatus{{
				Address: bruno, Status: receipt.StatusDelivered, Verified: v == receipt.Valid && note == "",
				Proofs: []receipt.ProofStatus{{Event: receipt.EventDelivered, Verdict: v, Note: note, Issuer: "P"}},
			}}, Light: receipt.Grey}}}
			doc := text(parse(t, write(t, &report.Page{Report: r})))
			counts := v == receipt.Valid && note == ""
			require.Equal(t, counts, strings.Contains(doc, "Il gestore P certifica"), "%v %q", v, note)
			require.Equal(t, counts, strings.Contains(doc, "prova decisiva"), "%v %q", v, note)
		}
	}
}

func TestEmptyPages(t *testing.T) {
	for _, p := range []*report.Page{nil, {}, {Report: &receipt.Report{}}, {Lang: "en"}, {Open: true}} {
		doc := parse(t, write(t, p))
		require.Empty(t, all(doc, "table"))
		require.Empty(t, all(doc, "time"), "the zero time is not printed")
	}
	bare := &receipt.Report{Messages: []receipt.Message{{}, {Light: "violet", Recipients: []receipt.RecipientStatus{{Status: "new", Proofs: []receipt.ProofStatus{{Event: "new", Verdict: 77}}}}}},
		Orphans: []receipt.Orphan{{}}}
	checkPage(t, write(t, &report.Page{Report: bare, Unreadable: []report.Unreadable{{}}}))
}

func TestLanguageIsChecked(t *testing.T) {
	var b bytes.Buffer
	err := report.WriteHTML(&b, &report.Page{Lang: "fr"})
	require.ErrorIs(t, err, report.ErrLanguage)
	require.Zero(t, b.Len())
}

func TestEqualPagesHaveEqualBytes(t *testing.T) {
	first := write(t, samplePage())
	for range 5 {
		require.Equal(t, string(first), string(write(t, samplePage())))
	}
}

// failing fails after some bytes.
type failing struct{ left int }

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteErrorsAreReturned(t *testing.T) {
	size := len(write(t, samplePage()))
	for left := 0; left < size; left += 10_000 {
		require.ErrorIs(t, report.WriteHTML(&failing{left}, samplePage()), errFull)
	}
}

// large is a report of n messages that share their parts.
func large(n int) *receipt.Report {
	from := sample().Messages
	r := &receipt.Report{Messages: make([]receipt.Message, n)}
	for i := range r.Messages {
		m := from[0]
		m.Recipients = m.Recipients[:1]
		m.MessageID = fmt.Sprintf("%d@pc.alfa.example", i)
		r.Messages[i] = m
	}
	return r
}

// metered counts bytes and looks at the heap every few megabytes.
type metered struct {
	bytes, next int
	peak        uint64
}

func (m *metered) Write(p []byte) (int, error) {
	if m.bytes += len(p); m.bytes >= m.next {
		m.next = m.bytes + 2<<20
		m.peak = max(m.peak, heap())
	}
	return len(p), nil
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

func TestThousandsOfMessagesAreStreamed(t *testing.T) {
	const limit = 2 << 20 // bytes of heap, whatever the number of messages
	p := &report.Page{Report: large(10_000)}
	before := heap()
	m := &metered{}
	began := time.Now()
	require.NoError(t, report.WriteHTML(m, p))
	took := time.Since(began)
	t.Logf("10,000 messages, 30,000 proofs: %d MB in %v, heap +%d KiB", m.bytes>>20, took, (int64(m.peak)-int64(before))>>10)
	require.Less(t, int64(m.peak)-int64(before), int64(limit))
	require.Less(t, m.bytes, 60<<20, "a page that a browser can still load")
	require.Less(t, took, 60*time.Second)
	runtime.KeepAlive(p)
}

func BenchmarkWriteHTML(b *testing.B) {
	p := &report.Page{Report: large(1000)}
	m := &metered{next: 1 << 62}
	b.ReportAllocs()
	for b.Loop() {
		if err := report.WriteHTML(m, p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/message")
}
