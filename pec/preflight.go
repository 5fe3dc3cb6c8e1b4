package pec

import (
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
)

// Codes of the findings of Preflight and Compose.
const (
	// FindingLoad: size × recipients is more than every provider must take.
	FindingLoad = "over-guaranteed-load"
	// FindingRecipients: more recipients than every provider must take.
	FindingRecipients = "over-guaranteed-recipients"
	// FindingRepeated: an address stands more than once in To and Cc.
	FindingRepeated = "repeated-recipient"
	// FindingEmptyBcc: there is a Bcc field without a value, which the rules
	// allow and providers are known to refuse.
	FindingEmptyBcc = "empty-bcc"
	// FindingGroup: To or Cc holds a group.
	FindingGroup = "address-group"
	// FindingProviderField: a field that only a provider may write.
	FindingProviderField = "provider-field"
	// FindingDate: there is no Date, or several, or it is no date.
	FindingDate = "bad-date"
	// FindingMessageIDForm: the Message-ID is not of the form of RFC 5322.
	FindingMessageIDForm = "message-id-form"
	// FindingUser: the account logs in under the address of another mailbox.
	FindingUser = "user-not-account"
	// FindingFileName: the name of an attachment looks like a path, or two
	// attachments have the same.
	FindingFileName = "attachment-name"
	// FindingEightBitHeader: the header holds bytes above 127.
	FindingEightBitHeader = "8bit-header"
	// FindingEightBitBody: the body holds bytes above 127.
	FindingEightBitBody = "8bit-body"
	// FindingBareLineEnd: CR and LF do not always come together.
	FindingBareLineEnd = "bare-line-end"
	// FindingLongLine: a line has more than 998 bytes.
	FindingLongLine = "long-line"
	// FindingNUL: the message holds a NUL byte.
	FindingNUL = "nul-byte"
)

// Preflight judges a message that was composed already, by whatever program,
// together with the SMTP envelope that it is about to be submitted in: the
// provider's own formal checks (RFC 6109 §3.1.1), the limits, and what a client
// owes itself. A provider refuses a message as a whole, and by a certified
// notice; it is cheaper to know before.
//
// account may be nil: then whose mailbox it is, its limits and its connection
// are not judged. The error joins every violation, each a *PreflightError; see
// Violations. Findings do not stand in the way. The message is read once.
func Preflight(m *envelope.Message, mailFrom string, recipients []string, account *Account) ([]Finding, error) {
	if m == nil {
		return nil, fmt.Errorf("pec: preflight: %w", envelope.ErrEmpty)
	}
	s := submissionOf(m, mailFrom, recipients)
	findings, err := s.judge(account)
	var form wireForm
	if _, rerr := io.Copy(&form, m.Source()); rerr != nil {
		return findings, errors.Join(err, fmt.Errorf("pec: preflight: %w", rerr))
	}
	form.finish()
	return append(findings, form.findings()...), err
}

// submission is what the rules of submission look at.
type submission struct {
	mailFrom string
	author   string
	// authorErr says why there is no one author.
	authorErr error
	// to and cc are the addresses of the header, unread says which of the
	// fields could not be read.
	to, cc []string
	unread string
	// blind says that Bcc has a value.
	blind        bool
	recipients   []string // RCPT TO
	receiptTypes []string
	messageIDs   []string
	size         int64 // -1 before the message is written
	findings     []Finding
}

func (s *submission) find(code, detail string) {
	s.findings = append(s.findings, Finding{Code: code, Detail: detail})
}

// submissionOf reads the header of a message.
func submissionOf(m *envelope.Message, mailFrom string, recipients []string) *submission {
	h := m.Header
	s := &submission{mailFrom: mailFrom, recipients: recipients, size: m.Size()}
	from, err := h.Author()
	s.author, s.authorErr = from.Address, err
	s.to, s.cc = s.addresses(h, "To"), s.addresses(h, "Cc")
	bcc := h.Values("Bcc")
	s.blind = strings.TrimSpace(strings.Join(bcc, "")) != ""
	if len(bcc) > 0 && !s.blind {
		s.find(FindingEmptyBcc, "a Bcc field without a value: some providers refuse the field itself")
	}
	s.receiptTypes = h.Values(catalogue.HeaderReceiptType)
	s.messageIDs = h.Values("Message-ID")
	for _, name := range [...]string{catalogue.HeaderTransport, catalogue.HeaderReceipt, catalogue.HeaderReference, catalogue.HeaderSecurity} {
		if h.Has(name) {
			s.find(FindingProviderField, name+" is for providers to write: receivers may take the message for certified mail that it is not")
		}
	}
	if _, err := mail.ParseDate(h.Get("Date")); err != nil || h.Count("Date") != 1 {
		s.find(FindingDate, fmt.Sprintf("%d Date fields, the first %s, want one date (RFC 5322 §3.6)", h.Count("Date"), quoteClipped(h.Get("Date"))))
	}
	return s
}

// addresses reads all fields of the name, groups opened.
func (s *submission) addresses(h *envelope.Header, name string) []string {
	var all []string
	for _, value := range h.Values(name) {
		if strings.TrimSpace(value) == "" {
			continue
		}
		list, group, err := envelope.ParseMailboxes(value)
		if err != nil {
			s.unread = strings.TrimPrefix(fmt.Sprintf("%s; %s cannot be read: %v", s.unread, name, err), "; ")
		}
		if group {
			s.find(FindingGroup, name+" holds a group: not every provider opens it")
		}
		for _, a := range list {
			all = append(all, a.Address)
		}
	}
	return all
}

// judge applies all rules.
func (s *submission) judge(account *Account) ([]Finding, error) {
	var errs []error
	if account != nil {
		errs = append(errs, account.Check())
		if u := account.User; strings.Contains(u, "@") && foldAddress(u) != foldAddress(account.Address) {
			s.find(FindingUser, "the user name "+quoteClipped(u)+" is an address other than the account's: the provider may refuse the sender")
		}
	}
	for _, r := range submissionRules {
		if detail := r.broken(s, account); detail != "" {
			errs = append(errs, &PreflightError{Rule: r.id, Clause: r.clause, Detail: detail, Err: r.err})
		}
	}
	s.findRepeated()
	s.findLoad()
	if n := len(s.messageIDs); n == 1 {
		if why := faultyMessageID(strings.Trim(s.messageIDs[0], "<> ")); why != "" {
			s.find(FindingMessageIDForm, "Message-ID "+why)
		}
	}
	return s.findings, errors.Join(errs...)
}

func (s *submission) findRepeated() {
	seen := map[string]bool{}
	for _, a := range append(s.to[:len(s.to):len(s.to)], s.cc...) {
		if k := foldAddress(a); seen[k] {
			s.find(FindingRepeated, quoteClipped(a)+" stands more than once in To and Cc; in both, it counts as a primary recipient (RFC 6109 §3.3.2.1)")
		} else {
			seen[k] = true
		}
	}
}

func (s *submission) findLoad() {
	n := s.count()
	if load := s.load(); load > GuaranteedLoad {
		s.find(FindingLoad, fmt.Sprintf("%d bytes × %d recipients = %d, more than the %d that every provider must take (decree of 2 November 2005, art. 12)", s.size, n, load, GuaranteedLoad))
	}
	if n > GuaranteedRecipients {
		s.find(FindingRecipients, fmt.Sprintf("%d recipients, more than the %d that every provider must take (decree of 2 November 2005, art. 12)", n, GuaranteedRecipients))
	}
}
