package imap_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
)

const (
	anna  = "anna@alfa.example"
	bruno = "bruno@beta.example"
	inbox = pectest.Inbox
)

// world is a network of providers on its servers, with simulated time.
type world struct {
	testing.TB
	*pectest.Network
	servers *pecserve.Servers
}

func start(t testing.TB, opt *pectest.NetworkOptions) *world {
	t.Helper()
	n, err := pectest.NewNetwork(opt)
	require.NoError(t, err)
	servers, err := pecserve.Start(n, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	return &world{t, n, servers}
}

// filled is a network in whose account anna lie some messages.
func filled(t testing.TB, subjects ...string) *world {
	t.Helper()
	w := start(t, nil)
	for _, s := range subjects {
		w.put(s)
	}
	return w
}

func (w *world) anna() *pectest.Account {
	w.Helper()
	a, err := w.Account(anna)
	require.NoError(w, err)
	return a
}

func (w *world) put(subject string) uint32 {
	w.Helper()
	uid, err := w.anna().Append(inbox, []byte(letter(subject)), nil, day(len(subject)))
	require.NoError(w, err)
	return uid
}

// id is the ID of a message in the inbox by its UID.
func (w *world) id(folder string, uid uint32) transport.ID {
	w.Helper()
	st, err := w.anna().Status(folder)
	require.NoError(w, err)
	return transport.FormatID(st.UIDValidity, uid)
}

func (w *world) options() *imap.Options {
	w.Helper()
	e := w.servers.Endpoints()[0]
	require.Contains(w, e.Domains, "alfa.example")
	return &imap.Options{
		Host: e.IMAP.Host, Port: e.IMAP.Port, RootCAs: w.servers.CertPool(), Credentials: imap.Password(anna, w.anna().Password()),
		Timeout: 10 * time.Second, Backoff: 10 * time.Millisecond,
	}
}

// open opens anna's mailbox.
func (w *world) open(change func(*imap.Options)) *imap.Mailbox {
	w.Helper()
	opt := w.options()
	if change != nil {
		change(opt)
	}
	return open(w.TB, opt)
}

func open(t testing.TB, opt *imap.Options) *imap.Mailbox {
	t.Helper()
	m, err := imap.New(opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func letter(subject string) string {
	return strings.ReplaceAll(fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nDate: Mon, 02 Mar 2026 09:30:00 +0100\nMessage-ID: <%s@client.example>\n\nText of %s\n",
		bruno, anna, subject, strings.ReplaceAll(subject, " ", "-"), subject), "\n", "\r\n")
}

func day(n int) time.Time { return time.Date(2026, 3, n, 10, 0, 0, 0, time.UTC) }

// within is a context that no test should reach the end of.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func fetch(t testing.TB, m *imap.Mailbox, folder string, id transport.ID) string {
	t.Helper()
	r, err := m.Fetch(within(t), folder, id)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return string(data)
}

// uids are the UIDs of items.
func uids(t testing.TB, items []transport.Item) (all []uint32) {
	t.Helper()
	for _, i := range items {
		_, uid, err := transport.ParseID(i.ID)
		require.NoError(t, err)
		all = append(all, uid)
	}
	return all
}
