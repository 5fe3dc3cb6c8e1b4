package evidence

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each cell of table C.27: one component too few or too many is refused, by the
// code of the component.
func TestB03_TableC27(t *testing.T) {
	all := map[Event]*Evidence{}
	for _, e := range samples() {
		all[e.Event] = e
	}
	rejection := relayAcceptance()
	rejection.Event, rejection.EventID, rejection.Reasons = RelayRejection, RelayRejection.URI(), reasonsOf("RB21")
	failure := relayAcceptance()
	failure.Event, failure.EventID, failure.Reasons = RelayFailure, RelayFailure.URI(), reasonsOf("RB22", "RB09")
	all[RelayRejection], all[RelayFailure] = rejection, failure
	require.Len(t, all, 7)

	remove := map[string]func(*Evidence){
		"G01": func(e *Evidence) { e.ID = "" },
		"G02": func(e *Evidence) { e.Version = "" },
		"G03": func(e *Evidence) { e.EventID, e.Event = "", "" },
		"G04": func(e *Evidence) { e.Reasons = nil },
		"G05": func(e *Evidence) { e.Time = Time{} },
		"R01": func(e *Evidence) { e.Policies = e.Policies[:1] },
		"R02": func(e *Evidence) { e.Issuer = Entity{} },
		"I02": func(e *Evidence) { e.Sender.Identifier = Identifier{} },
		"I06": func(e *Evidence) { e.Recipients = nil },
		"I09": func(e *Evidence) { e.RefersTo = nil },
		"I10": func(e *Evidence) { e.Sender.Assurance = nil },
		"M01": func(e *Evidence) { e.MessageID = "" },
		"M02": func(e *Evidence) { e.Content = nil },
		"M03": func(e *Evidence) { e.Submitted = nil },
		"M05": func(e *Evidence) { e.ExternalERDS = nil },
	}
	add := map[string]func(*Evidence){
		"G04": func(e *Evidence) { e.Reasons = append(e.Reasons, e.Reasons[0]) },
		"G06": func(e *Evidence) { e.Logs = []Any{{XML: []byte("x")}} },
		"I03": func(e *Evidence) {
			u := Mailbox(anna).WithPersonIdentifier(PersonIdentifier("IT", "IT", anna))
			e.SenderDelegate = &u
		},
		"I07": func(e *Evidence) {
			e.RecipientDelegates = []Delegate{{User: Mailbox(anna).WithPersonIdentifier(PersonIdentifier("IT", "IT", anna)), For: []int{1}}}
		},
		"I09": func(e *Evidence) { e.RefersTo = number(1) },
		"I12": func(e *Evidence) { e.Recipients[0].Assurance = e.Sender.Assurance },
		"M04": func(e *Evidence) { s := "mx.example"; e.External = &s },
		"M05": func(e *Evidence) { x := Provider("Gamma"); e.ExternalERDS = &x },
		subject: func(e *Evidence) {
			s := "again"
			e.Extensions = append(e.Extensions, Extension{General: &GeneralInfo{Subject: &s}})
		},
		relayRefers: func(e *Evidence) {
			e.Extensions = append(e.Extensions, Extension{Relay: &RelayInfo{RefersTo: []int{1}}})
		},
	}
	for event, base := range all {
		_, err := base.Marshal(Baseline())
		require.NoError(t, err, event)
		column := event.info().column
		for i := range baselineRows {
			row := &baselineRows[i]
			least, most, _ := cardinality(row.cells[column])
			try := func(change func(*Evidence), wanted bool) {
				if change == nil {
					return
				}
				e := copyOf(t, base)
				change(e)
				if _, err := e.Marshal(Baseline()); wanted {
					require.NoError(t, err, "%s %s", event, row.component)
					return
				}
				refusedFor(t, Baseline(), e, code(row.component))
			}
			try(remove[row.component], least == 0)
			if row.component == "G04" || row.component == subject {
				try(add[row.component], most > 1) // there is one already
			} else if row.component != "M05" || most == 0 {
				try(add[row.component], most > 0)
			}
		}
	}
	// Lenient: the same document, with a mark.
	e := submissionRejection()
	e.Content = nil
	xml, marks, err := e.MarshalLenient(Baseline())
	require.NoError(t, err)
	require.Len(t, marks, 1)
	require.Equal(t, Deviation{Undecided, "M02", tableC27, "0 UserContentInfo", "1"}, marks[0])
	back, err := Parse(xml, nil)
	require.NoError(t, err)
	require.Equal(t, value(e), value(back))
	require.Equal(t, marks, e.Check(Baseline()), "a draft is judged as what is made of it")
}

