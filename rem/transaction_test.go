package rem_test

import (
	"context"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// kitRecords verifies the mails of a folder of the kits whose names contain one
// of the codes.
func kitRecords(t *testing.T, folder string, files ...string) (records []rem.Record, events []receipt.Event) {
	t.Helper()
	v := kitVerifier(t, rem.VerifyOptions{})
	for _, mail := range kitMails(t) {
		if !strings.Contains(mail.name, folder) || len(files) > 0 && !slices.ContainsFunc(files, func(f string) bool { return strings.Contains(path.Base(mail.name), f) }) {
			continue
		}
		_, r := verified(t, v, mail.data)
		records = append(records, r.Records(path.Base(mail.name))...)
		more, err := r.Events(path.Base(mail.name))
		require.NoError(t, err)
		events = append(events, more...)
	}
	return records, events
}

func states(t *rem.Transaction) (all []rem.State) {
	for _, p := range t.Recipients {
		all = append(all, p.State)
	}
	return all
}

// TestV11_ScenarioS1: two services, three recipients and one of ordinary mail.
func TestV11_ScenarioS1(t *testing.T) {
	records, events := kitRecords(t, "/S1/")
	all := rem.Transactions(records...)
	require.Len(t, all, 1)
	tx := all[0]
	require.Equal(t, "26A0CF65.00566CE0.D36E846D.85251369.rem-service@sa-rems.rem", tx.Identifier)
	require.Equal(t, "sender@senderdomain.rem", tx.Sender)
	require.Equal(t, "Purchase order #1237", tx.Subject)
	require.Len(t, tx.Digest, 32)
	require.Empty(t, tx.Contradictions)
	require.Equal(t, []rem.State{rem.StateConsigned, rem.StateConsigned, rem.StateConsigned, rem.StateAccepted}, states(tx))
	require.True(t, tx.Recipients[3].Untrusted)
	require.True(t, tx.Recipients[0].Verified)
	require.Len(t, tx.Records, 7, "the submission in the dispatch and in the receipt")
	var names []string
	for _, r := range tx.Recipients[2].Records {
		names = append(names, string(r.Document.Event))
	}
	require.Equal(t, []string{"SubmissionAcceptance", "SubmissionAcceptance", "RelayAcceptance", "ContentConsignment"}, names)

	l := receipt.NewLedger(nil)
	l.Add(events...)
	report := l.Snapshot(kitNow)
	require.Empty(t, report.Orphans)
	require.Len(t, report.Messages, 1)
	m := report.Messages[0]
	require.Equal(t, "30be01d30072$d36e846d$f9b72bf0$@de", m.MessageID)
	require.Equal(t, tx.Identifier, m.Identifier)
	require.Equal(t, receipt.Amber, m.Light)
	var status []receipt.Status
	for _, r := range m.Recipients {
		status = append(status, r.Status)
	}
	require.Equal(t, []receipt.Status{receipt.StatusDelivered, receipt.StatusDelivered, receipt.StatusDelivered, receipt.StatusExternal}, status)
}

// TestV11_Refused: a refusal and the failure that reports it; and the five
// refusals of the examples, which are alternatives, beside each other.
func TestV11_Refused(t *testing.T) {
	records, _ := kitRecords(t, "Intra-REM-flow", "SubmissionAcceptance", "RelayRejection.RB03", "RelayFailure.RB03")
	tx := rem.Transactions(records...)[0]
	require.Empty(t, tx.Contradictions)
	require.Equal(t, []rem.State{rem.StateNotRelayed, rem.StateNotRelayed}, states(tx))

	records, _ = kitRecords(t, "Intra-REM-flow", "SubmissionAcceptance", "RelayRejection.RB03", "RelayFailure.RB05")
	tx = rem.Transactions(records...)[0]
	require.Equal(t, []string{rem.ConflictReason, rem.ConflictReason}, conflicts(tx))
}

func conflicts(t *rem.Transaction) (all []string) {
	for _, c := range t.Contradictions {
		all = append(all, c.Code)
	}
	return all
}

// TestV11_LateConsignment: RD03 by time-out, then a late D.1. Both are kept, the
// transaction lists the contradiction, and the ledger says what it says of PEC's
// notice of time-out: delivered, late.
func TestV11_LateConsignment(t *testing.T) {
	records, _ := kitRecords(t, "Intra-REM-flow", "SubmissionAcceptance", "RelayAcceptance", "ContentConsignment1.RD01", "ContentConsignmentFailure1.RD03")
	tx := rem.Transactions(records...)[0]
	require.Equal(t, []string{receipt.ConflictOutcome}, conflicts(tx))
	require.Equal(t, "recC@r2-rems-only-for-test.it", tx.Contradictions[0].Recipient)
	require.Equal(t, []rem.State{rem.StateConsigned, rem.StateRelayed}, states(tx))
	require.Len(t, tx.Recipients[0].Records, 4)
	require.True(t, tx.Contradictions[0].Verified)
	require.Len(t, tx.Contradictions[0].Files, 2)

	l := receipt.NewLedger(nil)
	for _, r := range records {
		l.Add(rem.EventsOf(r.Document, receipt.Proof{Name: r.Name, Kind: string(r.Kind), Verdict: r.Verdict})...)
	}
	m := l.Snapshot(time.Time{}).Messages
	require.Len(t, m, 1)
	require.Equal(t, receipt.StatusDelivered, m[0].Recipients[0].Status)
	require.True(t, m[0].Recipients[0].Late)
	require.Empty(t, m[0].Conflicts)
}

// TestV11_Contradictions: everything that two documents of one transaction
// must have in common.
func TestV11_Contradictions(t *testing.T) {
	w := newWorld(t)
	record := func(e *evidence.Evidence, by *party, verdict receipt.Verdict) rem.Record {
		d, err := evidence.Parse(w.sign(e, by), nil)
		require.NoError(t, err)
		return rem.Record{Name: d.ID, Kind: rem.KindReceipt, Document: d, Verdict: verdict}
	}
	first := record(w.draft(evidence.SubmissionAcceptance, w.alfa, "RA01"), w.alfa, receipt.Valid)
	for code, change := range map[string]func(e *evidence.Evidence){
		rem.ConflictRecipients: func(e *evidence.Evidence) { e.Recipients[0], e.Recipients[1] = e.Recipients[1], e.Recipients[0] },
		rem.ConflictDigest:     func(e *evidence.Evidence) { e.Content.Parts[0].Digest = make([]byte, 32) },
		rem.ConflictMessageID:  func(e *evidence.Evidence) { e.Content.AppLayerIdentifier = "<other@x.example>" },
		rem.ConflictSender:     func(e *evidence.Evidence) { e.Sender.Identifier.Value = "eva@alfa-rem.example" },
		rem.ConflictSubmission: func(e *evidence.Evidence) { at := evidence.At(submitted.Add(time.Second)); e.Submitted = &at },
	} {
		e := w.draft(evidence.ContentConsignment, w.beta, "RD01")
		change(e)
		second := record(e, w.beta, receipt.Valid)
		all := rem.Transactions(first, second)
		require.Len(t, all, 1, code)
		require.Equal(t, []string{code}, conflicts(all[0]), code)
		require.True(t, all[0].Contradictions[0].Verified)
		// What an invalid message says is listed and does not count.
		second.Verdict = receipt.Invalid
		all = rem.Transactions(first, second)
		require.Empty(t, conflicts(all[0]), code)
		require.Len(t, all[0].Records, 2)
		require.Equal(t, rem.StateAccepted, all[0].Recipients[0].State)
	}
	twice := func(second int) rem.Record {
		e := w.draft(evidence.ContentConsignment, w.beta, "RD01")
		e.ID, e.Time = "same@beta-rem.example", evidence.At(submitted.Add(time.Duration(second)*time.Second))
		return record(e, w.beta, receipt.Valid)
	}
	require.Equal(t, []string{rem.ConflictEvidenceID}, conflicts(rem.Transactions(twice(5), twice(6))[0]))
	require.Empty(t, conflicts(rem.Transactions(twice(5), twice(5))[0]), "the same")

	early := w.draft(evidence.ContentConsignment, w.beta, "RD01")
	early.Time = evidence.At(submitted.Add(-time.Hour))
	all := rem.Transactions(first, record(early, w.beta, receipt.Valid))
	require.Equal(t, []string{rem.ConflictOrder}, conflicts(all[0]))

	good := record(w.draft(evidence.ContentConsignment, w.beta, "RD01"), w.beta, receipt.Indeterminate)
	all = rem.Transactions(good)
	require.False(t, all[0].Recipients[0].Verified)
	require.Equal(t, []rem.State{rem.StateConsigned, rem.StateUnknown}, states(all[0]))

	other := w.draft(evidence.ContentConsignment, w.beta, "RD01")
	other.MessageID = "other@alfa-rem.example"
	require.Len(t, rem.Transactions(first, record(other, w.beta, receipt.Valid)), 2)
	require.Empty(t, rem.Transactions(rem.Record{}))
}

// TestV11_Order: neither the order nor the repetition of records matters.
func TestV11_Order(t *testing.T) {
	records, _ := kitRecords(t, "Intra-REM-flow")
	want := rem.Transactions(records...)
	r := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		shuffled := append(slices.Clone(records), records[:5]...)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got := rem.Transactions(shuffled...)
		require.Equal(t, want, got)
	}
}

