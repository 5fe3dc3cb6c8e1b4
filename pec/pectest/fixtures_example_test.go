package pectest_test

import (
	"context"
	"fmt"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

// A verifier is tried against all fixtures.
func ExampleFixtures() {
	fixtures, err := pectest.Fixtures(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	anchors, err := trust.ParseCertificates(pectest.FixtureAnchors(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := trust.NewStore(trust.Material{Anchors: anchors}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier := pec.NewVerifier(store, nil)
	wrong := 0
	for _, f := range fixtures {
		m, err := pec.ParseBytes(f.Data, nil)
		if err != nil {
			fmt.Println(f.File, err)
			continue
		}
		report, err := verifier.Verify(context.Background(), m)
		if err != nil || string(report.Verdict) != f.Verdict {
			wrong++
		}
	}
	fmt.Println(fixtures[0].File, fixtures[0].Verdict, wrong)
	// Output: good/m1-accettazione.eml valid 0
}