func reasonsOf(codes ...string) (list []Reason) {
	for _, c := range codes {
		r, ok := ReasonByCode(c)
		if !ok {
			panic(c)
		}
		list = append(list, r)
	}
	return list
}

// copyOf is a deep copy: written and read again.
func copyOf(tb testing.TB, e *Evidence) *Evidence {
	tb.Helper()
	xml, _, err := e.MarshalLenient(nil)
	require.NoError(tb, err)
	back, err := Parse(xml, nil)
	require.NoError(tb, err)
	return value(back)
}

func TestB04_ReasonsOfTheEvent(t *testing.T) {
	for i := range reasons {
		row := &reasons[i]
		r, ok := ReasonByCode(row.Code)
		require.True(t, ok)
		require.Equal(t, []string{row.Code, row.Text}, r.Details)
		require.Equal(t, row.URI(), r.URI)
		require.Equal(t, row.Code, r.Code())
		require.Equal(t, row.Text, r.Text())
		for j := range events {
			allowed := false
			for _, code := range strings.Fields(row.Events) {
				allowed = allowed || code == events[j].Code
			}
			require.Equal(t, allowed, row.Allows(events[j].Event), "%s %s", row.Code, events[j].Code)
		}
	}
	_, ok := ReasonByCode("RA99")
	require.False(t, ok)
	_, err := New(SubmissionAcceptance, submitted, "RA99")
	var unknown *UnknownError
	require.ErrorAs(t, err, &unknown)
	_, err = New("Teleport", submitted)
	require.ErrorAs(t, err, &unknown)

	xml, err := contentConsignmentFailure().Marshal(Baseline())
	require.NoError(t, err)
	require.Regexp(t, `<Code>http://uri\.etsi\.org/19522/EventReason/MessageNotConsignedForQuota</Code>\s*<Details>RD04</Details>\s*<Details>Not consigned for excessing recipient quota</Details>`, string(xml))

	try := func(p *Profile, reason Reason) Severity {
		e := contentConsignmentFailure()
		e.Reasons = []Reason{reason}
		return e.worst(p, "")
	}
	for _, p := range []*Profile{GenericERDS(), SMTP(), Baseline(), PolicyIT()} {
		for i := range reasons {
			r := reasons[i].Reason()
			want := Violation
			if reasons[i].Allows(ContentConsignmentFailure) {
				want = Remark
			}
			require.Equal(t, want, try(p, r), "%s %s", p.Name, reasons[i].Code)
		}
		// The URI decides: a short code that contradicts it is not overlooked.
		wrong := reasonsOf("RD04")[0]
		wrong.Details = []string{"RD05", "text"}
		require.Equal(t, Violation, try(p, wrong))
	}
	noCode := Reason{URI: reasonsOf("RD04")[0].URI, Details: []string{"Quota exceeded"}}
	require.Equal(t, "RD04", noCode.Code())
	require.Equal(t, Tolerated, try(Baseline(), noCode))
	require.Equal(t, Remark, try(GenericERDS(), noCode))
	vendor := Reason{URI: "http://vendor.example/Late", Details: []string{"RD77", "Late"}}
	require.Equal(t, Remark, try(Baseline(), vendor), "codes from 51 are a policy's own")
	vendor.Details[0] = "RD33"
	require.Equal(t, Violation, try(Baseline(), vendor))
	require.Equal(t, Remark, try(GenericERDS(), vendor))

	// Not in table C.28.
	e := submissionRejection()
	e.Reasons = reasonsOf("RA04")
	refusedFor(t, Baseline(), e, "G04")
	_, err = e.Marshal(GenericERDS())
	require.NoError(t, err)
	// Italy's own.
	e.Reasons = reasonsOf("RA51")
	require.Len(t, e.Check(Baseline()), 1)
	require.Empty(t, e.Check(PolicyIT()))
}

