package main

import (
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/archive/report"
)

const archiveHelp = `usage: certmail archive make PATH… --to DIR [--json] [FLAGS]
       certmail archive verify PACKAGE… [--json] [FLAGS]
       certmail archive report PACKAGE --to FILE [--json] [FLAGS]

make keeps messages, PEC and REM, for years: each message with all its receipts is one
package (fascicolo), with what is needed to judge it when certificates have expired:
digests, certificates, revocation data, what the verification says now. A package that
is complete already is left as it is; a crash leaves none that is not.

verify says what packages still prove at a given time, offline, and by which captured
evidence; every altered byte is found and named. report writes that as one page that
can be filed and printed, for people who know nothing of certificates, with the
commands that repeat the check with OpenSSL alone.

  --to DIR              make: the folder for the packages
  --to FILE             report: the page; - for standard output
  --format FORMAT       make: folder (unless given), zip, bagit, bagit-zip, asice
                        (needs --tsa), or pdv, pdv-zip: a submission package
                        (pacchetto di versamento, needs --organization)
  --organization NAME   make: whose packages they are
  --retention YEARS     make: how long they shall be kept, 10 unless given; -1 for
                        ever
  --tsa URL             make: ask this authority (RFC 3161) for time-stamps (marche
                        temporali) over each message and package; it learns digests,
                        nothing else. The only use of the network
  --title TEXT          report: the heading, the message's subject unless given
  --lang it|en          report: the language, Italian unless given
  --believe-record      verify, report: take the times of reception that packages
                        note for proved, where no time-stamp shows them: for
                        packages that nobody else could write to
  --now TIME            the present (RFC 3339): when messages came in, and when
                        packages are judged
  --json                one JSON document on standard output
` + trustFilesHelp + builtinTrustHelp + sha1AndListsHelp + `
Whom to believe is never taken from a package. The exit code is 0 only if every
message could be read and is kept (make), or every package is valid (verify, report).
`

// archiveFlags are those of all three.
type archiveFlags struct {
	*flags
	believe   trustFlags
	to        string
	format    string
	owner     string
	retention int
	tsa       string
	title     string
	lang      string
	at        moment
	record    bool
}

func (a *app) archive(args []string) error {
	f := &archiveFlags{flags: newFlags("archive", archiveHelp)}
	f.believe.registerFiles(f.flags)
	f.StringVar(&f.to, "to", "", "")
	f.StringVar(&f.format, "format", "", "")
	f.StringVar(&f.owner, "organization", "", "")
	f.IntVar(&f.retention, "retention", 0, "")
	f.StringVar(&f.tsa, "tsa", "", "")
	f.StringVar(&f.title, "title", "", "")
	f.StringVar(&f.lang, "lang", "", "")
	f.Var(&f.at, "now", "")
	f.BoolVar(&f.record, "believe-record", false, "")
	paths, err := f.read(args)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return usagef("archive: make, verify or report is missing; see certmail archive --help")
	}
	verb, paths := paths[0], paths[1:]
	run, ok := map[string]func(*app, *archiveFlags, []string) error{"make": (*app).archiveMake, "verify": (*app).archiveVerify, "report": (*app).archiveReport}[verb]
	switch {
	case !ok:
		return usagef("archive: there is no %q; want make, verify or report", verb)
	case len(paths) == 0:
		return usagef("archive %s: a path is missing; see certmail archive --help", verb)
	}
	if err := f.only(verb); err != nil {
		return err
	}
	return run(a, f, paths)
}

// only refuses flags that are of another verb.
func (f *archiveFlags) only(verb string) error {
	given := map[string]bool{"to": f.to != "", "format": f.format != "", "organization": f.owner != "", "retention": f.retention != 0, "tsa": f.tsa != "", "title": f.title != "", "lang": f.lang != "", "believe-record": f.record}
	allowed := map[string]string{"make": "to format organization retention tsa", "verify": "believe-record", "report": "to title lang believe-record"}[verb]
	for _, name := range []string{"to", "format", "organization", "retention", "tsa", "title", "lang", "believe-record"} {
		if given[name] && !slices.Contains(strings.Fields(allowed), name) {
			return usagef("archive %s: --%s does not belong here; see certmail archive --help", verb, name)
		}
	}
	if f.to == "" && verb != "verify" {
		return usagef("archive %s: --to is missing; see certmail archive --help", verb)
	}
	if f.format != "" && !slices.Contains(archive.Formats(), archive.Format(f.format)) {
		return usagef("archive make: --format %s: want one of %v", f.format, archive.Formats())
	}
	if f.lang != "" && f.lang != "it" && f.lang != "en" {
		return usagef("archive report: --lang %s: want it or en", f.lang)
	}
	return nil
}

// present is the clock, or the time that was given.
func (f *archiveFlags) present(a *app) func() time.Time {
	if f.at.IsZero() {
		return a.now
	}
	return func() time.Time { return f.at.Time }
}

// options are what packages are verified with.
func (f *archiveFlags) options(a *app) (*report.Options, error) {
	now := f.present(a)
	mail, _, err := f.believe.italian(a, now)
	if err != nil {
		return nil, err
	}
	foreign, stamps, lists, err := f.believe.foreign(a, now)
	if err != nil {
		return nil, err
	}
	return &report.Options{VerifyOptions: archive.VerifyOptions{Now: now(), Trust: mail, TimeStamps: &stamps, Policy: f.believe.policy(), Lists: lists, BelieveRecord: f.record}, REM: &foreign}, nil
}
