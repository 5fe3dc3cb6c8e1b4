package pectest_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
)

// TestEMU13_DeliveryForms: one delivery receipt per recipient, its form by
// where the recipient stands and by what was asked for.
func TestEMU13_DeliveryForms(t *testing.T) {
	for asked, primary := range map[string]string{"": "whole", "completa": "whole", "breve": "brief", "sintetica": "none", "grande": "whole"} {
		n := network(t, nil)
		message := plain(anna, bruno+", carla@beta.example", "Subject:", "Cc: anna@beta.example, carla@beta.example\r\nSubject:")
		if asked != "" {
			message = bytes.Replace(message, []byte("Subject:"), []byte("X-TipoRicevuta: "+asked+"\r\nSubject:"), 1)
		}
		require.NoError(t, account(t, n, anna).Submit(context.Background(), anna, []string{bruno, "carla@beta.example", "anna@beta.example"}, message))
		n.Settle()
		got := map[string]string{}
		for _, s := range inbox(t, n, anna) {
			m, err := pec.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			if m.Kind != pec.KindDelivery {
				continue
			}
			require.Len(t, m.Data.Deliveries, 1)
			form := "none"
			if m.Envelope.Original != nil {
				// Nothing is attached to this message: brief and whole say the
				// same body, told apart by the title.
				form = "whole"
				if strings.HasPrefix(notice(t, m), "Ricevuta breve") {
					form = "brief"
				}
			}
			require.Empty(t, got[m.Data.Deliveries[0]], "one each")
			got[m.Data.Deliveries[0]] = form
		}
		// In To and in Cc is primary.
		require.Equal(t, map[string]string{bruno: primary, "carla@beta.example": primary, "anna@beta.example": "none"}, got, asked)
		judgeAll(t, n, nil)
	}
}

// TestEMU14_BriefOriginals: what a brief receipt carries can be compared with
// what was sent, whatever the form of the original.
func TestEMU14_BriefOriginals(t *testing.T) {
	attachment := "--b\r\nContent-Type: application/octet-stream; name=\"contratto.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJjZGVm\r\n"
	nested := "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@mail.test\r\nSubject: dentro\r\n\r\ntesto\r\n"
	text := "--b\r\nContent-Type: text/plain\r\n\r\nciao\r\n"
	signed := "--s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + text + attachment + "--b--\r\n--s\r\n" +
		"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--s--\r\n"
	for name, c := range map[string]struct {
		header, body string
		hashes       int
	}{
		"plain":  {"multipart/mixed; boundary=b", text + attachment + "--b--\r\n", 1},
		"nested": {"multipart/mixed; boundary=b", text + nested + attachment + "--b--\r\n", 2},
		"signed": {"multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s", signed, 1},
		"opaque": {"application/pkcs7-mime; name=\"smime.p7m\"", "MIIB\r\n", 0},
	} {
		n := network(t, nil)
		message := plain(anna, bruno, "Content-Type: text/plain; charset=utf-8", "X-TipoRicevuta: breve\r\nContent-Type: "+c.header, "ciao\r\n", c.body)
		require.NoError(t, account(t, n, anna).Submit(context.Background(), anna, []string{bruno}, message), name)
		n.Settle()
		m := only(t, n, anna, pec.KindDelivery)
		original := m.Envelope.Original.Raw()
		report, err := receipt.VerifyBrief(original, io.NewSectionReader(bytes.NewReader(message), 0, int64(len(message))), nil)
		require.NoError(t, err, name)
		require.True(t, report.OK(), "%s: %+v", name, report.Parts)
		hashes := 0
		for _, p := range report.Parts {
			if p.Match == receipt.BriefDigest {
				hashes++
			}
		}
		require.Equal(t, c.hashes, hashes, name)
		judgeAll(t, n, nil)
	}
}

