// Remreceipt verifies a REM receipt as somebody does who has it as a file and
// believes in nothing but a trusted list:
//
//	remreceipt receipt.eml TSL-IT.xml operator.pem
//
// The list is the one of the provider's country, operator.pem the certificate
// that the European list of lists gives for it. Without arguments it makes all
// three.
package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// verifier believes in the services of a trusted list: those of registered
// mail for messages and evidence, those of time-stamping for time-stamps, and
// neither for the other. A list whose next issue is overdue is believed about
// the time that it covers (tsl.Set.NextUpdate says when that is over).
func verifier(list []byte, operator *x509.Certificate, now time.Time) (*rem.Verifier, error) {
	l, err := tsl.Parse(list, nil)
	if err != nil {
		return nil, err
	}
	set, err := tsl.NewSet(l.Verify([]*x509.Certificate{operator}, now, nil))
	if err != nil {
		return nil, err
	}
	mail, err := trust.NewStore(trust.Material{Anchors: set.Anchors(tsl.REM())}, nil)
	if err != nil {
		return nil, err
	}
	stamps, err := trust.NewStore(trust.Material{Anchors: set.Anchors(tsl.TimeStamping())}, nil)
	if err != nil {
		return nil, err
	}
	return rem.NewVerifier(mail, &rem.VerifyOptions{TimeStamps: stamps, Lists: set}), nil
}

// tell verifies a message and writes down what it proves, or why it proves
// nothing.
func tell(ctx context.Context, w io.Writer, v *rem.Verifier, message []byte) error {
	m, err := rem.ParseBytes(message, nil)
	if err != nil {
		return err
	}
	report, err := v.Verify(ctx, m)
	if err != nil {
		return err
	}
	for _, c := range report.Checks {
		fmt.Fprintf(w, "%-20s %s\n", c.Name, c.Status)
	}
	fmt.Fprintf(w, "verdict: %s, judged at %s (%s)\n", report.Verdict, report.Time.UTC().Format(time.RFC3339), report.Basis)
	certified, err := report.Certified()
	if err != nil {
		return err // what it says is not repeated: nobody proves it
	}
	for _, e := range certified.Evidence {
		fmt.Fprintf(w, "%s attests %s on %s for message %s of %s\n", e.Issuer.LegalName(), e.Event, e.Time.UTC.Format(time.RFC3339), e.MessageID, e.Sender.Address())
		for _, r := range e.Reasons {
			fmt.Fprintf(w, "  because: %s %s\n", r.Code(), r.Text())
		}
		for _, number := range e.SpeaksFor() {
			fmt.Fprintf(w, "  recipient: %s\n", e.Recipients[number-1].Address())
		}
	}
	return nil
}

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, args []string) error {
	if len(args) == 0 {
		return demonstrate(ctx, w)
	}
	if len(args) != 3 {
		return errors.New("usage: remreceipt [MESSAGE LIST OPERATOR.pem]")
	}
	var files [3][]byte
	for i := range files {
		var err error
		if files[i], err = os.ReadFile(args[i]); err != nil {
			return err
		}
	}
	block, _ := pem.Decode(files[2])
	if block == nil {
		return fmt.Errorf("%s: no certificate in PEM", args[2])
	}
	operator, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	v, err := verifier(files[1], operator, time.Now())
	if err != nil {
		return err
	}
	return tell(ctx, w, v, files[0])
}

// demonstrate verifies the delivery receipt of a network in process.
func demonstrate(ctx context.Context, w io.Writer) error {
	n, err := remtest.NewNetwork(nil)
	if err != nil {
		return err
	}
	anna, err := n.Account("anna@alfa.example")
	if err != nil {
		return err
	}
	if _, err := anna.Send(ctx, &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Contratto n. 7"}); err != nil {
		return err
	}
	n.Settle()
	list, operator, err := n.TrustedList("IT")
	if err != nil {
		return err
	}
	v, err := verifier(list, operator, n.Now())
	if err != nil {
		return err
	}
	received := anna.Messages()
	return tell(ctx, w, v, received[len(received)-1].Data)
}
