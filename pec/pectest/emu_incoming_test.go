package pectest_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

const (
	hour     = time.Hour
	serviceA = "ricevute@pec.gestore-alfa.example"
)

func noScan([]byte) string { return "" }

// TestEMU09_TakeCharge: to the service mailbox of the sender's provider, one
// for each SMTP transaction, listing its recipients in ricezione and all in
// destinatari.
func TestEMU09_TakeCharge(t *testing.T) {
	providers := pectest.ProvidersFor("alfa.example", "beta.example", "gamma.example")
	n := network(t, &pectest.NetworkOptions{Providers: providers})
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno, "bruno@gamma.example", "carla@beta.example"), Subject: "Contratto"})
	n.Settle()
	all := inbox(t, n, serviceA)
	require.Len(t, all, 2, "two transactions")
	want := [][]string{{bruno, "carla@beta.example"}, {"bruno@gamma.example"}}
	for i, s := range all {
		m, err := pec.ParseBytes(s.Data, nil)
		require.NoError(t, err)
		require.Equal(t, pec.KindTakeCharge, m.Kind)
		require.Equal(t, want[i], m.Data.TakenInCharge)
		require.Len(t, m.Data.Recipients, 3)
		require.Equal(t, serviceA, m.Envelope.Header.Get("To"))
	}
	judgeAll(t, n, nil)

	// The same envelope in two transactions.
	n = network(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Lose, Message: pec.KindTransport, Mailbox: bruno}}})
	send(t, n, anna, &pec.Draft{To: pec.Addresses("ditta@mail.test", bruno, "carla@beta.example"), Subject: "Contratto"})
	n.Settle()
	envelope := inbox(t, n, "ditta@mail.test")[0].Data
	require.NoError(t, n.Receive(anna, []string{bruno}, envelope))
	require.NoError(t, n.Receive(anna, []string{"carla@beta.example"}, envelope))
	n.Settle()
	require.Equal(t, "presa-in-carico presa-in-carico", kinds(t, n, serviceA))

	// A recipient that the envelope does not name.
	require.NoError(t, n.Receive(anna, []string{"anna@beta.example"}, envelope))
	n.Settle()
	require.Equal(t, "anomalia", kinds(t, n, "anna@beta.example"))
	judgeAll(t, n, nil)
}

// TestEMU10_OrdinaryMail: what no provider signed is refused or becomes an
// anomaly, which has no XML and certifies nothing.
func TestEMU10_OrdinaryMail(t *testing.T) {
	for name, message := range map[string]func(n *pectest.Network) []byte{
		"unsigned": func(*pectest.Network) []byte { return plain("ditta@mail.test", bruno) },
		"altered envelope": func(n *pectest.Network) []byte {
			return bytes.Replace(captured(t, n), []byte("Messaggio di posta"), []byte("Messaggio di Posta"), 1)
		},
		"signed by somebody else": func(*pectest.Network) []byte {
			return captured(t, network(t, &pectest.NetworkOptions{Seed: 99}))
		},
	} {
		n := network(t, nil)
		data := message(n)
		require.NoError(t, n.Inject("ditta@mail.test", []string{bruno}, data), name)
		n.Settle()
		m := only(t, n, bruno, pec.KindAnomaly)
		require.Nil(t, m.Data, name)
		require.Nil(t, m.Envelope.Certification, name)
		original, err := m.Envelope.Original.Bytes(1 << 20)
		require.NoError(t, err)
		require.Equal(t, string(data), string(original), "%s: the whole message as received", name)
		require.NotContains(t, kinds(t, n, serviceA), "presa-in-carico", name)
		judgeAll(t, n, nil)

		closed := networkWith(t, func(_, beta *pectest.ProviderConfig) { beta.RefuseOrdinary = true })
		err = closed.Inject("ditta@mail.test", []string{bruno}, message(closed))
		var refusal *pectest.SMTPError
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, 554, refusal.Code)
		closed.Settle()
		require.Empty(t, kinds(t, closed, bruno))
	}
	// B13: a virus in ordinary mail goes nowhere, and nobody hears of it.
	n := network(t, nil)
	require.NoError(t, n.Inject("ditta@mail.test", []string{bruno}, plain("ditta@mail.test", bruno, "ciao", string(pectest.EICARFile()))))
	n.Settle()
	require.Empty(t, kinds(t, n, bruno))
	// Nobody relays.
	require.Error(t, n.Inject("ditta@mail.test", []string{"x@mail.test"}, plain("ditta@mail.test", bruno)))
}

// captured is a genuine envelope of a network to a mailbox outside.
func captured(t *testing.T, n *pectest.Network) []byte {
	send(t, n, anna, &pec.Draft{To: pec.Addresses("ditta@mail.test"), Subject: "Contratto"})
	n.Settle()
	return inbox(t, n, "ditta@mail.test")[0].Data
}

