package remtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// Fixtures makes the REM half of `certmail fixtures` in memory: each message,
// event and reason of the standards and of the Italian profile, what the
// official examples have otherwise than the standards, and tampering of every
// kind. A verifier that believes in FixtureAnchors and in nothing else must say
// the Verdict of each. The same seed gives the same bytes.
func Fixtures(seed uint64) ([]pectest.Fixture, error) {
	s, err := newStudio(seed)
	if err != nil {
		return nil, fmt.Errorf("remtest: fixtures: %w", err)
	}
	out := s.harvest()
	for _, row := range append(oddFixtures(), tamperedFixtures()...) {
		data, err := row.write(s)
		if err != nil {
			return nil, fmt.Errorf("remtest: fixture %s: %w", row.file, err)
		}
		out = append(out, row.fixture(data))
	}
	return out, nil
}

// FixtureAnchors returns the trust anchors of a seed's fixtures, in PEM: the
// root of the services, and that of the time-stamps.
func FixtureAnchors(seed uint64) ([]byte, error) {
	a, err := newAuthority(seed, testpki.Epoch.UTC)
	if err != nil {
		return nil, err
	}
	return a.PEM(), nil
}

// fixture is a row of the tables.
type fixture struct {
	// file is its name without extension.
	file string
	kind Kind
	// fails is the first check that fails, open one that cannot be judged.
	fails, open string
	note        string
	write       func(s *studio) ([]byte, error)
}

func (row *fixture) fixture(data []byte) pectest.Fixture {
	f := pectest.Fixture{File: row.file + ".eml", System: "rem", Kind: string(row.kind), Verdict: string(trust.Valid), Check: row.fails, Note: row.note, Data: data}
	if row.kind == KindOrdinary {
		f.System, f.Verdict = "mail", string(trust.Indeterminate)
	}
	switch {
	case row.fails != "":
		f.Verdict = string(trust.Invalid)
	case row.open != "":
		f.Verdict = string(trust.Indeterminate)
	}
	return f
}

// studio is where fixtures are made: networks that played the scenarios.
type studio struct {
	seed  uint64
	found []stored
}

// stored is a message with the network that made it.
type stored struct {
	Stored
	n        *Network
	name     string // as Stored.String has it, with the event for dispatches
	scenario string
}

func newStudio(seed uint64) (*studio, error) {
	s := &studio{seed: seed}
	for _, sc := range slices.Concat(blackBox(), fourCorner(), silence(), ordinaryMail(), asking()) {
		if err := s.play(sc); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// play plays a scenario and keeps what lies in the mailboxes.
func (s *studio) play(sc Scenario) error {
	opt := NetworkOptions{}
	if sc.Network != nil {
		opt = *sc.Network
	}
	opt.Seed = s.seed
	sc.Network = &opt
	n, err := sc.Play(context.Background())
	if err != nil {
		return err
	}
	for _, box := range n.Mailboxes() {
		for _, m := range box.Messages() {
			name := m.String()
			if m.Kind == KindDispatch && len(m.Facts) > 0 {
				name += " " + m.Facts[0].Event.Code()
			}
			s.found = append(s.found, stored{m, n, name, sc.Name})
		}
	}
	return nil
}

// take returns the first genuine message of a name.
func (s *studio) take(name string) (*stored, error) {
	for i := range s.found {
		if s.found[i].name == name && s.found[i].Spoiled == "" {
			return &s.found[i], nil
		}
	}
	return nil, fmt.Errorf("no scenario makes a %q", name)
}

// harvest takes each kind, event and reason once.
func (s *studio) harvest() []pectest.Fixture {
	var out []pectest.Fixture
	seen := map[string]bool{}
	for i := range s.found {
		m := &s.found[i]
		if m.Spoiled != "" || seen[m.name] {
			continue
		}
		seen[m.name] = true
		row := fixture{file: "good/rem-" + fileName(m.name), kind: m.Kind, note: describe(m)}
		out = append(out, row.fixture(m.Data))
	}
	return out
}

// fileName makes "b3-rb22" of "B.3/RB22".
func fileName(name string) string {
	return strings.ToLower(strings.NewReplacer(".", "", "/", "-", " ", "-").Replace(name))
}

// describe says in a sentence what a message is.
func describe(m *stored) string {
	if len(m.Facts) == 0 {
		return string(m.Kind) + " (" + m.scenario + ")"
	}
	f := m.Facts[0]
	text := string(f.Event)
	if r, ok := evidence.ReasonByCode(f.Reason); ok {
		text += " " + f.Reason + ": " + r.Text()
	}
	if m.Kind == KindReceipt {
		return text
	}
	return string(m.Kind) + " with " + text
}
