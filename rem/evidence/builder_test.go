package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/xmltree"
	"github.com/stretchr/testify/require"
)

// refused builds an evidence, changes it and returns what the profile has
// against it.
func refused(tb testing.TB, p *Profile, e *Evidence) []Deviation {
	tb.Helper()
	xml, err := e.Marshal(p)
	require.Nil(tb, xml)
	var n *NonConformant
	require.ErrorAs(tb, err, &n)
	require.Equal(tb, p.Name, n.Profile)
	require.NotEmpty(tb, n.Deviations)
	for _, d := range n.Deviations {
		require.Greater(tb, d.Severity, Remark)
		require.NotEmpty(tb, d.Clause)
		require.NotEmpty(tb, d.Found)
		require.NotEmpty(tb, d.Want)
		require.Contains(tb, err.Error(), d.String())
	}
	return n.Deviations
}

// refusedFor also says for which component.
func refusedFor(tb testing.TB, p *Profile, e *Evidence, component string) {
	tb.Helper()
	for _, d := range refused(tb, p, e) {
		if d.Component == component {
			return
		}
	}
	require.Fail(tb, "no deviation for "+component, "%v", refused(tb, p, e))
}

func TestB01_RootAndOrder(t *testing.T) {
	for _, e := range samples() {
		xml, err := e.Marshal(Baseline())
		require.NoError(t, err)
		doc, err := xmltree.Parse(xml, nil)
		require.NoError(t, err)
		require.Equal(t, "tns", doc.Root.Prefix)
		require.True(t, doc.Root.Is(NamespaceERDS, "Evidence"))
		version, _ := doc.Root.Attr("", "version")
		require.Equal(t, "EN319522v1.1.1", version)
		last := -1
		for c := range doc.Root.Elements() {
			at := -1
			for i := range rootSlots {
				if rootSlots[i].local == c.Local {
					require.Equal(t, rootSlots[i].space, c.Space)
					require.Equal(t, rootSlots[i].space == "", c.Prefix == "")
					at = i
				}
			}
			require.GreaterOrEqual(t, at, last, c.Local)
			last = at
		}
		require.NotContains(t, string(xml), "xmlns=")
		requireValid(t, xml)
	}
}

func TestB02_NamespacesOfTypesAreOnTheRoot(t *testing.T) {
	xml, err := contentConsignment().Marshal(Baseline())
	require.NoError(t, err)
	start, _, _ := strings.Cut(string(xml[strings.Index(string(xml), "<tns:"):]), ">")
	require.Contains(t, start, `xmlns:elp="`+NamespaceLegalPerson+`"`)
	require.Contains(t, start, `xmlns:enp="`+NamespaceNaturalPerson+`"`)
	require.Contains(t, string(xml), `xsi:type="elp:LegalNameType"`)
	require.Contains(t, string(xml), `xsi:type="enp:PersonIdentifierType"`)
	// A type of somebody else's gets a prefix of its own, and is found again.
	e := contentConsignment()
	other := QName{"http://vendor.example/types", "Level"}
	e.Issuer.Attributes = append(e.Issuer.Attributes, Attribute{Name: "urn:x", Values: []AttributeValue{{other, "v"}}})
	xml, _, err = e.MarshalLenient(nil)
	require.NoError(t, err)
	back, err := Parse(xml, nil)
	require.NoError(t, err)
	require.Equal(t, other, back.Issuer.Attributes[1].Values[0].Type)
	// What nobody declared is not believed.
	broken, err := Parse([]byte(strings.Replace(string(xml), "xmlns:elp=", "xmlns:elq=", 1)), nil)
	require.NoError(t, err)
	require.Equal(t, Violation, broken.worst(Baseline(), "R03"))
}

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

