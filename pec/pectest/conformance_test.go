package pectest_test

import (
	"bytes"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/transporttest"
)

func TestTransportMailbox(t *testing.T) {
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		n := network(t, nil)
		box, err := n.Mailbox(anna)
		require.NoError(t, err)
		return transporttest.Fixture{
			Mailbox: box.Transport(),
			Another: func(*testing.T) transport.Mailbox { return box.Transport() },
			Deliver: func(t *testing.T, folder string, message []byte) {
				_, err := box.Append(folder, message, nil, n.Now())
				require.NoError(t, err)
			},
			Renumber: func(t *testing.T, folder string) { require.NoError(t, box.ResetUIDValidity(folder)) },
		}
	})
}

func TestTransportSender(t *testing.T) {
	transporttest.Sender(t, func(t *testing.T) transporttest.SenderFixture {
		n := network(t, nil)
		strike := func(kind pectest.FaultKind) func(*testing.T) {
			return func(t *testing.T) {
				require.NoError(t, n.AddFault(pectest.Fault{Kind: kind, Times: 1, For: time.Hour}))
			}
		}
		return transporttest.SenderFixture{
			Sender:        account(t, n, anna).Sender(),
			Taken:         func(t *testing.T) []transport.Message { return taken(t, n) },
			RefuseForGood: strike(pectest.RefuseForGood), RefuseForNow: strike(pectest.RefuseForNow), RefuseLogin: strike(pectest.RefuseLogin),
			CutBeforeDot: strike(pectest.CutBeforeDot), CutAfterDot: strike(pectest.CutAfterDot), Stall: strike(pectest.Slow),
		}
	})
}

// accessPoint is what an access point does to a header: the Message-ID becomes
// the identifier, and is kept in another field (RFC 6109 §3.1.1).
var accessPoint = regexp.MustCompile(`(?s)^(.*?Date: [^\n]*\n)(.*?)(Message-ID: [^\n]*\nX-Riferimento-(Message-ID: [^\n]*\n))`)

// taken are the messages that a network accepted, as they were delivered to
// the first recipient.
func taken(t *testing.T, n *pectest.Network) []transport.Message {
	n.Settle()
	var all []transport.Message
	for _, o := range n.Outcomes() {
		m := transport.Message{From: o.Sender}
		for _, r := range o.Recipients {
			m.To = append(m.To, r.Address)
		}
		for _, s := range inbox(t, n, m.To[0]) {
			if s.Identifier != o.Identifier || s.Kind != pec.KindTransport {
				continue
			}
			parsed, err := pec.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			original, err := parsed.Original()
			require.NoError(t, err)
			data, err := io.ReadAll(original.Source())
			require.NoError(t, err)
			data = accessPoint.ReplaceAll(data, []byte("$1$4$2"))
			m.Source, m.Size = bytes.NewReader(data), int64(len(data))
		}
		require.NotNil(t, m.Source)
		all = append(all, m)
	}
	return all
}
