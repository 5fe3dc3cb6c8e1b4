package pecserve_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
)

func plain(w *world, address string) sasl.Client {
	return sasl.NewPlainClient("", address, w.account(address).Password())
}

// Two providers exchange over SMTP; what IMAP hands out is what lies in the
// mailboxes, and OpenSSL accepts it.
func TestProvidersExchangeOverSMTP(t *testing.T) {
	w := start(t, nil)
	require.NoError(t, w.user(anna).SendMail(anna, []string{bruno, "carla@alfa.example", "nobody@beta.example"},
		strings.NewReader(letter(anna, bruno+", carla@alfa.example, nobody@beta.example", "Prova è", ".Così\r\n..è"))))
	w.Settle()
	require.Equal(t, []pec.Kind{pec.KindTransport}, w.kinds(bruno))
	require.Equal(t, []pec.Kind{pec.KindTransport}, w.kinds("carla@alfa.example"))
	require.ElementsMatch(t, []pec.Kind{pec.KindAcceptance, pec.KindDelivery, pec.KindDelivery, pec.KindNonDelivery}, w.kinds(anna))
	for _, address := range []string{anna, bruno, "carla@alfa.example"} {
		stored := w.account(address).Messages()
		fetched := fetch(t, w.imap(address, nil), "INBOX", &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{whole}, RFC822Size: true})
		require.Len(t, fetched, len(stored))
		for i, m := range fetched {
			body := m.FindBodySection(whole)
			require.Equal(t, stored[i].Data, body)
			require.EqualValues(t, len(body), m.RFC822Size)
			reftest.OpenSSLVerify(t, body, w.servers.CA())
			message, err := pec.ParseBytes(body, nil)
			require.NoError(t, err)
			report, err := w.Verifier().Verify(context.Background(), message)
			require.NoError(t, err)
			require.Equal(t, "valid", string(report.Verdict))
			if message.Data != nil {
				xml, err := message.Envelope.Certification.Bytes(1 << 20)
				require.NoError(t, err)
				reftest.ValidDaticert(t, xml)
			}
		}
	}
	service, err := w.Mailbox(w.Providers()[0].ServiceMailbox)
	require.NoError(t, err)
	require.Equal(t, []pec.Kind{pec.KindTakeCharge}, service.Kinds()[:1])
}

// The same calls make the same mailboxes in process and over sockets, whatever
// the habits of the providers and the line ends of their users.
func TestSameAsInProcess(t *testing.T) {
	play := func(n *pectest.Network) (out []string) {
		send := func(from string, d *pec.Draft) {
			a, err := n.Account(from)
			require.NoError(t, err)
			_, err = a.Send(context.Background(), d)
			require.NoError(t, err)
		}
		for range 2 {
			send(anna, &pec.Draft{To: pec.Addresses(bruno, "nobody@beta.example"), Cc: pec.Addresses("carla@beta.example", "ord@mail.test"), Subject: "à", Text: ".\n..\n"})
			send(bruno, &pec.Draft{To: pec.Addresses(anna, "carla@beta.example"), Subject: "è", Text: "x", ReceiptType: daticert.ReceiptBrief})
		}
		n.Settle()
		a, err := n.Account(anna)
		require.NoError(t, err)
		for _, message := range []string{letter(anna, bruno, "CR LF", ".x\r\n.\r\ny"), strings.ReplaceAll(letter(anna, bruno, "LF", ".x\r\n.\r\ny"), "\r\n", "\n")} {
			require.NoError(t, a.Submit(context.Background(), anna, []string{bruno}, []byte(message)))
		}
		require.NoError(t, n.AddFault(pectest.Fault{Kind: pectest.Unreachable, Provider: "beta.example", Times: 3}))
		send(anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "late", Text: "x"})
		n.Advance(26 * time.Hour)
		for _, m := range n.Mailboxes() {
			for _, s := range m.Messages() {
				out = append(out, m.Address+" "+s.Time.String()+"\n"+string(s.Data))
			}
		}
		return out
	}
	for _, profile := range pectest.QuirkProfiles() {
		t.Run(profile.Name, func(t *testing.T) {
			options := func() *pectest.NetworkOptions {
				providers := pectest.DefaultProviders()
				providers[0].Quirks = profile.Quirks
				return &pectest.NetworkOptions{Providers: providers, Faults: []pectest.Fault{
					{Kind: pectest.Duplicate, Times: 2}, {Kind: pectest.Delay, Skip: 5, Times: 2, For: 13 * time.Hour},
				}}
			}
			alone, err := pectest.NewNetwork(options())
			require.NoError(t, err)
			want := play(alone)
			require.Greater(t, len(want), 30)
			got := play(start(t, options()).Network)
			require.Len(t, got, len(want))
			for i := range want {
				require.Equal(t, want[i], got[i])
			}
		})
	}
}

