package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"os/signal"
	"time"

	"github.com/certmail/certmail/cmd/certmail/internal/bench"
	"github.com/certmail/certmail/cmd/certmail/internal/progress"
)

const benchHelp = `usage: certmail bench [--json] [--quick]

Measures the library against fixed yardsticks in one run: the cryptographic work
alone, a Go program of today's libraries, OpenSSL in process, and xmlsec1. The
yardsticks in C are compiled on the fly where a compiler and OpenSSL's headers are
there. Rows 1 to 12 are the project's goals for PEC, 13 and 14 those for receipts
of REM and for trusted lists.
Contestants take turns; a figure is the median of the rounds' ratios. A run takes
about a minute and 400 MB of temporary files.

  --quick   show in a few seconds that everything runs; its figures mean nothing
  --json    one JSON array on standard output, a row per goal and part

The exit code is 1 if a figure does not reach what it must (not with --quick).
`

// benchProvider is the throw-away provider that signs everything measured.
const benchProvider = "posta-certificata@gestore-a.example"

func (a *app) bench(args []string) error {
	// A run starts this program again for what has to be measured in a process
	// of its own: nothing may take memory before.
	if was, err := bench.Child(newSubject, a.stdout); was {
		return err
	}
	f := newFlags("bench", benchHelp)
	quick := f.Bool("quick", false, "")
	rest, err := f.read(args)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return usagef("bench: takes no files; see certmail bench --help")
	}
	believed, err := newBenchTrust()
	if err != nil {
		return err
	}
	config := bench.Full(believed, newSubject)
	if *quick {
		config = bench.Quick(believed, newSubject)
	}
	config.ChildArgs = []string{f.Name()}
	if f, ok := a.stderr.(*os.File); ok {
		bar := progress.New(f, "measuring", 0)
		defer bar.Clear()
		config.Progress = bar.Set
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop() // so that temporary files go when the run is interrupted
	rows, err := bench.Run(ctx, config)
	if err != nil {
		return err
	}
	if f.json {
		err = writeJSON(a.stdout, rows)
	} else {
		err = bench.WriteText(a.stdout, rows)
	}
	if err != nil || *quick {
		return err
	}
	for _, row := range rows {
		if row.Outcome() == "missed" {
			return errNotGood
		}
	}
	return nil
}

// newBenchTrust makes a provider under an authority of its own.
func newBenchTrust() (*bench.Trust, error) {
	caKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"IT"}, Organization: []string{"certmail bench"}, CommonName: "Bench CA"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
		IsCA: true, BasicConstraintsValid: true,
	}
	ca, err = issue(ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	leaf, err := issue(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{Country: []string{"IT"}, Organization: []string{"Gestore A"}, CommonName: "Posta Certificata Gestore A"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}, EmailAddresses: []string{benchProvider},
		PolicyIdentifiers: []asn1.ObjectIdentifier{{1, 3, 76, 16, 3, 1, 1}},
	}, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	return &bench.Trust{CA: ca, Certificate: leaf, Key: key}, nil
}

func issue(template, parent *x509.Certificate, public *rsa.PublicKey, key *rsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
