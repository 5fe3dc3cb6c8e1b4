package trust_test

import (
	"crypto/x509"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
)

// The key of AgID CA1 is trusted because the caller says so.
func ExampleNewStore() {
	store, err := trust.NewStore(trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	result := store.Evaluate(trust.Query{From: "posta-certificata@pec.example", At: time.Now()})
	fmt.Println(result.AtEvent.Status, result.AtEvent.Detail)
	// Output: unknown trust: signer certificate not available
}

// A throw-away authority stands in for a provider's.
func ExampleStore_Evaluate() {
	ca := testpki.NewAuthority(1, "Example CA", nil)
	signer := ca.Provider("Gestore Alfa S.p.A.", "posta-certificata@pec.alfa.example", nil).Certificate

	anchors, err := trust.ParseCertificates(ca.PEM())
	if err != nil {
		log.Fatal(err)
	}
	store, err := trust.NewStore(trust.Material{Anchors: anchors}, nil)
	if err != nil {
		log.Fatal(err)
	}
	result := store.Evaluate(trust.Query{
		Leaf: signer.Raw, // from the message's signature
		From: "posta-certificata@pec.alfa.example",
		At:   time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), // the certified event
		Now:  time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	})
	for _, c := range result.Checks {
		fmt.Println(c.Name, c.Status)
	}
	fmt.Println(result.Provider, trust.Judge(result.Checks, trust.CheckSignerChain, trust.CheckSignerAddress))
	// Output:
	// signer-chain passed
	// signer-address passed
	// provider-directory skipped
	// revocation skipped
	// Gestore Alfa S.p.A. valid
}

func ExampleLoadLDIF() {
	directory, err := trust.LoadLDIF(strings.NewReader(`version: 1

dn: providerName=Gestore Alfa,o=postacert
objectClass: top
objectClass: provider
providerName: Gestore Alfa
mailReceipt: ricevute@pec.alfa.example
managedDomains: pec.alfa.example
managedDomains: cliente.example
`), nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, provider := range directory.ByDomain("Cliente.Example") {
		fmt.Println(provider.Name)
	}
	for _, f := range directory.Findings() {
		fmt.Println(f.Detail)
	}
	// Output:
	// Gestore Alfa
	// line 3: providerName=Gestore Alfa,o=postacert: no providerCertificateHash
	// line 3: providerName=Gestore Alfa,o=postacert: no providerCertificate
}

// What is kept when a message arrives answers years later.
func ExampleStore_Capture() {
	ca := testpki.NewAuthority(1, "Example CA", nil)
	signer := ca.Provider("Gestore Alfa S.p.A.", "posta-certificata@pec.alfa.example", nil).Certificate
	store, err := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{ca.Certificate}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	received := time.Date(2024, 5, 6, 7, 10, 0, 0, time.UTC)
	kept, err := store.Capture(trust.Query{Leaf: signer.Raw, At: received.Add(-time.Minute), Now: received})
	if err != nil {
		log.Fatal(err)
	}
	later := store.Evaluate(kept.Query("posta-certificata@pec.alfa.example", received.AddDate(10, 0, 0)))
	fmt.Println(kept.FirstSeen.Format(time.RFC3339), later.AtEvent.Status)
	// Output: 2024-05-06T07:10:00Z passed
}
