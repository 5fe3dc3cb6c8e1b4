package tsltest_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
)

// A signed list for a test.
func ExampleOperator_Sign() {
	operator := tsltest.NewOperator(42, "IT")
	xml, err := operator.Sign(context.Background(), &tsl.List{
		Territory: "IT",
		Issued:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Providers: []tsl.Provider{{Services: []tsl.Service{{
			Entry: tsl.Entry{Type: tsl.ServiceREMQualified, Status: tsl.StatusGranted, Starting: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)},
		}}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := tsl.Parse(xml, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	v := list.Verify([]*x509.Certificate{operator.Certificate}, list.Issued, nil)
	fmt.Println(v.Verdict(), list.Providers[0].Services[0].Type)
	// Output: valid http://uri.etsi.org/TrstSvc/Svctype/EDS/REM/Q
}
