package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

const (
	anna   = "anna@pec.alfa.example"
	bruno  = "bruno@pec.beta.example"
	carla  = "carla@mail.gamma.example"
	mbox   = "posta-certificata@gestore-a.example"
	sentID = "7f3c@pc-anna.alfa.example"
	pecID  = "pec1.20260303101532.00042.1@gestore-a.example"
)

// gestore signs the messages of these tests. Everything follows from seeds.
type gestore struct {
	ca   *testpki.Authority
	leaf *testpki.Leaf
}

var newGestore = sync.OnceValue(func() *gestore {
	ca := testpki.NewAuthority(11, "Prova CA", nil)
	return &gestore{ca, ca.Provider("Gestore Alfa", mbox, nil)}
})

func (g *gestore) signer() *envelope.Signer {
	return &envelope.Signer{Key: g.leaf.Key, Certificate: g.leaf.Certificate, Chain: g.leaf.Chain}
}

func (g *gestore) caFile(t *testing.T) string {
	return write(t, t.TempDir(), "ca.pem", g.ca.PEM())
}

func at(offset time.Duration) time.Time {
	return time.Date(2026, 3, 3, 10, 15, 32, 0, time.FixedZone("CET", 3600)).Add(offset)
}

// transport writes the busta di trasporto around an original.
func (g *gestore) transport(t testing.TB, letter string) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := envelope.WriteTransport(&b, io.NewSectionReader(strings.NewReader(letter), 0, int64(len(letter))), &envelope.Transport{
		Provider: envelope.Provider{Name: "Gestore Alfa S.p.A.", Address: mbox}, Identifier: pecID, Time: at(0), Sender: anna,
		Recipients: []daticert.Recipient{{Address: bruno, Type: daticert.RecipientCertified}, {Address: carla, Type: daticert.RecipientExternal}},
		Style:      envelope.Style{Random: testpki.Reader(5, "boundaries")},
	}, g.signer())
	require.NoError(t, err)
	return b.Bytes()
}

// receipt writes a receipt or notice; edit may change what it says.
func (g *gestore) receipt(t testing.TB, form receipt.Form, offset time.Duration, edit func(*receipt.Transaction, *receipt.Notice)) []byte {
	t.Helper()
	tx := &receipt.Transaction{
		Sender: anna, Subject: "Contratto n. 7", HasSubject: true, MessageID: sentID, Identifier: pecID,
		Recipients: []receipt.TransactionRecipient{{Address: bruno, Type: daticert.RecipientCertified}, {Address: carla, Type: daticert.RecipientExternal}},
	}
	n := &receipt.Notice{
		Provider: envelope.Provider{Name: "Gestore Alfa S.p.A.", Address: mbox}, Time: at(offset),
		MessageID: string(form) + "." + offset.String() + "@gestore-a.example", Recipient: bruno,
		Style: envelope.Style{Random: testpki.Reader(6, string(form))},
	}
	if edit != nil {
		edit(tx, n)
	}
	draft, _, err := receipt.Build(form, tx, n)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, envelope.Write(&b, draft, g.signer()))
	return b.Bytes()
}

func notDelivered(_ *receipt.Transaction, n *receipt.Notice) {
	n.Error, n.Detail = daticert.ErrorRecipient, receipt.ErrorDetail("5.1.1", "Gestore Beta S.r.l.", "indirizzo non valido")
}

// file is an attachment of a message to be sent.
type file struct{ disposition, body string }

// letter writes a message to be sent. Each file gives its disposition.
func letter(files ...file) string {
	var b strings.Builder
	b.WriteString("From: Anna Bianchi <" + anna + ">\r\nTo: " + bruno + ", " + carla + "\r\nSubject: Contratto n. 7\r\n" +
		"Date: Tue, 03 Mar 2026 10:15:30 +0100\r\nMessage-ID: <" + sentID + ">\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=\"orig\"\r\n\r\n--orig\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBuongiorno.\r\n")
	for _, f := range files {
		b.WriteString("--orig\r\nContent-Type: application/octet-stream\r\nContent-Disposition: " + f.disposition + "\r\n\r\n" + f.body + "\r\n")
	}
	b.WriteString("--orig--\r\n")
	return b.String()
}

func toCRLF(b []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func section(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

func kindOf(t *testing.T, message []byte) pec.Kind {
	t.Helper()
	m, err := pec.ParseBytes(message, nil)
	require.NoError(t, err)
	return m.Kind
}
