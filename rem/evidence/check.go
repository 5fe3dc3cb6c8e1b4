package evidence

import (
	"strconv"
	"strings"
)

// Check compares the evidence with a profile and returns every deviation, one
// for each rule that does not hold, in the order of the components; nil stands
// for [GenericERDS]. It looks at this one document: signatures are [Verify]'s
// business, and so is the order of SigningTime and time-stamp.
//
// A value that was never parsed is judged as the document that
// [Evidence.MarshalLenient] makes of it, without its signature (R03).
func (e *Evidence) Check(p *Profile) []Deviation {
	if e.Raw != "" {
		return e.check(p)
	}
	_, back, err := e.write()
	if err != nil {
		return append(e.check(p), Deviation{Violation, "", "XML 1.0", err.Error(), "what XML can hold"})
	}
	return e.judge(back, p)
}

func (e *Evidence) check(p *Profile) []Deviation {
	c := checker{e: e, p: p.orGeneric()}
	c.event = e.info()
	c.negative = c.event != nil && c.event.Negative
	c.schema()
	c.components()
	c.version()
	c.reasons()
	c.times()
	c.policies()
	c.issuer()
	c.users()
	c.recipientNumbers()
	c.message()
	c.extensions()
	return c.out
}

type checker struct {
	e        *Evidence
	p        *Profile
	event    *EventInfo // nil when unknown
	negative bool
	out      []Deviation
}

func (c *checker) add(s Severity, component, clause, found, want string) {
	c.out = append(c.out, Deviation{s, component, clause, found, want})
}

// absent is a Violation, or Undecided in evidence of a negative event, which
// may be incomplete (EN 319 532-4 C.4.5.1 h).
func (c *checker) absent() Severity {
	if c.negative {
		return Undecided
	}
	return Violation
}

// strict is a Violation in the baseline, else only a remark.
func (c *checker) strict(s Severity) Severity {
	if c.p.baseline {
		return s
	}
	return Remark
}

// schema repeats the findings that break the schema. Those about components
// that are counted are left to the tables.
func (c *checker) schema() {
	const clause = "EN 319 522-3 §5.2 (schema)"
	for i := range c.e.Findings {
		f := &c.e.Findings[i]
		switch {
		case f.Code == FindingMissing && strings.HasSuffix(f.Detail, " in Evidence") && f.Detail != "SenderDetails in Evidence":
		case f.Code == FindingMissing:
			c.add(c.absent(), "", clause, "missing "+f.Detail, "it")
		case strings.HasPrefix(f.Code, "schema-"):
			c.add(Violation, "", clause, f.Code[len("schema-"):]+": "+f.Detail, "what the schema has")
		case f.Code == FindingQualified:
			c.add(Tolerated, "", clause, f.Detail+" in the namespace of the global elements", "no namespace")
		case f.Code == FindingMore:
			c.add(Violation, "", clause, "more findings than are kept", "what the schema has")
		}
	}
}

// components walks the table.
func (c *checker) components() {
	if c.event == nil {
		severity, found := Undecided, "unknown event "+clip(c.e.EventID)
		if c.p.baseline {
			severity = Violation
		}
		if c.e.EventID == "" && c.e.Event == "" {
			severity, found = Violation, "no event"
		}
		c.add(severity, "G03", c.p.tables[0][0].clause, found, "one of the events of the table")
		return
	}
	if c.p.smtp && smtpEvents[c.event.column] == unused {
		c.add(Remark, "G03", "EN 319 532-4 §5.5.1", c.event.Code+" "+string(c.event.Event), "an event that the SMTP profile has")
	}
	table := c.p.table(c.event)
	if table == nil {
		c.add(Violation, "G03", c.p.tables[0][0].clause, c.event.Code+" "+string(c.event.Event), "an event of the profile")
		return
	}
	walk(table, c.e, c.event, func(k *component, r *row, n, least int, want string) {
		severity := r.severity
		if n < least && c.negative && severity == Violation && k.code != "R03" {
			severity = Undecided
		}
		c.add(severity, code(k.code), r.clause, strconv.Itoa(n)+" "+k.name, want)
	})
	for i := range c.e.Recipients {
		if u := &c.e.Recipients[i]; u.Identifier.Value == "" && len(u.Attributes) == 0 {
			c.add(c.absent(), "I06", table13, "recipient "+strconv.Itoa(i+1)+" without identity and identifier", "one of them")
		}
	}
	if c.e.Sender.Assurance != nil && c.e.SenderDelegate != nil && c.e.SenderDelegate.Assurance != nil {
		c.add(Violation, "I11", table13, "assurance of sender and of delegate", "one of the two")
	}
	assured := func(u *User) bool { return u.Assurance != nil }
	if recipients(c.e, assured)+delegates(c.e, assured) > 1 && c.event.Event.Consignment() {
		c.add(Violation, "I13", table13, "assurance of recipient and of delegate", "one of the two")
	}
}

// walk counts the components of a table and reports each cell that does not
// hold.
func walk(table []row, e *Evidence, event *EventInfo, report func(k *component, r *row, n, least int, want string)) {
	next := 0
	for i := range table {
		r := &table[i]
		for components[next].code != r.component { // both are in the standard's order
			next++
		}
		k := &components[next]
		if k.code == "R03" && e.Raw == "" {
			continue
		}
		least, most, want := cardinality(r.cells[event.column])
		if n := k.count(e); n < least || n > most {
			report(k, r, n, least, want)
		}
	}
}

