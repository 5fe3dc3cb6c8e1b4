package pecserve_test

import (
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// heard collects what a server tells by itself.
type heard struct {
	exists  chan uint32
	expunge chan uint32
	flags   chan []imap.Flag
}

func (h *heard) options() *imapclient.Options {
	h.exists, h.expunge, h.flags = make(chan uint32, 100), make(chan uint32, 100), make(chan []imap.Flag, 100)
	return &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				h.exists <- *d.NumMessages
			}
		},
		Expunge: func(n uint32) { h.expunge <- n },
		Fetch: func(m *imapclient.FetchMessageData) {
			if b, err := m.Collect(); err == nil {
				h.flags <- b.Flags
			}
		},
	}}
}

func next[T any](t testing.TB, from chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(20 * time.Second):
		require.Fail(t, "nothing came")
	}
	return v
}

func TestIdlePushes(t *testing.T) {
	w := filled(t, "one", "two")
	var h heard
	c := w.imap(anna, h.options())
	_, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	idle, err := c.Idle()
	require.NoError(t, err)

	w.send(bruno, &pec.Draft{To: pec.Addresses(anna), Subject: "now", Text: "x"})
	w.Settle()
	require.EqualValues(t, 3, next(t, h.exists))
	require.NoError(t, w.account(anna).SetFlags(pectest.Inbox, 2, []string{`\Flagged`}))
	require.Equal(t, []imap.Flag{imap.FlagFlagged}, next(t, h.flags))
	require.NoError(t, w.account(anna).Remove(pectest.Inbox, 1, 3))
	require.EqualValues(t, 3, next(t, h.expunge))
	require.EqualValues(t, 1, next(t, h.expunge))
	require.NoError(t, idle.Close())
	require.NoError(t, idle.Wait())

	// Another session is told too, and not what it did itself.
	var other heard
	second := w.imap(anna, other.options())
	_, err = second.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	require.NoError(t, second.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close())
	require.NoError(t, second.Noop().Wait())
	require.Empty(t, other.flags)
	require.NoError(t, c.Noop().Wait())
	require.Equal(t, []imap.Flag{imap.FlagFlagged, imap.FlagSeen}, next(t, h.flags))
}

// FETCH, STORE and SEARCH must not renumber (RFC 3501 §7.4.1).
func TestNoExpungeWhileSequenceNumbersAreUsed(t *testing.T) {
	w := filled(t, "one", "two", "three")
	var h heard
	c := w.imap(anna, h.options())
	_, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	require.NoError(t, w.account(anna).Remove(pectest.Inbox, 1))
	_, err = w.account(anna).Append(pectest.Inbox, []byte(letter(bruno, anna, "four", "x")), nil, time.Time{})
	require.NoError(t, err)
	all, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: 3}}, &imap.FetchOptions{UID: true}).Collect()
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.EqualValues(t, 2, all[0].SeqNum)
	require.EqualValues(t, 2, all[0].UID)
	require.EqualValues(t, 4, next(t, h.exists), "the one that is gone still counts")
	require.Empty(t, h.expunge)
	found, err := c.Search(&imap.SearchCriteria{}, nil).Wait()
	require.NoError(t, err)
	require.Equal(t, []uint32{2, 3, 4}, found.AllSeqNums())
	require.NoError(t, c.Noop().Wait())
	require.EqualValues(t, 1, next(t, h.expunge))
	found, err = c.Search(&imap.SearchCriteria{}, nil).Wait()
	require.NoError(t, err)
	require.Equal(t, []uint32{1, 2, 3}, found.AllSeqNums())
}

// UIDs must not change in a session (RFC 9051 §2.3.1.1): it ends with BYE.
func TestUIDValidityReset(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*imapclient.Client) error
	}{
		{"idle", func(c *imapclient.Client) error {
			idle, err := c.Idle()
			if err != nil {
				return err
			}
			<-c.Closed()
			return idle.Wait()
		}},
		{"noop", func(c *imapclient.Client) error { return c.Noop().Wait() }},
		{"fetch", func(c *imapclient.Client) error {
			return c.Fetch(imap.UIDSetNum(2), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}).Close()
		}},
		{"store", func(c *imapclient.Client) error {
			return c.Store(imap.UIDSetNum(2), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close()
		}},
		{"expunge", func(c *imapclient.Client) error { return c.Expunge().Close() }},
		{"search", func(c *imapclient.Client) error {
			_, err := c.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
			return err
		}},
		{"move", func(c *imapclient.Client) error { _, err := c.Move(imap.UIDSetNum(2), "Sent").Wait(); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := filled(t, "one", "two", "three")
			client := w.imap(anna, nil)
			data, err := client.Select("INBOX", nil).Wait()
			require.NoError(t, err)
			require.NoError(t, w.account(anna).Remove(pectest.Inbox, 1))
			require.NoError(t, client.Noop().Wait())
			require.NoError(t, w.account(anna).ResetUIDValidity(pectest.Inbox))
			require.Error(t, c.do(client))
			select {
			case <-client.Closed():
			case <-time.After(20 * time.Second):
				require.Fail(t, "the session goes on")
			}
			require.Equal(t, [][]string{nil, nil}, flagsOf(t, w.account(anna), pectest.Inbox), "nothing was done to other messages")

			again, err := w.imap(anna, nil).Select("INBOX", nil).Wait()
			require.NoError(t, err)
			require.Greater(t, again.UIDValidity, data.UIDValidity)
			require.EqualValues(t, 3, again.UIDNext)
		})
	}
}

func TestUIDValidityResetWithoutTheFolderSelected(t *testing.T) {
	w := filled(t, "one")
	c := w.imap(anna, nil)
	before, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	require.NoError(t, w.account(anna).ResetUIDValidity(pectest.Inbox))
	after, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err, "selecting again is all that it takes")
	require.Greater(t, after.UIDValidity, before.UIDValidity)
	require.NoError(t, w.account(anna).ResetUIDValidity(pectest.Sent))
	require.NoError(t, c.Noop().Wait(), "another folder's")
}

// The fault resets after a delivery; a client that idles is sent away.
func TestResetFaultEndsTheSession(t *testing.T) {
	w := start(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.ResetUIDValidity, Mailbox: bruno, Times: 1}}})
	c := w.imap(bruno, nil)
	_, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	_, err = c.Idle()
	require.NoError(t, err)
	require.NoError(t, w.user(anna).SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, "x", "y"))))
	w.Settle()
	select {
	case <-c.Closed():
	case <-time.After(20 * time.Second):
		require.Fail(t, "the session goes on")
	}
	require.Len(t, fetch(t, w.imap(bruno, nil), "INBOX", &imap.FetchOptions{UID: true}), 1)
}

// A network with a clock of its own lives without anybody's help.
func TestNetworkLives(t *testing.T) {
	w := start(t, &pectest.NetworkOptions{Clock: time.Now, Hop: time.Millisecond})
	var h heard
	c := w.imap(anna, h.options())
	_, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	idle, err := c.Idle()
	require.NoError(t, err)
	client, err := smtp.DialStartTLS(w.endpoint(anna).StartTLS.String(), w.tls())
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.Auth(plain(w, anna)))
	require.NoError(t, client.SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, "live", "y"))))
	require.EqualValues(t, 1, next(t, h.exists))
	require.EqualValues(t, 2, next(t, h.exists))
	require.NoError(t, idle.Close())
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindDelivery}, w.kinds(anna))
}
