package report

import (
	"fmt"
	"strconv"
	"time"

	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/receipt"
)

// A language is all the words of the page. Empty fields are a mistake that a
// test finds.
type language struct {
	Tag          string
	DefaultTitle string
	Generated    string // before the time
	Months       [12]string
	Skip         string // link that skips to the messages

	Summary, MessagesHead, OrphansHead, UnreadableHead string
	NoMessages                                         string
	Messages, Orphans, Unreadable                      plural
	Show, All                                          string
	Lights                                             map[receipt.Light]lightWords
	HowToRead                                          string
	Guide                                              []string // paragraphs
	ColLight, ColTime, ColText, ColWhom                string   // headers of the table

	NoSubject, From, Submitted, Accepted, UnknownTime string
	MessageID, Identifier                             string
	Recipients, Proofs, More                          plural
	Details, Settled, NoProofs, NoRecipients          string
	Outcomes                                          outcomes // what the light is about, in a few words

	Statuses           map[receipt.Status]string // short
	Explained          map[receipt.Status]string // a sentence, where no proof makes one
	Waits              map[string]string         // the same, by the words of the ledger
	Due                string                    // before the time
	Unverified         string                    // beside a status
	Late               string
	Types              map[string]string // of recipients
	Reasons            map[receipt.Category]string
	ReasonGiven        string
	Technical          string
	Timeline, Decisive string
	Events             map[receipt.EventKind]eventWords
	Certifies          sentence // a valid proof that counts
	ValidUnused        sentence // a valid proof that does not count here
	Claims             map[receipt.Verdict]sentence
	NoIssuer           string
	Verdict            string
	Verdicts           map[receipt.Verdict]string
	MatchedBy          string
	Keys               map[receipt.MatchKey]string
	DoesNotCount       string
	Notes              map[string]string // by the words of the ledger
	Proof, Kind        string

	Conflicts, ConflictUnproven, Whom string
	Contradictions                    map[string]string
	Remarks                           string
	Findings                          map[string]string

	OrphansIntro, Why string
	WhyOrphan         map[string]string // by the words of the ledger
	Sender            string
	UnreadableIntro   string
	Error             string
	Closing           string
	Colon             string
}

// lightWords say what a light is: its name, and what it stands for.
type lightWords struct{ Name, Counted, Means string }

// outcomes are the few words beside a light.
type outcomes struct {
	Delivered, TwoContents, Failed, Rejected, Conflict, Waiting, Overdue, External, Uncertain, Unverified string
}

// eventWords are an event's name and what a proof of it says, which ends in
// the recipient's address where To is set.
type eventWords struct {
	Name, Says string
	To         bool
}

// A sentence has the provider's name between its halves.
type sentence struct{ Before, After string }

// A plural is a noun with its number.
type plural struct{ One, Many string }

// Of returns the number n with the noun.
func (p plural) Of(n int) string {
	if n == 1 {
		return "1 " + p.One
	}
	return strconv.Itoa(n) + " " + p.Many
}

func languageOf(tag string) (*language, error) {
	switch tag {
	case "", "it":
		return italian(), nil
	case "en":
		return english(), nil
	}
	return nil, fmt.Errorf("report: %w: %q", ErrLanguage, tag)
}

// A stamp is a time for machines and for people, empty when not known.
type stamp struct{ ISO, Day, Clock string }

func (t *language) stamp(at time.Time) stamp {
	if at.IsZero() {
		return stamp{}
	}
	zone := at.Format("-07:00")
	if _, offset := at.Zone(); offset == 0 {
		zone = ""
	}
	return stamp{
		ISO:   at.Format(time.RFC3339),
		Day:   strconv.Itoa(at.Day()) + " " + t.Months[at.Month()-1] + " " + strconv.Itoa(at.Year()),
		Clock: at.Format("15:04:05") + " (UTC" + zone + ")",
	}
}

// word returns the entry of a table, else the key itself: a word that a later
// ledger adds is shown as it is.
func word[K ~string](table map[K]string, key K) string {
	if w, ok := table[key]; ok {
		return w
	}
	return htmlpage.Named(string(key))
}
