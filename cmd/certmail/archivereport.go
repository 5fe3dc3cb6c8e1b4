package main

import (
	"errors"
	"os"

	"github.com/certmail/certmail/archive/report"
	"github.com/certmail/certmail/trust"
)

// reported is what "certmail archive report --json" writes.
type reported struct {
	File    string `json:"file"`
	Page    string `json:"page"`
	Verdict string `json:"verdict"`
}

func (a *app) archiveReport(f *archiveFlags, paths []string) error {
	switch {
	case len(paths) > 1:
		return usagef("archive report: one package at a time")
	case f.to == "-" && f.json:
		return usagef("archive report: --to - and --json both want standard output")
	}
	o, err := f.options(a)
	if err != nil {
		return err
	}
	x, done, err := examine(paths[0], o)
	if done != nil {
		defer done()
	}
	if err != nil {
		return err
	}
	page := &report.Page{Examination: x, Title: f.title, Lang: f.lang, Generated: f.present(a)()}
	if f.to == "-" {
		err = report.WriteHTML(a.stdout, page)
	} else {
		err = writeReport(f.to, page)
	}
	switch {
	case err != nil:
		return err
	case f.json:
		err = writeJSON(a.stdout, &reported{paths[0], f.to, string(x.Verdict)})
	case f.to != "-":
		p := a.page()
		v := verdictWords[x.Verdict]
		p.line(title(paths[0]), ": ", p.paint(v.style, v.text), ", the report is in ", plain(f.to))
	}
	if err == nil && x.Verdict != trust.Valid {
		err = errNotGood
	}
	return err
}

func writeReport(name string, page *report.Page) error {
	f, err := os.Create(name)
	if err != nil {
		return usagef("--to %v", err)
	}
	return errors.Join(report.WriteHTML(f, page), f.Close())
}
