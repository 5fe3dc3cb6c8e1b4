package pecweb

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// The arrows of a journey, as lanes from and to.
func TestPictureOfAJourney(t *testing.T) {
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	a, err := n.Account("anna@alfa.example")
	require.NoError(t, err)
	_, err = a.Send(context.Background(), &pec.Draft{To: pec.Addresses("bruno@beta.example", "fuori@posta.test"), Subject: "x", Text: "x"})
	require.NoError(t, err)
	n.Settle()
	n.Advance(25 * time.Hour)
	j := n.Journeys()[0]
	p := draw(&j, n.Providers(), &wide)
	require.Len(t, p.Arrows, len(j.Steps))
	name := map[int]string{}
	for _, l := range p.Lanes {
		require.Empty(t, name[l.X], "two lanes in one place")
		name[l.X] = string(l.key.point)
		if l.key.provider != "" {
			name[l.X] = l.key.provider[8:12] + " " + name[l.X]
		}
	}
	var got []string
	for i, a := range p.Arrows {
		if a.Head != "" {
			got = append(got, fmt.Sprintf("%s: %s > %s", carried(&j.Steps[i]), name[a.From], name[a.To]))
		}
	}
	require.ElementsMatch(t, []string{
		"ordinary: sender > Alfa access",
		"accettazione: Alfa access > Alfa incoming", "accettazione: Alfa incoming > Alfa delivery",
		"posta-certificata: Alfa access > outside",
		"posta-certificata: Alfa access > Beta incoming", "posta-certificata: Beta incoming > Beta delivery",
		"presa-in-carico: Beta incoming > Alfa incoming", "presa-in-carico: Alfa incoming > Alfa delivery",
		"avvenuta-consegna: Beta delivery > Alfa incoming", "avvenuta-consegna: Alfa incoming > Alfa delivery",
	}, got)
}

// However many lanes and steps there are, all of them stay in the picture.
func TestPictureStaysInItsFrame(t *testing.T) {
	for _, domains := range [][]string{{"a.test"}, {"a.test", "b.test", "c.test", "d.test", "e.test", "f.test", "g.test", "h.test"}} {
		n, err := pectest.NewNetwork(&pectest.NetworkOptions{Providers: pectest.ProvidersFor(domains...)})
		require.NoError(t, err)
		a := n.Accounts()[0]
		var to []string
		for _, other := range n.Accounts() {
			to = append(to, other.Address)
		}
		for i := range 30 {
			to = append(to, fmt.Sprintf("nobody%d@%s", i, domains[len(domains)-1]))
		}
		_, err = a.Send(context.Background(), &pec.Draft{To: pec.Addresses(to...), Subject: "x", Text: "x"})
		require.NoError(t, err)
		n.Settle()
		j := n.Journeys()[0]
		require.Greater(t, len(j.Steps), 100)
		for _, f := range []*format{&wide, &narrow} {
			p := draw(&j, n.Providers(), f)
			require.LessOrEqual(t, len(p.Arrows), maxDrawn)
			for _, g := range p.Groups {
				require.LessOrEqual(t, g.X+g.Width, p.Width)
			}
			for _, a := range p.Arrows {
				require.True(t, a.From > 0 && a.To > 0 && a.From < p.Width && a.To < p.Width && a.Y < p.Height)
				require.LessOrEqual(t, a.ClipWidth, p.Width)
			}
		}
	}
}
