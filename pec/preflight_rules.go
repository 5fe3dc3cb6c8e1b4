package pec

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/certmail/certmail/daticert"
)

// What is wrong with a submission. ErrAuthor is among them.
var (
	// ErrInsecureSubmission: no TLS, or nobody to authenticate as.
	ErrInsecureSubmission = errors.New("submission must be authenticated and protected by TLS")
	// ErrSenderMismatch: MAIL FROM, From and the account's address differ.
	ErrSenderMismatch = errors.New("MAIL FROM, From and the account must be one address")
	// ErrNoRecipient: To holds no address. Cc alone does not do.
	ErrNoRecipient = errors.New("no address in To")
	// ErrRecipientMismatch: RCPT TO is not the set of addresses in To and Cc.
	ErrRecipientMismatch = errors.New("RCPT TO must be the addresses in To and Cc")
	// ErrBlindCopy: there are blind copies, which certified mail does not have.
	ErrBlindCopy = errors.New("certified mail has no blind copies")
	// ErrOversize: a configured limit of size, or of size × recipients.
	ErrOversize = errors.New("message is larger than the provider takes")
	// ErrTooManyRecipients: the configured limit of recipients.
	ErrTooManyRecipients = errors.New("more recipients than the provider takes")
	// ErrMessageID: there is no Message-ID to match receipts by, or no usable one.
	ErrMessageID = errors.New("a message needs one usable Message-ID")
	// ErrReceiptType: X-TipoRicevuta has none of the three legal values.
	ErrReceiptType = errors.New("X-TipoRicevuta must be completa, breve or sintetica")
)

// PreflightError is one broken rule of submission.
type PreflightError struct {
	// Rule is the rule's stable name, SND-01 to SND-10.
	Rule string
	// Clause is where it is written.
	Clause string
	// Detail says what was met.
	Detail string
	// Err is the sentinel of the rule.
	Err error
}

func (e *PreflightError) Error() string {
	return fmt.Sprintf("pec: %s: %v: %s (%s)", e.Rule, e.Err, e.Detail, e.Clause)
}

// Unwrap returns the sentinel.
func (e *PreflightError) Unwrap() error { return e.Err }

// Violations returns every broken rule in an error of Preflight, Compose or
// Account.Check, however deep it is joined, in the order it was found.
func Violations(err error) []*PreflightError {
	var all []*PreflightError
	switch e := err.(type) {
	case nil:
	case *PreflightError:
		all = append(all, e)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, Violations(inner)...)
		}
	case interface{ Unwrap() error }:
		all = Violations(e.Unwrap())
	}
	return all
}

const clauseFormal = "RFC 6109 §3.1.1"

// A submissionRule returns what breaks it, or "".
type submissionRule struct {
	id, clause string
	err        error
	broken     func(*submission, *Account) string
}

// submissionRules is the table of SND-02 to SND-10; SND-01 is Account.Check.
var submissionRules = [...]submissionRule{
	{"SND-02", clauseFormal, ErrSenderMismatch, (*submission).senderMismatch},
	{"SND-03", clauseFormal, ErrAuthor, (*submission).notOneAuthor},
	{"SND-04", clauseFormal, ErrNoRecipient, (*submission).noRecipient},
	{"SND-05", clauseFormal, ErrRecipientMismatch, (*submission).recipientMismatch},
	{"SND-06", clauseFormal, ErrBlindCopy, (*submission).blindCopy},
	{"SND-07", clauseFormal, ErrOversize, (*submission).oversize},
	{"SND-08", "decree of 2 November 2005, art. 12", ErrTooManyRecipients, (*submission).tooManyRecipients},
	{"SND-09", "RFC 6109 §2.2.1", ErrMessageID, (*submission).noMessageID},
	{"SND-10", "RFC 6109 §3.3.2", ErrReceiptType, (*submission).illegalReceiptType},
}

func (s *submission) senderMismatch(a *Account) string {
	var found []string
	path := foldAddress(s.mailFrom)
	switch from := foldAddress(s.author); {
	case s.authorErr != nil:
	case path != from:
		found = append(found, "MAIL FROM is "+quoteClipped(s.mailFrom)+", From is "+quoteClipped(s.author))
	}
	if a != nil && foldAddress(a.Address) != path {
		found = append(found, "MAIL FROM is "+quoteClipped(s.mailFrom)+", the account "+quoteClipped(a.Address))
	}
	if path == "" {
		found = append(found, "MAIL FROM is empty")
	}
	return strings.Join(found, "; ")
}

