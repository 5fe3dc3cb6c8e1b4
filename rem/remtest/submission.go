package remtest

import (
	"crypto/sha256"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem/evidence"
)

// The message submission interface of the sender's provider (S-REMS).

// sessionAge is how long before each submission its sender logged in.
const sessionAge = 5 * time.Minute

// submitted accepts a message or refuses it by a receipt (EN 319 532-4
// §C.4.5.1). The lock is held.
func (of *node) submitted(from string, recipients []string, data []byte) error {
	n := of.net
	m, err := envelope.OpenBytes(data, nil)
	if err != nil {
		return &SMTPError{554, "5.6.0", "Not a message: " + oneLine(err.Error())}
	}
	j := n.newJourney(from, recipients)
	t := of.newTransaction(m, from, recipients)
	j.MessageID, j.Subject, j.Identifier = strings.Trim(t.userAgent, "<>"), t.subject, t.identifier
	var unfit error
	if t.digest, unfit = n.make.prepare(t, data); unfit != nil {
		// The evidence of its refusal is as complete as can be.
		sum := sha256.Sum256(data)
		t.digest = sum[:]
		if !plainID.MatchString(t.userAgent) {
			t.userAgent = "<" + t.identifier + ">"
		}
	}
	c := of.newCharge(t, j, nil)
	c.submitted = data
	of.record(t, "submission", "", "", nil)
	code, why := of.objection(m, from, recipients, data)
	if code == "" && unfit != nil {
		code, why = "RA02", oneLine(unfit.Error())
	}
	if code != "" {
		of.note(j, Step{Point: AtSubmission, Kind: KindOrdinary, Detail: why, Failed: true})
		n.begin(c, false)
		return of.tell(c, &Fact{Event: evidence.SubmissionRejection, Reason: code}, AtSubmission)
	}
	return of.accept(c)
}

// plainID is a Message-ID that can be written again as it is.
var plainID = regexp.MustCompile(`^<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>$`)

// newTransaction reads what evidence about a submitted message will say.
func (of *node) newTransaction(m *envelope.Message, from string, recipients []string) *transaction {
	t := &transaction{identifier: of.newID("D"), userAgent: strings.TrimSpace(m.Header.Get("Message-ID")), subject: m.Header.Text("Subject")}
	t.submitted = of.net.Now()
	t.authenticated = t.submitted.Add(-sessionAge)
	t.sender = mail.Address{Address: from}
	if author, err := m.Header.Author(); err == nil {
		t.sender.Name = author.Name
	}
	t.recipients = parties(m.Header.Addresses("To"), m.Header.Addresses("Cc"))
	if len(t.recipients) == 0 { // refused below, but its evidence needs one
		for _, r := range recipients {
			t.recipients = append(t.recipients, party{Address: mail.Address{Address: r}})
		}
	}
	return t
}

// objection is the reason code of a refusal, "" for none, and why.
func (of *node) objection(m *envelope.Message, from string, recipients []string, data []byte) (code, why string) {
	n := of.net
	if code := n.reason(AtSubmission, occasion{kind: KindOrdinary, provider: of, mailboxes: []string{from}}); code != "" {
		return code, "fault"
	}
	if problem := formalProblem(m, from, recipients); problem != "" {
		return "RA02", problem
	}
	if found := of.config.Scan(data); found != "" {
		return "RA03", "malware: " + found
	}
	if int64(len(data)) > of.config.MaxSize {
		return "RA05", "larger than the provider takes"
	}
	return "", ""
}

// formalProblem describes what breaks the form of a submission, "" for
// nothing: one author who is the account, recipients in To and Cc, no blind
// copies. They are the rules of PEC, which the Italian profile is assumed to
// keep (RFC 6109 §3.1.1).
func formalProblem(m *envelope.Message, from string, recipients []string) string {
	_, err := pec.Preflight(m, from, recipients, &pec.Account{Address: from, Host: "localhost", Port: 465, Security: pec.ImplicitTLS})
	var problems []string
	for _, v := range pec.Violations(err) {
		if slices.Contains([]string{"SND-02", "SND-03", "SND-04", "SND-05", "SND-06"}, v.Rule) {
			problems = append(problems, v.Err.Error()+": "+v.Detail)
		}
	}
	return oneLine(strings.Join(problems, "; "))
}

// accept attests the submission, tells the sender and sends the dispatch on
// its way.
func (of *node) accept(c *charge) error {
	n := of.net
	order, groups := of.groups(c.t, c.all())
	outside := groups[nil]
	for _, to := range order {
		if to == nil || to != of && n.make.relayable(of, to) != nil {
			c.t.untrusted = append(c.t.untrusted, groups[to]...)
		}
	}
	slices.Sort(c.t.untrusted)
	n.begin(c, true)
	c.accepted = &Fact{Event: evidence.SubmissionAcceptance, Reason: "RA01"}
	if err := of.attest(c, c.accepted, AtSubmission); err != nil {
		return &SMTPError{451, "4.3.0", oneLine(err.Error())}
	}
	c.document = n.documents[c.accepted.ID]
	d := &draft{kind: KindDispatch, t: c.t, facts: []*Fact{c.accepted}, documents: [][]byte{c.document}, submitted: c.submitted,
		id: c.t.identifier, toOrdinary: of.config.Profile == Italian && len(outside) > 0}
	var err error
	if c.dispatch, c.spoiled, err = of.write(d, c.t.addresses(nil)); err != nil {
		return &SMTPError{451, "4.3.0", oneLine(err.Error())}
	}
	of.record(c.t, "dispatch", c.t.identifier, "", nil)
	// The same document goes to the sender (§C.4.5.1 g).
	if err := of.receipt(c, c.accepted, c.document); err != nil {
		return &SMTPError{451, "4.3.0", oneLine(err.Error())}
	}
	if of.config.Style == StoreAndForward {
		of.forward(c, c.all())
		return nil
	}
	for _, to := range order {
		if to != nil {
			of.ask(c, groups[to])
		}
	}
	of.forward(c, outside) // nobody asks in ordinary mail
	return nil
}

// all are the numbers of all recipients.
func (c *charge) all() []int { return c.of(&Fact{}) }

// forward sends the dispatch to where recipients are: the own mailboxes, other
// providers, ordinary mail.
func (of *node) forward(c *charge, numbers []int) {
	n := of.net
	order, groups := of.groups(c.t, numbers)
	for _, to := range order {
		some := groups[to]
		switch to {
		case of:
			n.after(n.opt.Hop, func() {
				for _, i := range some {
					of.consign(c, i)
				}
			})
		case nil:
			n.after(n.opt.Hop, func() { of.leave(c, some) })
		default:
			of.relay(c, to, KindDispatch, some, c.dispatch, c.spoiled)
		}
	}
}
