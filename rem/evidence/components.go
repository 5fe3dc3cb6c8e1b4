package evidence

// component is a row of EN 319 522-2 §8.2: what is counted.
type component struct {
	code, name string
	count      func(e *Evidence) int
}

// components are those of EN 319 522-2 §8.2 and, last, the parts of E01 that
// EN 319 532-4 C.3.2 defines.
var components = [...]component{
	{"G01", "EvidenceIdentifier", func(e *Evidence) int { return some(e.ID != "") }},
	{"G02", "@version", func(e *Evidence) int { return some(e.Version != "") }},
	{"G03", "ERDSEventId", func(e *Evidence) int { return some(e.EventID != "" || e.Event != "") }},
	{"G04", "EventReason", func(e *Evidence) int { return len(e.Reasons) }},
	{"G05", "EventTime", func(e *Evidence) int { return some(!e.Time.IsZero()) }},
	{"G06", "TransactionLogInformation", func(e *Evidence) int { return len(e.Logs) }},
	{"R01", "PolicyID", func(e *Evidence) int { return len(e.Policies) }},
	{"R02", "EvidenceIssuerDetails", func(e *Evidence) int { return some(len(e.Issuer.Attributes) > 0) }},
	{"R03", "Signature", func(e *Evidence) int { return e.Signatures }},
	{"I01", "SenderDetails/Identity", func(e *Evidence) int { return some(len(e.Sender.Attributes) > 0) }},
	{"I02", "SenderDetails/Identifier", func(e *Evidence) int { return some(e.Sender.Identifier.Value != "") }},
	{"I03", "SenderDelegateDetails/Identity", func(e *Evidence) int { return some(e.SenderDelegate != nil && len(e.SenderDelegate.Attributes) > 0) }},
	{"I04", "SenderDelegateDetails/Identifier", func(e *Evidence) int { return some(e.SenderDelegate != nil && e.SenderDelegate.Identifier.Value != "") }},
	{"I05", "RecipientDetails/Identity", func(e *Evidence) int {
		return recipients(e, func(u *User) bool { return len(u.Attributes) > 0 })
	}},
	{"I06", "RecipientDetails/Identifier", func(e *Evidence) int {
		return recipients(e, func(u *User) bool { return u.Identifier.Value != "" })
	}},
	{"I07", "RecipientsDelegateDetails/Identity", func(e *Evidence) int {
		return delegates(e, func(u *User) bool { return len(u.Attributes) > 0 })
	}},
	{"I08", "RecipientsDelegateDetails/Identifier", func(e *Evidence) int {
		return delegates(e, func(u *User) bool { return u.Identifier.Value != "" })
	}},
	{"I09", "EvidenceRefersToRecipient", func(e *Evidence) int { return some(e.RefersTo != nil) }},
	{"I10", "SenderDetails/AssuranceLevelsDetails", func(e *Evidence) int { return some(e.Sender.Assurance != nil) }},
	{"I11", "SenderDelegateDetails/AssuranceLevelsDetails", func(e *Evidence) int { return some(e.SenderDelegate != nil && e.SenderDelegate.Assurance != nil) }},
	{"I12", "RecipientDetails/AssuranceLevelsDetails", func(e *Evidence) int { return recipients(e, func(u *User) bool { return u.Assurance != nil }) }},
	{"I13", "RecipientsDelegateDetails/AssuranceLevelsDetails", func(e *Evidence) int { return delegates(e, func(u *User) bool { return u.Assurance != nil }) }},
	{"M01", "MessageIdentifier", func(e *Evidence) int { return some(e.MessageID != "") }},
	{"M02", "UserContentInfo", func(e *Evidence) int { return some(e.Content != nil) }},
	{"M03", "SubmissionTime", func(e *Evidence) int { return some(e.Submitted != nil) }},
	{"M04", "ForwardedToExternalSystem", func(e *Evidence) int { return some(e.External != nil) }},
	{"M05", "ExternalERDSDetails", func(e *Evidence) int { return some(e.ExternalERDS != nil) }},
	{subject, "GeneralEvidenceInfo/Subject", func(e *Evidence) int {
		return extensions(e, func(x *Extension) int { return some(x.General != nil && x.General.Subject != nil) })
	}},
	{untrusted, "GeneralEvidenceInfo/UntrustedPathToRecipient", func(e *Evidence) int {
		return extensions(e, func(x *Extension) int {
			if x.General == nil {
				return 0
			}
			return len(x.General.Untrusted)
		})
	}},
	{relayRefers, "RelayEvidenceInfo/RelayEvidenceRefersTo", func(e *Evidence) int {
		return extensions(e, func(x *Extension) int {
			if x.Relay == nil {
				return 0
			}
			return len(x.Relay.RefersTo)
		})
	}},
}

// The parts of E01, as table C.27 of EN 319 532-4 lists them.
const (
	subject     = "E01 Subject"
	untrusted   = "E01 UntrustedPathToRecipient"
	relayRefers = "E01 RelayEvidenceRefersTo"
)

func some(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func recipients(e *Evidence, has func(*User) bool) (n int) {
	for i := range e.Recipients {
		n += some(has(&e.Recipients[i]))
	}
	return n
}

func delegates(e *Evidence, has func(*User) bool) (n int) {
	for i := range e.RecipientDelegates {
		n += some(has(&e.RecipientDelegates[i].User))
	}
	return n
}

func extensions(e *Evidence, count func(*Extension) int) (n int) {
	for i := range e.Extensions {
		n += count(&e.Extensions[i])
	}
	return n
}

// cardinality reads one character of a table: how often a component occurs.
func cardinality(c byte) (least, most int, want string) {
	const many = int(^uint(0) >> 1)
	switch c {
	case '0':
		return 0, 0, "none"
	case '1':
		return 1, 1, "1"
	case '?':
		return 0, 1, "0..1"
	case '+':
		return 1, many, "1..*"
	case '2':
		return 2, many, "2..*"
	default: // '*'
		return 0, many, "0..*"
	}
}
