package report_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/archive/report"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

// A delivery receipt is archived, and reported on ten years later.
func ExampleWriteHTML() {
	fail := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	ctx := context.Background()
	fixtures, err := pectest.Fixtures(1)
	fail(err)
	anchors, err := trust.ParseCertificates(pectest.FixtureAnchors(1))
	fail(err)
	believed := trust.Material{Anchors: anchors}
	store, err := trust.NewStore(believed, nil)
	fail(err)

	dir, err := os.MkdirTemp("", "fascicolo")
	fail(err)
	defer os.RemoveAll(dir)
	received := time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)
	message := fixtures[0].Data
	item, err := archive.Capture(ctx, bytes.NewReader(message), int64(len(message)), &archive.CaptureOptions{FirstSeen: received, Trust: store})
	fail(err)
	name := filepath.Join(dir, "fascicolo.zip")
	fail(archive.Write(ctx, name, &archive.Transaction{Items: []*archive.Item{item}}, &archive.Options{Format: archive.Zip}))

	p, err := archive.Open(ctx, name, nil)
	fail(err)
	defer p.Close()
	examination, err := report.Examine(ctx, p, &report.Options{VerifyOptions: archive.VerifyOptions{Now: received.AddDate(10, 0, 0), Trust: believed}})
	fail(err)
	var page strings.Builder
	fail(report.WriteHTML(&page, &report.Page{Examination: examination, Lang: "en"}))
	fmt.Println(examination.Verdict, examination.Journey.Messages[0].Recipients[0].Status)
	fmt.Println(strings.Contains(page.String(), "The proofs hold"))
	// Output:
	// valid overdue
	// true
}
