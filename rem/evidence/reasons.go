package evidence

const fragmentOther = "Other"

// reasons is EN 319 522-2 §8.3.3 tables 7 to 12 with the URIs of EN 319 522-3
// §5.2.2.7 table 3, the additions of EN 319 532-4 table C.28, and those that
// the examples of AgID's REM-Policy-IT 1.2 use. The spelling is theirs.
var reasons = [...]ReasonInfo{
	{"RA01", "Message accepted", "A.1", OriginBoth, "MessageAccepted"},
	{"RA02", "Invalid message format", "A.2", OriginBoth, "InvalidMessageFormat"},
	{"RA03", "Malware found in ERD original message", "A.2", OriginBoth, "MalwareFound"},
	{"RA04", "Sender's signing certificate expired or revoked", "A.2", OriginERDS, "SenderSigningCertExpiredOrRevoked"},
	{"RA05", "Sender's ERDS provider's policy violation, e.g.: max message size exceeded, invalid attachment formats, etc.", "A.2", OriginBoth, "S_ERDS_PolicyViolation"},
	{"RA51", "Sender's ERDSP malfunction", "A.2", OriginPolicyIT, "S_ERDS_Malfunction"},
	{"RAXX", "Other", "A.1 A.2", OriginBoth, fragmentOther},

	{"RB01", "ERD message successfully relayed to the Recipient's ERDSP", "B.1", OriginBoth, "S_ERDS_MessageSuccessfullyRelayed"},
	{"RB02", rejected + "Invalid message format", "B.2 B.3", OriginBoth, "R_ERDS_MessageRejected"},
	{"RB03", rejected + "Malware found in ERD message", "B.2 B.3", OriginBoth, "R_ERDS_MessageRejectedForMalware"},
	{"RB04", rejected + "Invalid ERDS signature format or signature policy violation", "B.2 B.3", OriginBoth, "R_ERDS_MessageRejectedForInvalidSignature"},
	{"RB05", rejected + "ERDS signing certificate in the signature of ERD message or ERD evidence expired or revoked", "B.2 B.3", OriginBoth, "R_ERDS_MessageRejectedForInvalidCertificate"},
	{"RB06", rejected + "Recipient's ERDSP policy or ERDSP policy violation, e.g.: max message size exceeded, invalid attachment formats, relaying ERDSP not accepted", "B.2 B.3", OriginBoth, "R_ERDS_PolicyViolation"},
	{"RB07", notRelayed + "Recipient's ERDSP malfunction", "B.3", OriginBoth, "R_ERDS_Malfunction"},
	{"RB08", notRelayed + "Recipient's ERDSP not identified in the Internet", "B.3", OriginBoth, "R_ERDS_NotIdentified"},
	{"RB09", notRelayed + "Recipient's ERDSP unreachable", "B.3", OriginBoth, "R_ERDS_Unreachable"},
	{"RB10", notRelayed + "Unknown Recipient", "B.3", OriginBoth, "UnknownRecipient"},
	{"RB21", rejected + "Unregistered recipient to Recipient's ERDSP", "B.2 B.3", OriginBaseline, "MessageNotAcceptedForUnregisteredRecipient"},
	{"RB22", "The sender's ERDSP received within a given period no information on relay acceptance from the recipient's ERDSP", "B.3", OriginBaseline, "S_ERDSP_ReceivedNoRelayAcceptanceInfoFromR_ERDSP"},
	{"RBXX", "Other", "B.1 B.2 B.3", OriginBoth, fragmentOther},

	{"RC01", "Notification for acceptance sent to recipient", "C.1", OriginERDS, "NotificationForAcceptanceSent"},
	{"RC02", "Subsequent notification for acceptance sent to recipient after no response to previous notifications", "C.1", OriginERDS, "SubsequentNotificationForAcceptanceSent"},
	{"RC03", "Error in delivering notification for acceptance to recipient", "C.2", OriginERDS, "NotificationForAcceptenceError"}, // sic
	{"RC04", "Error in delivering subsequent notification for acceptance to recipient", "C.2", OriginERDS, "SubsequentNotificationForAcceptanceError"},
	{"RC05", "Error in delivering notification for acceptance to recipient after multiple attempts", "C.2", OriginERDS, "NotificationForAcceptanceMultipleError"},
	{"RC06", "Error in delivering subsequent notification for acceptance to recipient after multiple attempts", "C.2", OriginERDS, "SubsequentNotificationForAcceptanceMultipleError"},
	{"RC07", "Message accepted by the recipient", "C.3", OriginERDS, "MessageAcceptedByRecipient"},
	{"RC08", "Message explicitly rejected by the recipient", "C.4", OriginERDS, "MessageRejectedByRecipient"},
	{"RC09", "Message not accepted by the recipient after a defined time period from first successful notification", "C.5", OriginERDS, "MessageNotAcceptedInTimeByRecipient"},
	{"RCXX", "Other", "C.1 C.2 C.3 C.4 C.5", OriginERDS, fragmentOther},

	{"RD01", "Message successfully consigned to the recipient", "D.1 D.3 D.4", OriginBoth, "MessageConsignedToRecipient"},
	{"RD02", "Message successfully consigned to a recipient's delegate", "D.1 D.3 D.4", OriginERDS, "MessageConsignedToDelegate"},
	{"RD03", "The sender's ERDSP received within a given period no information on consignment from the recipient's ERDSP", "D.2 D.3 D.4", OriginBoth, "S_ERDSP_ReceivedNoDeliveryInfoFromR_ERDSP"},
	{"RD04", "Not consigned for excessing recipient quota", "D.2 D.3 D.4", OriginBoth, "MessageNotConsignedForQuota"},
	{"RD05", "Not consigned for technical malfunction", "D.2 D.3 D.4", OriginBoth, "MessageNotConsignedForMalfunction"},
	{"RD06", "Not consigned for message type not accepted by recipient", "D.2 D.3 D.4", OriginBoth, "MessageNotConsignedForUnallowedType"},
	{"RD21", "ERD message not consigned for: Unregistered recipient to Recipient's ERDSP", "D.2", OriginBaseline, "MessageNotConsignedForUnregisteredRecipient"},
	{"RDXX", "Other", "D.1 D.2 D.3 D.4", OriginBoth, fragmentOther},

	{"RE01", "Message successfully handed over to the recipient", "E.1", OriginERDS, "MessageHandedOver"},
	{"RE02", "Message successfully handed over to a recipient's delegate", "E.1", OriginERDS, "MessageHandedOverToDelegate"},
	{"RE03", "Not handed over for message type not accepted by recipient", "E.2", OriginERDS, "MessageNotHandedOverForUnallowedType"},
	{"RE04", "Message handover failed after specific time period", "E.2", OriginERDS, "MessageHandoverTimeout"},
	{"REXX", "Other", "E.1 E.2", OriginERDS, fragmentOther},

	{"RF01", "Successful relay to non ERDS", "F.1", OriginBoth, "MessageRelayedToNonERDS"},
	{"RF02", "External system unreachable", "F.2", OriginBoth, "ExternalSystemUnreachable"},
	{"RF03", "External system rejected submission", "F.2", OriginBoth, "MessageRejectedByExternalSystem"},
	{"RF04", "Received from non ERDS", "F.3", OriginBoth, "MessageReceivedFromNonERDS"},
	{"RF51", "Not possible to relay to non ERDS external system due to system configuration", "F.2", OriginPolicyIT, "RelayToNonERDSNotAllowed"},
	{"RFXX", "Other", "F.1 F.2 F.3", OriginBoth, fragmentOther},
}

const (
	rejected   = "ERD message successfully relayed to, but rejected by, the Recipient's ERDSP for: "
	notRelayed = "ERD message not relayed to the Recipient's ERDSP for: "
)
