package pectest_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

// The directory of a test network: one provider.
func ExampleWriteLDIF() {
	ca := pectest.NewAuthority(5)
	alfa := ca.Provider("Gestore Alfa S.p.A.", "gestore-a.example", "pec.alfa.example")
	var ldif bytes.Buffer
	err := pectest.WriteLDIF(&ldif, []pectest.DirectoryRecord{{Provider: alfa}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range bytes.Lines(ldif.Bytes()) {
		if !bytes.HasPrefix(line, []byte(" ")) && !bytes.HasPrefix(line, []byte("providerCertificate")) {
			os.Stdout.Write(line)
		}
	}
	// Output:
	// version: 1
	//
	// dn: o=postacert
	// objectClass: top
	// objectClass: organization
	// objectClass: LDIFLocationURLObject
	// o: postacert
	// LDIFLocationURL: https://igpec.example/igpec.ldif.p7m
	// description: Base root for the PEC providers directory
	//
	// dn: providerName=Gestore Alfa S.p.A.,o=postacert
	// objectClass: top
	// objectClass: provider
	// providerName: Gestore Alfa S.p.A.
	// mailReceipt: ricevute@gestore-a.example
	// LDIFLocationURL: https://gestore-a.example/gestore-a.example.ldif.p7m
	// managedDomains: gestore-a.example
	// managedDomains: pec.alfa.example
}

// The signed directory is what a verifier starts from.
func ExampleAuthority_SignLDIF() {
	ca := pectest.NewAuthority(5)
	alfa := ca.Provider("Gestore Alfa S.p.A.", "gestore-a.example", "pec.alfa.example")
	var ldif bytes.Buffer
	if err := pectest.WriteLDIF(&ldif, []pectest.DirectoryRecord{{Provider: alfa}}, nil); err != nil {
		fmt.Println(err)
		return
	}
	p7m, err := ca.SignLDIF(ldif.Bytes(), noon)
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := ca.Store()
	if err != nil {
		fmt.Println(err)
		return
	}
	directory, err := trust.LoadSignedLDIF(bytes.NewReader(p7m), store, noon, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err = trust.NewStore(trust.Material{Anchors: []*x509.Certificate{ca.Certificate()}, Directory: directory}, nil)
	fmt.Println(directory.Signer().Provider, directory.ByDomain("pec.alfa.example")[0].Name, store != nil, err)
	// Output: Indice dei gestori Gestore Alfa S.p.A. true <nil>
}

// Two certificates while one is being renewed.
func ExampleAuthority_Renew() {
	ca := pectest.NewAuthority(5)
	alfa := ca.Provider("Gestore Alfa S.p.A.", "gestore-a.example", "pec.alfa.example")
	next, err := ca.Renew(alfa, noon, noon.AddDate(3, 0, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	var ldif bytes.Buffer
	err = pectest.WriteLDIF(&ldif, []pectest.DirectoryRecord{{Provider: alfa, Certificates: []*x509.Certificate{next.Certificate}}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	directory, err := trust.LoadLDIF(&ldif, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range []*x509.Certificate{alfa.Signer.Certificate, next.Certificate} {
		p, err := directory.ByCertificate(c.Raw)
		fmt.Println(p.Name, err)
	}
	alfa.Signer = next // from now on it signs with the new one
	// Output:
	// Gestore Alfa S.p.A. <nil>
	// Gestore Alfa S.p.A. <nil>
}
