package pectest_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// FuzzNetwork lets anything come in at both points: it is taken, refused in
// the dialogue or answered by a notice, and never certified unless accepted.
func FuzzNetwork(f *testing.F) {
	f.Add(plain(anna, bruno), bruno)
	f.Add([]byte("From: x\r\n\r\n"), bruno)
	f.Add([]byte{}, anna)
	n := network(f, nil)
	send(f, n, anna, &pec.Draft{To: pec.Addresses("ditta@mail.test"), Subject: "Contratto"})
	n.Settle()
	f.Add(inbox(f, n, "ditta@mail.test")[0].Data, bruno)
	f.Add(inbox(f, n, anna)[0].Data, anna)
	f.Fuzz(func(t *testing.T, message []byte, to string) {
		n := network(t, nil)
		err := n.Inject("ditta@mail.test", []string{to}, message)
		_, refused := errors.AsType[*pectest.SMTPError](err)
		require.True(t, err == nil || refused, "%v", err)
		err = account(t, n, anna).Submit(context.Background(), anna, []string{to}, message)
		_, refused = errors.AsType[*pectest.SMTPError](err)
		require.True(t, err == nil || refused, "%v", err)
		n.Settle()
		for _, o := range n.Outcomes() {
			for _, r := range o.Recipients {
				require.True(t, o.Accepted || r.Placed == 0)
			}
		}
	})
}

func FuzzParseFault(f *testing.F) {
	f.Add("delay,for=13h,message=accettazione")
	f.Add("unreachable,provider=beta.example,from=1s,until=2h,skip=1,times=2,checked=true")
	f.Fuzz(func(t *testing.T, s string) {
		fault, err := pectest.ParseFault(s)
		if err != nil {
			require.ErrorIs(t, err, pectest.ErrFault)
			return
		}
		again, err := pectest.ParseFault(fault.String())
		require.NoError(t, err, fault.String())
		require.Equal(t, fault, again)
	})
}

// TestConcurrentUse: everybody may talk to a network at once.
func TestConcurrentUse(t *testing.T) {
	n := network(t, nil)
	var wait sync.WaitGroup
	accounts := n.Accounts()
	for _, a := range accounts {
		wait.Go(func() {
			for range 4 {
				if _, err := a.Send(context.Background(), &pec.Draft{To: pec.Addresses(bruno), Subject: "Insieme"}); err != nil {
					t.Error(err)
				}
				n.Settle()
				a.Messages()
				n.Journeys()
				n.Outcomes()
				n.Log("alfa.example")
			}
		})
	}
	wait.Wait()
	n.Settle()
	require.Len(t, n.Outcomes(), 4*len(accounts))
	got := 0
	for _, s := range inbox(t, n, bruno) {
		if s.Kind == pec.KindTransport {
			got++
		}
	}
	require.Equal(t, 4*len(accounts), got)
}
