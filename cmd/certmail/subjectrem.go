package main

import (
	"context"
	"errors"

	"github.com/certmail/certmail/cmd/certmail/internal/bench"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/rem/remtest"
)

// benchREM sends a message through a throw-away REM network and takes the receipt
// of its consignment.
func benchREM() (*bench.REM, error) {
	n, err := remtest.NewNetwork(&remtest.NetworkOptions{Providers: remtest.ProvidersFor("alfa.example", "beta.example")})
	if err != nil {
		return nil, err
	}
	sender, err := n.Account("anna@alfa.example")
	if err != nil {
		return nil, err
	}
	draft := &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto n. 42"}
	if _, err := sender.Send(context.Background(), draft); err != nil {
		return nil, err
	}
	n.Settle()
	v := rem.NewVerifier(n.Store(), nil)
	verify := func(msg []byte) error {
		m, err := rem.ParseBytes(msg, nil)
		if err != nil {
			return err
		}
		r, err := v.Verify(context.Background(), m)
		if err != nil {
			return err
		}
		return r.Err()
	}
	for _, stored := range sender.Messages() {
		m, err := rem.ParseBytes(stored.Data, nil)
		if err != nil {
			return nil, err
		}
		if m.Kind != rem.KindReceipt || len(m.Evidence) != 1 || m.Evidence[0].Document.Event != evidence.ContentConsignment {
			continue
		}
		signed := m.Envelope.Signed.Entity
		return &bench.REM{Message: stored.Data, Signed: stored.Data[signed.Start:signed.End], Evidence: m.Evidence[0].Bytes(), Verify: verify}, nil
	}
	return nil, errors.New("the REM network made no receipt of consignment")
}