func TestB05_TimesAreUTCAndCopied(t *testing.T) {
	rome := time.FixedZone("", 3600)
	e, err := New(SubmissionAcceptance, time.Date(2026, 1, 15, 10, 30, 1, 999, rome), "RA01")
	require.NoError(t, err)
	require.Equal(t, "2026-01-15T09:30:01Z", e.Time.Lexical)

	e = submissionAcceptance()
	e.Time = Time{UTC: submitted, Lexical: "2026-01-15T10:30:01+01:00"}
	refusedFor(t, Baseline(), e, "G05")
	_, err = e.Marshal(GenericERDS())
	require.NoError(t, err)
	e.Time = Time{UTC: submitted} // written as it should be
	xml, err := e.Marshal(Baseline())
	require.NoError(t, err)
	require.Contains(t, string(xml), "<EventTime>2026-01-15T09:30:01Z</EventTime>")
	e.Time = Time{UTC: submitted, Lexical: "2026-01-15T09:30:02Z"} // two truths
	refusedFor(t, GenericERDS(), e, "G05")
	e.Time = Time{Lexical: "yesterday"}
	refused(t, GenericERDS(), e)

	later := contentConsignment()
	later.Submitted = &Time{UTC: submitted, Lexical: "2026-01-15T09:30:01.000Z"}
	xml, err = later.Marshal(Baseline())
	require.NoError(t, err)
	require.Contains(t, string(xml), "<tns:SubmissionTime>2026-01-15T09:30:01.000Z</tns:SubmissionTime>")
}

func TestB06_Policies(t *testing.T) {
	e := submissionAcceptance()
	require.Equal(t, PolicyBaseline, e.Policies[0])
	e.Policies = []string{PolicyREMITEvidence, PolicyBaseline}
	refusedFor(t, Baseline(), e, "R01") // the order of the examples
	require.Equal(t, Tolerated, e.worst(Baseline(), ""))
	e.Policies = []string{PolicyREMITEvidence, PolicyREMIT}
	require.Equal(t, Violation, e.worst(Baseline(), ""))
	e.Policies = []string{PolicyBaseline, "https://remid.example/policy"}
	require.Equal(t, Remark, e.worst(Baseline(), ""))
	require.Equal(t, Violation, e.worst(PolicyIT(), ""))
	own := Baseline()
	own.Policy = "https://remid.example/policy"
	require.Equal(t, Remark, e.worst(own, ""))
	e.Policies[1] = "https://remid.example/policy-of-others"
	require.Equal(t, Violation, e.worst(own, ""))
	for _, uri := range []string{PolicyREMIT, PolicyREMITEvidence} {
		e.Policies[1] = uri
		require.Empty(t, e.Check(PolicyIT()))
		require.Equal(t, PolicyIT().Name, ProfileOf(e).Name)
	}
	require.Equal(t, Baseline().Name, ProfileOf(&Evidence{Policies: []string{"x", PolicyBaseline}}).Name)
	require.Equal(t, GenericERDS().Name, ProfileOf(&Evidence{Policies: []string{"x"}}).Name)
}

func TestB07_LegalName(t *testing.T) {
	p := Baseline()
	p.LegalName = alfa
	_, err := submissionAcceptance().Marshal(p)
	require.NoError(t, err)
	p.LegalName = beta
	refusedFor(t, p, submissionAcceptance(), "R02")

	e := submissionAcceptance()
	e.Issuer = Entity{Attributes: []Attribute{{Name: "urn:other", Values: []AttributeValue{{Text: alfa}}}}}
	refusedFor(t, Baseline(), e, "R02")
	e.Issuer = Provider("")
	refusedFor(t, Baseline(), e, "R02")
	e.Issuer = Provider(alfa)
	e.Issuer.Attributes[0].Values[0].Type = QName{}
	refusedFor(t, Baseline(), e, "R02")
	_, err = e.Marshal(GenericERDS())
	require.NoError(t, err)
}

