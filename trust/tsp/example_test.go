package tsp_test

import (
	"context"
	"crypto"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// The clock of the examples.
func today() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// Obtain a time-stamp over a document, and judge it later.
func Example() {
	authority, err := tsptest.New(tsptest.Config{Clock: today}) // in earnest an HTTPSource
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := tsp.StampReader(context.Background(), authority, strings.NewReader("il documento"), crypto.SHA256)
	if err != nil {
		fmt.Println(err)
		return
	}

	t, err := tsp.Parse(token)
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := authority.Store() // in earnest trust.NewStore with the authorities you believe
	if err != nil {
		fmt.Println(err)
		return
	}
	r := tsp.Verify(t, tsp.Query{Imprint: tsp.OfReader(strings.NewReader("il documento")), Store: store, Now: today()})
	fmt.Println(r.Verdict(), r.Time, r.Certificate.Subject.CommonName)

	r = tsp.Verify(t, tsp.Query{Imprint: tsp.OfData([]byte("un altro documento")), Store: store, Now: today()})
	fmt.Println(r.Verdict(), r.Err)
	// Output:
	// valid 2026-11-01 12:00:00 +0000 UTC Certmail Test TSA
	// invalid tsp: imprint: imprint does not match: the token is over other data
}

// The checks tell what was found.
func ExampleVerify() {
	authority, err := tsptest.New(tsptest.Config{Clock: today, Fault: tsptest.UsageMail})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := tsp.StampReader(context.Background(), authority, strings.NewReader("il documento"), crypto.SHA256)
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := tsp.Parse(token)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := tsp.Verify(t, tsp.Query{Imprint: tsp.OfData([]byte("il documento"))})
	for _, c := range r.Checks {
		if c.Status != trust.Passed {
			fmt.Println(c.Name, c.Status, c.Detail)
		}
	}
	// Output:
	// signer-profile failed the signer's certificate is not fit: trust: certificate is not for time-stamping: the extended key usage is not timeStamping alone (RFC 3161 §2.3)
	// request skipped neither policy nor nonce asked
	// time skipped no present time given
	// signer-chain unknown trust: no trust anchor given
	// revocation skipped trust: no trust anchor given
}

// Ask an authority over HTTP.
func ExampleHTTPSource() {
	authority, err := tsptest.New(tsptest.Config{Clock: today, Login: known})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewTLSServer(authority)
	defer server.Close()

	source := &tsp.HTTPSource{
		URL: server.URL, Client: server.Client(), // in earnest &http.Client{Timeout: 30 * time.Second}
		Credentials: anna, Policy: tsptest.DefaultPolicy, Now: today,
	}
	token, err := tsp.StampReader(context.Background(), source, strings.NewReader("il documento"), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := tsp.Parse(token)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.GenTime, t.Policy, t.HashAlgorithm)
	// Output: 2026-11-01 12:00:00 +0000 UTC 1.2.3.4.1 SHA-256
}

// An authority that refuses says why.
func ExampleParseResponse() {
	resp, err := tsp.ParseResponse([]byte{0x30, 0x09, 0x30, 0x07, 0x02, 0x01, 0x02, 0x03, 0x02, 0x07, 0x80})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Status, resp.Err())
	// Output: rejection tsp: time-stamp not granted: status rejection, badAlg
}
