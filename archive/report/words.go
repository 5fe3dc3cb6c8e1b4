package report

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// ErrLanguage is wrapped by the error of [WriteHTML] for a language other than
// those of Page.Lang.
var ErrLanguage = errors.New("language is neither it nor en")

// words are all the words of the page. A %s in a sentence is a text of
// strangers, a time or a number, filled in by fill. Empty fields are a mistake
// that a test finds.
type words struct {
	Tag, Kicker, NoSubject      string
	Made, Judged                string // %s: time
	Months                      [12]string
	Unknown, Colon              string
	Brief, Parties, Journey     string // headings
	Received, Proofs, Whole     string
	Repeat, Glossary, Reserves  string
	Verdicts                    map[trust.Verdict]verdictWords
	FalseFromTheStart           verdictWords // indeterminate, and a message was false when it came
	AllIntact, NotIntact        string       // files; alterations
	OutcomeProved, OutcomeClaim string       // address, status; the same
	By                          string       // time, issuer
	From, To, Subject, Sent     string
	MessageID, Identifier       string
	Package, Format, Created    string
	Retain, Permanent, Hold     string
	Types                       map[string]string // of recipients
	Attachments, NoAttachments  string
	UnknownAttachments          string
	Statuses                    map[receipt.Status]string
	Events                      map[receipt.EventKind]string
	EventBy                     string // issuer
	ReasonName                  string
	Itself, Record, Evidence    string
	Formats                     map[archive.Format]string
	NotCounted, Reason          string
	Late, NotSettled            string
	NoJourney, NoReceived       string
	Conflict                    string
	Orphan                      string
	Roles                       map[archive.Role]string
	Kinds                       map[string]string // where they say more than the role
	Claims                      map[string]string // by role or kind: what a valid one states
	OnlyClaims                  string
	ItemVerdicts                map[trust.Verdict]string
	MailVerdict, MailAltered    string
	File, Size, Bytes, Digest   string
	Issuer, Signer, Seen        string
	SeenBy                      map[string]string
	Holds                       string
	Status                      map[trust.Status]string
	Checks                      map[string]checkWords
	Unjudged                    map[string]string // instead of Unknown, where no certificate has run out
	Why                         map[string]string
	Rests, Note, Then           string
	NotExamined                 string
	Differs                     string
	NoReserves, ReservesIntro   string
	HoldsWithReserves           string
	ExpiredSince                string
	WithReserves                string // number
	OfProofs                    string // one sentence, number, total
	Alterations                 map[string]string
	Findings                    string
	Guide                       []string
	Steps                       steps
	Terms                       []term
	Closing                     []string
}

type verdictWords struct{ Title, Says string }

// checkWords say of one thing what its state means.
type checkWords struct{ Name, Passed, Failed, Unknown, Skipped string }

func (c checkWords) of(s trust.Status) string {
	switch s {
	case trust.Passed:
		return c.Passed
	case trust.Failed:
		return c.Failed
	case trust.Unknown:
		return c.Unknown
	}
	return c.Skipped
}

type term struct{ Name, Means string }

// steps are the words of the check with OpenSSL.
type steps struct {
	Intro, Folder, Unpack     string
	Digests, DigestsSay       string
	Authorities, Authority    string
	Save, FromFile            string // file
	AgID                      string
	Chain                     string
	SignaturesTitle           string
	Signatures, SignaturesSay string
	Lists, ListsSay           string // serial
	StampsTitle               string
	Stamps, StampsSay         string
	MustSay, MustContain      string
	NoSignature, OddName      string // file
	REM                       string
}

func wordsOf(lang string) (*words, error) {
	switch lang {
	case "", "it":
		return italian(), nil
	case "en":
		return english(), nil
	}
	return nil, fmt.Errorf("report: %w: %q", ErrLanguage, lang)
}

// span is a piece of a sentence; Foreign is kept from changing the order of its
// surroundings.
type span struct {
	Text    string
	Foreign bool
}

// fill puts texts into a sentence.
func fill(sentence string, args ...string) []span {
	var out []span
	for i, piece := range strings.Split(sentence, "%s") {
		if i > 0 && i <= len(args) {
			out = append(out, span{args[i-1], true})
		}
		if piece != "" {
			out = append(out, span{piece, false})
		}
	}
	return out
}

// when writes a time in its own zone.
func (t *words) when(at time.Time) string {
	if at.IsZero() {
		return t.Unknown
	}
	zone := at.Format("-07:00")
	if _, offset := at.Zone(); offset == 0 {
		zone = ""
	}
	day := strconv.Itoa(at.Day())
	if t.Tag == "it" && day == "1" {
		day = "1º"
	}
	return fmt.Sprintf("%s %s %d, %s (UTC%s)", day, t.Months[at.Month()-1], at.Year(), at.Format("15:04:05"), zone)
}

// number groups digits by thousands.
func (t *words) number(n int64) string {
	s, sep := strconv.FormatInt(n, 10), ","
	if t.Tag == "it" {
		sep = "."
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	return s
}

func word[K ~string](table map[K]string, key K) string {
	if w, ok := table[key]; ok {
		return w
	}
	return htmlpage.Named(string(key))
}
