package pec_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// What the attacks and the checklist are built from: two providers, Alfa and
// Beta, under one authority, and good messages of theirs. Every attack starts
// from one that verifies.

const (
	alfaMailbox = "posta-certificata@gestore-a.example"
	betaMailbox = "posta-certificata@gestore-b.example"
	mario       = "mario.rossi@pec.alfa.example"
	ufficio     = "ufficio@pec.beta.example"
	pecID       = "pec1.20260303101532.00042.1@gestore-a.example"
	clientID    = "<7f3c@pc-rossi.alfa.example>"
)

var eventTime = time.Date(2026, 3, 3, 10, 15, 32, 0, time.FixedZone("CET", 3600))

// gestore is a provider that can sign.
type gestore struct {
	name, mailbox string
	ca            *testpki.Authority
	leaf          *testpki.Leaf
}

func testAuthority() *testpki.Authority { return testpki.NewAuthority(11, "CA di prova", nil) }

// newGestore makes a provider under ca; change edits its certificate.
func newGestore(ca *testpki.Authority, name, mailbox string, change func(*x509.Certificate)) *gestore {
	return &gestore{name, mailbox, ca, ca.Provider(name, mailbox, change)}
}

func gestoreAlfa() *gestore {
	return newGestore(testAuthority(), "Gestore Alfa S.p.A.", alfaMailbox, nil)
}

func (g *gestore) signer() *envelope.Signer {
	return &envelope.Signer{Key: g.leaf.Key, Certificate: g.leaf.Certificate, Chain: g.leaf.Chain}
}

// store trusts the provider's authority.
func (g *gestore) store(t testing.TB) *trust.Store {
	t.Helper()
	s, err := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{g.ca.Certificate}}, nil)
	require.NoError(t, err)
	return s
}

// submittedMail is what Mario submits: a text and an attachment.
const submittedMail = "Received: from pc-rossi by gestore-a.example; Tue, 3 Mar 2026 10:15:30 +0100\r\n" +
	"From: Mario Rossi <" + mario + ">\r\nTo: " + ufficio + "\r\nSubject: Contratto n. 7\r\nMessage-ID: " + clientID + "\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\nContent-Type: text/plain\r\n\r\nCiao\r\n" +
	"--inner\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--inner--\r\n"

// transport writes the envelope of g around an original.
func (g *gestore) transport(t testing.TB, original string, change func(*envelope.Transport)) []byte {
	t.Helper()
	tr := &envelope.Transport{
		Provider: envelope.Provider{Name: g.name, Address: g.mailbox}, Identifier: pecID, Time: eventTime, Sender: mario,
		Recipients: []daticert.Recipient{{Address: ufficio, Type: daticert.RecipientCertified}},
		Style:      envelope.Style{Random: testpki.Reader(7, "envelope")},
	}
	if change != nil {
		change(tr)
	}
	var b bytes.Buffer
	_, err := envelope.WriteTransport(&b, io.NewSectionReader(strings.NewReader(original), 0, int64(len(original))), tr, g.signer())
	require.NoError(t, err)
	return b.Bytes()
}

// anomaly writes the anomaly envelope of g around anything.
func (g *gestore) anomaly(t testing.TB, received []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, envelope.WriteAnomaly(&b, io.NewSectionReader(bytes.NewReader(received), 0, int64(len(received))), &envelope.Anomalous{
		Provider: envelope.Provider{Name: g.name, Address: g.mailbox}, Time: eventTime, Sender: "qualcuno@gamma.example",
		Recipients: []string{ufficio}, Reason: "messaggio non firmato", Style: envelope.Style{Random: testpki.Reader(7, "anomaly")},
	}, g.signer()))
	return b.Bytes()
}

// data are the certification data of a receipt of g.
func (g *gestore) data(tipo daticert.Type) *daticert.Data {
	d := &daticert.Data{
		Type: tipo, Error: daticert.ErrorNone, Sender: mario, ReplyTo: mario, Subject: "Contratto n. 7", HasSubject: true,
		Recipients: []daticert.Recipient{{Address: ufficio, Type: daticert.RecipientCertified}},
		Provider:   g.name, Date: daticert.NewDate(eventTime), Identifier: pecID, MessageID: clientID,
	}
	switch tipo {
	case daticert.TypeDelivery:
		d.Deliveries, d.ReceiptType = []string{ufficio}, daticert.ReceiptConcise
	case daticert.TypeTakeCharge:
		d.TakenInCharge = []string{ufficio}
	case daticert.TypeNonDelivery, daticert.TypeDelayNotice:
		d.Deliveries, d.Error, d.ErrorDetail = []string{ufficio}, daticert.ErrorRecipient, "5.1.1 - Gestore Beta - indirizzo non valido"
	}
	return d
}

