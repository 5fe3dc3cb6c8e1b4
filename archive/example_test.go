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