// TestEMU15_Failures: one notice of non-delivery per recipient, with its code;
// none for anomalies and receipts.
func TestEMU15_Failures(t *testing.T) {
	n := network(t, &pectest.NetworkOptions{Faults: []pectest.Fault{
		{Kind: pectest.MailboxFull, Mailbox: bruno}, {Kind: pectest.MailboxDisabled, Mailbox: "carla@beta.example"},
	}})
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno, "carla@beta.example", "nobody@beta.example"), Subject: "Contratto"})
	n.Settle()
	got := map[string]receipt.Reason{}
	for _, s := range inbox(t, n, anna) {
		m, err := pec.ParseBytes(s.Data, nil)
		require.NoError(t, err)
		if m.Kind == pec.KindNonDelivery {
			require.Nil(t, m.Envelope.Original)
			got[m.Data.Deliveries[0]] = receipt.ReasonOf(m.Data)
		}
	}
	require.Equal(t, receipt.MailboxFull, got[bruno].Category)
	require.Equal(t, "5.2.2", got[bruno].Code)
	require.Equal(t, receipt.MailboxDisabled, got["carla@beta.example"].Category)
	require.Equal(t, receipt.UnknownRecipient, got["nobody@beta.example"].Category)
	require.Equal(t, "no-dest", got["nobody@beta.example"].Value)
	require.Equal(t, "accettazione errore-consegna errore-consegna errore-consegna", kinds(t, n, anna))

	// B16: an anomaly and a receipt that cannot be delivered are followed by
	// nothing.
	before := len(n.Journeys())
	require.NoError(t, n.Inject("ditta@mail.test", []string{bruno}, plain("ditta@mail.test", bruno)))
	require.NoError(t, n.AddFault(pectest.Fault{Kind: pectest.MailboxFull, Mailbox: anna}))
	send(t, n, anna, &pec.Draft{To: pec.Addresses("anna@beta.example"), Subject: "Contratto"})
	n.Settle()
	journeys := n.Journeys()
	require.Len(t, journeys, before+2)
	for _, j := range journeys[before:] {
		undeliverable := false
		for _, s := range j.Steps {
			if s.Branch == "B16" {
				undeliverable = true
				continue
			}
			require.False(t, undeliverable && s.Issued == pec.KindNonDelivery, "an answer to what needs none")
		}
		require.True(t, undeliverable, "B16 is reached")
	}
	require.Len(t, inbox(t, n, anna), 4, "nothing came")
	require.Equal(t, "posta-certificata", kinds(t, n, "anna@beta.example"))
	judgeAll(t, n, nil)
}

// TestEMU17_SameProvider: the same domain goes the same way, with all
// messages.
func TestEMU17_SameProvider(t *testing.T) {
	n := network(t, nil)
	send(t, n, anna, &pec.Draft{To: pec.Addresses("carla@alfa.example"), Subject: "Contratto"})
	n.Settle()
	require.Equal(t, "accettazione avvenuta-consegna", kinds(t, n, anna))
	require.Equal(t, "presa-in-carico", kinds(t, n, serviceA))
	require.Equal(t, "posta-certificata", kinds(t, n, "carla@alfa.example"))
	judgeAll(t, n, nil)
}

// TestQuota: a mailbox is full when it is full.
func TestQuota(t *testing.T) {
	n := networkWith(t, func(_, beta *pectest.ProviderConfig) { beta.MaxMailbox = 9000 })
	for range 2 {
		send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
		n.Settle()
	}
	require.Equal(t, "accettazione avvenuta-consegna accettazione errore-consegna", kinds(t, n, anna))
	m, err := pec.ParseBytes(inbox(t, n, anna)[3].Data, nil)
	require.NoError(t, err)
	require.Equal(t, daticert.ErrorOther, m.Data.Error)
	box, err := n.Mailbox(bruno)
	require.NoError(t, err)
	require.NoError(t, box.Remove(pectest.Inbox, 1))
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
	n.Settle()
	require.Equal(t, "posta-certificata", kinds(t, n, bruno))
}

// TestResetUIDValidityFault: after a delivery the inbox is numbered anew, and
// nothing in it is lost.
func TestResetUIDValidityFault(t *testing.T) {
	n := network(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.ResetUIDValidity, Mailbox: bruno, Times: 1}}})
	box, err := n.Mailbox(bruno)
	require.NoError(t, err)
	before, err := box.Status(pectest.Inbox)
	require.NoError(t, err)
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
	n.Settle()
	after, err := box.Status(pectest.Inbox)
	require.NoError(t, err)
	require.NotEqual(t, before.UIDValidity, after.UIDValidity)
	require.Equal(t, 1, after.Messages)
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
	n.Settle()
	last, err := box.Status(pectest.Inbox)
	require.NoError(t, err)
	require.Equal(t, after.UIDValidity, last.UIDValidity, "once")
	require.Equal(t, "posta-certificata posta-certificata", kinds(t, n, bruno))
}
