package sdi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
)

// circuit is a network of certified mail in which SDI has a mailbox, and so has
// somebody at a domain that looks like SDI's.
type circuit struct {
	*pectest.Network
	opt *sdi.Options
}

const (
	anna      = "anna@alfa.example"
	lookAlike = "sdi01@pec.fattura-pa.example"
)

func newCircuit(t testing.TB) *circuit {
	t.Helper()
	n, err := pectest.NewNetwork(&pectest.NetworkOptions{Seed: 5, Start: at, Providers: []pectest.ProviderConfig{
		{Name: "Gestore Alfa", Domain: "gestore-a.example", Domains: []string{"alfa.example", "pec.fattura-pa.example"}, Accounts: []string{anna, lookAlike}},
		{Name: "Gestore SDI", Domain: "gestore-s.example", Domains: []string{sditest.Domain}, Accounts: []string{sditest.Address(1)}},
	}})
	require.NoError(t, err)
	return &circuit{n, &sdi.Options{Domains: []string{sditest.Domain}, Notifications: sdi.Anchors(exchange.Anchor())}}
}

type file struct {
	name string
	data []byte
}

// send sends files and returns the envelope that came.
func (c *circuit) send(t testing.TB, from, to, subject string, files ...file) []byte {
	t.Helper()
	d := &pec.Draft{To: pec.Addresses(to), Subject: subject, Text: "In allegato.\n", ReceiptType: "completa"}
	for _, f := range files {
		d.Attachments = append(d.Attachments, pec.FileBytes(f.name, "application/octet-stream", f.data))
	}
	account, err := c.Account(from)
	require.NoError(t, err)
	_, err = account.Send(context.Background(), d)
	require.NoError(t, err)
	c.Settle()
	box, err := c.Mailbox(to)
	require.NoError(t, err)
	all := box.Messages()
	require.NotEmpty(t, all)
	return all[len(all)-1].Data
}

// inspect verifies a message, unless it is to be taken as it is.
func (c *circuit) inspect(t testing.TB, data []byte, verified bool) *sdi.Message {
	t.Helper()
	m, err := pec.ParseBytes(data, nil)
	require.NoError(t, err)
	var r *pec.Report
	if verified {
		r, err = c.Verifier().Verify(context.Background(), m)
		require.NoError(t, err)
	}
	out, err := sdi.Inspect(m, r, c.opt)
	require.NoError(t, err)
	return out
}

func metadata(t testing.TB, n *sdi.Notification) file {
	n.Type, n.Channel = sdi.MT, sdi.ChannelPrivate
	return file{"IT01234567890_00001_MT_001.xml", notification(t, n)}
}

func receiptFile(t testing.TB) file {
	return file{"IT01234567890_00001_RC_001.xml", notification(t, &sdi.Notification{Type: sdi.RC, Channel: sdi.ChannelPrivate, ID: "42", FileName: invoiceName, MessageID: "1"})}
}

func invoiceFile() file { return file{invoiceName, sditest.Invoice(sampleInvoice())} }

func TestSDI_IncomingInvoice(t *testing.T) {
	c := newCircuit(t)
	good := &sdi.Notification{ID: "42", FileName: invoiceName, Format: "FPR12"}
	sdi01 := sditest.Address(1)
	for what, row := range map[string]struct {
		subject string
		files   []file
		codes   []string
	}{
		"as it should be":      {"Invio File 42", []file{metadata(t, good), invoiceFile()}, []string{}},
		"simulation":           {"Invio File 42 (SIMULAZIONE)", []file{metadata(t, good), invoiceFile()}, []string{"simulation"}},
		"MT without invoice":   {"Invio File 42", []file{metadata(t, good)}, []string{"metadata-without-invoice"}},
		"MT and a PDF":         {"Invio File 42", []file{metadata(t, good), {invoiceName, []byte("%PDF-1.7")}}, []string{"metadata-without-invoice"}},
		"invoice without MT":   {"Invio File 42", []file{invoiceFile()}, []string{"invoice-without-metadata"}},
		"mismatching NomeFile": {"Invio File 42", []file{metadata(t, &sdi.Notification{ID: "42", FileName: "IT01234567890_00002.xml"}), invoiceFile()}, []string{"file-name-mismatch", "invoice-without-metadata"}},
		"other number":         {"Invio File 43", []file{metadata(t, good), invoiceFile()}, []string{"subject-id-mismatch"}},
		"other format":         {"Invio File 42", []file{metadata(t, &sdi.Notification{ID: "42", FileName: invoiceName, Format: "FPA12"}), invoiceFile()}, []string{"format-mismatch"}},
		"no number in subject": {"Fattura", []file{metadata(t, good), invoiceFile()}, []string{}},
	} {
		m := c.inspect(t, c.send(t, sdi01, anna, row.subject, row.files...), true)
		require.Equal(t, row.codes, codes(m.Findings), what)
		require.True(t, m.FromSDI(), what)
		require.True(t, m.Recognised())
		require.NoError(t, m.Why)
		require.Equal(t, sdi01, m.Sender)
		require.Equal(t, what == "simulation", m.Subject.Simulation)
		require.Len(t, m.Files, len(row.files))
	}
	m := c.inspect(t, c.send(t, sdi01, anna, "Invio File 42", metadata(t, good), invoiceFile()), true)
	require.Equal(t, sampleInvoice(), m.Invoices()[0].Invoice)
	require.Equal(t, "42", m.Notifications()[0].Notification.ID)
	received := m.Received("x.eml")
	require.Len(t, received, 1)
	require.Equal(t, "42", received[0].ID)
	require.Equal(t, m.Identifier, received[0].Identifier)
	require.Empty(t, m.Notices("x.eml"), "metadata are no answer")
}

