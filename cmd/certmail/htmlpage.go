package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/certmail/certmail/receipt/report"
)

// writePage writes the page of a reconciliation, with links to the proofs as
// they lie from the folder of the page.
func writePage(name, lang string, now time.Time, r *reconciled) (err error) {
	if name == "-" {
		return usagef("--html - : want a file, standard output has the result")
	}
	f, err := os.Create(name)
	if err != nil {
		return usagef("--html %v", err)
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	page := &report.Page{Generated: now, Report: r.Report, Link: linkFrom(filepath.Dir(name)), Lang: lang}
	for _, u := range r.Unreadable {
		page.Unreadable = append(page.Unreadable, report.Unreadable(u))
	}
	return report.WriteHTML(f, page)
}

// linkFrom returns the URL of a file relative to a folder. A message of an
// mbox, FILE#N, links to its file; what has no file has no link.
func linkFrom(dir string) func(file string) string {
	from, err := filepath.Abs(dir)
	return func(file string) string {
		if err != nil || file == "-" || strings.HasPrefix(file, "-#") {
			return ""
		}
		if i := strings.LastIndexByte(file, '#'); i > 0 {
			if _, err := os.Lstat(file); err != nil {
				file = file[:i]
			}
		}
		to, err := filepath.Abs(file)
		if err != nil {
			return ""
		}
		rel, err := filepath.Rel(from, to)
		if err != nil {
			return "" // another drive
		}
		return (&url.URL{Path: filepath.ToSlash(rel)}).String()
	}
}
