package archive

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/certmail/certmail/trust"
)

// judgeRecord compares what the side-car says of a message with what its bytes
// say, and tells whether they differ in what the message is.
func (v *ItemVerification) judgeRecord(it *Item, s *sources) (decisive bool) {
	proof := Proof{Code: ProofRecord, Status: trust.Passed, By: []string{s.metadata, s.data}, Why: WhyMessage, Detail: "it says what the message says"}
	if !v.Intact {
		proof.Status, proof.Why, proof.Detail = trust.Skipped, WhyAltered, "it is of other bytes"
	} else if v.Differs, decisive = differences(it, v.Said.asRecorded()); len(v.Differs) > 0 {
		proof.Status, proof.Why, proof.Detail = trust.Failed, WhyWrong, "it says otherwise than the message: "+strings.Join(v.Differs, ", ")
	}
	v.Proofs = append(v.Proofs, proof)
	return decisive
}

// asRecorded is what a side-car of these bytes would say, after it was written and
// read: text that is not UTF-8 does not come back as it was.
func (it *Item) asRecorded() *Item {
	same := new(Item)
	data, err := json.Marshal(it)
	if err != nil || json.Unmarshal(data, same) != nil {
		return it
	}
	return same
}

// differences names the fields of a side-car that do not say what the bytes do.
// Those that come first decide how an item is judged.
func differences(it, said *Item) (names []string, decisive bool) {
	note := func(name string, same bool) {
		if !same {
			names = append(names, name)
		}
	}
	note("system", it.System == said.System)
	note("kind", it.Kind == said.Kind)
	note("role", it.Role == said.Role)
	decisive = len(names) > 0
	note("event", it.Event == said.Event)
	note("identifier", it.Identifier == said.Identifier)
	note("message_id", it.MessageID == said.MessageID)
	note("ref_message_id", it.RefMessageID == said.RefMessageID)
	note("provider", it.Provider == said.Provider)
	note("time", it.Time.Equal(said.Time))
	note("sender", it.Sender == said.Sender)
	note("recipients", len(it.Recipients) == 0 && len(said.Recipients) == 0 || reflect.DeepEqual(it.Recipients, said.Recipients))
	note("recipient", it.Recipient == said.Recipient)
	note("subject", it.Subject == said.Subject)
	note("receipt_type", it.ReceiptType == said.ReceiptType)
	note("error", it.Error == said.Error)
	note("attachments", len(it.Attachments) == 0 && len(said.Attachments) == 0 || reflect.DeepEqual(it.Attachments, said.Attachments))
	return names, decisive
}
