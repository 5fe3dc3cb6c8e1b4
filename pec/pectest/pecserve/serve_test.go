package pecserve_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
)

const (
	anna  = "anna@alfa.example"
	bruno = "bruno@beta.example"
)

// world is a network on its servers, with simulated time.
type world struct {
	testing.TB
	*pectest.Network
	servers *pecserve.Servers
}

func start(t testing.TB, opt *pectest.NetworkOptions) *world {
	t.Helper()
	n, err := pectest.NewNetwork(opt)
	require.NoError(t, err)
	servers, err := pecserve.Start(n, &pecserve.Options{ErrorLog: func(line string) {
		if strings.Contains(line, "panic") {
			t.Errorf("server: %s", line)
		}
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	return &world{t, n, servers}
}

func (w *world) account(address string) *pectest.Account {
	w.Helper()
	a, err := w.Account(address)
	require.NoError(w, err)
	return a
}

// endpoint is that of the provider of an address.
func (w *world) endpoint(address string) pecserve.Endpoint {
	w.Helper()
	_, domain, _ := strings.Cut(address, "@")
	for _, e := range w.servers.Endpoints() {
		for _, d := range e.Domains {
			if d == domain {
				return e
			}
		}
	}
	w.Fatalf("no endpoint for %s", address)
	return pecserve.Endpoint{}
}

func (w *world) tls() *tls.Config { return &tls.Config{RootCAs: w.servers.CertPool()} }

// smtp opens the submission server of an account under TLS, not logged in.
func (w *world) smtp(address string) *smtp.Client {
	w.Helper()
	c, err := smtp.DialTLS(w.endpoint(address).Submission.String(), w.tls())
	require.NoError(w, err)
	w.Cleanup(func() { c.Close() })
	return c
}

// user opens it and logs in.
func (w *world) user(address string) *smtp.Client {
	w.Helper()
	c := w.smtp(address)
	require.NoError(w, c.Auth(sasl.NewPlainClient("", address, w.account(address).Password())))
	return c
}

// imap opens the mailbox of an account.
func (w *world) imap(address string, opt *imapclient.Options) *imapclient.Client {
	w.Helper()
	if opt == nil {
		opt = &imapclient.Options{}
	}
	opt.TLSConfig = w.tls()
	c, err := imapclient.DialTLS(w.endpoint(address).IMAP.String(), opt)
	require.NoError(w, err)
	w.Cleanup(func() { c.Close() })
	require.NoError(w, c.Login(address, w.account(address).Password()).Wait())
	return c
}

func (w *world) kinds(address string) []pec.Kind {
	w.Helper()
	return w.account(address).Kinds()
}

// letter is a message as clients write them.
func letter(from, to, subject, text string) string {
	return strings.ReplaceAll(fmt.Sprintf(`From: %s
To: %s
Subject: %s
Date: Mon, 02 Mar 2026 09:30:00 +0100
Message-ID: <%s@client.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

%s
`, from, to, subject, strings.ReplaceAll(subject, " ", "-"), text), "\n", "\r\n")
}

// answer is the reply in an error of a client.
func answer(t testing.TB, err error) string {
	t.Helper()
	var reply *smtp.SMTPError
	require.ErrorAs(t, err, &reply)
	return fmt.Sprintf("%d %d.%d.%d", reply.Code, reply.EnhancedCode[0], reply.EnhancedCode[1], reply.EnhancedCode[2])
}

// fetch gets the messages of a folder in the order of the folder.
func fetch(t testing.TB, c *imapclient.Client, folder string, items *imap.FetchOptions) []*imapclient.FetchMessageBuffer {
	t.Helper()
	data, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	require.NoError(t, err)
	if data.NumMessages == 0 {
		return nil
	}
	all, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: data.NumMessages}}, items).Collect()
	require.NoError(t, err)
	require.Len(t, all, int(data.NumMessages))
	return all
}

var whole = &imap.FetchItemBodySection{Peek: true}

// send submits in process.
func (w *world) send(from string, d *pec.Draft) {
	w.Helper()
	_, err := w.account(from).Send(context.Background(), d)
	require.NoError(w, err)
}

// soon waits for something that happens in real time.
func soon(t testing.TB, what string, happened func() bool) {
	t.Helper()
	require.Eventually(t, happened, 20*time.Second, 10*time.Millisecond, what)
}