// Missing names the components that the profile requires for the event and that
// are not there ("M01 MessageIdentifier"), whatever may be wrong otherwise; nil
// stands for [GenericERDS]. Evidence of a failure is made "even if not
// complete" (EN 319 532-4 C.4.5.1 h). Of an event that the profile does not have,
// nothing is missing.
func (e *Evidence) Missing(p *Profile) []string {
	p = p.orGeneric()
	info := e.info()
	if info == nil {
		return nil
	}
	var list []string
	walk(p.table(info), e, info, func(k *component, _ *row, n, least int, _ string) {
		if n < least {
			list = append(list, k.code+" "+k.name)
		}
	})
	return list
}

// code is the standard's code of a row: all parts of E01 are E01.
func code(component string) string { return component[:3] }

func (c *checker) version() {
	const clause = "EN 319 532-4 C.3.3 d"
	switch v := c.e.Version; {
	case v == "": // counted
	case !isVersion(v):
		c.add(Violation, "G02", clause, clip(v), "EN319522v1.1.1 or a later version")
	case c.p.baseline && v != VersionBaseline:
		c.add(Tolerated, "G02", clause, v, VersionBaseline)
	}
}

// isVersion: EN319522v<d>.<d>.<d>.
func isVersion(s string) bool {
	const prefix = "EN319522v"
	if !strings.HasPrefix(s, prefix) || len(s) != len(prefix)+5 {
		return false
	}
	s = s[len(prefix):]
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	return digit(s[0]) && s[1] == '.' && digit(s[2]) && s[3] == '.' && digit(s[4])
}

func (c *checker) policies() {
	if !c.p.baseline {
		c.policy()
		return
	}
	const clause = "EN 319 532-4 C.3.4 f"
	at := -1
	for i, uri := range c.e.Policies {
		if uri == PolicyBaseline {
			at = i
			break
		}
	}
	switch {
	case at < 0:
		c.add(c.absent(), "R01", clause, "no "+PolicyBaseline, "that policy")
	case at > 0:
		c.add(Tolerated, "R01", clause+", examples", PolicyBaseline+" is policy "+strconv.Itoa(at+1), "the first")
	}
	c.policy()
}

// policy looks for the REMID policy.
func (c *checker) policy() {
	if c.p.Policy == "" {
		return
	}
	for _, uri := range c.e.Policies {
		if samePolicy(uri, c.p.Policy) {
			return
		}
	}
	c.add(c.absent(), "R01", "EN 319 532-4 C.3.4 f", "no "+clip(c.p.Policy), "that policy or a fragment of it")
}

// reasons: the URI decides, the short code has to agree with it.
func (c *checker) reasons() {
	const format = "EN 319 532-4 C.3.4 d"
	for i := range c.e.Reasons {
		r := &c.e.Reasons[i]
		row, written := r.row(), r.written()
		if row == nil {
			severity := Remark
			if c.p.baseline && (written == "" || written[2] < '5' || written[2] > '9') { // 51 and up: a policy's own
				severity = Violation
			}
			c.add(severity, "G04", "EN 319 522-2 §8.3.3", "unknown reason "+clip(r.URI), "a reason of the tables")
		} else if c.event != nil {
			c.allowed(r, row, written)
		}
		if !c.p.baseline {
			continue
		}
		if len(r.Details) < 2 {
			c.add(Tolerated, "G04", format, strconv.Itoa(len(r.Details))+" Details", "short code, then text")
		} else if !isReasonCode(r.Details[0]) {
			c.add(Tolerated, "G04", format, "Details "+clip(r.Details[0]), "the short code first")
		}
	}
}

func (c *checker) allowed(r *Reason, row *ReasonInfo, written string) {
	event := c.event.Code + " " + string(c.event.Event)
	if row.fragment == fragmentOther {
		if written != "" && written[1] != c.event.Code[0] {
			c.add(Violation, "G04", "EN 319 522-2 §8.3.3", written+" for "+event, "a reason of that event")
		}
		return
	}
	switch {
	case !row.Allows(c.event.Event):
		c.add(Violation, "G04", "EN 319 522-2 §8.3.3", row.Code+" for "+event, "a reason of that event")
	case c.p.baseline && row.Origin == OriginERDS:
		c.add(Violation, "G04", "EN 319 532-4 table C.28", row.Code, "a reason of the baseline")
	case !c.p.national && row.Origin == OriginPolicyIT:
		c.add(Remark, "G04", "EN 319 532-4 table C.28", row.Code+" of REM-Policy-IT", "a reason of the tables")
	}
	if written != "" && written != row.Code {
		c.add(Violation, "G04", "EN 319 532-4 C.3.4 d", "short code "+written+" with the URI of "+row.Code, row.Code)
	}
	if c.p.baseline && row.Code == "RD03" && !sameHost(c.e.ID, c.e.MessageID) {
		c.add(Remark, "G04", "EN 319 532-4 C.4.5.3", "RD03 in "+clip(c.e.ID)+", not of the sender's service by its id", "the sender's service as issuer")
	}
}

// sameHost compares the domains of two RFC 5322 ids; true when there is none to
// compare.
func sameHost(a, b string) bool {
	_, x, ok1 := strings.Cut(a, "@")
	_, y, ok2 := strings.Cut(b, "@")
	return !ok1 || !ok2 || strings.EqualFold(strings.TrimSuffix(x, ">"), strings.TrimSuffix(y, ">"))
}
