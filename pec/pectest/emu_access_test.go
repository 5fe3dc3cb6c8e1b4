package pectest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

const (
	anna  = "anna@alfa.example"
	bruno = "bruno@beta.example"
)

// TestEMU01_FormalChecks: each of F1 to F6 gives one notice of non-acceptance
// with errore altro, no envelope and no acceptance.
func TestEMU01_FormalChecks(t *testing.T) {
	for _, c := range []struct {
		id         string
		recipients []string
		message    []byte
	}{
		{"F1", []string{bruno}, plain(anna, bruno, "From: "+anna, "From: "+anna+", carla@alfa.example")},
		{"F1", []string{bruno}, plain(anna, bruno, "From: "+anna+"\r\n", "")},
		{"F2", []string{bruno}, plain(anna, bruno, "\r\nTo: ", "\r\nCc: ")},
		{"F3", []string{bruno}, plain("carla@alfa.example", bruno)},
		{"F4", []string{bruno, "carla@beta.example"}, plain(anna, bruno)},
		{"F4", []string{bruno}, plain(anna, bruno+", carla@beta.example")},
		{"F5", []string{bruno}, plain(anna, bruno, "Subject:", "Bcc: carla@beta.example\r\nSubject:")},
		{"F6", []string{bruno}, plain(anna, bruno, "ciao", strings.Repeat("ciao ciao\r\n", 600))},
	} {
		n := networkWith(t, func(alfa, _ *pectest.ProviderConfig) { alfa.MaxTotal, alfa.MaxSize = 5000, 100_000 })
		require.NoError(t, account(t, n, anna).Submit(context.Background(), anna, c.recipients, c.message), c.id)
		n.Settle()
		m := only(t, n, anna, pec.KindNonAcceptance)
		require.Equal(t, daticert.ErrorOther, m.Data.Error)
		require.Contains(t, m.Data.ErrorDetail, c.id, "says which check")
		require.NotEmpty(t, m.Identifier(), "a refused message has an identifier too")
		require.Nil(t, m.Envelope.Original)
		require.Equal(t, "non-accettazione", kinds(t, n, anna))
		require.Empty(t, kinds(t, n, bruno))
		judgeAll(t, n, nil)
	}
	// An empty Bcc is no value.
	n := network(t, nil)
	require.NoError(t, account(t, n, anna).Submit(context.Background(), anna, []string{bruno}, plain(anna, bruno, "Subject:", "Bcc: \r\nSubject:")))
	n.Settle()
	require.Equal(t, "posta-certificata", kinds(t, n, bruno))
}

// TestEMU02_FarTooLarge: refused in the dialogue, without a notice; so are
// another's address and too many recipients.
func TestEMU02_FarTooLarge(t *testing.T) {
	n := networkWith(t, func(alfa, _ *pectest.ProviderConfig) {
		alfa.MaxTotal, alfa.MaxSize, alfa.MaxRecipients = 5000, 10_000, 3
	})
	a := account(t, n, anna)
	err := a.Submit(context.Background(), anna, []string{bruno}, plain(anna, bruno, "ciao", strings.Repeat("ciao ciao\r\n", 1000)))
	var refusal *pectest.SMTPError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 552, refusal.Code)
	err = a.Submit(context.Background(), "carla@alfa.example", []string{bruno}, plain(anna, bruno))
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 553, refusal.Code)
	err = a.Submit(context.Background(), anna, []string{bruno, bruno, bruno, bruno}, plain(anna, bruno))
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 452, refusal.Code)
	require.True(t, refusal.Temporary())
	n.Settle()
	require.Empty(t, kinds(t, n, anna))
	require.Empty(t, n.Outcomes())
}

// TestB1_Login: without the right password there is no submission.
func TestB1_Login(t *testing.T) {
	n := network(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.RefuseLogin, Mailbox: "carla@alfa.example"}}})
	a := account(t, n, anna)
	_, err := n.Login(anna, a.Password())
	require.NoError(t, err)
	for user, password := range map[string]string{
		anna: "wrong", "nobody@alfa.example": "x", "carla@alfa.example": account(t, n, "carla@alfa.example").Password(),
		"ricevute@pec.gestore-alfa.example": "", "": "",
	} {
		_, err := n.Login(user, password)
		require.ErrorIs(t, err, pectest.ErrLogin, user)
	}
}

// TestEMU03_VirusAtAccess: a notice, the original kept by the provider and not
// attached.
func TestEMU03_VirusAtAccess(t *testing.T) {
	n := network(t, nil)
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Aggiornamento", Text: "vedi allegato",
		Attachments: []pec.File{pec.FileBytes("test.com", "", pectest.EICARFile())}})
	n.Settle()
	m := only(t, n, anna, pec.KindNonAcceptance)
	require.Equal(t, daticert.ErrorVirus, m.Data.Error)
	require.Equal(t, "errore", m.Envelope.Header.Get("X-VerificaSicurezza"))
	require.Nil(t, m.Envelope.Original)
	require.Empty(t, kinds(t, n, bruno))
	kept := n.Infected("alfa.example")
	require.Len(t, kept, 1)
	require.Equal(t, m.Identifier(), kept[0].Identifier)
	require.Equal(t, kept[0].Time.AddDate(0, 30, 0), kept[0].KeepUntil)
	judgeAll(t, n, nil)
}

