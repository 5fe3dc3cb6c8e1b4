package tsl_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
)

// exampleLists makes a list of lists and a national list that names a REM
// service and a time-stamping authority, with what a caller would have: the
// certificates that the Official Journal prints, and somewhere to fetch from.
func exampleLists() (lotl []byte, anchors []*x509.Certificate, src tsl.Source, provider *x509.Certificate) {
	ctx := context.Background()
	issued := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	eu, it := tsltest.NewOperator(1, "EU"), tsltest.NewOperator(1, "IT")
	authority := testpki.NewAuthority(2, "Authority", nil)
	provider = authority.Provider("Gestore Uno S.p.A.", "rem@gestore.example", nil).Certificate
	stamper := testpki.NewAuthority(3, "Time-stamping", nil).Certificate
	national := &tsl.List{Territory: "IT", Sequence: 12, Issued: issued, Providers: []tsl.Provider{{
		Names: tsl.Names{{Language: "en", Value: "Gestore Uno S.p.A."}},
		Services: []tsl.Service{
			{
				Entry: tsl.Entry{Type: tsl.ServiceREMQualified, Status: tsl.StatusWithdrawn, Starting: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC),
					Names: tsl.Names{{Language: "en", Value: "REM"}}, Identity: tsl.Identity{Certificates: [][]byte{provider.Raw}}},
				History: []tsl.Entry{{Type: tsl.ServiceREMQualified, Status: tsl.StatusGranted, Starting: time.Date(2024, 10, 1, 0, 0, 0, 0, time.UTC)}},
			},
			{Entry: tsl.Entry{Type: tsl.ServiceTSAQualified, Status: tsl.StatusGranted, Starting: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
				Names: tsl.Names{{Language: "en", Value: "TSU 1"}}, Identity: tsl.Identity{Certificates: [][]byte{stamper.Raw}}}},
		},
	}}}
	list, err := it.Sign(ctx, national)
	if err != nil {
		panic(err)
	}
	lotl, err = eu.Sign(ctx, &tsl.List{Territory: "EU", Type: tsl.TypeListOfLists, Sequence: 340, Issued: issued,
		Pointers: []tsl.Pointer{it.Pointer("IT", tsl.TypeGeneric, "https://lists.example/TSL-IT.xml")}})
	if err != nil {
		panic(err)
	}
	return lotl, []*x509.Certificate{eu.Certificate}, tsl.Files{"https://lists.example/TSL-IT.xml": list}, provider
}

// From the list of lists to an answer about a certificate.
func ExampleLoad() {
	lotl, anchors, src, provider := exampleLists()
	now := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

	loaded, err := tsl.Load(context.Background(), lotl, anchors, src, &tsl.LoadOptions{Now: now, Territories: []string{"IT"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range loaded.Lists {
		fmt.Println(l.Pointer.Territory, l.Verification.Verdict())
	}
	for _, when := range []time.Time{time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), now} {
		fmt.Println(loaded.Set.Judge(provider, nil, tsl.REM(), when).Standing)
	}
	// Output:
	// IT valid
	// not-yet-listed
	// qualified
	// ended
}

// An answer has its reason.
func ExampleSet_Judge() {
	lotl, anchors, src, provider := exampleLists()
	loaded, err := tsl.Load(context.Background(), lotl, anchors, src, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := loaded.Set.Judge(provider, nil, tsl.REM(), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
	fmt.Println(answer.Qualified())
	fmt.Println(answer.Reason)
	fmt.Println(answer.Best.Provider.Names.English())
	// Output:
	// true
	// service "REM" of Gestore Uno S.p.A. (EDS/REM/Q): granted since 2024-10-01T00:00:00Z until 2025-06-01T00:00:00Z; the certificate is the listed one (IT sequence 12 of 2026-01-01)
	// Gestore Uno S.p.A.
}

// The services of a list are trust anchors for what they are listed for: one
// trust.Store for each kind. What the store says of a signer's path, and Judge
// of its standing at the time, are two checks.
func ExampleSet_Anchors() {
	lotl, anchors, src, provider := exampleLists()
	loaded, err := tsl.Load(context.Background(), lotl, anchors, src, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mail, err := trust.NewStore(trust.Material{Anchors: loaded.Set.Anchors(tsl.REM())}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	stamps, err := trust.NewStore(trust.Material{Anchors: loaded.Set.Anchors(tsl.TimeStamping())}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	when := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, store := range []*trust.Store{mail, stamps} {
		fmt.Println(store.Evaluate(trust.Query{Leaf: provider.Raw, At: when}).AtEvent.Status)
	}
	fmt.Println(loaded.Set.Judge(provider, nil, tsl.REM(), when).Check().Status)
	// Output:
	// passed
	// unknown
	// passed
}

// One list on its own, with the certificates that are known for it.
func ExampleList_Verify() {
	operator := tsltest.NewOperator(1, "IT")
	xml, err := operator.Sign(context.Background(), &tsl.List{Territory: "IT", Sequence: 12, Issued: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := tsl.Parse(xml, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	v := list.Verify([]*x509.Certificate{operator.Certificate}, time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), &tsl.VerifyOptions{Territory: "IT"})
	for _, c := range v.Checks {
		fmt.Println(c.Name, c.Status)
	}
	fmt.Println(v.Verdict(), v.Believed())
	// Output:
	// signature passed
	// signer passed
	// territory passed
	// sequence skipped
	// fresh unknown
	// indeterminate true
}

// A list named on a command line: the caller vouches for it.
func ExampleList_Vouch() {
	data := tsltest.Write(&tsl.List{Territory: "IT", Issued: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	list, err := tsl.Parse(data, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	v := list.Vouch(time.Now(), nil)
	set, err := tsl.NewSet(v)
	fmt.Println(set.List("IT").Title(), err)
	fmt.Println(v.Findings[0].Detail)
	// Output:
	// IT sequence 1 of 2026-01-01 <nil>
	// IT sequence 1 of 2026-01-01 is taken on the caller's word alone
}

// The services of a kind with their history.
func ExampleService_Timeline() {
	_, _, src, _ := exampleLists()
	data, err := src.Fetch(context.Background(), "https://lists.example/TSL-IT.xml")
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := tsl.Parse(data, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, span := range list.Providers[0].Services[0].Timeline() {
		fmt.Println(tsl.ShortType(span.Type), tsl.ShortStatus(span.Status), span.Starting.Format(time.DateOnly))
	}
	// Output:
	// EDS/REM/Q withdrawn 2025-06-01
	// EDS/REM/Q granted 2024-10-01
}

// Where lists come from is the caller's choice: the network, or copies.
func ExampleSource() {
	var src tsl.Source = &tsl.HTTPSource{Client: &http.Client{Timeout: time.Minute}}
	src = tsl.Folder{FS: os.DirFS("testdata")}
	_, err := src.Fetch(context.Background(), "https://eidas.agid.gov.it/TL/TSL-IT.xml")
	fmt.Println(err != nil)
	// Output: true
}