func (s *submission) notOneAuthor(*Account) string {
	if s.authorErr == nil {
		return ""
	}
	return strings.TrimPrefix(s.authorErr.Error(), ErrAuthor.Error()+": ")
}

func (s *submission) noRecipient(*Account) string {
	switch {
	case len(s.to) > 0:
		return ""
	case s.unread != "":
		return s.unread
	case len(s.cc) > 0:
		return "there are only addresses in Cc"
	}
	return "there is no recipient"
}

func (s *submission) recipientMismatch(*Account) string {
	header, smtp := map[string]bool{}, map[string]bool{}
	var missing, extra []string
	for _, a := range s.recipients {
		smtp[foldAddress(a)] = true
	}
	for _, list := range [...][]string{s.to, s.cc} {
		for _, a := range list {
			k := foldAddress(a)
			if !smtp[k] && !header[k] {
				missing = append(missing, a)
			}
			header[k] = true
		}
	}
	for _, a := range s.recipients {
		k := foldAddress(a)
		if !header[k] {
			extra = append(extra, a)
			header[k] = true
		}
	}
	var found []string
	if len(missing) > 0 {
		found = append(found, "no RCPT TO for "+listed(missing))
	}
	if len(extra) > 0 {
		found = append(found, "neither in To nor in Cc: "+listed(extra))
	}
	if s.unread != "" {
		found = append(found, s.unread)
	}
	return strings.Join(found, "; ")
}

// listed quotes the first few of many.
func listed(all []string) string {
	const most = 5
	var shown []string
	for _, a := range all[:min(len(all), most)] {
		shown = append(shown, quoteClipped(a))
	}
	if more := len(all) - most; more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(shown, ", ")
}

func (s *submission) blindCopy(*Account) string {
	if s.blind {
		return "Bcc has a value"
	}
	return ""
}

func (s *submission) oversize(a *Account) string {
	if a == nil || s.size < 0 {
		return ""
	}
	var found []string
	if most := a.Limits.MaxSize; most > 0 && s.size > most {
		found = append(found, fmt.Sprintf("%d bytes, want at most %d", s.size, most))
	}
	if most := a.Limits.MaxLoad; most > 0 && s.load() > most {
		found = append(found, fmt.Sprintf("%d bytes × %d recipients, want at most %d", s.size, s.count(), most))
	}
	return strings.Join(found, "; ")
}

func (s *submission) tooManyRecipients(a *Account) string {
	if a == nil || a.Limits.MaxRecipients <= 0 || s.count() <= a.Limits.MaxRecipients {
		return ""
	}
	return fmt.Sprintf("%d recipients, want at most %d", s.count(), a.Limits.MaxRecipients)
}

func (s *submission) noMessageID(*Account) string {
	switch len(s.messageIDs) {
	case 0:
		return "there is none: no receipt could be matched by it"
	case 1:
		if daticert.TrimMessageID(s.messageIDs[0]) == "" {
			return "it is empty: no receipt could be matched by it"
		}
		return ""
	}
	return fmt.Sprintf("there are %d", len(s.messageIDs))
}

func (s *submission) illegalReceiptType(*Account) string {
	if len(s.receiptTypes) > 1 {
		return fmt.Sprintf("there are %d fields", len(s.receiptTypes))
	}
	for _, v := range s.receiptTypes {
		if !daticert.ReceiptType(v).Known() {
			return "it is " + quoteClipped(v)
		}
	}
	return ""
}

// count returns the number of distinct recipients, of the header or of the
// SMTP envelope, whichever has more.
func (s *submission) count() int {
	header, smtp := map[string]bool{}, map[string]bool{}
	for _, list := range [...][]string{s.to, s.cc} {
		for _, a := range list {
			header[foldAddress(a)] = true
		}
	}
	for _, a := range s.recipients {
		smtp[foldAddress(a)] = true
	}
	return max(len(header), len(smtp))
}

// load returns size × recipients, 0 before the message is written.
func (s *submission) load() int64 {
	n := int64(max(s.count(), 1))
	if s.size > math.MaxInt64/n {
		return math.MaxInt64
	}
	return max(s.size, 0) * n
}
