package evidence

import "github.com/certmail/certmail/internal/xmltree"

// The children of Evidence in the order of the schema (EN 319 522-3 §5.2.2).
const (
	rootID = iota
	rootEvent
	rootReasons
	rootTime
	rootPolicies
	rootIssuer
	rootSender
	rootSenderDelegate
	rootRecipient
	rootRecipientDelegate
	rootSubmission
	rootRefersTo
	rootMessageID
	rootContent
	rootExternalERDS
	rootExternal
	rootLogs
	rootExtensions
	rootSignature
)

var rootSlots = [...]slot{
	rootID:                {NamespaceERDS, "EvidenceIdentifier", true, false},
	rootEvent:             {NamespaceERDS, "ERDSEventId", true, false},
	rootReasons:           {NamespaceERDS, "EventReasons", false, false},
	rootTime:              {"", "EventTime", true, false},
	rootPolicies:          {NamespaceERDS, "EvidenceIssuerPolicyID", false, false},
	rootIssuer:            {NamespaceERDS, "EvidenceIssuerDetails", true, false},
	rootSender:            {NamespaceERDS, "SenderDetails", true, false},
	rootSenderDelegate:    {NamespaceERDS, "SenderDelegateDetails", false, false},
	rootRecipient:         {NamespaceERDS, "RecipientDetails", true, true},
	rootRecipientDelegate: {NamespaceERDS, "RecipientsDelegateDetails", false, true},
	rootSubmission:        {NamespaceERDS, "SubmissionTime", false, false},
	rootRefersTo:          {"", "EvidenceRefersToRecipient", false, false},
	rootMessageID:         {NamespaceERDS, "MessageIdentifier", false, false},
	rootContent:           {NamespaceERDS, "UserContentInfo", false, false},
	rootExternalERDS:      {NamespaceERDS, "ExternalERDSDetails", false, false},
	rootExternal:          {"", "ForwardedToExternalSystem", false, false},
	rootLogs:              {NamespaceERDS, "TransactionLogInformation", false, false},
	rootExtensions:        {NamespaceERDS, "Extensions", false, false},
	rootSignature:         {NamespaceDS, "Signature", false, true},
}

func (r *reader) root(e *Evidence, root *xmltree.Element) {
	for i := range root.Attrs {
		a := &root.Attrs[i]
		switch {
		case a.Space != "":
		case a.Local == "version":
			e.Version = trim(a.Value)
		case a.Local == "Id":
			e.XMLID = trim(a.Value)
		}
	}
	if e.Version == "" {
		r.find(FindingMissing, "@version in Evidence")
	}
	k := cursor{slots: rootSlots[:]}
	for c := root.FirstChild(); c != nil && r.err == nil; c = c.NextSibling() {
		switch r.place(c, &k) {
		case rootID:
			e.ID = r.text(c)
		case rootEvent:
			e.EventID = r.text(c)
			if e.Event = EventByURI(e.EventID); e.Event == "" {
				r.find(FindingEvent, clip(e.EventID))
			}
		case rootReasons:
			e.Reasons = r.reasons(c)
		case rootTime:
			e.Time = r.time(c)
		case rootPolicies:
			e.Policies = r.policies(c)
		case rootIssuer:
			r.entity(&e.Issuer, c)
		case rootSender:
			r.user(&e.Sender, c, nil)
		case rootSenderDelegate:
			e.SenderDelegate = new(User)
			r.user(e.SenderDelegate, c, nil)
		case rootRecipient:
			if !r.full(len(e.Recipients), "recipients") {
				e.Recipients = appended(e.Recipients, User{}, &r.shelf.recipients, len(r.shelf.recipients))
				r.user(&e.Recipients[len(e.Recipients)-1], c, nil)
			}
		case rootRecipientDelegate:
			if !r.full(len(e.RecipientDelegates), "delegates") {
				e.RecipientDelegates = append(e.RecipientDelegates, Delegate{})
				d := &e.RecipientDelegates[len(e.RecipientDelegates)-1]
				r.user(&d.User, c, d)
			}
		case rootSubmission:
			e.Submitted = one(&r.shelf.times)
			*e.Submitted = r.time(c)
		case rootRefersTo:
			e.RefersTo = one(&r.shelf.numbers)
			*e.RefersTo = r.number(r.text(c), c.Local)
		case rootMessageID:
			e.MessageID = r.text(c)
		case rootContent:
			e.Content = r.content(c)
		case rootExternalERDS:
			e.ExternalERDS = new(Entity)
			r.entity(e.ExternalERDS, c)
		case rootExternal:
			s := r.text(c)
			e.External = &s
		case rootLogs:
			e.Logs = r.logs(c)
		case rootExtensions:
			e.Extensions = r.extensions(c)
		case rootSignature:
			e.Signatures++
		}
	}
	r.done("Evidence", &k)
	if e.Signatures > 1 {
		r.find(FindingRepeated, "Signature")
	}
}

