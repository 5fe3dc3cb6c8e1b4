package pectest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// indexEntry is a Fixture as index.json lists it.
type indexEntry struct {
	File    string  `json:"file"`
	System  string  `json:"system"`
	Kind    string  `json:"kind"`
	Verdict string  `json:"verdict"`
	Check   *string `json:"check"` // null when no check fails
	Note    string  `json:"note"`
}

func fixtureIndex(fixtures []Fixture) ([]byte, error) {
	entries := make([]indexEntry, len(fixtures))
	for i := range fixtures {
		f := &fixtures[i]
		entries[i] = indexEntry{File: f.File, System: f.System, Kind: f.Kind, Verdict: f.Verdict, Note: f.Note}
		if f.Check != "" {
			entries[i].Check = &f.Check
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(entries); err != nil {
		return nil, fmt.Errorf("pectest: index: %w", err)
	}
	return b.Bytes(), nil
}
