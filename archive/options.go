package archive

import (
	"text/template"
	"time"

	"github.com/certmail/certmail/trust/tsp"
)

// Options are the choices of writing. The zero value and nil write a plain
// folder.
type Options struct {
	Format Format
	// Created is the date of the package; the latest FirstSeen of the items
	// when zero, so that the same items give the same bytes.
	Created time.Time
	// Application, Version and Producer name the program that writes; this
	// library unless set.
	Application, Version, Producer string
	// Organization is whose package it is (Source-Organization of a bag).
	Organization string
	// TimeStamp, if any, makes a time-stamp over the whole package.
	TimeStamp tsp.Source
	// Index are the parties named in the index of a submission package.
	Index Index
	// Metadata writes the metadata of a document of a submission package out of
	// a *Metadata; MetadataTemplate when nil. It must be XML with one root
	// element. Describe may change what it is given: the person who registers,
	// a class, keywords.
	Metadata *template.Template
	Describe func(*Item, *Metadata)
	// TempAge is the age at which what an interrupted run left beside the
	// package is removed; an hour when zero, negative for any age.
	TempAge time.Duration
}

const (
	application = "certmail"
	version     = "1"
	producer    = "github.com/certmail/certmail"
)

func (o *Options) withDefaults(t *Transaction) Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Format == "" {
		c.Format = Folder
	}
	if c.Created.IsZero() {
		for _, it := range t.Items {
			if it.FirstSeen.After(c.Created) {
				c.Created = it.FirstSeen
			}
		}
	}
	c.Created = c.Created.UTC()
	if c.Application == "" {
		c.Application, c.Version, c.Producer = application, version, producer
	}
	if c.TempAge == 0 {
		c.TempAge = time.Hour
	}
	return c
}

// RetainUntil is the end of the time for which a transaction shall be kept:
// Retention full years after the year of its last entry, in UTC. The zero time
// means permanently.
func (t *Transaction) RetainUntil() time.Time {
	years := t.Retention
	if years < 0 {
		return time.Time{}
	}
	if years == 0 {
		years = defaultRetention
	}
	last := 0
	for _, it := range t.Items {
		last = max(last, it.FirstSeen.UTC().Year(), it.Time.UTC().Year())
	}
	return time.Date(last+years+1, time.January, 1, 0, 0, 0, 0, time.UTC)
}

const defaultRetention = 10
