package evidence

// An Event is what an evidence attests (EN 319 522-1 §6, EN 319 522-3
// §5.2.2.5): the last part of the event's URI. The empty Event is one that
// EN 319 522 does not know; [Evidence.EventID] has its URI.
type Event string

// The events of EN 319 522-1 §6.2 (A.1 to F.3).
const (
	SubmissionAcceptance             Event = "SubmissionAcceptance"
	SubmissionRejection              Event = "SubmissionRejection"
	RelayAcceptance                  Event = "RelayAcceptance"
	RelayRejection                   Event = "RelayRejection"
	RelayFailure                     Event = "RelayFailure"
	NotificationForAcceptance        Event = "NotificationForAcceptance"
	NotificationForAcceptanceFailure Event = "NotificationForAcceptanceFailure"
	ConsignmentAcceptance            Event = "ConsignmentAcceptance"
	ConsignmentRejection             Event = "ConsignmentRejection"
	AcceptanceRejectionExpiry        Event = "AcceptanceRejectionExpiry"
	ContentConsignment               Event = "ContentConsignment"
	ContentConsignmentFailure        Event = "ContentConsignmentFailure"
	ConsignmentNotification          Event = "ConsignmentNotification"
	ConsignmentNotificationFailure   Event = "ConsignmentNotificationFailure"
	ContentHandover                  Event = "ContentHandover"
	ContentHandoverFailure           Event = "ContentHandoverFailure"
	RelayToNonERDS                   Event = "RelayToNonERDS"
	RelayToNonERDSFailure            Event = "RelayToNonERDSFailure"
	ReceivedFromNonERDS              Event = "ReceivedFromNonERDS"
)

const eventPrefix = "http://uri.etsi.org/19522/Event/"

// Role is a part that a service plays for one message.
type Role string

// Roles of EN 319 522-1 §6.1, table 1.
const (
	RoleSender       Role = "S-ERDS"        // serves the sender
	RoleRecipient    Role = "R-ERDS"        // serves the recipient
	RoleRelaying     Role = "relaying ERDS" // hands the message on
	RoleRelayed      Role = "relayed ERDS"  // was handed the message
	RoleAskingAccept Role = "ERDS that asks for acceptance"
)

// EventInfo is a row of the table of events.
type EventInfo struct {
	// Code is the short name of the clause, A.1 to F.3.
	Code  string
	Event Event
	// Negative: the step did not succeed.
	Negative bool
	// Issuer is the role of the service that attests it.
	Issuer Role

	column int // in the strings of the component tables
}

// events is EN 319 522-1 §6.1 table 1 with the URIs of EN 319 522-3 §5.2.2.5.
// The column is the place of the event in the strings of components.go.
var events = [...]EventInfo{
	{"A.1", SubmissionAcceptance, false, RoleSender, 0},
	{"A.2", SubmissionRejection, true, RoleSender, 1},

	{"B.1", RelayAcceptance, false, RoleRelayed, 3},
	{"B.2", RelayRejection, true, RoleRelayed, 4},
	{"B.3", RelayFailure, true, RoleRelaying, 5},

	{"C.1", NotificationForAcceptance, false, RoleRecipient, 7},
	{"C.2", NotificationForAcceptanceFailure, true, RoleRecipient, 8},
	{"C.3", ConsignmentAcceptance, false, RoleAskingAccept, 9},
	{"C.4", ConsignmentRejection, true, RoleAskingAccept, 10},
	{"C.5", AcceptanceRejectionExpiry, true, RoleAskingAccept, 11},

	{"D.1", ContentConsignment, false, RoleRecipient, 13},
	{"D.2", ContentConsignmentFailure, true, RoleRecipient, 14}, // RD03: the S-ERDS
	{"D.3", ConsignmentNotification, false, RoleRecipient, 15},
	{"D.4", ConsignmentNotificationFailure, true, RoleRecipient, 16},

	{"E.1", ContentHandover, false, RoleRecipient, 18},
	{"E.2", ContentHandoverFailure, true, RoleRecipient, 19},

	{"F.1", RelayToNonERDS, false, RoleRelaying, 21},
	{"F.2", RelayToNonERDSFailure, true, RoleRelaying, 22},
	{"F.3", ReceivedFromNonERDS, false, RoleRelayed, 23},
}

// Events returns the table of events, A.1 to F.3.
func Events() []EventInfo { return append([]EventInfo(nil), events[:]...) }

// info returns the row of an event, nil for one that is not known.
func (e Event) info() *EventInfo {
	for i := range events {
		if events[i].Event == e {
			return &events[i]
		}
	}
	return nil
}

// Info returns the event's row in the table of events.
func (e Event) Info() (EventInfo, bool) {
	if row := e.info(); row != nil {
		return *row, true
	}
	return EventInfo{}, false
}

// URI is the event's identifier on the wire, empty for an unknown event.
func (e Event) URI() string {
	if e.info() == nil {
		return ""
	}
	return eventPrefix + string(e)
}

// Code is the event's short name, A.1 to F.3; empty for an unknown event.
func (e Event) Code() string {
	if row := e.info(); row != nil {
		return row.Code
	}
	return ""
}

// Negative says that the event attests a failure or a refusal. An unknown
// event is not negative: nothing is known of it.
func (e Event) Negative() bool {
	row := e.info()
	return row != nil && row.Negative
}

// Consignment says that evidence of the event speaks for exactly one recipient
// (the C, D and E events: I09 of EN 319 522-2 table 13).
func (e Event) Consignment() bool {
	row := e.info()
	return row != nil && row.Code[0] >= 'C' && row.Code[0] <= 'E'
}

// Relay says that the event is one of the relay events (B.*), whose evidence
// may speak for some of the recipients.
func (e Event) Relay() bool {
	row := e.info()
	return row != nil && row.Code[0] == 'B'
}

// EventByURI returns the event that a URI stands for; empty when unknown.
func EventByURI(uri string) Event {
	if len(uri) <= len(eventPrefix) || uri[:len(eventPrefix)] != eventPrefix {
		return ""
	}
	if row := Event(uri[len(eventPrefix):]).info(); row != nil {
		return row.Event
	}
	return ""
}
