package main

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/certmail/certmail/daticert"
)

// writeJSON writes one document.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// jsonArray writes a document that is an array, one element after the other,
// so that a folder of any size costs the memory of one message.
type jsonArray struct {
	w     io.Writer
	count int
}

func (a *jsonArray) add(v any) error {
	var b bytes.Buffer
	b.WriteString("[\n  ")
	if a.count > 0 {
		b.Reset()
		b.WriteString(",\n  ")
	}
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("  ", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	a.count++
	_, err := a.w.Write(bytes.TrimRight(b.Bytes(), "\n"))
	return err
}

func (a *jsonArray) close() error {
	end := "\n]\n"
	if a.count == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(a.w, end)
	return err
}

// finding is a finding of any package under its names in JSON.
type finding struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// findings are never nil: an empty array, not null. prefix says where they are
// from when it is not the message itself.
func findings(prefix string, list []daticert.Finding) []finding {
	out := make([]finding, 0, len(list))
	for _, f := range list {
		out = append(out, finding{f.Code, prefix + f.Detail})
	}
	return out
}

// stamp writes a time with its own offset, and nothing for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