// TestB25_Reissue: the failure that the sender's service makes of a refusal is
// the one of the kit, but for what is its own.
func TestB25_Reissue(t *testing.T) {
	for _, code := range []string{"RB02", "RB03", "RB04", "RB05", "RB06", "RB21"} {
		refusal, err := evidence.Parse(kitEvidence(t, "RelayRejection."+code+".xml"), nil)
		require.NoError(t, err)
		want, err := evidence.Parse(kitEvidence(t, "RelayFailure."+code+".xml"), nil)
		require.NoError(t, err)
		got, err := rem.RelayFailure(refusal, &rem.Reissue{ID: want.ID, Time: want.Time.UTC, Issuer: want.Issuer.LegalName()})
		require.NoError(t, err)
		xml, deviations, err := got.MarshalLenient(evidence.PolicyIT())
		require.NoError(t, err)
		for _, d := range deviations { // the kit hashes addresses as written
			require.Equal(t, evidence.Tolerated, d.Severity, d.String())
		}
		back, err := evidence.Parse(xml, nil)
		require.NoError(t, err)
		require.Equal(t, code, back.Reasons[0].Code())
		require.Equal(t, want.Reasons, back.Reasons, code)
		require.Equal(t, want.Event, back.Event)
		require.Equal(t, want.Time, back.Time)
		require.Equal(t, want.Submitted, back.Submitted, "copied unchanged")
		require.Equal(t, want.Issuer, back.Issuer)
		require.Equal(t, want.ExternalERDS.LegalName(), back.ExternalERDS.LegalName())
		require.Equal(t, want.Content, back.Content)
		require.Equal(t, want.MessageID, back.MessageID)
		require.Equal(t, want.SpeaksFor(), back.SpeaksFor())
		require.Equal(t, want.Sender, back.Sender)
		require.Equal(t, want.Subject(), back.Subject())
	}
	refusal, err := evidence.Parse(kitEvidence(t, "RelayAcceptance.RB01.xml"), nil)
	require.NoError(t, err)
	_, err = rem.RelayFailure(refusal, &rem.Reissue{ID: "a@b", Time: time.Now(), Issuer: "x"})
	require.ErrorIs(t, err, rem.ErrBuild)
	refusal.Event = evidence.RelayRejection
	for _, bad := range []rem.Reissue{{Time: time.Now(), Issuer: "x"}, {ID: "a@b", Issuer: "x"}, {ID: "a@b", Time: time.Now()}} {
		_, err = rem.RelayFailure(refusal, &bad)
		require.ErrorIs(t, err, rem.ErrBuild)
	}
}

