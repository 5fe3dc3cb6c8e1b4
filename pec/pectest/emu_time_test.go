package pectest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
)

// TestEMU16_TimeOuts: the five rows of the matrix of RFC 6109 §3.1.6, on a
// clock that jumps.
func TestEMU16_TimeOuts(t *testing.T) {
	lateTakeCharge := pectest.Fault{Kind: pectest.Lose, Message: pec.KindTakeCharge}
	delivery := func(after time.Duration) pectest.Fault {
		return pectest.Fault{Kind: pectest.Delay, Message: pec.KindDelivery, For: after}
	}
	for _, row := range []struct {
		name   string
		faults []pectest.Fault
		want   string
	}{
		{"any, yes, yes", nil, "accettazione avvenuta-consegna"},
		{"no take-charge, delivery in 11 hours", []pectest.Fault{lateTakeCharge, delivery(11 * hour)}, "accettazione avvenuta-consegna"},
		{"yes, no, yes", []pectest.Fault{delivery(20 * hour)}, "accettazione avvenuta-consegna"},
		{"yes, no, no", []pectest.Fault{delivery(30 * hour)}, "accettazione preavviso-errore-consegna avvenuta-consegna"},
		{"no, no, yes", []pectest.Fault{lateTakeCharge, delivery(20 * hour)}, "accettazione preavviso-errore-consegna avvenuta-consegna"},
		{"no, no, no", []pectest.Fault{lateTakeCharge, {Kind: pectest.Lose, Message: pec.KindDelivery}},
			"accettazione preavviso-errore-consegna preavviso-errore-consegna"},
		{"unreachable for ever", []pectest.Fault{{Kind: pectest.Unreachable, Provider: "beta.example"}},
			"accettazione preavviso-errore-consegna preavviso-errore-consegna"},
		{"unreachable for 5 hours", []pectest.Fault{{Kind: pectest.Unreachable, Provider: "beta.example", Until: 5 * hour}}, "accettazione avvenuta-consegna"},
		{"unreachable for 13 hours", []pectest.Fault{{Kind: pectest.Unreachable, Provider: "beta.example", Until: 13 * hour}},
			"accettazione preavviso-errore-consegna avvenuta-consegna"},
		{"an error ends the watch", []pectest.Fault{{Kind: pectest.MailboxFull, Mailbox: bruno}}, "accettazione errore-consegna"},
	} {
		n := network(t, &pectest.NetworkOptions{Faults: row.faults})
		send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
		started := time.Now()
		n.Advance(40 * hour)
		require.Less(t, time.Since(started), 5*time.Second, "simulated time costs no time")
		require.Equal(t, row.want, kinds(t, n, anna), "%s\n%s", row.name, dump(n))
		for _, s := range inbox(t, n, anna) {
			if s.Kind != pec.KindTimeout {
				continue
			}
			m, err := pec.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			require.Nil(t, m.Envelope.Original)
			require.Equal(t, "Gestore Alfa S.p.A.", m.Data.Provider)
			when, err := m.Time()
			require.NoError(t, err)
			after := when.Sub(at(8, 30, 0))
			switch receipt.ReasonOf(m.Data).Category {
			case receipt.Delay:
				require.Equal(t, 12*hour, after, row.name)
			case receipt.Timeout:
				require.GreaterOrEqual(t, after, 22*hour, row.name)
				require.LessOrEqual(t, after, 24*hour, row.name)
			default:
				require.Equal(t, 12*hour, after, "%s: a first notice says no code", row.name)
			}
		}
		judgeAll(t, n, nil)
	}
	_, err := pectest.NewNetwork(&pectest.NetworkOptions{Providers: []pectest.ProviderConfig{{Name: "G", Domain: "g.example", SecondNotice: 25 * hour}}})
	require.ErrorIs(t, err, pectest.ErrConfig)
	n := networkWith(t, func(alfa, _ *pectest.ProviderConfig) { alfa.SecondNotice = 22 * hour }, pectest.Fault{Kind: pectest.Unreachable, Provider: "beta.example"})
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
	n.Advance(22*hour + time.Minute)
	require.Equal(t, "accettazione preavviso-errore-consegna preavviso-errore-consegna", kinds(t, n, anna))
}

// TestEMU18_OneTime: header, text, certification data, signature and log of a
// step say the same second.
func TestEMU18_OneTime(t *testing.T) {
	n := network(t, &pectest.NetworkOptions{Start: time.Date(2026, 7, 2, 8, 30, 0, 0, time.UTC), Faults: []pectest.Fault{{Kind: pectest.Lose, Message: pec.KindTakeCharge}}})
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno, "nobody@beta.example"), Subject: "Contratto"})
	n.Advance(13 * hour)
	logged := map[string]time.Time{}
	for _, domain := range []string{"alfa.example", "beta.example"} {
		for _, e := range n.Log(domain) {
			for _, id := range e.Related {
				logged[id] = e.Time
			}
		}
	}
	seen := 0
	for _, box := range n.Mailboxes() {
		for _, s := range box.Messages() {
			m, err := pec.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			when, err := m.Time()
			require.NoError(t, err)
			require.Equal(t, "+0200", m.Data.Date.Zone, "Italian legal time, in summer")
			date, err := time.Parse("Mon, 02 Jan 2006 15:04:05 -0700", m.Envelope.Header.Get("Date"))
			require.NoError(t, err)
			require.True(t, date.Equal(when))
			require.Contains(t, notice(t, m), "Il giorno "+m.Data.Date.Day+" alle ore "+m.Data.Date.Hour+" ("+m.Data.Date.Zone+")")
			signature := m.Envelope.VerifySignature(nil)
			require.True(t, signature.Signers[0].SigningTime.Equal(when))
			require.True(t, logged[m.MessageID()].Equal(when), "%s: %v", s.Kind, logged[m.MessageID()])
			seen++
		}
	}
	require.GreaterOrEqual(t, seen, 4)
}

// TestEMU23_Log: what the providers must write down, and for how long.
func TestEMU23_Log(t *testing.T) {
	n := network(t, nil)
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
	n.Settle()
	id := inbox(t, n, bruno)[0].Identifier
	events := func(domain string) (all []string) {
		for _, e := range n.Log(domain) {
			require.Equal(t, id, e.Identifier)
			require.Equal(t, anna, e.Sender, e.Event)
			require.NotEmpty(t, e.Recipients)
			require.Equal(t, "Contratto", e.Subject)
			require.Equal(t, e.Time.AddDate(0, pectest.LogRetention, 0), e.KeepUntil)
			require.Equal(t, "Gestore Alfa S.p.A.", e.Provider, e.Event)
			all = append(all, e.Event)
		}
		return all
	}
	require.Equal(t, []string{"submission", "M1", "envelope", "delivery of accettazione", "delivery of presa-in-carico", "delivery of avvenuta-consegna"}, events("alfa.example"))
	require.Equal(t, []string{"reception", "M5", "delivery of posta-certificata", "M9-completa"}, events("beta.example"))
	require.Nil(t, n.Log("nowhere.example"))
	require.Contains(t, n.Journeys()[0].Steps[0].Detail, "accepted")
}