// TestEMU11_Malformed: signed by a provider and no correct envelope must go
// on, as an anomaly, even where ordinary mail is refused.
func TestEMU11_Malformed(t *testing.T) {
	n := networkWith(t, func(_, beta *pectest.ProviderConfig) { beta.RefuseOrdinary = true })
	// The outer header is not signed: another marker makes another message.
	data := bytes.Replace(captured(t, n), []byte("X-Trasporto: posta-certificata"), []byte("X-Ricevuta: avvenuta-consegna"), 1)
	require.NoError(t, n.Receive(anna, []string{bruno}, data))
	n.Settle()
	m := only(t, n, bruno, pec.KindAnomaly)
	require.Nil(t, m.Data)
	require.Empty(t, kinds(t, n, serviceA))
	judgeAll(t, n, nil)
}

// TestEMU12_VirusBetweenProviders: found behind the access point, it is
// reported to the sender's provider, per recipient, which tells the sender.
func TestEMU12_VirusBetweenProviders(t *testing.T) {
	n := networkWith(t, func(alfa, _ *pectest.ProviderConfig) { alfa.Scan = noScan })
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno, "carla@beta.example"), Subject: "Aggiornamento", Text: "vedi",
		Attachments: []pec.File{pec.FileBytes("test.com", "", pectest.EICARFile())}})
	n.Settle()
	require.Equal(t, "rilevazione-virus rilevazione-virus", kinds(t, n, serviceA))
	var told []string
	for _, s := range inbox(t, n, serviceA) {
		m, err := pec.ParseBytes(s.Data, nil)
		require.NoError(t, err)
		require.Equal(t, anna, m.Envelope.Header.Get("X-Mittente"))
		require.Len(t, m.Data.Deliveries, 1)
		require.Nil(t, m.Envelope.Original)
	}
	require.Equal(t, "accettazione errore-consegna errore-consegna", kinds(t, n, anna))
	for _, s := range inbox(t, n, anna)[1:] {
		m, err := pec.ParseBytes(s.Data, nil)
		require.NoError(t, err)
		require.Equal(t, daticert.ErrorVirus, m.Data.Error)
		require.Equal(t, "errore", m.Envelope.Header.Get("X-VerificaSicurezza"))
		require.Equal(t, "Gestore Alfa S.p.A.", m.Data.Provider, "the sender's provider signs it")
		told = append(told, m.Data.Deliveries...)
	}
	slices.Sort(told)
	require.Equal(t, []string{bruno, "carla@beta.example"}, told)
	require.Empty(t, kinds(t, n, bruno))
	require.Len(t, n.Infected("beta.example"), 1)
	n.Advance(48 * hour)
	require.Len(t, inbox(t, n, anna), 3, "no time-out notices afterwards")
	judgeAll(t, n, nil)
}

// TestB19_RefusedByProvider: the sender always gets a certified outcome.
func TestB19_RefusedByProvider(t *testing.T) {
	n := network(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.RefuseTransfer, Provider: "beta.example", Message: pec.KindTransport}}})
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Cc: pec.Addresses("carla@beta.example"), Subject: "Contratto"})
	n.Settle()
	require.Equal(t, "accettazione errore-consegna errore-consegna", kinds(t, n, anna))
	m, err := pec.ParseBytes(inbox(t, n, anna)[1].Data, nil)
	require.NoError(t, err)
	require.Equal(t, "Gestore Alfa S.p.A.", m.Data.Provider)
	require.Equal(t, daticert.ErrorOther, m.Data.Error)
	n.Advance(48 * hour)
	require.Len(t, inbox(t, n, anna), 3)
	judgeAll(t, n, nil)
}

// TestSpoiled: what a fault made bad is found so, by the right check; where
// the incoming point looks, it never gets past as certified.
func TestSpoiled(t *testing.T) {
	for kind, check := range map[pectest.FaultKind]string{
		pectest.WrongSigner: "provider-directory", pectest.ExpiredCertificate: "signer-chain", pectest.Alter: "signature",
	} {
		for _, message := range []pec.Kind{pec.KindTransport, pec.KindDelivery, pec.KindAcceptance, pec.KindTakeCharge} {
			fault := pectest.Fault{Kind: kind, Message: message}
			n := network(t, &pectest.NetworkOptions{Faults: []pectest.Fault{fault}})
			send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
			n.Settle()
			judgeAll(t, n, bad{message: check})

			fault.Checked = true
			n = network(t, &pectest.NetworkOptions{Faults: []pectest.Fault{fault}})
			_, err := account(t, n, anna).Send(context.Background(), &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
			require.NoError(t, err)
			n.Settle()
			judgeAll(t, n, nil)
			anomalies := 0
			for _, box := range n.Mailboxes() {
				for _, s := range box.Messages() {
					require.NotEqual(t, message, s.Kind, "%s got past", kind)
					if s.Kind == pec.KindAnomaly {
						anomalies++
					}
				}
			}
			require.Equal(t, 1, anomalies, "%s %s", kind, message)
		}
	}
}
