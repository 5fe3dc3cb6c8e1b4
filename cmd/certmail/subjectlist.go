package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/certmail/certmail/cmd/certmail/internal/bench"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
)

// benchList makes a throw-away trusted list of at least n bytes, of providers like
// those of real ones: services with a certificate each and a history.
func benchList(n int) (*bench.TrustedList, error) {
	service, operator := tsltest.NewOperator(2, "IT").Certificate, tsltest.NewOperator(1, "IT")
	issued := service.NotBefore.AddDate(1, 0, 0).Truncate(time.Second).UTC()
	list := &tsl.List{Territory: "IT", Sequence: 1, Issued: issued, NextUpdate: issued.AddDate(0, 6, 0)}
	entry := func(status string, years int, identities ...[]byte) tsl.Entry {
		return tsl.Entry{
			Type: tsl.ServiceREMQualified, Names: tsl.Names{{Language: "en", Value: "REM service"}}, Status: status,
			Starting: issued.AddDate(-years, 0, 0), Identity: tsl.Identity{Certificates: identities},
		}
	}
	add := func() {
		p := tsl.Provider{Names: tsl.Names{{Language: "en", Value: fmt.Sprintf("Provider %d", len(list.Providers)+1)}}}
		for range 5 {
			p.Services = append(p.Services, tsl.Service{
				Entry:   entry(tsl.StatusGranted, 1, service.Raw),
				History: []tsl.Entry{entry(tsl.StatusWithdrawn, 2, service.Raw), entry(tsl.StatusGranted, 3)},
			})
		}
		list.Providers = append(list.Providers, p)
	}
	add()
	one := len(tsltest.Write(list))
	add()
	two := len(tsltest.Write(list))
	for range (n-two)/(two-one) + 1 {
		add()
	}
	xml, err := operator.Sign(context.Background(), list)
	if err != nil {
		return nil, err
	}
	signers := []*x509.Certificate{operator.Certificate}
	return &bench.TrustedList{XML: xml, Verify: func(xml []byte) error {
		l, err := tsl.Parse(xml, nil)
		if err != nil {
			return err
		}
		return l.Verify(signers, time.Time{}, nil).Err
	}}, nil
}