// draft is a receipt of g about d, ready to be changed and signed.
func (g *gestore) draft(t testing.TB, d *daticert.Data) *envelope.Draft {
	t.Helper()
	xml, err := d.Marshal()
	require.NoError(t, err)
	row, _ := catalogue.ByType(string(d.Type), d.Error == daticert.ErrorVirus)
	return &envelope.Draft{
		Header: []envelope.Field{
			{Name: "Subject", Value: catalogue.Subject(&row, d.Subject)},
			{Name: "X-Riferimento-Message-ID", Value: d.MessageID},
			{Name: "Date", Value: eventTime.Format(time.RFC1123Z)},
			{Name: "To", Value: d.Sender},
			{Name: "X-Ricevuta", Value: string(d.Type)},
			{Name: "From", Value: g.mailbox},
			{Name: "Message-ID", Value: "<r." + d.Identifier + ">"},
		},
		Text: "Il messaggio " + d.Subject + " è stato trattato.\n", CertificationData: xml, Time: eventTime,
		Style: envelope.Style{Random: testpki.Reader(7, "receipt")},
	}
}

func (g *gestore) sign(t testing.TB, d *envelope.Draft) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, envelope.Write(&b, d, g.signer()))
	return b.Bytes()
}

// receipt is a good receipt of g.
func (g *gestore) receipt(t testing.TB, tipo daticert.Type) []byte {
	t.Helper()
	return g.sign(t, g.draft(t, g.data(tipo)))
}

// signEntity signs a MIME entity of the attacker's or the test's making and
// puts a header before it.
func (g *gestore) signEntity(t testing.TB, header, entity string) []byte {
	t.Helper()
	return []byte(header + "MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=OUTER\r\n\r\n" +
		"--OUTER\r\n" + entity + "\r\n--OUTER\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64Lines(g.detached(t, []byte(entity), crypto.SHA256)) + "--OUTER--\r\n")
}

func base64Lines(b []byte) string {
	s := base64.StdEncoding.EncodeToString(b)
	var out strings.Builder
	for len(s) > 64 {
		out.WriteString(s[:64] + "\r\n")
		s = s[64:]
	}
	return out.String() + s + "\r\n"
}

// edit replaces the only occurrence of old.
func edit(t testing.TB, message []byte, old, with string) []byte {
	t.Helper()
	require.Equal(t, 1, strings.Count(string(message), old), "%q", old)
	return []byte(strings.Replace(string(message), old, with, 1))
}

// addHeader puts fields before all others.
func addHeader(message []byte, fields ...string) []byte {
	return append([]byte(strings.Join(fields, "\r\n")+"\r\n"), message...)
}

// boundaryOf reads the boundary of the top-level multipart.
func boundaryOf(t testing.TB, message []byte) string {
	t.Helper()
	m, err := envelope.OpenBytes(message, nil)
	require.NoError(t, err)
	return m.Root.Type.Param("boundary")
}

func judgeWith(t testing.TB, message []byte, s *trust.Store, opt *pec.VerifyOptions) *pec.Report {
	t.Helper()
	m, err := pec.ParseBytes(message, nil)
	require.NoError(t, err)
	r, err := pec.NewVerifier(s, opt).Verify(context.Background(), m)
	require.NoError(t, err)
	require.Len(t, r.Checks, 9)
	certified, err := r.Certified()
	require.Equal(t, r.Verdict == trust.Valid, err == nil)
	require.Equal(t, r.Verdict == trust.Valid, certified != nil)
	return r
}

func (g *gestore) judge(t testing.TB, message []byte) *pec.Report {
	t.Helper()
	return judgeWith(t, message, g.store(t), nil)
}

// outcome names the checks of a status.
func outcome(r *pec.Report, s trust.Status) []string {
	names := []string{}
	for _, c := range r.Checks {
		if c.Status == s {
			names = append(names, c.Name)
		}
	}
	return names
}

func requireValid(t testing.TB, r *pec.Report) {
	t.Helper()
	require.Equal(t, trust.Valid, r.Verdict, "%+v", r.Checks)
}

// requireInvalid wants exactly these checks to have failed.
func requireInvalid(t testing.TB, r *pec.Report, failed ...string) {
	t.Helper()
	require.Equal(t, trust.Invalid, r.Verdict, "%+v", r.Checks)
	require.Equal(t, failed, outcome(r, trust.Failed), "%+v", r.Checks)
}

// requireOpen wants exactly these checks to be undecided, and none failed.
func requireOpen(t testing.TB, r *pec.Report, unknown ...string) {
	t.Helper()
	require.Equal(t, trust.Indeterminate, r.Verdict, "%+v", r.Checks)
	require.Empty(t, outcome(r, trust.Failed), "%+v", r.Checks)
	require.Equal(t, unknown, outcome(r, trust.Unknown), "%+v", r.Checks)
}

func findingCodes(list []pec.Finding) []string {
	codes := []string{}
	for _, f := range list {
		codes = append(codes, f.Code)
	}
	return codes
}

// requireFindings wants exactly these codes, in order.
func requireFindings(t testing.TB, r *pec.Report, codes ...string) {
	t.Helper()
	if codes == nil {
		codes = []string{}
	}
	require.Equal(t, codes, findingCodes(r.Findings), "%+v", r.Findings)
}

// requireEmptyDir wants no temporary file left behind.
func requireEmptyDir(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
