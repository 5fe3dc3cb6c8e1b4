package pectest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// Whoever looks on learns of every change, not only of mail that moves.
func TestChangedMeansAnyChange(t *testing.T) {
	n := network(t, nil)
	anna := account(t, n, "anna@alfa.example")
	for name, change := range map[string]func(){
		"a fault":          func() { require.NoError(t, n.AddFault(pectest.Fault{Kind: pectest.Lose})) },
		"faults cleared":   n.ClearFaults,
		"time":             func() { n.Advance(time.Hour) },
		"a copy filed":     func() { _, _ = anna.Append(pectest.Sent, []byte("Subject: x\r\n\r\n"), nil, time.Time{}) },
		"flags":            func() { require.NoError(t, anna.SetFlags(pectest.Sent, 1, []string{`\Seen`})) },
		"uids":             func() { require.NoError(t, anna.ResetUIDValidity(pectest.Sent)) },
		"a word from afar": n.Wake,
	} {
		if name == "flags" {
			_, err := anna.Append(pectest.Sent, []byte("Subject: x\r\n\r\n"), nil, time.Time{})
			require.NoError(t, err)
		}
		changed := n.Changed()
		change()
		select {
		case <-changed:
		default:
			t.Errorf("%s: nobody was told", name)
		}
	}
}

func TestFaultsCountWhomTheyStruck(t *testing.T) {
	n := network(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Lose, Message: pec.KindAcceptance, Skip: 1, Times: 1}}})
	require.True(t, n.Simulated())
	for _, struck := range []int{0, 1, 1} {
		send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "x", Text: "x"})
		n.Settle()
		require.Equal(t, struck, n.Faults()[0].Struck)
	}
	n.ClearFaults()
	require.Empty(t, n.Faults())
	require.False(t, network(t, &pectest.NetworkOptions{Clock: time.Now}).Simulated())
}

func TestOddDomainsAreRefusedNotFatal(t *testing.T) {
	for _, d := range []string{".example", "", "è.example", "..test"} {
		_, err := pectest.NewNetwork(&pectest.NetworkOptions{Providers: pectest.ProvidersFor(d)})
		require.ErrorIs(t, err, pectest.ErrConfig, "%q", d)
	}
}
