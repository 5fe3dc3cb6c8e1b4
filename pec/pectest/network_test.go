package pectest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

func network(t testing.TB, opt *pectest.NetworkOptions) *pectest.Network {
	t.Helper()
	n, err := pectest.NewNetwork(opt)
	require.NoError(t, err)
	return n
}

func account(t testing.TB, n *pectest.Network, address string) *pectest.Account {
	t.Helper()
	a, err := n.Account(address)
	require.NoError(t, err)
	return a
}

func send(t testing.TB, n *pectest.Network, from string, d *pec.Draft) *pec.Submission {
	t.Helper()
	s, err := account(t, n, from).Send(context.Background(), d)
	require.NoError(t, err)
	return s
}

func dump(n *pectest.Network) string {
	out := ""
	for _, m := range n.Mailboxes() {
		out += m.Address + ":"
		for _, s := range m.Messages() {
			out += " " + string(s.Kind)
		}
		out += "\n"
	}
	for _, j := range n.Journeys() {
		out += j.Identifier + " " + j.Subject + "\n"
		for _, s := range j.Steps {
			out += fmt.Sprintf("  %s %-9s %-4s %s -> %s %s %s\n", s.Time.Format("02 15:04:05"), s.Point, s.Branch, s.Kind, s.Issued, s.Recipient, s.Detail)
		}
	}
	return out
}

func TestFirst(t *testing.T) {
	n := network(t, nil)
	send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("bruno@beta.example", "nobody@beta.example"), Cc: pec.Addresses("carla@alfa.example", "ord@mail.test"), Subject: "Prova è", Text: "ciao"})
	n.Settle()
	n.Advance(25 * time.Hour)
	t.Log(dump(n))
}
