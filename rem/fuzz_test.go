package rem_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// FuzzMessage: reading, verifying and following any bytes ends, without a
// panic, within the limits; what is handed out are the bytes that came in; and
// nothing that a store without anchors judges is valid.
func FuzzMessage(f *testing.F) {
	for _, message := range fuzzSeeds(f) {
		f.Add(message)
	}
	f.Add([]byte("REM-MessageType: x\r\nFrom: a@x.example\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n--b--\r\n"))
	v := rem.NewVerifier(nil, nil)
	opt := &rem.Options{MaxEvidence: 4, MaxEvidenceSize: 1 << 16, Envelope: envelope.Options{MaxParts: 64}}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := rem.ParseBytes(data, opt)
		if err != nil {
			return
		}
		if len(m.Evidence) > 4 || len(m.Findings) > 1000 {
			t.Fatal("limits do not hold")
		}
		source, err := io.ReadAll(m.Envelope.Source())
		if err != nil || !bytes.Equal(source, data) {
			t.Fatal("other bytes than were read")
		}
		_, _ = m.Time()
		_, _, _ = m.Sender(), m.Subject(), m.Recipients()
		_, _ = m.Text(1 << 16)
		_ = m.Metadata()
		for i := range m.Evidence {
			if e := &m.Evidence[i]; (e.Document == nil) == (e.Err == nil) {
				t.Fatal("evidence is either read or says why not")
			}
		}
		r, err := v.Verify(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict == trust.Valid {
			t.Fatal("valid, and nobody is trusted")
		}
		if _, err := r.Certified(); err == nil {
			t.Fatal("certified, and not valid")
		}
		events, err := r.Events("x")
		if err != nil {
			t.Fatal(err)
		}
		l := receipt.NewLedger(nil)
		l.Add(events...)
		for _, m := range l.Snapshot(time.Time{}).Messages {
			if m.Light == receipt.Green {
				t.Fatal("green without proof")
			}
		}
		_ = rem.Transactions(r.Records("x")...)
	})
}

// fuzzSeeds are messages of every kind with evidence and signatures that are
// none: keys would take every worker longer to make than it has.
func fuzzSeeds(f *testing.F) (all [][]byte) {
	f.Helper()
	e, err := evidence.New(evidence.ContentConsignment, submitted, "RD01")
	if err != nil {
		f.Fatal(err)
	}
	e.ID, e.MessageID, e.Sender, e.Recipients = "e@x.example", newID, evidence.Mailbox(anna), []evidence.User{evidence.Mailbox(ufficio)}
	xml, _, err := e.MarshalLenient(evidence.Baseline())
	if err != nil {
		f.Fatal(err)
	}
	const part = "--m\r\nREM-Section-Type: rem_message/"
	evidencePart := part + "xml_evidence\r\nContent-Type: application/xml; name=\"ContentConsignment.xml\";\r\nContent-Transfer-Encoding: base64\r\n\r\n" + string(base64Lines(xml)) + "\r\n"
	originalPart := part + "original\r\nContent-Type: message/rfc822\r\n\r\n" + crlf(offer) + "\r\n"
	for kind, parts := range map[string]string{
		"dispatch": originalPart + evidencePart, "payload": originalPart, "receipt": evidencePart + evidencePart, "notification": part + "extension\r\n\r\nx\r\n",
	} {
		all = append(all, []byte("From: <rem@x.example>\r\nREM-MessageType: "+typeURI+kind+"\r\nREM-Evidence-ID: <e@x.example>\r\nREM-MD08: <a@x.example>\r\n"+
			"Content-Type: multipart/signed; boundary=s; micalg=sha-256\r\n\r\n--s\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"+
			part+"introduction\r\n\r\nciao\r\n"+parts+"--m--\r\n--s\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--s--\r\n"))
	}
	slices.SortFunc(all, bytes.Compare)
	return all
}

const typeURI = "http://uri.etsi.org/19522/v1#/ERDMessageType/"

// FuzzPrepare: what is prepared has only CR LF line ends and one Message-ID,
// its digest is that of its bytes, and preparing it again with the same id
// changes nothing but the sender's id.
func FuzzPrepare(f *testing.F) {
	f.Add([]byte(offer))
	f.Add([]byte("From: a@x.example\r\nTo: b@y.example\r\nMessage-ID: <1@x>\r\nMessage-ID:\r\n <2@x>\r\n\r\n\r\r\n."))
	f.Add([]byte("From: a@x.example\nTo: b@y.example\nREM-UAMessageIdentifier: =?utf-8?q?x?=\n\n\xff\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := rem.Prepare(section(string(data)), newID, nil)
		if err != nil {
			return
		}
		var a, b bytes.Buffer
		if _, err := p.WriteTo(&a); err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo(&b); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) || int64(a.Len()) != p.Size {
			t.Fatal("two writings differ")
		}
		out := a.String()
		if !strings.HasSuffix(out, "\r\n") || strings.Count(out, "\n") != strings.Count(out, "\r\n") {
			t.Fatalf("line ends: %q", out)
		}
		m, err := envelope.OpenBytes(a.Bytes(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := m.Header.Count("Message-ID"); n != 1 || m.Header.Count("REM-UAMessageIdentifier") != 1 {
			t.Fatalf("%d Message-ID: %q", n, out)
		}
		again, err := rem.Prepare(section(out), newID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := again.Size - p.Size; d > int64(len(newID)+8) {
			t.Fatalf("grew by %d: %q", d, out)
		}
	})
}