var (
	reasonsSlots = [...]slot{{NamespaceERDS, "EventReason", true, true}}
	reasonSlots  = [...]slot{{"", "Code", true, false}, {"", "Details", false, true}}
	policySlots  = [...]slot{{"", "PolicyID", true, true}}
	contentSlots = [...]slot{
		{"", "AppLayerIdentifier", false, false},
		{"", "ComposingParts", false, false},
		{NamespaceERDS, "PartsInfo", true, false},
	}
	partsSlots = [...]slot{{NamespaceERDS, "PartInfo", true, true}}
	partSlots  = [...]slot{
		{"", "Identifier", true, false},
		{"", "ContentType", true, false},
		{NamespaceDS, "DigestMethod", false, false},
		{NamespaceDS, "DigestValue", false, false},
	}
)

func (r *reader) reasons(el *xmltree.Element) (list []Reason) {
	k := cursor{slots: reasonsSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		if r.place(c, &k) < 0 {
			continue
		}
		if r.full(len(list), "reasons") {
			break
		}
		var reason Reason
		in := cursor{slots: reasonSlots[:]}
		for d := c.FirstChild(); d != nil; d = d.NextSibling() {
			switch r.place(d, &in) {
			case 0:
				reason.URI = r.text(d)
			case 1:
				reason.Details = appended(reason.Details, r.text(d), &r.shelf.strings, 2)
			}
		}
		r.done(c.Local, &in)
		list = appended(list, reason, &r.shelf.reasons, 1)
	}
	r.done(el.Local, &k)
	return list
}

func (r *reader) policies(el *xmltree.Element) (list []string) {
	k := cursor{slots: policySlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		if r.place(c, &k) == 0 {
			if r.full(len(list), "policies") {
				break
			}
			list = appended(list, r.text(c), &r.shelf.strings, 2)
		}
	}
	r.done(el.Local, &k)
	return list
}

func (r *reader) content(el *xmltree.Element) *Content {
	out := one(&r.shelf.content)
	k := cursor{slots: contentSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		switch r.place(c, &k) {
		case 0:
			out.AppLayerIdentifier = r.text(c)
		case 1:
			out.ComposingParts = one(&r.shelf.numbers)
			*out.ComposingParts = r.number(r.text(c), c.Local)
		case 2:
			out.Parts = r.parts(c)
		}
	}
	r.done(el.Local, &k)
	return out
}

func (r *reader) parts(el *xmltree.Element) (list []Part) {
	k := cursor{slots: partsSlots[:]}
	for c := el.FirstChild(); c != nil; c = c.NextSibling() {
		if r.place(c, &k) < 0 {
			continue
		}
		if r.full(len(list), "parts") {
			break
		}
		var p Part
		in := cursor{slots: partSlots[:]}
		for d := c.FirstChild(); d != nil; d = d.NextSibling() {
			switch r.place(d, &in) {
			case 0:
				p.Identifier = r.text(d)
			case 1:
				p.ContentType = r.text(d)
			case 2:
				p.DigestMethod = algorithm(d)
			case 3:
				p.Digest = r.base64(d)
			}
		}
		r.done(c.Local, &in)
		list = appended(list, p, &r.shelf.parts, 1)
	}
	r.done(el.Local, &k)
	return list
}

// algorithm is @Algorithm of an element of XML Signature.
func algorithm(c *xmltree.Element) string {
	v, _ := c.Attr("", "Algorithm")
	return trim(v)
}
