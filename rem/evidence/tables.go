package evidence

// A row says how often a component occurs in evidence of each event. Each table
// below is one of the standard's; a character stands for a cell:
//
//	0  none        1  exactly one   ?  at most one
//	*  any number  +  at least one  2  at least two   -  event not used
//
// Its place in the string is the event's column (event.go).
type row struct {
	component string
	cells     string
	clause    string
	severity  Severity // of a cell that does not hold
}

// unused is the cell of an event that a table does not have.
const unused = '-'

const (
	table13  = "EN 319 522-2 §8.2 table 13"
	tableC27 = "EN 319 532-4 C.4.5.4 table C.27"
	clauseC1 = "EN 319 532-4 C.1" // what is optional elsewhere and not in Annex C does not apply
	policyIT = "REM-Policy-IT 1.2, examples"
)

// genericRows is EN 319 522-2 table 13, with §8.2.4: reasons are required in
// evidence of negative events.
var genericRows = [...]row{
	//        A  B   C     D    E  F
	//        12 123 12345 1234 12 123
	{"G01", "11 111 11111 1111 11 111", table13, Violation},
	{"G02", "11 111 11111 1111 11 111", table13, Violation},
	{"G03", "11 111 11111 1111 11 111", table13, Violation},
	{"G04", "?+ ?++ ?+?++ ?+?+ ?+ ?+?", table13 + ", §8.2.4", Violation},
	{"G05", "11 111 11111 1111 11 111", table13, Violation},
	{"G06", "** *** ***** **** ** ***", table13, Violation},
	{"R01", "++ +++ +++++ ++++ ++ +++", table13, Violation},
	{"R02", "11 111 11111 1111 11 111", table13, Violation},
	{"R03", "11 111 11111 1111 11 111", table13, Violation},
	{"I01", "?? ??? ????? ???? ?? ???", table13, Violation},
	{"I02", "11 111 11111 1111 11 11?", table13, Violation},
	{"I03", "?? ??? ????? ???? ?? ??0", table13, Violation},
	{"I04", "?? ??? ????? ???? ?? ??0", table13, Violation},
	{"I05", "** *** ***** **** ** ***", table13, Violation},
	{"I06", "++ +++ +++++ ++++ ++ +++", table13, Violation},
	{"I07", "00 000 ????? ???? ?? 000", table13, Violation},
	{"I08", "00 000 ????? ???? ?? 000", table13, Violation},
	{"I09", "00 000 11111 1111 11 000", table13, Violation},
	{"I10", "?? ??? ????? ???? ?? ??0", table13, Violation},
	{"I11", "?? ??? ????? ???? ?? ??0", table13, Violation},
	{"I12", "00 000 00??0 00?0 ?0 000", table13, Violation},
	{"I13", "00 000 00??0 00?0 ?0 000", table13, Violation},
	{"M01", "11 111 11111 1111 11 111", table13, Violation},
	{"M02", "11 111 11111 1111 11 111", table13, Violation},
	{"M03", "11 ??? ????? ???? ?? ???", table13, Violation},
	{"M04", "00 000 00000 0000 00 111", table13, Violation},
	{"M05", "00 111 00000 0000 00 000", table13, Violation},
}

// baselineRows is EN 319 532-4 table C.27. Components that it does not name are
// optional elsewhere, so they do not apply (C.1): read, and never written.
var baselineRows = [...]row{
	//            A  B   C     D    E  F
	//            12 123 12345 1234 12 123
	{"G01", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"G02", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"G03", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"G04", "1+ 1++ ----- 1+-- -- ---", tableC27, Violation},
	{"G05", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"G06", "00 000 ----- 00-- -- ---", clauseC1, Tolerated},
	{"R01", "22 222 ----- 22-- -- ---", tableC27, Violation},
	{"R02", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"R03", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"I01", "?? ??? ----- ??-- -- ---", tableC27, Violation},
	{"I02", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"I03", "00 000 ----- 00-- -- ---", clauseC1, Tolerated},
	{"I04", "00 000 ----- 00-- -- ---", clauseC1, Tolerated},
	{"I05", "** *** ----- **-- -- ---", tableC27, Violation},
	{"I06", "++ +++ ----- ++-- -- ---", tableC27, Violation},
	{"I07", "00 000 ----- 00-- -- ---", clauseC1, Tolerated},
	{"I08", "00 000 ----- 00-- -- ---", clauseC1, Tolerated},
	{"I09", "00 000 ----- 11-- -- ---", tableC27, Violation},
	{"I10", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"I11", "00 000 ----- 00-- -- ---", clauseC1, Tolerated},
	{"I12", "00 000 ----- 00-- -- ---", tableC27, Violation},
	{"I13", "00 000 ----- 00-- -- ---", clauseC1, Tolerated},
	{"M01", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"M02", "11 111 ----- 11-- -- ---", tableC27, Violation},
	{"M03", "11 ??? ----- ??-- -- ---", tableC27, Violation},
	{"M04", "00 000 ----- 00-- -- ---", tableC27, Violation},
	{"M05", "00 111 ----- 00-- -- ---", tableC27, Violation},
	{subject, "?? ??? ----- ??-- -- ---", tableC27, Violation},
	{untrusted, "** *** ----- **-- -- ---", tableC27, Violation},
	{relayRefers, "00 *** ----- 00-- -- ---", tableC27, Violation},
}

// policyITRows are the events that REM-Policy-IT has beside those of table
// C.27: relay to and from ordinary mail. The rest of C.27 applies unchanged.
var policyITRows = [...]row{
	//            A  B   C     D    E  F
	//            12 123 12345 1234 12 123
	{"G01", "-- --- ----- ---- -- 111", table13, Violation},
	{"G02", "-- --- ----- ---- -- 111", table13, Violation},
	{"G03", "-- --- ----- ---- -- 111", table13, Violation},
	{"G04", "-- --- ----- ---- -- 1+1", policyIT, Violation},
	{"G05", "-- --- ----- ---- -- 111", table13, Violation},
	{"R01", "-- --- ----- ---- -- 222", policyIT, Violation},
	{"R02", "-- --- ----- ---- -- 111", table13, Violation},
	{"R03", "-- --- ----- ---- -- 111", table13, Violation},
	{"I01", "-- --- ----- ---- -- ??0", policyIT, Tolerated},
	{"I02", "-- --- ----- ---- -- 111", policyIT, Tolerated},
	{"I05", "-- --- ----- ---- -- ***", table13, Violation},
	{"I06", "-- --- ----- ---- -- +++", table13, Violation},
	{"I09", "-- --- ----- ---- -- 000", table13, Violation},
	{"I10", "-- --- ----- ---- -- 110", policyIT, Violation},
	{"I12", "-- --- ----- ---- -- 000", table13, Violation},
	{"M01", "-- --- ----- ---- -- 111", table13, Violation},
	{"M02", "-- --- ----- ---- -- 111", table13, Violation},
	{"M03", "-- --- ----- ---- -- ??0", policyIT, Tolerated},
	{"M04", "-- --- ----- ---- -- 111", table13, Violation},
	{"M05", "-- --- ----- ---- -- 000", table13, Violation},
	{subject, "-- --- ----- ---- -- ???", policyIT, Tolerated},
	{untrusted, "-- --- ----- ---- -- ***", policyIT, Tolerated},
	{relayRefers, "-- --- ----- ---- -- **0", policyIT, Tolerated},
}

// smtpEvents marks the events of EN 319 532-4 §5.5.1: 1 mandatory, ? in some
// situations (C); the others are not profiled.
const smtpEvents = "11 ??? 11--- 11-- 11 ---"
