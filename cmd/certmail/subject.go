package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/cmd/certmail/internal/bench"
	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// newSubject is the library as certmail bench measures it. It does next to
// nothing by itself: it also runs in processes whose memory is measured.
func newSubject(t *bench.Trust) (*bench.Subject, error) {
	material := trust.Material{Anchors: []*x509.Certificate{t.CA}}
	store, err := trust.NewStore(material, nil)
	if err != nil {
		return nil, err
	}
	forgetful, err := trust.NewStore(material, &trust.Policy{CacheSize: -1})
	if err != nil {
		return nil, err
	}
	warm, cold := pec.NewVerifier(store, nil), pec.NewVerifier(forgetful, nil)
	return &bench.Subject{
		Small:      func() ([]byte, error) { return benchReceipt(t, receipt.FormDeliveryConcise, "") },
		Medium:     func() ([]byte, error) { return benchReceipt(t, receipt.FormDeliveryComplete, benchOriginal(200_000)) },
		VerifyWarm: func(msg []byte) error { return mustHold(warm, msg) },
		VerifyCold: func(msg []byte) error { return mustHold(cold, msg) },
		Parse: func(msg []byte) error {
			m, err := pec.ParseBytes(msg, nil)
			if err == nil && m.Data == nil {
				err = pec.ErrNoCertificationData
			}
			return err
		},
		VerifyFile: func(path string) error {
			m, err := pec.OpenFile(path, nil)
			if err != nil {
				return err
			}
			defer m.Close()
			return holds(warm, m)
		},
		Build: func(w io.Writer, original io.ReaderAt, size int64) error { return benchBuild(t, w, original, size) },
		REM:   benchREM, TrustedList: benchList,
		Ledger: benchLedger,
	}, nil
}

func mustHold(v *pec.Verifier, msg []byte) error {
	m, err := pec.ParseBytes(msg, nil)
	if err != nil {
		return err
	}
	return holds(v, m)
}

// holds is nil only for a message that is valid.
func holds(v *pec.Verifier, m *pec.Message) error {
	r, err := v.Verify(context.Background(), m)
	if err != nil {
		return err
	}
	return r.Err()
}

func benchSigner(t *bench.Trust) *envelope.Signer {
	return &envelope.Signer{Key: t.Key, Certificate: t.Certificate, Chain: []*x509.Certificate{t.CA}}
}

func benchBuild(t *bench.Trust, w io.Writer, original io.ReaderAt, size int64) error {
	at := benchTime(t)
	_, err := envelope.WriteTransport(w, io.NewSectionReader(original, 0, size), &envelope.Transport{
		Provider:   envelope.Provider{Name: "Gestore A", Address: benchProvider},
		Identifier: fmt.Sprintf("pec1.%s.00042.1@gestore-a.example", at.Format("20060102150405")),
		Time:       at, Sender: benchSender,
		Recipients: []daticert.Recipient{{Address: benchRecipient, Type: daticert.RecipientCertified}},
	}, benchSigner(t))
	return err
}

const (
	benchSender    = "mario.rossi@pec.alfa.example"
	benchRecipient = "ufficio@pec.beta.example"
)

// benchTime is the time of the events, when the provider's certificate was valid.
func benchTime(t *bench.Trust) time.Time {
	return t.Certificate.NotBefore.AddDate(0, 6, 0).Truncate(time.Second)
}
