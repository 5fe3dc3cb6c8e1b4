package evidence_test

import (
	"fmt"

	"github.com/certmail/certmail/rem/evidence"
)

// A relay acceptance as a service might write it, unsigned and cut short.
const relayAcceptance = `<erds:Evidence xmlns:erds="http://uri.etsi.org/19522/v1#" version="EN319522v1.1.1">
  <erds:EvidenceIdentifier>E2.20260115@rem.beta-rem.example</erds:EvidenceIdentifier>
  <erds:ERDSEventId>http://uri.etsi.org/19522/Event/RelayAcceptance</erds:ERDSEventId>
  <EventTime>2026-01-15T10:30:04.25+01:00</EventTime>
  <erds:RecipientDetails><Identifier IdentifierSchemeName="mailto">ufficio@beta-rem.example</Identifier></erds:RecipientDetails>
  <erds:MessageIdentifier>D1.20260115@rem.alfa-rem.example</erds:MessageIdentifier>
</erds:Evidence>`

// Whatever can be read is in the value; what is odd or missing is a finding.
func ExampleParse() {
	e, err := evidence.Parse([]byte(relayAcceptance), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Event, e.Event.Code(), "for", e.Recipients[0].Address())
	fmt.Println(e.Time.UTC, "written as", e.Time.Lexical)
	for _, f := range e.Findings {
		fmt.Println(f.Code+":", f.Detail)
	}
	// Output:
	// RelayAcceptance B.1 for ufficio@beta-rem.example
	// 2026-01-15 09:30:04.25 +0000 UTC written as 2026-01-15T10:30:04.25+01:00
	// schema-missing: EvidenceIssuerDetails in Evidence
	// schema-missing: SenderDetails in Evidence
}