func TestB08_PersonIdentifier(t *testing.T) {
	for address, hash := range map[string]string{
		anna:                  "F323072073282796B49ABA30BF622CE19E0B1A31AC470332A9BB82459DBBE2FA",
		ufficio:               "FCA6100E0B0D6769DC4999A96D6F19E6CBDCA1990A069A1085AB51BEE93321A4",
		archivio:              "718F1CC466E79E33A259D129916E1B906F1637665EEBE26E03010955E92C0928",
		"sender@s-rems.rem":   "466FA5C7D106870115F12BABFE65B7A3647E828B65BA0EBE5B5D38691DCC8F78", // EN 319 532-4 C.3.4 h
		" Sender@S-REMS.rem ": "466FA5C7D106870115F12BABFE65B7A3647E828B65BA0EBE5B5D38691DCC8F78",
	} {
		require.Equal(t, "ES/IT/"+hash, PersonIdentifier("ES", "IT", address))
	}
	// The hash of the address as written is read and not written.
	e := submissionAcceptance()
	e.Sender = Mailbox("Anna@alfa-rem.example").WithPersonIdentifier("IT/IT/" + userID("Anna@alfa-rem.example"))
	e.Sender.Assurance = submissionAcceptance().Sender.Assurance
	refusedFor(t, Baseline(), e, "I01")
	require.Equal(t, Tolerated, e.worst(Baseline(), ""))
}

func TestB10_DigestIsCopied(t *testing.T) {
	a, err := Parse(must(submissionAcceptance().Marshal(Baseline())), nil)
	require.NoError(t, err)
	later := contentConsignment()
	later.Content = a.Content
	b, err := Parse(must(later.Marshal(Baseline())), nil)
	require.NoError(t, err)
	require.Equal(t, a.Content, b.Content)

	e := submissionAcceptance()
	for name, change := range map[string]func(*Content){
		"short digest":  func(c *Content) { c.Parts[0].Digest = c.Parts[0].Digest[:31] },
		"no digest":     func(c *Content) { c.Parts[0].Digest = nil },
		"SHA-1":         func(c *Content) { c.Parts[0].DigestMethod = "http://www.w3.org/2000/09/xmldsig#sha1" },
		"two parts":     func(c *Content) { c.Parts = append(c.Parts, c.Parts[0]) },
		"count":         func(c *Content) { c.ComposingParts = number(2) },
		"no count":      func(c *Content) { c.ComposingParts = nil },
		"content type":  func(c *Content) { c.Parts[0].ContentType = "text/plain" },
		"identifier":    func(c *Content) { c.Parts[0].Identifier = "1" },
		"nothing of it": func(c *Content) { c.Parts = nil },
	} {
		e.Content = OriginalMessage("<x@y>", DigestSHA256, make([]byte, 32))
		require.Empty(t, e.Check(Baseline()))
		change(e.Content)
		require.NotEmpty(t, refused(t, Baseline(), e), name)
	}
	for method, size := range map[string]int{DigestSHA256: 32, DigestSHA384: 48, DigestSHA512: 64} {
		e.Content = OriginalMessage("<x@y>", method, make([]byte, size))
		require.Empty(t, e.Check(Baseline()))
	}
}

func must(xml []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return xml
}

func TestB12_OneRecipientInRange(t *testing.T) {
	for n, fine := range map[int]bool{1: true, 2: true, 0: false, 3: false, -1: false} {
		e := contentConsignment()
		e.RefersTo = number(n)
		if fine {
			require.Empty(t, e.Check(Baseline()))
			continue
		}
		for _, p := range []*Profile{GenericERDS(), SMTP(), Baseline(), PolicyIT()} {
			refusedFor(t, p, e, "I09")
		}
	}
	e := contentConsignment()
	e.RefersTo = nil
	refusedFor(t, GenericERDS(), e, "I09")
	e = relayAcceptance()
	e.RefersTo = number(1)
	refusedFor(t, GenericERDS(), e, "I09")
}

