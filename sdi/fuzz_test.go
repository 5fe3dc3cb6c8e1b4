package sdi_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
	"github.com/certmail/certmail/trust"
)

// seal signs with a certificate of the tests.
func seal(t testing.TB, content []byte) []byte {
	leaf := testpki.NewAuthority(31, "CA fuzz", nil).Provider("fuzz", "fuzz@alfa.example", nil)
	data, err := cms.SignAttached(content, &cms.Signing{Key: leaf.Key, Certificate: leaf.Certificate, SigningTime: at})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzRecognise: nothing panics, the file is digested in full, and what is said
// about it hangs together.
func FuzzRecognise(f *testing.F) {
	for _, n := range everyNotification() {
		f.Add("IT01234567890_00001_"+string(n.Type)+"_001.xml", notification(f, n))
	}
	invoice := sditest.Invoice(sampleInvoice())
	f.Add(invoiceName, invoice)
	f.Add("IT01234567890_00001.zip", zipOf(f, zip.Deflate, invoiceName))
	f.Add(invoiceName+".p7m", seal(f, invoice))
	f.Add("x", []byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	opt := &sdi.Options{MaxFile: 1 << 20, Notifications: sdi.Anchors(exchange.Anchor()), At: at}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		got, err := sdi.Recognise(name, bytes.NewReader(data), opt)
		if err != nil {
			t.Fatal(err)
		}
		if got.Size != int64(len(data)) || got.SHA256 != hexSum(data) || len(got.Layers) == 0 && got.PayloadSHA256 != got.SHA256 {
			t.Fatal("not digested")
		}
		if (got.Invoice != nil) != got.Kind.IsInvoice() || (got.Notification != nil) != (got.Kind == sdi.KindNotification) || (got.Kind == sdi.KindArchive) && len(got.Names) == 0 {
			t.Fatalf("a %s with %v, %v, %v", got.Kind, got.Invoice, got.Notification, got.Names)
		}
		if len(got.Findings) > 100 || len(got.Layers) > 3 {
			t.Fatal("beyond the limits")
		}
		if got.Kind == sdi.KindNotification && got.Signed() && !bytes.Contains(data, []byte("SignatureValue")) {
			t.Fatal("signed, by nothing")
		}
	})
}

// FuzzUnwrap: a signed file is what it was signed as, or its signature does not
// hold; the same in base64 is the same.
func FuzzUnwrap(f *testing.F) {
	content := sditest.Invoice(sampleInvoice())
	genuine := seal(f, content)
	f.Add(genuine)
	f.Add(seal(f, genuine))
	leaf := testpki.NewAuthority(31, "CA fuzz", nil).Provider("fuzz", "fuzz@alfa.example", nil).Certificate
	opt := &sdi.Options{MaxFile: 1 << 20, Invoices: sdi.Anchors(leaf), At: at}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := sdi.Recognise(invoiceName+".p7m", bytes.NewReader(data), opt)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Layers {
			for j := range got.Layers[i].Signatures {
				s := &got.Layers[i].Signatures[j]
				if s.OK() && got.Layers[i].SHA256 != hexSum(content) && got.Layers[i].SHA256 != hexSum(genuine) {
					t.Fatal("a trusted signature over something else")
				}
				if s.Trust == trust.Passed && s.Integrity != trust.Passed {
					t.Fatal("trusted without holding")
				}
			}
		}
		if len(data) < 128 || len(data) > 200_000 || data[0] != 0x30 || data[1] < 0x80 {
			return
		}
		again, err := sdi.Recognise(invoiceName+".p7m", bytes.NewReader([]byte(base64.StdEncoding.EncodeToString(data))), opt)
		if err != nil {
			t.Fatal(err)
		}
		if again.Kind != got.Kind || len(again.Layers) != len(got.Layers) || len(got.Layers) > 0 && again.PayloadSHA256 != got.PayloadSHA256 {
			t.Fatalf("%s in %d layers, in base64 %s in %d: %v %v", got.Kind, len(got.Layers), again.Kind, len(again.Layers), got.Findings, again.Findings)
		}
	})
}
