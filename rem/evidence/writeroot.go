package evidence

// evidence writes the document in the order of the schema (EN 319 522-3
// §5.2.2). What is empty is left out, unless an empty element says more than
// none.
func (w *writer) evidence(e *Evidence) {
	w.raw(`<?xml version="1.0" encoding="UTF-8"?>`)
	w.start("tns:Evidence")
	for _, ns := range rootNamespaces {
		w.attr("xmlns:"+ns.Prefix, ns.URI)
	}
	if e.Version != "" {
		w.attr("version", e.Version)
	}
	if e.XMLID != "" {
		w.attr("Id", e.XMLID)
	}
	w.body()
	w.given("tns:EvidenceIdentifier", e.ID)
	if e.EventID != "" {
		w.leaf("tns:ERDSEventId", e.EventID)
	} else {
		w.given("tns:ERDSEventId", e.Event.URI())
	}
	if len(e.Reasons) > 0 {
		w.open("tns:EventReasons")
		for i := range e.Reasons {
			w.open("tns:EventReason")
			w.leaf("Code", e.Reasons[i].URI)
			for _, d := range e.Reasons[i].Details {
				w.leaf("Details", d)
			}
			w.close("tns:EventReason")
		}
		w.close("tns:EventReasons")
	}
	w.given("EventTime", e.Time.String())
	if len(e.Policies) > 0 {
		w.open("tns:EvidenceIssuerPolicyID")
		for _, uri := range e.Policies {
			w.leaf("PolicyID", uri)
		}
		w.close("tns:EvidenceIssuerPolicyID")
	}
	w.entity("tns:EvidenceIssuerDetails", &e.Issuer)
	w.user("tns:SenderDetails", &e.Sender, nil)
	if e.SenderDelegate != nil {
		w.user("tns:SenderDelegateDetails", e.SenderDelegate, nil)
	}
	for i := range e.Recipients {
		w.user("tns:RecipientDetails", &e.Recipients[i], nil)
	}
	for i := range e.RecipientDelegates {
		w.user("tns:RecipientsDelegateDetails", &e.RecipientDelegates[i].User, &e.RecipientDelegates[i])
	}
	if e.Submitted != nil {
		w.leaf("tns:SubmissionTime", e.Submitted.String())
	}
	if e.RefersTo != nil {
		w.number("EvidenceRefersToRecipient", *e.RefersTo)
	}
	w.given("tns:MessageIdentifier", e.MessageID)
	if e.Content != nil {
		w.content(e.Content)
	}
	if e.ExternalERDS != nil {
		w.entity("tns:ExternalERDSDetails", e.ExternalERDS)
	}
	if e.External != nil {
		w.leaf("ForwardedToExternalSystem", *e.External)
	}
	if len(e.Logs) > 0 {
		w.open("tns:TransactionLogInformation")
		for i := range e.Logs {
			w.any("TransactionLog", true, &e.Logs[i], "")
		}
		w.close("tns:TransactionLogInformation")
	}
	if len(e.Extensions) > 0 {
		w.open("tns:Extensions")
		for i := range e.Extensions {
			w.extension(&e.Extensions[i])
		}
		w.close("tns:Extensions")
	}
	w.close("tns:Evidence")
	w.raw("\n")
}

func (w *writer) content(x *Content) {
	w.open("tns:UserContentInfo")
	w.given("AppLayerIdentifier", x.AppLayerIdentifier)
	if x.ComposingParts != nil {
		w.number("ComposingParts", *x.ComposingParts)
	}
	if len(x.Parts) > 0 {
		w.open("tns:PartsInfo")
		for i := range x.Parts {
			p := &x.Parts[i]
			w.open("tns:PartInfo")
			w.given("Identifier", p.Identifier)
			w.given("ContentType", p.ContentType)
			w.method("ds:DigestMethod", p.DigestMethod)
			w.octets("ds:DigestValue", p.Digest)
			w.close("tns:PartInfo")
		}
		w.close("tns:PartsInfo")
	}
	w.close("tns:UserContentInfo")
}

// method writes an element of XML Signature with @Algorithm.
func (w *writer) method(name, algorithm string) {
	if algorithm != "" {
		w.start(name)
		w.attr("Algorithm", algorithm)
		w.raw("/>")
	}
}

func (w *writer) octets(name string, data []byte) {
	if len(data) > 0 {
		w.base64(name, data)
	}
}