func TestSDI_NotificationFromSDI(t *testing.T) {
	c := newCircuit(t)
	data := c.send(t, sditest.Address(1), anna, "Ricevuta di consegna 42", receiptFile(t))
	m := c.inspect(t, data, true)
	require.Empty(t, m.Findings)
	f := m.Notifications()[0]
	require.True(t, f.Signed(), "judged at the certified time: %v", f.Signature.TrustErr)
	n := m.Notices("x.eml")
	require.Len(t, n, 1)
	require.True(t, n[0].Verified)
	require.True(t, n[0].Signed)
	require.Equal(t, m.Time, n[0].Time)

	require.False(t, n[0].Broken)

	// Its own signature does not hold, although the envelope does.
	bad := receiptFile(t)
	bad.data = []byte(strings.Replace(string(bad.data), ">42<", ">43<", 1))
	n = c.inspect(t, c.send(t, sditest.Address(1), anna, "Ricevuta di consegna 43", bad), true).Notices("")
	require.True(t, n[0].Verified)
	require.False(t, n[0].Signed)
	require.True(t, n[0].Broken)

	// Not verified: everything is shown, and nobody answers for it.
	m = c.inspect(t, data, false)
	require.Equal(t, []string{"unverified"}, codes(m.Findings))
	require.ErrorIs(t, m.Why, pec.ErrNotValid)
	require.True(t, m.ClaimsSDI)
	require.False(t, m.FromSDI())
	require.False(t, m.Notices("")[0].Verified)
	require.False(t, m.Notifications()[0].Signed(), "there is no time to judge at")

	// The subject changed on the way.
	altered := []byte(strings.ReplaceAll(string(data), "Ricevuta di consegna 42", "Ricevuta di consegna 43"))
	require.NotEqual(t, data, altered)
	m = c.inspect(t, altered, true)
	require.False(t, m.FromSDI())
	require.Contains(t, codes(m.Findings), "unverified")
	require.Empty(t, m.Received(""))
}

func TestSDI_ReportOfAnotherMessage(t *testing.T) {
	c := newCircuit(t)
	genuine, err := pec.ParseBytes(c.send(t, sditest.Address(1), anna, "Ricevuta di consegna 42", receiptFile(t)), nil)
	require.NoError(t, err)
	r, err := c.Verifier().Verify(context.Background(), genuine)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	other, err := pec.ParseBytes(c.send(t, lookAlike, anna, "Ricevuta di consegna 42", receiptFile(t)), nil)
	require.NoError(t, err)
	_, err = sdi.Inspect(other, r, c.opt)
	require.ErrorIs(t, err, sdi.ErrReport)
	ordinary, err := pec.ParseBytes([]byte("From: a@b.example\r\nSubject: x\r\n\r\nx\r\n"), nil)
	require.NoError(t, err)
	_, err = sdi.Inspect(ordinary, r, c.opt)
	require.ErrorIs(t, err, sdi.ErrReport)
}

