package csi_test

import (
	"context"
	"fmt"
	"time"

	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
)

// From a mail exchanger to a provider that may be relayed to.
func Example() {
	r := newREMID() // throw-away certificates
	lists, err := exampleSet(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)

	// 1. The provider publishes its document.
	ours := r.document()
	published, err := csi.Sign(context.Background(), ours, signer(r.service), ours.Scheme.Issued)
	if err != nil {
		fmt.Println(err)
		return
	}

	// 2. The MX record of the recipient's domain leads to a listed service.
	peer, err := csi.FindByMX(lists, "mx.provider.example.", tsl.REM(), now)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(peer.Provider.Names.English(), peer.Standing, peer.SupplyPoints.Document)

	// 3. Its document is fetched when the caller says so, and judged.
	cache := csi.NewCache(tsl.Files{peer.SupplyPoints.Document: published}, nil)
	v, err := cache.Refresh(context.Background(), peer.SupplyPoints.Document, csi.VerifyOptions{Now: now, Lists: lists, Peer: peer})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Verdict(), v.Role)

	// 4. Do the two fit together, and is the server that answers the one meant?
	fmt.Println(len(csi.Baseline(v.Document)), v.Document.MatchTLS(r.tls.Certificate))
	// Output:
	// Provider IT qualified https://provider.example/csi.xml
	// valid service
	// 0 <nil>
}

// What keeps two providers apart is said field by field.
func ExampleBaseline() {
	r := newREMID()
	theirs := r.document()
	theirs.Capabilities.ConsignmentMode = "http://uri.etsi.org/19522/v1#/consignment/consent"
	xml, err := csi.Write(theirs)
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := csi.Parse(xml, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, difference := range csi.Baseline(d) {
		fmt.Println(difference.Field, "-", difference.Reason)
	}
	// Output: ERDSSupportedConsignmentModes - the values differ
}

// Earlier issues are kept under their own digest.
func ExampleHistoryName() {
	fmt.Println(csi.HistoryName([]byte("an old document")))
	// Output: e4ab3f7f569123791b4cc63ab92aaaaf1d49fc68a7cca3d4e3239321dcc3d6dc.xml
}

// exampleSet is the trusted list that names the provider, taken on our word.
func exampleSet(r *remid) (*tsl.Set, error) {
	l, err := tsl.Parse(tsltest.Write(r.list(nil)), nil)
	if err != nil {
		return nil, err
	}
	return tsl.NewSet(l.Vouch(time.Time{}, nil))
}
