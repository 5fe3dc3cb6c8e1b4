package pectest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// Fixture is a message with what must be said about it by a verifier that
// believes in FixtureAnchors and in nothing else.
type Fixture struct {
	// File is its name, with slashes: in good/ what the rules describe, in odd/
	// what real providers, programs and mailboxes make of it, in tampered/ what
	// somebody did to it.
	File string
	// System is "pec", "rem", or "mail" for ordinary mail. Kind is a pec.Kind or
	// a rem.Kind.
	System, Kind string
	// Verdict is a trust.Verdict.
	Verdict string
	// Check names the check that fails, the first of them in the order of a
	// report; "" when none fails. An indeterminate message has none: its Note
	// says what cannot be judged.
	Check string
	// Note says in a sentence what the message shows.
	Note string
	// Data is the message.
	Data []byte

	failed  []string // all checks that fail
	unknown string   // the check that cannot be judged
}

// FixtureOptions are the choices of WriteFixtures. The zero value and nil
// mean the defaults.
type FixtureOptions struct {
	// Seed decides every key, certificate, boundary and identifier.
	Seed uint64
	// Also are fixtures of another system, such as those of package remtest,
	// which are written and listed behind these; AlsoAnchors, in PEM, is what a
	// verifier must believe in besides.
	Also        []Fixture
	AlsoAnchors []byte
}

// Fixtures makes the whole set in memory: each message type and form of the
// rules (RFC 6109 §3), the habits of real providers, and tampering of every
// kind. The same seed gives the same bytes. Nothing in it names a domain that
// is not reserved for tests.
func Fixtures(seed uint64) ([]Fixture, error) {
	rows := allFixtures()
	c := newCast(seed)
	out := make([]Fixture, 0, len(rows))
	for i := range rows {
		f, err := c.make(&rows[i])
		if err != nil {
			return nil, fmt.Errorf("pectest: fixture %s: %w", rows[i].file, err)
		}
		out = append(out, f)
	}
	return out, nil
}

// FixtureAnchors returns the trust anchors of a seed's fixtures, in PEM: a root
// and an intermediate authority whose root is not among them.
func FixtureAnchors(seed uint64) []byte {
	c := newCast(seed)
	return testpki.PEM(c.root.ca.Certificate, c.anchor.Certificate)
}

// WriteFixtures writes the set to a folder, which is made if need be: one file
// per message, ca.pem with FixtureAnchors and, last, index.json; opt may be
// nil. Files of the
// same names are replaced; whatever else is in the folder stays.
func WriteFixtures(dir string, opt *FixtureOptions) ([]Fixture, error) {
	if opt == nil {
		opt = &FixtureOptions{}
	}
	fixtures, err := Fixtures(opt.Seed)
	if err != nil {
		return nil, err
	}
	fixtures = append(fixtures, opt.Also...)
	for i := range fixtures {
		if err := writeFile(dir, fixtures[i].File, fixtures[i].Data); err != nil {
			return nil, err
		}
	}
	if err := writeFile(dir, "ca.pem", append(FixtureAnchors(opt.Seed), opt.AlsoAnchors...)); err != nil {
		return nil, err
	}
	index, err := fixtureIndex(fixtures)
	if err != nil {
		return nil, err
	}
	return fixtures, writeFile(dir, "index.json", index)
}

func writeFile(dir, name string, data []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = os.WriteFile(path, data, 0o666)
	}
	if err != nil {
		return fmt.Errorf("pectest: fixtures: %w", err)
	}
	return nil
}

// allFixtures is the whole table, in the order of the index.
func allFixtures() []fixture {
	var all []fixture
	for _, group := range []struct {
		folder string
		rows   []fixture
	}{
		{"good", goodFixtures()},
		{"odd", oddHeaderFixtures()},
		{"odd", oddPartFixtures()},
		{"odd", oddDataFixtures()},
		{"odd", oddOriginalFixtures()},
		{"odd", oddSignatureFixtures()},
		{"odd", ordinaryFixtures()},
		{"tampered", alteredFixtures()},
		{"tampered", forgedHeaderFixtures()},
		{"tampered", forgedFormFixtures()},
		{"tampered", forgedDataFixtures()},
		{"tampered", forgedSignatureFixtures()},
		{"tampered", forgedSignerFixtures()},
	} {
		for _, row := range group.rows {
			if row.story == "" {
				row.story = group.folder + "-" + row.file
			}
			row.file = group.folder + "/" + row.file + ".eml"
			all = append(all, row)
		}
	}
	return all
}

// make builds one row.
func (c *cast) make(row *fixture) (Fixture, error) {
	f := Fixture{
		File: row.file, Kind: string(row.kind), System: string(row.kind.System()), Verdict: string(row.verdict()), Note: row.note,
		failed: strings.Fields(row.fails), unknown: row.open,
	}
	if len(f.failed) > 0 {
		f.Check = f.failed[0]
	}
	s := c.scene(row)
	data, err := row.write(s)
	for i := 0; i < len(row.bend) && err == nil; i++ {
		data, err = row.bend[i](s, data)
	}
	f.Data = data
	return f, err
}

func (row *fixture) verdict() trust.Verdict {
	switch {
	case row.fails != "":
		return trust.Invalid
	case row.open != "", row.kind == pec.KindOrdinary:
		return trust.Indeterminate
	}
	return trust.Valid
}
