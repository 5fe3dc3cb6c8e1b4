package pectest_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// TestScenarios plays every ready-made scenario, lets all judges look at every
// message, and shows that each branch of the rules is reached. The table in
// the package's documentation says by which.
func TestScenarios(t *testing.T) {
	reached := map[string][]string{}
	for _, s := range pectest.Scenarios() {
		n, err := s.Play(context.Background())
		require.NoError(t, err, "%s\n%s", s.Name, dump(n))
		met := map[string]bool{}
		for _, j := range n.Journeys() {
			for _, step := range j.Steps {
				met[step.Branch] = true
			}
		}
		for _, b := range s.Branches {
			require.True(t, met[b], "%s does not reach %s\n%s", s.Name, b, dump(n))
			reached[b] = append(reached[b], s.Name)
		}
		spoiled := bad{}
		if s.Name == "forged delivery receipt" {
			spoiled[pec.KindDelivery] = "provider-directory"
		}
		judgeAll(t, n, spoiled)
	}
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, b := range pectest.Branches() {
		require.NotEmpty(t, reached[b.ID], "%s (%s) is reached by no scenario", b.ID, b.Rule)
		line := "//\t" + b.ID + strings.Repeat(" ", 4-len(b.ID)) + b.Rule + " | " + strings.Join(reached[b.ID], "; ")
		require.Contains(t, string(doc), line+"\n", "the table in doc.go")
	}
	require.Len(t, pectest.Branches(), 20)
}

func TestScenarioTells(t *testing.T) {
	s := pectest.Scenarios()[0]
	s.Want = map[string]string{anna: "accettazione", "nobody@alfa.example": ""}
	_, err := s.Play(context.Background())
	require.ErrorIs(t, err, pectest.ErrScenario)
	require.ErrorContains(t, err, anna+` holds "accettazione avvenuta-consegna", want "accettazione"`)
	require.NotContains(t, err.Error(), "nobody@", "an empty inbox is what was wanted")

	s = pectest.Scenarios()[0]
	s.Send = slices.Clone(s.Send)
	s.Send[0].Refused = 550
	_, err = s.Play(context.Background())
	require.ErrorIs(t, err, pectest.ErrScenario)
	s.Send[0] = pectest.Sending{From: "nobody@alfa.example"}
	_, err = s.Play(context.Background())
	require.ErrorIs(t, err, pectest.ErrNoMailbox)
	s.Faults = []pectest.Fault{{Kind: "no such"}}
	_, err = s.Play(context.Background())
	require.ErrorIs(t, err, pectest.ErrFault)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s = pectest.Scenarios()[0]
	_, err = s.Play(ctx)
	require.True(t, errors.Is(err, context.Canceled))
}

func TestParseFault(t *testing.T) {
	for _, f := range []pectest.Fault{
		{Kind: pectest.Lose, Message: pec.KindDelivery, Mailbox: bruno, Times: 1},
		{Kind: pectest.Delay, For: 13 * hour, Skip: 2},
		{Kind: pectest.Unreachable, Provider: "beta.example", From: hour, Until: 10 * hour},
		{Kind: pectest.Alter, Checked: true},
	} {
		again, err := pectest.ParseFault(f.String())
		require.NoError(t, err)
		require.Equal(t, f, again)
	}
	for _, s := range []string{"", "explode", "lose,color=red", "delay,for=soon", "lose,times=x"} {
		_, err := pectest.ParseFault(s)
		require.ErrorIs(t, err, pectest.ErrFault, s)
	}
	n := network(t, nil)
	for _, f := range []pectest.Fault{{Kind: pectest.Delay}, {Kind: pectest.Slow}, {Kind: pectest.Lose, Provider: "nowhere.example"}, {Kind: "x"}} {
		require.ErrorIs(t, n.AddFault(f), pectest.ErrFault)
	}
}
