package archive_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// fixture is a delivery receipt and what it is verified with.
func fixture() (message []byte, anchors []*x509.Certificate, err error) {
	all, err := pectest.Fixtures(1)
	if err != nil {
		return nil, nil, err
	}
	anchors, err = trust.ParseCertificates(pectest.FixtureAnchors(1))
	return all[0].Data, anchors, err
}

// A receipt is captured when it comes in, packed, and judged ten years later.
func Example() {
	message, anchors, err := fixture()
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := trust.NewStore(trust.Material{Anchors: anchors}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	received := time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)
	authority, err := tsptest.New(tsptest.Config{Clock: func() time.Time { return received }, NotAfter: received.AddDate(5, 0, 0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	stamps := trust.Material{Anchors: []*x509.Certificate{authority.Root()}}

	ctx := context.Background()
	item, err := archive.Capture(ctx, bytes.NewReader(message), int64(len(message)), &archive.CaptureOptions{FirstSeen: received, Trust: store, Source: authority})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(item.Role, item.Report.Verdict)

	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	t := &archive.Transaction{Items: []*archive.Item{item}}
	name := filepath.Join(dir, archive.PackageName(t)+archive.BagItZip.Ext())
	if err := archive.Write(ctx, name, t, &archive.Options{Format: archive.BagItZip}); err != nil {
		fmt.Println(err)
		return
	}

	p, err := archive.Open(ctx, name, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	v, err := p.Verify(ctx, &archive.VerifyOptions{Now: received.AddDate(10, 0, 0), Trust: trust.Material{Anchors: anchors}, TimeStamps: &stamps})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Verdict, v.Integrity.Intact, v.Items[0].SeenBy)
	for _, proof := range v.Items[0].Proofs {
		if !proof.Holds() && proof.Status != trust.Skipped {
			fmt.Println(proof.Code, proof.Status, proof.Why)
		}
	}
	// Output:
	// acceptance valid
	// valid true time-stamp
	// time-stamp-now unknown expired
}

// Receipts and the message that they speak of come together.
func ExampleCollate() {
	message := []byte("Message-ID: <1@studio.example>\r\nSubject: Contratto\r\n\r\n...\r\n")
	other := []byte("Message-ID: <2@studio.example>\r\nSubject: Saluti\r\n\r\n...\r\n")
	o := &archive.CaptureOptions{FirstSeen: time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)}
	var items []*archive.Item
	for _, data := range [][]byte{message, other, message} {
		item, err := archive.Capture(context.Background(), bytes.NewReader(data), int64(len(data)), o)
		if err != nil {
			fmt.Println(err)
			return
		}
		items = append(items, item)
	}
	for _, t := range archive.Collate(items) {
		conflicts := t.Relate()
		fmt.Println(len(t.Items), t.Items[0].Subject, len(conflicts), t.RetainUntil().Format(time.DateOnly))
	}
	// Output:
	// 1 Contratto 0 2037-01-01
	// 1 Saluti 0 2037-01-01
}

// A package goes to a stream.
func ExampleWriteTo() {
	message, _, err := fixture()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	item, err := archive.Capture(ctx, bytes.NewReader(message), int64(len(message)), &archive.CaptureOptions{FirstSeen: time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	var b bytes.Buffer
	t := &archive.Transaction{Items: []*archive.Item{item}}
	if err := archive.WriteTo(ctx, &b, t, &archive.Options{Format: archive.PDVZip, Organization: "Esempio S.r.l."}); err != nil {
		fmt.Println(err)
		return
	}
	p, err := archive.OpenReader(ctx, bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Format, len(p.Transaction.Items), p.Transaction.Items[0].Kind)
	// Output: pdv-zip 1 accettazione
}

// Mail of an mbox file is archived, every night anew.
func ExampleKeep() {
	box := "From MAILER-DAEMON Fri Mar  6 08:00:00 2026\nMessage-ID: <1@studio.example>\n\n>From now on\n\n"
	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	for range 2 {
		messages := archive.ReadMbox(ctx, bytes.NewReader([]byte(box)), int64(len(box)), nil)
		err := archive.Keep(ctx, dir, messages, &archive.KeepOptions{
			Capture: archive.CaptureOptions{Now: time.Now},
			Done: func(k archive.Kept) error {
				fmt.Println(filepath.Base(k.Path), k.Known)
				return nil
			},
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 20260306T080000Z_messaggio_9457f5597c58dfbc3c79a4a0.zip false
	// 20260306T080000Z_messaggio_9457f5597c58dfbc3c79a4a0.zip true
}

// Messages are handed over as an mbox file with a list that gives back their
// very bytes.
func ExampleWriteMbox() {
	message := []byte("Subject: a\r\n\r\nFrom now on")
	item, err := archive.Capture(context.Background(), bytes.NewReader(message), int64(len(message)), &archive.CaptureOptions{FirstSeen: time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	var box, list bytes.Buffer
	t := &archive.Transaction{Items: []*archive.Item{item}}
	if err := archive.WriteMbox(context.Background(), &box, t.Mails(), &archive.ExportOptions{Record: archive.RecordTo(&list)}); err != nil {
		fmt.Println(err)
		return
	}
	records, err := archive.ReadRecords(&list)
	if err != nil {
		fmt.Println(err)
		return
	}
	for m, err := range archive.ReadMbox(context.Background(), bytes.NewReader(box.Bytes()), int64(box.Len()), &archive.ImportOptions{Records: records}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Source.Size() == int64(len(message)), m.Restored)
	}
	// Output: true true
}
