package receipt

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/certmail/certmail/daticert"
)

// mailbox makes the receipts of n messages to two recipients each: an
// acceptance, two deliveries and, for one in ten, a non-delivery instead.
func mailbox(n int) ([]Sent, []Event) {
	sents, list := make([]Sent, 0, n), make([]Event, 0, 3*n)
	for i := range n {
		id := fmt.Sprintf("%08x.7f3c@pc.alfa.example", i)
		s := sent(bruno, carla)
		s.MessageID = id
		sents = append(sents, s)
		edit := func(d *daticert.Data) {
			people(bruno, carla)(d)
			d.MessageID, d.Identifier, d.Subject = "<"+id+">", fmt.Sprintf("pec1.%d@gestore-a.example", i), fmt.Sprintf("Fattura %d", i)
		}
		receipts := []*daticert.Data{
			data("accettazione", after(time.Second), edit),
			data("avvenuta-consegna", after(5*time.Second), both(edit, to(bruno))),
			data("avvenuta-consegna", after(6*time.Second), both(edit, to(carla))),
		}
		if i%10 == 0 {
			receipts[2] = data("errore-consegna", after(6*time.Second), both(edit, failure(carla, "no-dest", "5.1.1 - Gestore Beta S.r.l. - indirizzo non valido")))
		}
		for j, d := range receipts {
			r, err := FromData(d, Header{})
			if err != nil {
				panic(err)
			}
			p := Proof{Name: fmt.Sprintf("box/%d-%d.eml", i, j), Verdict: Valid}
			binary.BigEndian.PutUint64(p.SHA256[:], uint64(3*i+j)+1)
			list = append(list, Events(r, p)...)
		}
	}
	return sents, list
}

// BenchmarkLedger takes in the receipts of 10,000 messages and says what
// became of them. Goal 12: at most 3 % of the cost of verifying an event, which
// is about 40 µs: 1.2 µs an event, submissions and report included.
func BenchmarkLedger(b *testing.B) {
	sents, list := mailbox(10000)
	b.ReportAllocs()
	for b.Loop() {
		l := NewLedger(nil)
		l.AddSent(sents...)
		l.Add(list...)
		if n := len(l.Snapshot(after(time.Hour)).Messages); n != len(sents) {
			b.Fatal(n)
		}
	}
	perEvent := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(len(list))
	b.ReportMetric(perEvent, "ns/event")
	b.ReportMetric(1e9/perEvent, "events/s")
}

// BenchmarkLedgerAdd is the same without the report.
func BenchmarkLedgerAdd(b *testing.B) {
	sents, list := mailbox(10000)
	b.ReportAllocs()
	var l *Ledger
	for b.Loop() {
		l = NewLedger(nil)
		l.AddSent(sents...)
		l.Add(list...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/event")
	var before, with runtime.MemStats
	l = nil
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	l = NewLedger(nil)
	l.Add(list...)
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&with)
	b.ReportMetric((float64(with.HeapAlloc)-float64(before.HeapAlloc))/float64(len(list)), "B-held/event")
	runtime.KeepAlive(l)
	runtime.KeepAlive(list)
	runtime.KeepAlive(sents)
}

// BenchmarkLedgerManyRecipients is one message to 500 recipients.
func BenchmarkLedgerManyRecipients(b *testing.B) {
	var addresses []string
	for i := range 500 {
		addresses = append(addresses, fmt.Sprintf("user%d@beta.example", i))
	}
	var list []Event
	for i, address := range addresses {
		r, err := FromData(data("avvenuta-consegna", after(time.Duration(i)*time.Second), both(people(addresses...), to(address))), Header{})
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, Events(r, Proof{SHA256: sha256.Sum256([]byte(address)), Verdict: Valid})...)
	}
	s := sent(addresses...)
	for b.Loop() {
		m := only(b, ledger(&s, list), start)
		if m.Light != Green {
			b.Fatal(m.Light)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/event")
}

func BenchmarkEvents(b *testing.B) {
	d := data("avvenuta-consegna", after(time.Second), to(bruno))
	b.ReportAllocs()
	for b.Loop() {
		r, err := FromData(d, Header{Ricevuta: "avvenuta-consegna"})
		if err != nil || len(Events(r, Proof{})) != 1 {
			b.Fatal(err)
		}
	}
}