// What an exchanger refuses comes back as a notice (B19); one that is not
// reached is tried again.
func TestHandOverFails(t *testing.T) {
	w := start(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Alter, Message: pec.KindTransport, Times: 1, Checked: true}}})
	providers := w.Providers()
	w.send(anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "altered", Text: "x"})
	w.Settle()
	require.Equal(t, []pec.Kind{pec.KindAnomaly}, w.kinds(bruno), "judged at the exchanger")

	// A carrier of the test's own between the two: unreachable, then refused.
	var mu sync.Mutex
	calls := 0
	w.CarryBy(func(_, to *pectest.Provider, _ string, _ []string, _ []byte) error {
		mu.Lock()
		defer mu.Unlock()
		if to != providers[1] {
			t.Errorf("to %s", to.Domain)
		}
		if calls++; calls == 1 {
			return errors.New("no route")
		}
		return &pectest.SMTPError{Code: 550, Status: "5.7.1", Text: "no"}
	})
	w.send(anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "refused", Text: "x"})
	w.Settle()
	require.Equal(t, 1, calls)
	w.Advance(time.Hour)
	require.Equal(t, 2, calls)
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindAcceptance, pec.KindNonDelivery}, w.kinds(anna))
}

func TestEMU25_LoopbackOnly(t *testing.T) {
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	for _, host := range []string{"0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "mail.example", "pec.it", "127.0.0.1.example", "127.1"} {
		_, err := pecserve.Start(n, &pecserve.Options{Host: host})
		require.ErrorIs(t, err, pecserve.ErrNotLoopback, host)
	}
	for _, opt := range []*pecserve.Options{nil, {}, {Host: "localhost"}, {Host: "127.0.0.1"}, {Host: "127.0.0.2"}} {
		s, err := pecserve.Start(n, opt)
		require.NoError(t, err)
		for _, e := range s.Endpoints() {
			for _, a := range []pecserve.Address{e.Submission, e.StartTLS, e.IMAP, e.Exchange} {
				ips, err := net.LookupIP(a.Host)
				require.NoError(t, err)
				for _, ip := range ips {
					require.True(t, ip.IsLoopback())
				}
				c, err := net.Dial("tcp", a.String())
				require.NoError(t, err, a)
				require.NoError(t, c.Close())
			}
		}
		require.NoError(t, s.Close())
	}
	s, err := pecserve.Start(n, &pecserve.Options{Host: "0.0.0.0", AllowRemote: true})
	require.NoError(t, err, "when told so")
	defer s.Close()
	a, err := n.Account(anna)
	require.NoError(t, err)
	_, err = a.Send(context.Background(), &pec.Draft{To: pec.Addresses(bruno), Subject: "x", Text: "y"})
	require.NoError(t, err)
	n.Settle()
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindDelivery}, a.Kinds())

	_, err = pectest.NewNetwork(&pectest.NetworkOptions{Providers: pectest.ProvidersFor("legalmail.it")})
	require.ErrorIs(t, err, pectest.ErrRealDomain)
}