// TestEMU04_Success: exactly one acceptance and one envelope, whatever the
// number of recipients.
func TestEMU04_Success(t *testing.T) {
	n := network(t, nil)
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno, "carla@beta.example"), Cc: pec.Addresses("anna@beta.example"), Subject: "Contratto"})
	n.Settle()
	acceptance := only(t, n, anna, pec.KindAcceptance)
	require.Len(t, acceptance.Data.Recipients, 3)
	first := inbox(t, n, bruno)
	require.Len(t, first, 1)
	require.Equal(t, first[0].Data, inbox(t, n, "carla@beta.example")[0].Data, "one envelope for all")
	require.Equal(t, acceptance.Identifier(), first[0].Identifier)
	judgeAll(t, n, nil)
}

// TestEMU05_MessageID: rewritten in envelope and original, the old one in
// X-Riferimento-Message-ID of everything; nothing where the client set none.
func TestEMU05_MessageID(t *testing.T) {
	for _, id := range []string{"7f3c@pc-rossi.alfa.example", ""} {
		n := network(t, nil)
		message := plain(anna, bruno)
		if id == "" {
			message = plain(anna, bruno, "Message-ID: <7f3c@pc-rossi.alfa.example>\r\n", "")
		}
		require.NoError(t, account(t, n, anna).Submit(context.Background(), anna, []string{bruno}, message))
		n.Settle()
		envelope := only(t, n, bruno, pec.KindTransport)
		require.Equal(t, envelope.Identifier(), envelope.MessageID())
		original, err := envelope.Envelope.OriginalHeader()
		require.NoError(t, err)
		require.Equal(t, "<"+envelope.Identifier()+">", original.Get("Message-ID"))
		for _, box := range n.Mailboxes() {
			for _, s := range box.Messages() {
				m, err := pec.ParseBytes(s.Data, nil)
				require.NoError(t, err)
				require.Equal(t, id, daticert.TrimMessageID(m.Envelope.Header.Get("X-Riferimento-Message-ID")), s.Kind)
				require.Equal(t, id != "", m.Envelope.Header.Has("X-Riferimento-Message-ID"), s.Kind)
				require.Equal(t, id, daticert.TrimMessageID(m.Data.MessageID))
				require.Equal(t, envelope.Identifier(), m.Identifier())
				if s.Kind != pec.KindTransport {
					require.NotEqual(t, m.Identifier(), m.MessageID(), "a receipt has an id of its own")
				}
			}
		}
		judgeAll(t, n, nil)
	}
}

// TestEMU06_EnvelopeKeeps: reverse path, Received, To, Cc and Reply-To of the
// original stay as they are.
func TestEMU06_EnvelopeKeeps(t *testing.T) {
	n := network(t, nil)
	message := plain(anna, "\"Bruno  Bianchi\" <"+bruno+">", "Subject:",
		"Cc: carla@beta.example (Carla)\r\nReply-To: protocollo@alfa.example\r\nReceived: from pc by mail.alfa.example; Mon, 02 Mar 2026 09:29:59 +0100\r\nSubject:")
	require.NoError(t, account(t, n, anna).Submit(context.Background(), anna, []string{bruno, "carla@beta.example"}, message))
	n.Settle()
	h := only(t, n, bruno, pec.KindTransport).Envelope.Header
	for _, field := range []string{"To: \"Bruno  Bianchi\" <" + bruno + ">", "Cc: carla@beta.example (Carla)", "Reply-To: protocollo@alfa.example",
		"Received: from pc by mail.alfa.example; Mon, 02 Mar 2026 09:29:59 +0100"} {
		name, _, _ := strings.Cut(field, ":")
		require.Equal(t, field, string(h.RawField(name)))
	}
	for _, j := range n.Journeys() {
		require.Equal(t, anna, j.Sender, "the reverse path")
	}
	require.Equal(t, "protocollo@alfa.example", only(t, n, anna, pec.KindAcceptance).Data.ReplyTo)
	require.Empty(t, kinds(t, n, "carla@alfa.example"), "receipts go to the reverse path, never to Reply-To")
}

// TestEMU07_From: on behalf of the address of the sender.
func TestEMU07_From(t *testing.T) {
	n := network(t, nil)
	send(t, n, anna, &pec.Draft{From: pec.Address{Name: "Anna Rossi", Address: anna}, To: pec.Addresses(bruno), Subject: "Contratto"})
	n.Settle()
	require.Equal(t, `"Per conto di: anna@alfa.example" <posta-certificata@pec.gestore-alfa.example>`,
		only(t, n, bruno, pec.KindTransport).Envelope.Header.Get("From"))
}

// TestEMU08_RecipientTypes: by the directory; an unknown domain is ordinary
// mail, of which nothing more is heard.
func TestEMU08_RecipientTypes(t *testing.T) {
	n := network(t, nil)
	send(t, n, anna, &pec.Draft{To: pec.Addresses("BRUNO@Beta.Example", "ditta@mail.test", "x@sub.beta.example"), Subject: "Contratto"})
	n.Settle()
	m := only(t, n, anna, pec.KindAcceptance)
	var types []daticert.RecipientType
	for _, r := range m.Data.Recipients {
		types = append(types, r.Type)
	}
	require.Equal(t, []daticert.RecipientType{daticert.RecipientCertified, daticert.RecipientExternal, daticert.RecipientExternal}, types)
	text, err := m.Text(1 << 16)
	require.NoError(t, err)
	require.Contains(t, text, `ditta@mail.test ("posta ordinaria")`)
	require.Contains(t, text, `BRUNO@Beta.Example ("posta certificata")`)
	require.Equal(t, "posta-certificata", kinds(t, n, "ditta@mail.test"))
	n.Advance(48 * hour)
	require.Equal(t, "accettazione avvenuta-consegna", kinds(t, n, anna))
	require.Equal(t, "posta-certificata", kinds(t, n, bruno))
	judgeAll(t, n, nil)
}