func TestB13_RelayEvidence(t *testing.T) {
	e := relayAcceptance()
	own := Provider(beta)
	e.ExternalERDS = &own
	refusedFor(t, Baseline(), e, "M05")
	e.ExternalERDS = nil
	refusedFor(t, Baseline(), e, "M05")
	e = relayAcceptance()
	e.Extensions = e.Extensions[:1] // for all
	require.Empty(t, e.Check(Baseline()))
	require.Equal(t, []int{1, 2}, e.SpeaksFor())
	e = relayAcceptance()
	e.Extensions[1].Relay.RefersTo = []int{2, 3}
	refusedFor(t, Baseline(), e, "E01")
}

func TestB14_ExtensionsAreNotCritical(t *testing.T) {
	xml := string(must(relayAcceptance().Marshal(Baseline())))
	require.Equal(t, 2, strings.Count(xml, `<tns:Extension isCritical="false">`))
	e := relayAcceptance()
	e.Extensions[0].Critical = true
	refusedFor(t, Baseline(), e, "E01")
	e = relayAcceptance()
	e.Extensions[0].Unmarked = true
	refusedFor(t, Baseline(), e, "E01")
	_, err := e.Marshal(GenericERDS())
	require.NoError(t, err)
	// A critical extension that is not known: nobody can decide.
	e = relayAcceptance()
	e.Extensions = append(e.Extensions, Extension{Critical: true, Other: &Any{XML: []byte("<x/>")}})
	require.Equal(t, Undecided, e.worst(GenericERDS(), ""))
	e.Extensions[2].Critical = false
	require.Equal(t, Remark, e.worst(GenericERDS(), ""))
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

// What XML cannot hold, and raw XML that would change what is around it.
func TestWriterRefuses(t *testing.T) {
	for _, bad := range []string{"\x00", "a\x1fb", "\xff", "\uFFFE", "\x0b"} {
		e := submissionAcceptance()
		e.MessageID = "a" + bad
		_, err := e.Marshal(GenericERDS())
		require.ErrorIs(t, err, ErrText, "%q", bad)
		require.Equal(t, Violation, e.worst(GenericERDS(), ""))
	}
	for _, raw := range []string{"</tns:Extension><tns:Extension>", "</x><x>", "<a>", "&nbsp;", "<!DOCTYPE x>", "<b:a/>", "]]>", "\x00"} {
		e := submissionAcceptance()
		e.Extensions = append(e.Extensions, Extension{Other: &Any{XML: []byte(raw)}})
		_, _, err := e.MarshalLenient(GenericERDS())
		var refused *RawError
		require.ErrorAs(t, err, &refused, raw)
	}
	for _, a := range []AnyAttribute{{Local: `x="1" y`}, {Local: ""}, {Local: "xmlns"}, {Prefix: "a b", Space: "urn:a", Local: "c"}} {
		e := submissionAcceptance()
		e.Logs = []Any{{Attributes: []AnyAttribute{a}}}
		_, _, err := e.MarshalLenient(GenericERDS())
		require.ErrorIs(t, err, ErrText)
	}
	e := submissionAcceptance()
	e.Sender.Assurance.Authentication = &Authentication{Assertion: &Any{XML: []byte("<saml:Assertion/><saml:Assertion/>")}}
	_, _, err := e.MarshalLenient(GenericERDS())
	require.Error(t, err)
	e.Sender.Assurance.Authentication.Assertion.XML = []byte("<saml:Assertion/>")
	_, err = e.Marshal(GenericERDS())
	require.NoError(t, err)
	e.Sender.Assurance.Authentication.Method = "urn:m" // two forms at once
	refused(t, GenericERDS(), e)

	odd := "a & b < c > d \"e\" 'f'\r\n\tg\u00a0è€😀"
	e = submissionAcceptance()
	e.Extensions[0].General.Subject = &odd
	e.Sender.Identifier.Scheme = "x\"<&\ty\nz"
	xml, _, err := e.MarshalLenient(GenericERDS())
	require.NoError(t, err)
	requireValid(t, xml)
	back, err := Parse(xml, nil)
	require.NoError(t, err)
	require.Equal(t, odd, back.Subject())
	require.Equal(t, e.Sender.Identifier.Scheme, back.Sender.Identifier.Scheme)
}
