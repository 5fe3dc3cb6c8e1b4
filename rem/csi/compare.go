package csi

import "fmt"

// Difference is one reason why two documents are not equivalent.
type Difference struct {
	// Field is the element or attribute, with the table of EN 319 532-4 that
	// compares it.
	Field, Table string
	// Ours and Theirs are the two values as written, empty when absent.
	Ours, Theirs string
	Reason       string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s (%s): %s: ours %q, theirs %q", d.Field, d.Table, d.Reason, d.Ours, d.Theirs)
}

// compared is one row of table C.9 or C.12: fields compared by tag and value
// must be equal, those compared by tag only must both be there.
type compared struct {
	field, table string
	value        bool // tag and value
	of           func(d *Document) string
}

const tableC9, tableC12 = "table C.9", "table C.12"

// equivalence is EN 319 532-4 tables C.9 and C.12.
var equivalence = [...]compared{
	{"ERDSMetadata/@version", tableC9, true, func(d *Document) string { return d.Capabilities.Version }},
	{"ERDSId/@IdentifierSchemeName", tableC9, true, func(d *Document) string { return d.Capabilities.IDScheme }},
	{"ERDSId", tableC9, false, func(d *Document) string { return d.Capabilities.ID }},
	{"ERDSDomain", tableC9, false, func(d *Document) string { return d.Capabilities.Domain }},
	{"ERDSGoverningBody", tableC9, false, func(d *Document) string { return d.Capabilities.GoverningBody }},
	{"ERDSProfileSupported", tableC9, true, func(d *Document) string { return d.Capabilities.Profile }},
	{"ERDSExpiryDateAndTimeSupport", tableC9, true, func(d *Document) string { return string(d.Capabilities.ExpiryDate) }},
	{"ERDSScheduledDeliverySupport", tableC9, true, func(d *Document) string { return string(d.Capabilities.ScheduledDelivery) }},
	{"ERDSAssuranceLevelsSupported/AssuranceLevel", tableC9, true, func(d *Document) string { return d.Capabilities.AssuranceLevel }},
	{"ERDSSupportedConsignmentModes", tableC9, true, func(d *Document) string { return d.Capabilities.ConsignmentMode }},
	{"CapabilityBasedSecurity/@version", tableC12, true, func(d *Document) string { return d.Security.Version }},
	{"TLSCertificate", tableC12, false, func(d *Document) string {
		if len(d.Security.TLSCertificate) == 0 {
			return ""
		}
		return fmt.Sprintf("%d bytes", len(d.Security.TLSCertificate))
	}},
}

// Compare says whether two providers fit together (equivalence of capability
// and security, EN 319 532-4 §C.2.3.4.3, tables C.9 and C.12): none of the
// differences it returns may be there. It judges neither signature nor
// freshness; see Document.Verify.
func Compare(ours, theirs *Document) []Difference {
	var found []Difference
	for _, row := range equivalence {
		a, b := row.of(ours), row.of(theirs)
		d := Difference{Field: row.field, Table: row.table, Ours: a, Theirs: b}
		switch {
		case a == "" && b == "":
			d.Reason = "absent from both"
		case a == "":
			d.Reason = "absent from ours"
		case b == "":
			d.Reason = "absent from theirs"
		case row.value && a != b:
			d.Reason = "the values differ"
		default:
			continue
		}
		found = append(found, d)
	}
	return found
}

// Baseline compares a document with the values that the REM baseline fixes
// (EN 319 532-4 §C.2.3.4.2 to §C.2.3.4.5), under the same table: what a provider
// that supports the baseline and nothing else finds.
func Baseline(theirs *Document) []Difference {
	return Compare(&Document{
		Capabilities: Capabilities{
			Version: CapabilitiesVersion, IDScheme: IdentifierScheme, ID: "any", Domain: "any", GoverningBody: "any", Profile: BaselineProfile,
			ExpiryDate: False, ScheduledDelivery: False, AssuranceLevel: AssuranceLevel, ConsignmentMode: ConsignmentBasic,
		},
		Security: Security{Version: Version, TLSCertificate: []byte("any")},
	}, theirs)
}