func TestB15_EventsOfTheBaseline(t *testing.T) {
	for i := range events {
		e := relayAcceptance()
		e.Event, e.EventID = events[i].Event, events[i].Event.URI()
		in := func(p *Profile) bool {
			for _, d := range e.Check(p) {
				if d.Component == "G03" && d.Severity == Violation {
					return false
				}
			}
			return true
		}
		code := events[i].Code
		require.Equal(t, strings.Contains("A.1 A.2 B.1 B.2 B.3 D.1 D.2", code), in(Baseline()), code)
		require.Equal(t, strings.Contains("A.1 A.2 B.1 B.2 B.3 D.1 D.2 F.1 F.2 F.3", code), in(PolicyIT()), code)
		require.True(t, in(GenericERDS()), code)
		require.True(t, in(SMTP()), code)
		require.Equal(t, code, events[i].Event.Code())
		require.Equal(t, events[i].Event, EventByURI(events[i].Event.URI()))
	}
	e := relayAcceptance()
	e.Event, e.EventID = "", "http://vendor.example/Event/Teleported"
	require.Equal(t, Violation, e.worst(Baseline(), ""))
	require.Equal(t, Undecided, e.worst(GenericERDS(), ""))
	e.Event = RelayAcceptance
	refusedFor(t, GenericERDS(), e, "G03")
	require.Empty(t, EventByURI(eventPrefix))
	require.Empty(t, EventByURI("RelayAcceptance"))
}

// The generic table, EN 319 522-2 table 13, where it differs from the baseline.
func TestGenericTable(t *testing.T) {
	for _, row := range genericRows {
		require.Len(t, row.cells, len("12 123 12345 1234 12 123"))
	}
	for _, table := range [][]row{genericRows[:], baselineRows[:], policyITRows[:]} {
		for i := range events { // every cell means something, and no row is half used
			used := table[0].cells[events[i].column] != unused
			for _, row := range table {
				c := row.cells[events[i].column]
				require.Contains(t, "01?*+2-", string(c))
				require.Equal(t, used, c != unused, "%s %s", row.component, events[i].Code)
			}
		}
	}
	e := contentConsignment()
	e.Event, e.EventID, e.Reasons = ContentHandover, ContentHandover.URI(), reasonsOf("RE01")
	e.Recipients[0].Assurance = e.Sender.Assurance
	require.Empty(t, e.Check(GenericERDS()))
	e.Event, e.EventID, e.Reasons = ContentHandoverFailure, ContentHandoverFailure.URI(), reasonsOf("RE03")
	refusedFor(t, GenericERDS(), e, "I12")
	e.Recipients[0].Assurance, e.Reasons = nil, nil
	refusedFor(t, GenericERDS(), e, "G04") // §8.2.4

	e = sample(RelayToNonERDS, "F1@alfa-rem.example", 5, "RF01", alfa, false)
	refusedFor(t, GenericERDS(), e, "M04")
	host := "mx.ordinary.example"
	e.External = &host
	require.Empty(t, e.Check(PolicyIT()))
	e.SenderDelegate = &User{Assurance: e.Sender.Assurance}
	refusedFor(t, GenericERDS(), e, "I11")
}
