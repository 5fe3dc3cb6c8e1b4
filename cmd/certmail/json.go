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

// jsonArray writes an array, one element after the other, so that a folder of
// any size costs the memory of one message. It is a document, or within one
// after a margin.
type jsonArray struct {
	w      io.Writer
	margin string
	count  int
}

func (a *jsonArray) add(v any) error {
	var b bytes.Buffer
	if a.count == 0 {
		b.WriteByte('[')
	} else {
		b.WriteByte(',')
	}
	b.WriteString("\n  " + a.margin)
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("  "+a.margin, "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	a.count++
	_, err := a.w.Write(bytes.TrimRight(b.Bytes(), "\n"))
	return err
}

func (a *jsonArray) close() error {
	end := "\n" + a.margin + "]"
	if a.count == 0 {
		end = "[]"
	}
	if a.margin == "" {
		end += "\n"
	}
	_, err := io.WriteString(a.w, end)
	return err
}

// end closes the array, unless text was written in its place, and is the end of a
// command whose answer was good or not.
func (a *jsonArray) end(json, good bool) error {
	if json {
		if err := a.close(); err != nil {
			return err
		}
	}
	if !good {
		return errNotGood
	}
	return nil
}

// jsonList is a member of an object that is an array.
type jsonList struct {
	name string
	len  int
	at   func(int) any
}

// writeJSONLists writes what writeJSON writes of an object of arrays, in the
// memory of one element.
func writeJSONLists(w io.Writer, lists ...jsonList) error {
	for i, list := range lists {
		before := ","
		if i == 0 {
			before = "{"
		}
		if _, err := io.WriteString(w, before+"\n  \""+list.name+"\": "); err != nil {
			return err
		}
		array := &jsonArray{w: w, margin: "  "}
		for j := range list.len {
			if err := array.add(list.at(j)); err != nil {
				return err
			}
		}
		if err := array.close(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n}\n")
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