func TestSDI_NotFromSDI(t *testing.T) {
	c := newCircuit(t)
	for what, row := range map[string]struct {
		from, to, subject string
		files             []file
		codes             []string
	}{
		"look-alike sender":     {lookAlike, anna, "Ricevuta di consegna 42", []file{receiptFile(t)}, []string{"sdi-look-alike-sender", "sdi-content-from-non-sdi-sender"}},
		"forwarded":             {anna, lookAlike, "Fwd", []file{receiptFile(t)}, []string{"sdi-content-from-non-sdi-sender"}},
		"metadata":              {anna, lookAlike, "Invio File 42", []file{metadata(t, &sdi.Notification{ID: "42", FileName: invoiceName}), invoiceFile()}, []string{"sdi-content-from-non-sdi-sender"}},
		"subject only":          {anna, lookAlike, "Invio File 42", []file{invoiceFile()}, []string{"sdi-content-from-non-sdi-sender"}},
		"invoice, not by SDI":   {anna, lookAlike, "Fattura", []file{invoiceFile()}, []string{"invoice-not-through-sdi"}},
		"invoice to SDI":        {anna, sditest.Address(1), "Fattura", []file{invoiceFile()}, []string{}},
		"outcome to SDI":        {anna, sditest.Address(1), "Esito", []file{{"IT01234567890_00001_EC_001.xml", notification(t, &sdi.Notification{Type: sdi.EC, Channel: sdi.ChannelPA, Outcome: &sdi.Outcome{ID: "42", Result: "EC01"}})}}, []string{}},
		"nothing, but looks so": {lookAlike, anna, "Ciao", nil, []string{"sdi-look-alike-sender"}},
		"nothing":               {anna, lookAlike, "Ciao", []file{{"a.txt", []byte("ciao")}}, []string{}},
	} {
		m := c.inspect(t, c.send(t, row.from, row.to, row.subject, row.files...), true)
		require.Equal(t, row.codes, codes(m.Findings), what)
		require.True(t, m.Verified, what)
		require.False(t, m.FromSDI(), what)
		for _, n := range m.Notices("") {
			require.False(t, n.Verified, "%s: counts for nothing", what)
		}
	}
}

// The same in ordinary mail, with the display name that envelopes have.
func TestSDI_OrdinaryMail(t *testing.T) {
	c := newCircuit(t)
	rc := receiptFile(t)
	mail := "From: \"Per conto di: " + sditest.Address(1) + "\" <x@evil.test>\r\nTo: " + anna + "\r\nSubject: Ricevuta di consegna 42\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: application/xml; name=" + rc.name + "\r\nContent-Transfer-Encoding: 8bit\r\nContent-Disposition: attachment; filename=" + rc.name + "\r\n\r\n" + string(rc.data)
	m := c.inspect(t, []byte(mail), true)
	require.False(t, m.Verified)
	require.Equal(t, []string{"unverified", "sdi-look-alike-sender", "sdi-content-from-non-sdi-sender"}, codes(m.Findings))
	require.Equal(t, sditest.Domain, m.LookAlike)

	claimed := strings.Replace(mail, "x@evil.test", sditest.Address(1), 1)
	m = c.inspect(t, []byte(claimed), true)
	require.True(t, m.ClaimsSDI)
	require.False(t, m.FromSDI())
	require.Equal(t, []string{"unverified"}, codes(m.Findings))
}

// A delivery receipt carries one's own invoice back. It certifies that PEC
// delivered it to SDI, and is no message of SDI.
func TestSDI_DeliveryReceiptWithInvoice(t *testing.T) {
	c := newCircuit(t)
	c.send(t, anna, sditest.Address(1), "Fattura", invoiceFile())
	box, err := c.Mailbox(anna)
	require.NoError(t, err)
	found := false
	for _, m := range box.Messages() {
		if m.Kind == pec.KindDelivery {
			found = true
			out := c.inspect(t, m.Data, true)
			require.False(t, out.Verified)
			require.False(t, out.FromSDI())
			require.Len(t, out.Invoices(), 1)
			require.Equal(t, []string{"unverified"}, codes(out.Findings))
		}
	}
	require.True(t, found)
}

func TestSDI_AttachmentLimit(t *testing.T) {
	c := newCircuit(t)
	c.opt.MaxAttachments = 1
	m := c.inspect(t, c.send(t, sditest.Address(1), anna, "Invio File 42", metadata(t, &sdi.Notification{ID: "42", FileName: invoiceName}), invoiceFile()), true)
	require.Len(t, m.Files, 1)
	require.Contains(t, codes(m.Findings), "attachments-left-out")
}
