package remtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/trust/tsl"
)

// outgoing is a small message for a transport.
func outgoing(from string, to ...string) *transport.Message {
	data := plain(from, strings.Join(to, ", "))
	return &transport.Message{From: from, To: to, Source: bytes.NewReader(data), Size: int64(len(data))}
}

// TestSenderOutcomes: each fault of a submission has its outcome.
func TestSenderOutcomes(t *testing.T) {
	for kind, want := range map[remtest.FaultKind]*transport.Error{
		"":                    nil,
		remtest.RefuseForNow:  {Outcome: transport.Deferred, Code: 451},
		remtest.RefuseForGood: {Outcome: transport.Refused, Code: 550},
		remtest.RefuseLogin:   {Outcome: transport.Refused, Code: 535},
		remtest.CutBeforeDot:  {Outcome: transport.Uncertain},
		remtest.CutAfterDot:   {Outcome: transport.Uncertain},
		remtest.Slow:          {Outcome: transport.Uncertain},
	} {
		n := network(t, nil)
		if kind != "" {
			require.NoError(t, n.AddFault(remtest.Fault{Kind: kind, For: hour}))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		err := account(t, n, anna).Sender().Send(ctx, outgoing(anna, bruno))
		cancel()
		n.Settle()
		if want == nil {
			require.NoError(t, err)
			continue
		}
		got, ok := errors.AsType[*transport.Error](err)
		require.True(t, ok, "%s: %v", kind, err)
		require.Equal(t, want.Outcome, got.Outcome, kind)
		require.Equal(t, want.Code, got.Code, kind)
		require.Equal(t, kind == remtest.RefuseLogin, errors.Is(err, transport.ErrLogin))
		require.Equal(t, kind == remtest.CutAfterDot, len(n.Outcomes()) == 1, "only behind the dot was it taken")
	}
}

// TestSubmissionIsOfTheAccount: what the dialogue refuses leaves no trace.
func TestSubmissionIsOfTheAccount(t *testing.T) {
	n := network(t, nil)
	a := account(t, n, anna)
	for code, err := range map[int]error{
		553: a.Submit(t.Context(), bruno, []string{bruno}, plain(bruno, bruno)),
		503: a.Submit(t.Context(), anna, nil, plain(anna, bruno)),
		452: a.Submit(t.Context(), anna, make([]string, 501), plain(anna, bruno)),
		554: a.Submit(t.Context(), anna, []string{bruno}, nil),
	} {
		refusal, ok := errors.AsType[*remtest.SMTPError](err)
		require.True(t, ok, "%d: %v", code, err)
		require.Equal(t, code, refusal.Code)
	}
	require.Empty(t, n.Facts())
	_, err := n.Login(anna, "wrong")
	require.ErrorIs(t, err, remtest.ErrLogin)
	_, err = n.Login("nobody@alfa.example", "")
	require.ErrorIs(t, err, remtest.ErrLogin)
	_, err = n.Login(anna, a.Password())
	require.NoError(t, err)
}

// TestFormIsChecked: what breaks the form of a submission is refused by
// evidence, which then is as complete as can be.
func TestFormIsChecked(t *testing.T) {
	for name, message := range map[string]string{
		"two authors":      "From: anna@alfa.example, carla@alfa.example\r\nTo: bruno@beta.example\r\n\r\nx\r\n",
		"another author":   "From: carla@alfa.example\r\nTo: bruno@beta.example\r\n\r\nx\r\n",
		"nobody in To":     "From: anna@alfa.example\r\nSubject: x\r\n\r\nx\r\n",
		"other recipients": "From: anna@alfa.example\r\nTo: carla@beta.example\r\n\r\nx\r\n",
		"blind copies":     "From: anna@alfa.example\r\nTo: bruno@beta.example\r\nBcc: carla@beta.example\r\n\r\nx\r\n",
	} {
		n := network(t, nil)
		require.NoError(t, account(t, n, anna).Submit(t.Context(), anna, []string{bruno}, []byte(message)), name)
		n.Settle()
		require.Len(t, n.Facts(), 1, name)
		f := n.Facts()[0]
		require.Equal(t, "alfa A.2 RA02", f.String(), name)
		require.False(t, n.Outcomes()[0].Accepted)
		judgeAll(t, n)
	}
}

// TestRecipientsAreNumberedOnce: To, then Cc, whoever is named twice.
func TestRecipientsAreNumberedOnce(t *testing.T) {
	n := network(t, nil)
	raw := "From: anna@alfa.example\r\nTo: bruno@beta.example, BRUNO@beta.example\r\nCc: carla@beta.example, bruno@beta.example\r\nMessage-ID: <1@x.test>\r\n\r\nx\r\n"
	require.NoError(t, account(t, n, anna).Submit(t.Context(), anna, []string{bruno, carla}, []byte(raw)))
	n.Settle()
	require.Equal(t, []string{"A.1/RA01", "D.1/RD01", "D.1/RD01"}, account(t, n, anna).Contents())
	judgeAll(t, n)
}

// TestSameAcceptanceEverywhere: dispatch and receipt carry the same octets
// (EN 319 532-4 §C.4.5.1 g), also where copies are split.
func TestSameAcceptanceEverywhere(t *testing.T) {
	providers := remtest.DefaultProviders()
	providers[0].Split = 1
	n := network(t, &remtest.NetworkOptions{Providers: providers})
	send(t, n, anna, bruno, carla, "ditta@mail.test")
	want := n.Evidence(n.Facts()[0].ID)
	require.NotEmpty(t, want)
	for _, address := range []string{anna, bruno, carla, "ditta@mail.test"} {
		m, err := rem.ParseBytes(inbox(t, n, address)[0].Data, nil)
		require.NoError(t, err)
		require.Equal(t, want, m.Evidence[0].Bytes(), address)
	}
	require.Equal(t, inbox(t, n, bruno)[0].Data, inbox(t, n, carla)[0].Data, "split copies are identical")
}

// TestEvidenceCopiesSubmission: sender, time and digest are those of the
// sender's provider in all evidence of a transaction (§C.4.5.2 c).
func TestEvidenceCopiesSubmission(t *testing.T) {
	n := network(t, nil)
	send(t, n, anna, bruno, "nessuno@beta.example")
	var first *evidence.Evidence
	for _, f := range n.Facts() {
		e, err := evidence.Parse(n.Evidence(f.ID), nil)
		require.NoError(t, err)
		if first == nil {
			first = e
			continue
		}
		require.Equal(t, first.Sender, e.Sender)
		require.Equal(t, first.Submitted, e.Submitted)
		require.Equal(t, first.Content, e.Content)
		require.Equal(t, first.MessageID, e.MessageID)
		for i := range e.Recipients {
			require.Equal(t, first.Recipients[i].Address(), e.Recipients[i].Address())
			own := strings.HasPrefix(f.Provider, "beta")
			require.Equal(t, own, e.Recipients[i].PersonIdentifier() != "", "only its own users does a provider identify")
		}
	}
}

// TestRejectionIsTakenOver: the sender's provider repeats the reason of a
// RelayRejection, as package rem would (B-25).
func TestRejectionIsTakenOver(t *testing.T) {
	n := network(t, nil)
	send(t, n, anna, "nessuno@beta.example")
	var refusal, failure *evidence.Evidence
	for _, f := range n.Facts() {
		e, err := evidence.Parse(n.Evidence(f.ID), nil)
		require.NoError(t, err)
		switch f.Event {
		case evidence.RelayRejection:
			refusal = e
		case evidence.RelayFailure:
			failure = e
		}
	}
	require.NotNil(t, refusal)
	require.Equal(t, refusal.Reasons, failure.Reasons)
	require.Equal(t, refusal.SpeaksFor(), failure.SpeaksFor())
	require.Equal(t, "Alfa REM S.p.A.", refusal.ExternalERDS.LegalName())
	require.Equal(t, "Beta REM S.p.A.", failure.ExternalERDS.LegalName())
}

func TestMailboxHoldsSoMuch(t *testing.T) {
	providers := remtest.DefaultProviders()
	providers[1].MaxMailbox = 30_000
	n := network(t, &remtest.NetworkOptions{Providers: providers})
	for range 3 {
		send(t, n, anna, bruno)
	}
	require.Contains(t, account(t, n, anna).Contents(), "D.2/RD04")
	require.Contains(t, account(t, n, anna).Contents(), "D.1/RD01")
}

func TestAnswers(t *testing.T) {
	providers := remtest.DefaultProviders()
	providers[1].Style, providers[1].Handover = remtest.StoreAndNotify, true
	n := network(t, &remtest.NetworkOptions{Providers: providers})
	send(t, n, anna, bruno, carla)
	id := n.Outcomes()[0].Identifier
	require.Error(t, account(t, n, anna).Answer(id, remtest.Accept), "nobody asked")
	require.Error(t, account(t, n, bruno).Fetch(id), "not consigned yet")
	require.NoError(t, account(t, n, bruno).Answer(id, remtest.Accept))
	require.Error(t, account(t, n, bruno).Answer(id, remtest.Reject), "answered already")
	require.NoError(t, account(t, n, carla).Answer(id, remtest.Reject))
	n.Settle()
	require.NoError(t, account(t, n, bruno).Fetch(id))
	require.Error(t, account(t, n, bruno).Fetch(id), "fetched already")
	n.Settle()
	require.Equal(t, "A.1/RA01 C.1/RC01 C.1/RC01 C.3/RC07 C.4/RC08 D.1/RD01 E.1/RE01", strings.Join(account(t, n, anna).Contents(), " "))
	judgeAll(t, n)
}

// TestPublications: the lists and the capabilities are valid by ETSI's
// schemas, verify, and are issued anew before they are due.
func TestPublications(t *testing.T) {
	providers := remtest.DefaultProviders()
	providers[2].Country = "PL"
	n := network(t, &remtest.NetworkOptions{Providers: providers})
	last := map[string]int{}
	for range 3 {
		set, err := n.Lists()
		require.NoError(t, err)
		for _, country := range []string{"IT", "PL"} {
			data, signer, err := n.TrustedList(country)
			require.NoError(t, err)
			reftest.ValidTrustedList(t, data)
			l, err := tsl.Parse(data, nil)
			require.NoError(t, err)
			require.NotNil(t, signer)
			require.True(t, l.NextUpdate.After(n.Now()))
			require.Greater(t, l.Sequence, last[country])
			last[country] = l.Sequence
		}
		for _, domain := range []string{"alfa.example", "beta.example", "gamma.example"} {
			data, location, err := n.CSI(domain)
			require.NoError(t, err)
			reftest.ValidCSI(t, data)
			d, err := csi.Parse(data, nil)
			require.NoError(t, err)
			v := d.Verify(&csi.VerifyOptions{Now: n.Now(), Lists: set, Location: location, LastSequence: last[domain]})
			require.NoError(t, v.Err)
			require.Empty(t, csi.Baseline(d))
			last[domain] = d.Scheme.Sequence
		}
		n.Advance(100 * 24 * hour)
	}
	send(t, n, anna, "carla@gamma.example")
	judgeAll(t, n)
	_, _, err := n.TrustedList("XX")
	require.ErrorIs(t, err, remtest.ErrConfig)
	_, _, err = n.CSI("mail.test")
	require.ErrorIs(t, err, remtest.ErrConfig)
}

func TestConfigurationIsChecked(t *testing.T) {
	for name, p := range map[string]remtest.ProviderConfig{
		"no name":      {Domain: "a.example"},
		"real domain":  {Name: "A", Domain: "pec.it"},
		"not a domain": {Name: "A", Domain: "a b.example"},
		"profile":      {Name: "A", Domain: "a.example", Profile: "mine"},
		"style":        {Name: "A", Domain: "a.example", Style: "mine"},
		"account":      {Name: "A", Domain: "a.example", Accounts: []string{"x@b.example"}},
		"nobody's way": {Name: "A", Domain: "a.example", Via: "b.example"},
		"its own way":  {Name: "A", Domain: "a.example", Via: "a.example"},
	} {
		_, err := remtest.NewNetwork(&remtest.NetworkOptions{Providers: []remtest.ProviderConfig{p}})
		require.ErrorIs(t, err, remtest.ErrConfig, name)
	}
	n := network(t, nil)
	for _, f := range []remtest.Fault{
		{Kind: "other"}, {Kind: remtest.Lose, Provider: "x.example"}, {Kind: remtest.Delay}, {Kind: remtest.Refuse}, {Kind: remtest.Refuse, Reason: "RA01"},
		{Kind: remtest.Lose, Reason: "RB02"},
	} {
		require.ErrorIs(t, n.AddFault(f), remtest.ErrFault, fmt.Sprint(f))
	}
}

// TestFaultsRoundTrip: what String writes, ParseFault reads.
func TestFaultsRoundTrip(t *testing.T) {
	for _, kind := range remtest.FaultKinds() {
		f := remtest.Fault{Kind: kind, Message: remtest.KindReceipt, Event: evidence.ContentConsignment, Provider: "beta.example", Mailbox: bruno, Skip: 1, Times: 2,
			For: hour, Checked: true, From: time.Minute, Until: 2 * hour}
		if kind == remtest.Refuse {
			f.Reason = "RD04"
		}
		got, err := remtest.ParseFault(f.String())
		require.NoError(t, err)
		require.Equal(t, f, got)
		require.NoError(t, network(t, nil).AddFault(got))
	}
	for _, bad := range []string{"", "other", "lose,times=x", "lose,what=1"} {
		_, err := remtest.ParseFault(bad)
		require.ErrorIs(t, err, remtest.ErrFault, bad)
	}
}

// TestManyAtOnce: the network is safe for concurrent use.
func TestManyAtOnce(t *testing.T) {
	n := network(t, nil)
	done := make(chan error)
	for i, a := range n.Accounts() {
		go func() {
			_, err := a.Send(context.Background(), &pec.Draft{To: pec.Addresses(bruno), Subject: fmt.Sprint(i)})
			n.Settle()
			_ = a.Messages()
			_, _ = n.Verifier()
			_, _, _ = n.CSI("alfa.example")
			done <- err
		}()
	}
	for range n.Accounts() {
		require.NoError(t, <-done)
	}
	n.Settle()
	require.Len(t, n.Outcomes(), len(n.Accounts()))
}

// TestReceiptsGoToWhomTheyAreFor: relay evidence to the previous provider, the
// rest to the sender (EN 319 522-1 §6.1 table 1).
func TestReceiptsGoToWhomTheyAreFor(t *testing.T) {
	const service, between = "rem-service@rem-alfa.example", "rem-service@rem-gamma.example"
	providers := remtest.DefaultProviders()
	providers[1].Via = "gamma.example"
	n := network(t, &remtest.NetworkOptions{Providers: providers})
	send(t, n, anna, bruno, "nessuno@beta.example")
	for address, want := range map[string]string{
		anna: "A.1/RA01 B.3/RB21 D.1/RD01", service: "B.1/RB01 B.3/RB21", between: "B.1/RB01 B.2/RB21",
	} {
		var have []string
		for _, s := range inbox(t, n, address) {
			have = append(have, s.String())
			m, err := rem.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			require.Equal(t, []string{address}, m.Envelope.Header.Addresses("To"), s.String())
		}
		require.Equal(t, want, strings.Join(have, " "), address)
	}
}

// TestOutcomesKnowWhatIsGenuine: a forged receipt lies in the mailbox, and
// nobody was told anything by it.
func TestOutcomesKnowWhatIsGenuine(t *testing.T) {
	n := network(t, &remtest.NetworkOptions{Faults: []remtest.Fault{{Kind: remtest.WrongSigner, Event: evidence.ContentConsignment}}})
	send(t, n, anna, bruno)
	require.Equal(t, []string{"A.1/RA01", "D.1/RD01"}, account(t, n, anna).Contents())
	require.Equal(t, remtest.WrongSigner, inbox(t, n, anna)[1].Spoiled)
	o := n.Outcomes()[0]
	require.Len(t, o.Told, 1)
	require.Empty(t, o.Recipients[0].Told)
	require.Len(t, o.Recipients[0].Attested, 2)
	require.Equal(t, 1, o.Recipients[0].Placed)
}
