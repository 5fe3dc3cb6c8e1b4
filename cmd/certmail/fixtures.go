package main

import (
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/rem/remtest"
)

const fixturesHelp = `usage: certmail fixtures [--json] DIR [--seed N]

Writes to DIR a complete signed set of PEC and REM messages: every type and form, the
quirks of real providers, and tampered ones, with their own throw-away authorities in
ca.pem and what "certmail verify --ca DIR/ca.pem" must say of each in index.json. Nothing
in it is worth anything as proof: its keys follow from the seed.

  --seed N   the same seed writes the same bytes (1 unless given)
  --json     print what index.json says
`

// fixture is a row of index.json.
type fixture struct {
	File    string  `json:"file"`
	System  string  `json:"system"`
	Kind    string  `json:"kind"`
	Verdict string  `json:"verdict"`
	Check   *string `json:"check"` // the check that fails, null when none does
	Note    string  `json:"note"`
}

func (a *app) fixtures(args []string) error {
	f := newFlags("fixtures", fixturesHelp)
	seed := f.Uint64("seed", 1, "")
	dirs, err := f.read(args)
	switch {
	case err != nil:
		return err
	case len(dirs) != 1:
		return usagef("fixtures: %d folders, want one; see certmail fixtures --help", len(dirs))
	}
	opt := &pectest.FixtureOptions{Seed: *seed}
	if opt.Also, err = remtest.Fixtures(*seed); err == nil {
		opt.AlsoAnchors, err = remtest.FixtureAnchors(*seed)
	}
	if err != nil {
		return usagef("%v", err)
	}
	written, err := pectest.WriteFixtures(dirs[0], opt)
	if err != nil {
		return usagef("%v", err)
	}
	if !f.json {
		a.page().line(count(len(written), "message", "messages"), " written to ", plain(dirs[0]), ".")
		return nil
	}
	index := make([]fixture, len(written))
	for i := range written {
		w := &written[i]
		index[i] = fixture{File: w.File, System: w.System, Kind: w.Kind, Verdict: w.Verdict, Note: w.Note}
		if w.Check != "" {
			index[i].Check = &w.Check
		}
	}
	return writeJSON(a.stdout, index)
}