func TestPortsInARow(t *testing.T) {
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	var s *pecserve.Servers
	for first := 24650; ; first += 8 { // some of them may be taken
		if s, err = pecserve.Start(n, &pecserve.Options{FirstPort: first}); err == nil || first > 30000 {
			break
		}
	}
	require.NoError(t, err)
	defer s.Close()
	e := s.Endpoints()
	p := e[0].Submission.Port
	require.Equal(t, []int{p + 1, p + 2, p + 3, p + 4, p + 7}, []int{e[0].StartTLS.Port, e[0].IMAP.Port, e[0].Exchange.Port, e[1].Submission.Port, e[1].Exchange.Port})
	_, err = pecserve.Start(n, &pecserve.Options{FirstPort: p - 2})
	require.Error(t, err, "in use")
}

func TestCloseEndsEverything(t *testing.T) {
	ours := func() (stacks []string) {
		buf := make([]byte, 1<<22)
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(g, "pecserve.(") || strings.Contains(g, "imapserver.") || strings.Contains(g, "go-smtp.(*Conn)") || strings.Contains(g, "go-smtp.(*Server)") {
				stacks = append(stacks, g)
			}
		}
		return stacks
	}
	w := start(t, &pectest.NetworkOptions{Clock: time.Now, Faults: []pectest.Fault{{Kind: pectest.Slow, For: time.Hour}}})
	idling := w.imap(anna, nil)
	_, err := idling.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	_, err = idling.Idle()
	require.NoError(t, err)
	w.imap(bruno, nil)
	waiting := w.user(anna)
	sent := make(chan error, 1)
	go func() {
		sent <- waiting.SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, "x", "y")))
	}()
	silent, err := net.Dial("tcp", w.endpoint(anna).IMAP.String()) // never shakes hands
	require.NoError(t, err)
	defer silent.Close()
	halfway, err := tls.Dial("tcp", w.endpoint(anna).Submission.String(), w.tls())
	require.NoError(t, err)
	defer halfway.Close()
	soon(t, "all at work", func() bool { return len(ours()) > 12 })

	begin := time.Now()
	require.NoError(t, w.servers.Close())
	require.Less(t, time.Since(begin), 10*time.Second)
	require.NoError(t, w.servers.Close(), "again")
	require.Error(t, <-sent)
	soon(t, "goroutines end", func() bool { return len(ours()) == 0 })
	for _, e := range w.servers.Endpoints() {
		_, err := net.Dial("tcp", e.IMAP.String())
		require.Error(t, err)
	}
}

// After Close the network goes on in process.
func TestNetworkGoesOnAfterClose(t *testing.T) {
	w := start(t, nil)
	w.send(anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "x", Text: "y"})
	require.NoError(t, w.servers.Close())
	w.Settle()
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindDelivery}, w.kinds(anna))
}

// Many clients at once, while the network is settled again and again.
func TestManyAtOnce(t *testing.T) {
	w := start(t, nil)
	var clients sync.WaitGroup
	for _, address := range []string{anna, bruno, "carla@alfa.example", "carla@beta.example"} {
		clients.Go(func() {
			out, in := w.user(address), w.imap(address, nil)
			for i := range 5 {
				to := []string{anna, bruno}[i%2]
				if err := out.SendMail(address, []string{to}, strings.NewReader(letter(address, to, "many", "x"))); err != nil {
					t.Error(err)
				}
				if _, err := in.Select("INBOX", nil).Wait(); err != nil {
					t.Error(err)
				}
				if err := in.Store(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close(); err != nil {
					t.Error(err)
				}
				w.Settle()
			}
		})
	}
	clients.Wait()
	w.Settle()
	total := 0
	for _, a := range w.Accounts() {
		for _, m := range a.Messages() {
			if m.Kind == pec.KindTransport {
				total++
			}
		}
	}
	require.Equal(t, 20, total)
}
