package tsl

// XML namespaces of TS 119 612 Annex C and of what its lists embed.
const (
	nsTSL  = "http://uri.etsi.org/02231/v2#"
	nsTSLX = "http://uri.etsi.org/02231/v2/additionaltypes#"
	nsSIE  = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
	nsDS   = "http://www.w3.org/2000/09/xmldsig#"
)

// Tag is the TSLTag of every list (TS 119 612 §5.2.1).
const Tag = "http://uri.etsi.org/19612/TSLTag"

// Kinds of lists (TSLType, TS 119 612 §5.3.3).
const (
	TypeGeneric     = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric"
	TypeListOfLists = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists"
)

// Media types by which a pointer tells a list in XML from its copy for people
// (TS 119 612 §5.3.13).
const (
	MediaTypeXML = "application/vnd.etsi.tsl+xml"
	MediaTypePDF = "application/pdf"
)

// Service types (ServiceTypeIdentifier, TS 119 612 §5.5.1) that certified mail
// asks about. Types are compared literally.
const (
	ServiceREMQualified = "http://uri.etsi.org/TrstSvc/Svctype/EDS/REM/Q" // qualified registered electronic mail
	ServiceEDSQualified = "http://uri.etsi.org/TrstSvc/Svctype/EDS/Q"     // qualified electronic registered delivery
	ServiceREM          = "http://uri.etsi.org/TrstSvc/Svctype/EDS/REM"
	ServiceEDS          = "http://uri.etsi.org/TrstSvc/Svctype/EDS"

	ServiceTSAQualified = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST" // qualified electronic time-stamps
	ServiceTSA          = "http://uri.etsi.org/TrstSvc/Svctype/TSA"
	ServiceTSAForQC     = "http://uri.etsi.org/TrstSvc/Svctype/TSA/TSS-QC"
	ServiceTSAForAdES   = "http://uri.etsi.org/TrstSvc/Svctype/TSA/TSS-AdESQCandQES"
)

// Statuses of a service (ServiceStatus, TS 119 612 §5.5.4).
const (
	StatusGranted                   = statusPrefix + "granted"
	StatusWithdrawn                 = statusPrefix + "withdrawn"
	StatusRecognisedAtNationalLevel = statusPrefix + "recognisedatnationallevel"
	StatusDeprecatedAtNationalLevel = statusPrefix + "deprecatedatnationallevel"
	StatusSetByNationalLaw          = statusPrefix + "setbynationallaw"
	StatusDeprecatedByNationalLaw   = statusPrefix + "deprecatedbynationallaw"
	StatusUnderSupervision          = statusPrefix + "undersupervision"
	StatusSupervisionInCessation    = statusPrefix + "supervisionincessation"
	StatusSupervisionCeased         = statusPrefix + "supervisionceased"
	StatusSupervisionRevoked        = statusPrefix + "supervisionrevoked"
	StatusAccredited                = statusPrefix + "accredited"
	StatusAccreditationCeased       = statusPrefix + "accreditationceased"
	StatusAccreditationRevoked      = statusPrefix + "accreditationrevoked"
	statusPrefix                    = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
	serviceTypePrefix               = "http://uri.etsi.org/TrstSvc/Svctype/"
)

// statusMeaning says whether a service of that status is active.
type statusMeaning struct {
	uri    string
	active bool
}

// statuses is TS 119 612 §5.5.4, and from StatusUnderSupervision on the
// statuses of the time before eIDAS, which live on in histories.
var statuses = [...]statusMeaning{
	{StatusGranted, true},
	{StatusWithdrawn, false},
	{StatusRecognisedAtNationalLevel, true},
	{StatusDeprecatedAtNationalLevel, false},
	{StatusSetByNationalLaw, true},
	{StatusDeprecatedByNationalLaw, false},
	{StatusUnderSupervision, true},
	{StatusSupervisionInCessation, true},
	{StatusSupervisionCeased, false},
	{StatusSupervisionRevoked, false},
	{StatusAccredited, true},
	{StatusAccreditationCeased, false},
	{StatusAccreditationRevoked, false},
}

func meaning(status string) (statusMeaning, bool) {
	for _, row := range statuses {
		if row.uri == status {
			return row, true
		}
	}
	return statusMeaning{}, false
}
