package remtest_test

import (
	"bytes"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/transporttest"
)

const (
	anna, bruno, carla = "anna@alfa.example", "bruno@beta.example", "carla@beta.example"
	hour               = time.Hour
)

func network(tb testing.TB, opt *remtest.NetworkOptions) *remtest.Network {
	tb.Helper()
	n, err := remtest.NewNetwork(opt)
	require.NoError(tb, err)
	return n
}

func account(tb testing.TB, n *remtest.Network, address string) *remtest.Account {
	tb.Helper()
	a, err := n.Account(address)
	require.NoError(tb, err)
	return a
}

func TestTransportMailbox(t *testing.T) {
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		n := network(t, nil)
		box, err := n.Mailbox(anna)
		require.NoError(t, err)
		return transporttest.Fixture{
			Mailbox: box.Transport(),
			Another: func(*testing.T) transport.Mailbox { return box.Transport() },
			Deliver: func(t *testing.T, folder string, message []byte) {
				_, err := box.Transport().Append(t.Context(), folder, nil, n.Now(), bytes.NewReader(message), int64(len(message)))
				require.NoError(t, err)
			},
			Renumber: func(t *testing.T, folder string) {
				require.Equal(t, remtest.Inbox, folder)
				require.NoError(t, box.ResetUIDValidity())
			},
		}
	})
}

func TestTransportSender(t *testing.T) {
	transporttest.Sender(t, func(t *testing.T) transporttest.SenderFixture {
		n := network(t, nil)
		strike := func(kind remtest.FaultKind) func(*testing.T) {
			return func(t *testing.T) {
				require.NoError(t, n.AddFault(remtest.Fault{Kind: kind, Times: 1, For: time.Hour}))
			}
		}
		return transporttest.SenderFixture{
			Sender:        account(t, n, anna).Sender(),
			Taken:         func(t *testing.T) []transport.Message { return taken(t, n) },
			RefuseForGood: strike(remtest.RefuseForGood), RefuseForNow: strike(remtest.RefuseForNow), RefuseLogin: strike(remtest.RefuseLogin),
			CutBeforeDot: strike(remtest.CutBeforeDot), CutAfterDot: strike(remtest.CutAfterDot), Stall: strike(remtest.Slow),
		}
	})
}

// prepared is what a provider does to a header (EN 319 532-3 §4.2 note 2).
var prepared = regexp.MustCompile(`Message-ID: <[^>]*>\r\nREM-UA(Message)Identifier: (<[^>]*>)\r\n`)

// taken are the messages that a network accepted, as they were consigned to
// the first recipient.
func taken(t *testing.T, n *remtest.Network) []transport.Message {
	n.Settle()
	var all []transport.Message
	for _, o := range n.Outcomes() {
		m := transport.Message{From: o.Sender}
		for _, r := range o.Recipients {
			m.To = append(m.To, r.Address)
		}
		box, err := n.Mailbox(m.To[0])
		require.NoError(t, err)
		for _, s := range box.Messages() {
			if s.Identifier != o.Identifier || s.Kind != remtest.KindDispatch {
				continue
			}
			parsed, err := rem.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			data, err := io.ReadAll(parsed.Original.Raw())
			require.NoError(t, err)
			data = prepared.ReplaceAll(data, []byte("$1-ID: $2\r\n"))
			m.Source, m.Size = bytes.NewReader(data), int64(len(data))
		}
		require.NotNil(t, m.Source)
		all = append(all, m)
	}
	return all
}