// TestEventsOf: every event of the table, and what it is to the ledger.
func TestEventsOf(t *testing.T) {
	w := newWorld(t)
	want := map[evidence.Event]receipt.EventKind{
		evidence.SubmissionAcceptance: receipt.EventAccepted, evidence.SubmissionRejection: receipt.EventNotAccepted,
		evidence.RelayAcceptance: receipt.EventTakenInCharge, evidence.RelayRejection: receipt.EventRelayRejected,
		evidence.RelayFailure: receipt.EventNotDelivered, evidence.NotificationForAcceptance: receipt.EventNotified,
		evidence.NotificationForAcceptanceFailure: receipt.EventNotified, evidence.ConsignmentAcceptance: receipt.EventNotified,
		evidence.ConsignmentRejection: receipt.EventNotDelivered, evidence.AcceptanceRejectionExpiry: receipt.EventNotDelivered,
		evidence.ContentConsignment: receipt.EventDelivered, evidence.ContentConsignmentFailure: receipt.EventNotDelivered,
		evidence.ConsignmentNotification: receipt.EventNotified, evidence.ConsignmentNotificationFailure: receipt.EventNotified,
		evidence.ContentHandover: receipt.EventDelivered, evidence.ContentHandoverFailure: receipt.EventNotHandedOver,
		evidence.RelayToNonERDS: receipt.EventLeftNetwork, evidence.RelayToNonERDSFailure: receipt.EventNotDelivered,
	}
	for _, info := range evidence.Events() {
		e := w.draft(info.Event, w.beta, "RB21")
		events := rem.EventsOf(e, receipt.Proof{Name: "p"})
		kind, ok := want[info.Event]
		if !ok {
			require.Equal(t, evidence.ReceivedFromNonERDS, info.Event)
			require.Empty(t, events)
			continue
		}
		require.NotEmpty(t, events, info.Event)
		require.Equal(t, kind, events[0].Kind, info.Event)
		require.Equal(t, receipt.REM, events[0].System)
		require.Equal(t, "4f1d2c$0a1b@client.example", events[0].MessageID)
		require.Equal(t, newID, events[0].Identifier)
		require.Equal(t, anna, events[0].Sender)
		require.Equal(t, []receipt.Recipient{{Address: ufficio}, {Address: archivio}}, events[0].Recipients)
		require.Equal(t, info.Negative, !events[0].Reason.IsZero(), "only a failure has a reason")
		switch {
		case info.Code[0] == 'A':
			require.Len(t, events, 1)
			require.Empty(t, events[0].Recipient)
		case info.Event.Consignment():
			require.Len(t, events, 1)
			require.Equal(t, ufficio, events[0].Recipient)
		default:
			require.Len(t, events, 2, info.Event)
			require.Equal(t, archivio, events[1].Recipient)
		}
	}
	// A recipient number that no recipient has: an event about nobody.
	e := w.draft(evidence.ContentConsignment, w.beta, "RD01")
	nine := 9
	e.RefersTo = &nine
	events := rem.EventsOf(e, receipt.Proof{})
	require.Len(t, events, 1)
	require.Empty(t, events[0].Recipient)

	// Recipients without a trusted service are external at once, except under
	// the Italian policy, which has evidence of that to come.
	e = w.draft(evidence.SubmissionAcceptance, w.alfa, "RA01")
	e.Extensions[0].General.Untrusted = []int{2, 7}
	require.Len(t, rem.EventsOf(e, receipt.Proof{}), 1)
	e.Policies = []string{evidence.PolicyBaseline}
	events = rem.EventsOf(e, receipt.Proof{})
	require.Len(t, events, 2)
	require.Equal(t, []string{string(receipt.EventUntrusted), archivio}, []string{string(events[1].Kind), events[1].Recipient})
}

