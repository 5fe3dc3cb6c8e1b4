package rem_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
)

// TestB17_RelayDate: table C.26 forbids it in the receipt of acceptance and
// allows it elsewhere.
func TestB17_RelayDate(t *testing.T) {
	w := newWorld(t)
	acceptance := w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01")
	f := w.frame(w.alfa)
	f.RelayDate = f.Time
	r := &rem.Receipt{Frame: f, MessageID: "R1@alfa-rem.example", To: []envelope.Mailbox{{Address: anna}}, Evidence: [][]byte{acceptance}}
	require.ErrorIs(t, rem.WriteReceipt(io.Discard, r, w.alfa.signer), rem.ErrBuild)
	r.Evidence = [][]byte{w.evidence(evidence.RelayFailure, w.alfa, "RB22")}
	message := built(t, func(out io.Writer) error { return rem.WriteReceipt(out, r, w.alfa.signer) })
	m, report := verified(t, w.verifier(rem.VerifyOptions{}), message)
	require.NoError(t, report.Err())
	require.Equal(t, f.RelayDate.UTC().Format(time.RFC1123Z)+" (UTC)", m.Envelope.Header.Get("REM-RelayDate"))
	require.True(t, f.RelayDate.Equal(m.Metadata().RelayDate))

	f = w.frame(w.alfa)
	f.Policies = []string{}
	r.Frame = f
	message = built(t, func(out io.Writer) error { return rem.WriteReceipt(out, r, w.alfa.signer) })
	require.NoError(t, w.judge(message).Err(), "policies are any number")
}

// TestB22_DispatchRefuses: what no verifier would accept is not written.
func TestB22_DispatchRefuses(t *testing.T) {
	w := newWorld(t)
	good := w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01")
	sample := func(change func(*evidence.Evidence)) []byte {
		e := w.draft(evidence.SubmissionAcceptance, w.alfa, "RA01")
		change(e)
		return w.sign(e, w.alfa)
	}
	for name, change := range map[string]func(d *rem.Dispatch){
		"no evidence":       func(d *rem.Dispatch) { d.Evidence = nil },
		"no original":       func(d *rem.Dispatch) { d.Original = nil },
		"no time":           func(d *rem.Dispatch) { d.Time = time.Time{} },
		"no address":        func(d *rem.Dispatch) { d.Service.Address = "" },
		"not evidence":      func(d *rem.Dispatch) { d.Evidence[0] = []byte("<a/>") },
		"rejection":         func(d *rem.Dispatch) { d.Evidence[0] = w.evidence(evidence.SubmissionRejection, w.alfa, "RA03") },
		"relay":             func(d *rem.Dispatch) { d.Evidence[0] = w.evidence(evidence.RelayFailure, w.alfa, "RB09") },
		"external":          func(d *rem.Dispatch) { d.External = true },
		"other message":     func(d *rem.Dispatch) { d.Original = mustPrepare(t, offer, "other@alfa-rem.example") },
		"other content":     func(d *rem.Dispatch) { d.Original = mustPrepare(t, offer+"!", newID) },
		"altered evidence":  func(d *rem.Dispatch) { d.Evidence[0] = bytes.Replace(good, []byte("Offerta"), []byte("offerta"), 1) },
		"unsigned evidence": func(d *rem.Dispatch) { d.Evidence[0] = unsigned(good) },
		"other signer":      func(d *rem.Dispatch) { d.Evidence[0] = w.evidence(evidence.SubmissionAcceptance, w.beta, "RA01") },
		"other sender": func(d *rem.Dispatch) {
			d.Evidence[0] = sample(func(e *evidence.Evidence) { e.Sender.Identifier.Value = "eva@alfa-rem.example" })
		},
		"other recipients": func(d *rem.Dispatch) {
			d.Evidence[0] = sample(func(e *evidence.Evidence) { e.Recipients[0], e.Recipients[1] = e.Recipients[1], e.Recipients[0] })
		},
		"no digest": func(d *rem.Dispatch) {
			d.Evidence[0] = sample(func(e *evidence.Evidence) { e.Content.Parts[0].Digest = nil })
		},
		"two transactions": func(d *rem.Dispatch) {
			d.Evidence = append(d.Evidence, sample(func(e *evidence.Evidence) { e.MessageID = "other@alfa-rem.example" }))
		},
	} {
		d := &rem.Dispatch{Frame: w.frame(w.alfa), Original: w.prepared(), Evidence: [][]byte{good}}
		require.NoError(t, rem.WriteDispatch(io.Discard, d, w.alfa.signer))
		change(d)
		require.ErrorIs(t, rem.WriteDispatch(io.Discard, d, w.alfa.signer), rem.ErrBuild, name)
	}
	d := &rem.Dispatch{Frame: w.frame(w.alfa), Original: w.prepared(), Evidence: [][]byte{good}}
	require.ErrorIs(t, rem.WriteDispatch(io.Discard, d, nil), rem.ErrBuild)
}