// TestEventsForSentCopies: the digest in evidence is that of the message as the
// service rewrote it; done again with the sent copy, it proves what was sent.
func TestEventsForSentCopies(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	_, r := verified(t, w.verifier(rem.VerifyOptions{}), message)
	copies := func(list ...string) func(func(*io.SectionReader, error) bool) {
		return func(yield func(*io.SectionReader, error) bool) {
			for _, s := range list {
				if !yield(section(s), nil) {
					return
				}
			}
		}
	}
	body, err := receipt.BodyDigest(strings.NewReader(offer))
	require.NoError(t, err)
	events, err := r.EventsFor("r.eml", copies("garbage", strings.Replace(offer, "42", "43", 1), offer))
	require.NoError(t, err)
	require.Equal(t, body, events[0].Proof.Body)
	require.Equal(t, receipt.Valid, events[0].Proof.Verdict)
	events, err = r.EventsFor("r.eml", copies(strings.Replace(offer, "42", "43", 1)))
	require.NoError(t, err)
	require.True(t, events[0].Proof.Body.IsZero(), "another digest proves nothing")
	_, err = r.EventsFor("r.eml", func(yield func(*io.SectionReader, error) bool) { yield(nil, io.ErrUnexpectedEOF) })
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	// A dispatch has no events: it may carry our own message back to us.
	_, r = verified(t, w.verifier(rem.VerifyOptions{}), w.dispatch(w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01")))
	events, err = r.Events("d.eml")
	require.NoError(t, err)
	require.Empty(t, events)
	require.Len(t, r.Records("d.eml"), 1)
	require.Equal(t, trust.Valid, r.Verdict)
}

// TestInflow and outflow of REM-Policy-IT: ordinary mail comes in as a dispatch
// with ReceivedFromNonERDS, and goes out with evidence of F.1 or F.2.
func TestTIN1_Inflow(t *testing.T) {
	w := newWorld(t)
	e := w.draft(evidence.ReceivedFromNonERDS, w.beta, "RF04")
	e.Sender = evidence.Mailbox(anna)
	e.Submitted, e.RefersTo = nil, nil
	for i := range e.Recipients {
		e.Recipients[i].Attributes = nil
	}
	from := "from mx.client.example by mx.beta-rem.example; Thu, 15 Jan 2026 10:30:02 +0100"
	e.External = &from
	_, err := e.Marshal(evidence.PolicyIT())
	require.NoError(t, err)
	d := &rem.Dispatch{Frame: w.frame(w.beta), Original: w.prepared(), Evidence: [][]byte{w.sign(e, w.beta)}, External: true}
	message := built(t, func(out io.Writer) error { return rem.WriteDispatch(out, d, w.beta.signer) })
	m, r := verified(t, w.verifier(rem.VerifyOptions{}), message)
	require.NoError(t, r.Err())
	require.Empty(t, r.Findings)
	require.Equal(t, rem.KindDispatch, m.Kind)
	require.Equal(t, "EXTERNAL: Offerta n. 42", m.Envelope.Header.Text("Subject"))
	text, _ := introductionOf(t, m)
	require.Contains(t, text, "proviene dalla posta ordinaria")
}

func TestTOUT_Outflow(t *testing.T) {
	w := newWorld(t)
	e := w.draft(evidence.SubmissionAcceptance, w.alfa, "RA01")
	e.Extensions[0].General.Untrusted = []int{2}
	acceptance := w.sign(e, w.alfa)
	d := &rem.Dispatch{Frame: w.frame(w.alfa), Original: w.prepared(), Evidence: [][]byte{acceptance}, RelayToNonERDS: true}
	m, r := verified(t, w.verifier(rem.VerifyOptions{}), built(t, func(out io.Writer) error { return rem.WriteDispatch(out, d, w.alfa.signer) }))
	require.NoError(t, r.Err())
	require.Empty(t, r.Findings)
	require.Equal(t, "evidence-required", m.Metadata().RelayToNonERDS)
	for _, c := range []struct {
		event  evidence.Event
		reason string
		status receipt.Status
		state  rem.State
	}{
		{evidence.RelayToNonERDS, "RF01", receipt.StatusExternal, rem.StateLeftNetwork},
		{evidence.RelayToNonERDSFailure, "RF02", receipt.StatusFailed, rem.StateNotRelayed},
		{evidence.RelayToNonERDSFailure, "RF03", receipt.StatusFailed, rem.StateNotRelayed},
		{evidence.RelayToNonERDSFailure, "RF51", receipt.StatusFailed, rem.StateNotRelayed},
	} {
		f := w.draft(c.event, w.alfa, c.reason)
		mx := "mx.example"
		f.External = &mx
		f.Extensions = append(f.Extensions, evidence.Extension{Relay: &evidence.RelayInfo{RefersTo: []int{2}}})
		_, err := f.Marshal(evidence.PolicyIT())
		require.NoError(t, err, c.reason)
		l := receipt.NewLedger(nil)
		var records []rem.Record
		for i, message := range [][]byte{w.receipt(w.alfa, acceptance), w.receipt(w.alfa, w.sign(f, w.alfa))} {
			m, err := rem.ParseBytes(message, nil)
			require.NoError(t, err)
			r, err := w.verifier(rem.VerifyOptions{}).Verify(context.Background(), m)
			require.NoError(t, err)
			require.NoError(t, r.Err(), c.reason)
			events, err := r.Events(string(rune('a' + i)))
			require.NoError(t, err)
			l.Add(events...)
			records = append(records, r.Records(string(rune('a'+i)))...)
		}
		got := l.Snapshot(time.Time{}).Messages[0]
		require.Equal(t, []receipt.Status{receipt.StatusAccepted, c.status}, []receipt.Status{got.Recipients[0].Status, got.Recipients[1].Status}, c.reason)
		tx := rem.Transactions(records...)[0]
		require.Equal(t, []rem.State{rem.StateAccepted, c.state}, states(tx))

		// T-OUT, negative: the header of another receipt around this evidence.
		message := w.receipt(w.alfa, w.sign(f, w.alfa))
		wrong := strings.NewReplacer("REM-DigestValue: B0w", "REM-DigestValue: C0w", "REM-Evidence-ID: <E", "REM-Evidence-ID: <D").Replace(string(message))
		r := w.judge([]byte(wrong))
		require.Equal(t, []string{trust.CheckHeaders}, failed(r))
		require.Subset(t, codes(r), []string{"digest-mismatch", "evidence-id-mismatch"})
	}
}
