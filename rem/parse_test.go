package rem_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
)

// TestP01_ExactBytes: from memory, from a file, from a plain reader and through
// a window, the same bytes.
func TestP01_ExactBytes(t *testing.T) {
	data := reftest.File(t, "etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow", "REM_Dispatch.RA01.eml")
	file := filepath.Join(t.TempDir(), "m.eml")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	attached := reftest.File(t, "etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow", "original_message.to_attach_to_dispatch.eml")
	for name, open := range map[string]func() (*rem.Message, error){
		"memory": func() (*rem.Message, error) { return rem.ParseBytes(data, nil) },
		"source": func() (*rem.Message, error) { return rem.Parse(bytes.NewReader(data), int64(len(data)), nil) },
		"file":   func() (*rem.Message, error) { return rem.OpenFile(file, nil) },
		"reader": func() (*rem.Message, error) { return rem.Read(bytes.NewReader(data), nil) },
		"spool": func() (*rem.Message, error) {
			return rem.Read(bytes.NewReader(data), &rem.Options{Envelope: envelope.Options{SpoolMemory: 1}})
		},
		"envelope": func() (*rem.Message, error) {
			e, err := envelope.OpenBytes(data, nil)
			require.NoError(t, err)
			require.True(t, rem.Is(e))
			return rem.FromEnvelope(e, nil)
		},
	} {
		m, err := open()
		require.NoError(t, err, name)
		source, err := io.ReadAll(m.Envelope.Source())
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, source), name)
		o, err := m.OpenOriginal()
		require.NoError(t, err)
		original, err := io.ReadAll(o.Source())
		require.NoError(t, err)
		require.True(t, bytes.Equal(attached, original), name)
		require.Equal(t, m.Identifier(), o.MessageID())
		require.Equal(t, "30be01d30072$242ddc3f$f9b72bf0$@de", o.UserAgentID())
		text, err := m.Text(1 << 20)
		require.NoError(t, err)
		require.Contains(t, text, "Questo è il body dell'original message.")
		files, err := o.Attachments()
		require.NoError(t, err)
		require.Empty(t, files)
		require.NoError(t, o.Close())
		require.NoError(t, m.Close())
	}
	_, err := rem.OpenFile(filepath.Join(t.TempDir(), "missing"), nil)
	require.Error(t, err)
	_, err = rem.ParseBytes(nil, nil)
	require.ErrorIs(t, err, envelope.ErrEmpty)
}

// bend alters a message as text.
func bend(t testing.TB, message []byte, pairs ...string) *rem.Message {
	t.Helper()
	s := string(message)
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, s, pairs[i])
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	m, err := rem.ParseBytes([]byte(s), nil)
	require.NoError(t, err)
	return m
}

func found(m *rem.Message) (all []string) {
	for _, f := range m.Findings {
		all = append(all, f.Code)
	}
	return all
}

func TestP02_Kinds(t *testing.T) {
	w := newWorld(t)
	dispatch := w.dispatch(w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01"))
	consigned := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	const kind = "REM-MessageType: http://uri.etsi.org/19522/v1#/ERDMessageType/"
	for name, c := range map[string]struct {
		m     *rem.Message
		kind  rem.Kind
		codes []string
	}{
		"dispatch":         {bend(t, dispatch), rem.KindDispatch, nil},
		"receipt":          {bend(t, consigned), rem.KindReceipt, nil},
		"by its parts":     {bend(t, consigned, kind+"receipt\r\n", ""), rem.KindReceipt, []string{"headers-missing"}},
		"also a dispatch":  {bend(t, dispatch, kind+"dispatch\r\n", ""), rem.KindDispatch, []string{"headers-missing"}},
		"unknown type":     {bend(t, consigned, kind+"receipt", kind+"riddle"), rem.KindReceipt, []string{"unknown-message-type"}},
		"contradiction":    {bend(t, consigned, kind+"receipt", kind+"payload"), rem.KindPayload, []string{"type-mismatch"}},
		"notification":     {bend(t, consigned, kind+"receipt", kind+"notification"), rem.KindNotification, nil},
		"serviceInfo":      {bend(t, consigned, kind+"receipt", kind+"serviceInfo"), rem.KindNotification, nil},
		"not signed":       {bend(t, []byte("From: a@x.example\r\nSubject: s\r\n\r\nx"), "From", kind+"receipt\r\nFrom"), rem.KindReceipt, []string{"not-signed", "type-mismatch"}},
		"odd and unsigned": {bend(t, []byte("From: a@x.example\r\nSubject: s\r\n\r\nx"), "From", kind+"riddle\r\nFrom"), rem.KindUnknown, []string{"not-signed", "unknown-message-type"}},
	} {
		require.Equal(t, c.kind, c.m.Kind, name)
		require.Equal(t, c.codes, found(c.m), name)
		require.Equal(t, "rem", string(c.m.Kind.System()), name)
	}
}

// TestP03_Parts: by section, else by type and name, never by position.
func TestP03_Parts(t *testing.T) {
	w := newWorld(t)
	dispatch := w.dispatch(w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01"))
	whole := func(m *rem.Message) {
		t.Helper()
		require.Equal(t, rem.KindDispatch, m.Kind)
		require.NotNil(t, m.Original)
		require.NotNil(t, m.Introduction)
		require.Len(t, m.Evidence, 1)
		require.NotNil(t, m.Evidence[0].Document)
	}
	whole(bend(t, dispatch, "REM-Section-Type: rem_message/introduction\r\n", "", "REM-Section-Type: rem_message/original\r\n", "", "REM-Section-Type: rem_message/xml_evidence\r\n", ""))
	whole(bend(t, dispatch, "rem_message/xml_evidence", "REM_Message/XML_Evidence"))
	whole(bend(t, dispatch, "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n", "", "; name=\"smime.p7s\"", ""))

	m := bend(t, dispatch, "rem_message/original", "rem_message/riddle")
	require.Nil(t, m.Original)
	require.Len(t, m.Extra, 1)
	require.Contains(t, found(m), "unknown-section")
	m = bend(t, dispatch, "rem_message/introduction", "rem_message/original")
	require.Nil(t, m.Original, "two to choose from")
	require.Contains(t, found(m), "duplicate-original")
	require.Contains(t, failed(verifyIt(t, w, m)), trust.CheckOriginalDigest)
	m = bend(t, dispatch, `filename="SubmissionAcceptance.xml"`, `filename="ContentConsignment.xml"`)
	require.Contains(t, found(m), "evidence-name")
	m = bend(t, dispatch, "Content-Type: application/xml; charset=UTF-8", "Content-Type: text/plain; charset=UTF-8")
	require.Contains(t, found(m), "section-type")
	require.Len(t, m.Evidence, 1)
}

func verifyIt(t testing.TB, w *world, m *rem.Message) *rem.Report {
	t.Helper()
	r, err := w.verifier(rem.VerifyOptions{}).Verify(t.Context(), m)
	require.NoError(t, err)
	return r
}

// TestP09_Tolerance is the list of what the official examples do.
func TestP09_Tolerance(t *testing.T) {
	dir := []string{"etsi", "en319532-4-v1.2.1-kit", "INFORMATIVE-EXAMPLES", "SCENARIOS", "S1"}
	data := reftest.File(t, append(dir, "6g.Issued_by_R-REMS-C", "REM_ContentConsignment3.RD01.eml")...)
	require.Contains(t, string(data), `name="ContentConsignment.xml";`+"\r\n", "a trailing semicolon")
	m, err := rem.ParseBytes(data, nil)
	require.NoError(t, err)
	require.Empty(t, m.Findings)
	require.Equal(t, "ContentConsignment.xml", m.Evidence[0].Name)
	require.Equal(t, "rcp3@rc-rems.rem", m.Recipient())
	require.Equal(t, []string{"rcp1@rb-rems.rem", "rcp2@rcp2domain.rem", "rcp3@rc-rems.rem", "rcp4@non-rem-domain.nrem"}, m.Recipients())

	// Octets above 127 in a part that says quoted-printable.
	data = reftest.File(t, "etsi", "agid-rem-policy-it-1.2-kit", "Intra-REM-flow", "REM_ContentConsignment1.RD01.eml")
	m, err = rem.ParseBytes(data, nil)
	require.NoError(t, err)
	text, err := m.Text(1 << 20)
	require.NoError(t, err)
	require.Contains(t, text, "e\u0300 stato consegnato nella mailbox", "as the kit has it: e and a grave accent")
	require.Empty(t, m.Findings)
}

// TestP10_Identifiers: one pair of brackets and white space do not count.
func TestP10_Identifiers(t *testing.T) {
	w := newWorld(t)
	consigned := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	m := bend(t, consigned, "REM-Evidence-ID: <", "REM-Evidence-ID:   ", "@beta-rem.example>\r\nREM-Reason", "@beta-rem.example \r\nREM-Reason",
		"REM-UAMessageIdentifier: <4f1d2c$0a1b@client.example>", "REM-UAMessageIdentifier:\r\n < 4f1d2c$0a1b@client.example >")
	require.NoError(t, verifyIt(t, w, m).Err())
	require.Equal(t, "4f1d2c$0a1b@client.example", m.RefMessageID())
	require.Equal(t, "4f1d2c$0a1b@client.example", m.Metadata().UserAgentID)
}

// TestP06_Metadata: fields that are not ours to know survive.
func TestP06_Metadata(t *testing.T) {
	w := newWorld(t)
	consigned := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	m := bend(t, consigned, "REM-MD08: ", "REM-R01: urn:x\r\nREM-Custom: y\r\nREM-ScheduledDelivery: Thu, 15 Jan 2026 10:30:02 +0100\r\nREM-MD08: ")
	d := m.Metadata()
	require.Equal(t, []envelope.Field{{Name: "REM-R01", Value: "urn:x"}, {Name: "REM-Custom", Value: "y"}}, d.Others)
	require.Equal(t, "EN31953203V010201", d.Version)
	require.Equal(t, []string{rem.PolicyBaseline, evidence.PolicyREMIT}, d.Policies)
	require.Equal(t, rem.KindReceipt.URI(), d.MessageType)
	require.Equal(t, anna, d.Sender.Address)
	require.Equal(t, "Anna Bianchi", d.Sender.Name)
	require.False(t, d.Scheduled.IsZero())
	require.True(t, d.Expiration.IsZero())
	require.Equal(t, "http://uri.etsi.org/19522/Event/ContentConsignment", d.EventID)
	require.Len(t, d.Reasons, 1)
}

// TestP12_Limits: many parts, many and large documents.
func TestP12_Limits(t *testing.T) {
	w := newWorld(t)
	document := w.evidence(evidence.ContentConsignment, w.beta, "RD01")
	consigned := w.receipt(w.beta, document, document, document)
	m, err := rem.ParseBytes(consigned, &rem.Options{MaxEvidence: 2})
	require.NoError(t, err)
	require.Len(t, m.Evidence, 2)
	require.Len(t, m.Extra, 1)
	require.Contains(t, found(m), "too-many-evidence")
	require.Equal(t, trust.Indeterminate, verifyIt(t, w, m).Verdict)

	m, err = rem.ParseBytes(consigned, &rem.Options{MaxEvidenceSize: 1000})
	require.NoError(t, err)
	require.Contains(t, found(m), "evidence-unreadable")
	require.ErrorIs(t, m.Evidence[0].Err, envelope.ErrTooLarge)
	require.Contains(t, failed(verifyIt(t, w, m)), trust.CheckEvidenceSignature)

	m, err = rem.ParseBytes(consigned, &rem.Options{Evidence: evidence.Options{Depth: 3}})
	require.NoError(t, err)
	require.Nil(t, m.Evidence[0].Document)
	require.Error(t, m.Evidence[0].Err)

	_, err = rem.ParseBytes(consigned, &rem.Options{Envelope: envelope.Options{MaxParts: 2}})
	require.ErrorIs(t, err, envelope.ErrTooManyParts)

	for name, xml := range map[string]string{
		"doctype": `<!DOCTYPE a [<!ENTITY b "c">]><tns:Evidence xmlns:tns="http://uri.etsi.org/19522/v1#">&b;</tns:Evidence>`,
		"deep":    strings.Repeat("<tns:Evidence xmlns:tns='http://uri.etsi.org/19522/v1#'>", 10_000),
		"no xml":  "http://uri.etsi.org/19522/v1#",
	} {
		m, err := rem.ParseBytes(replaceEvidence(t, w.receipt(w.beta, document), []byte(xml)), nil)
		require.NoError(t, err, name)
		require.Len(t, m.Evidence, 1)
		require.Nil(t, m.Evidence[0].Document, name)
		require.Contains(t, found(m), "evidence-unreadable", name)
		require.Equal(t, trust.Invalid, verifyIt(t, w, m).Verdict, name)
	}
}

// TestP13_OtherSystems: PEC, TS 102 640 and ordinary mail are told apart.
func TestP13_OtherSystems(t *testing.T) {
	old := base64.StdEncoding.EncodeToString([]byte(`<rem:REMEvidence xmlns:rem="http://uri.etsi.org/02640/v2#"/>`))
	for name, c := range map[string]struct{ message, code string }{
		"pec":         {"X-Ricevuta: accettazione\nFrom: a@x.example\n\nx\n", "pec-message"},
		"ts 102 640":  {"X-REM-Msg-Type: REMDispatch\nFrom: a@x.example\n\nx\n", "ts-102640"},
		"its part":    {"From: a@x.example\nContent-Type: multipart/signed; boundary=s\n\n--s\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: application/xml\nContent-Transfer-Encoding: base64\n\n" + old + "\n--m--\n\n--s\nContent-Type: application/pkcs7-signature\n\n--s--\n", "ts-102640"},
		"ordinary":    {"From: a@x.example\nSubject: s\n\nx\n", ""},
		"PEC with it": {"X-Trasporto: posta-certificata\nREM-MessageType: x\nFrom: a@x.example\n\nx\n", "pec-message"},
	} {
		m, err := rem.ParseBytes([]byte(crlf(c.message)), nil)
		require.NoError(t, err, name)
		require.Equal(t, rem.KindOrdinary, m.Kind, name)
		require.Empty(t, m.Kind.System())
		if c.code == "" {
			require.Empty(t, m.Findings, name)
		} else {
			require.Contains(t, found(m), c.code, name)
		}
	}
	// An evidence part of TS 102 640 where one of EN 319 522 should be.
	w := newWorld(t)
	message := replaceEvidence(t, w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01")), []byte(`<rem:REMEvidence xmlns:rem="http://uri.etsi.org/02640/v2#"/>`))
	m, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	require.ErrorIs(t, m.Evidence[0].Err, evidence.ErrTS102640)
}

// TestP02_CutOff: a receipt that was cut off in the middle is no receipt any more.
func TestP02_CutOff(t *testing.T) {
	w := newWorld(t)
	message := w.receipt(w.beta, w.evidence(evidence.ContentConsignment, w.beta, "RD01"))
	r := w.judge(message[:len(message)*3/4])
	require.Equal(t, trust.Invalid, r.Verdict)
	require.Equal(t, []string{trust.CheckSignature, trust.CheckHeaders}, failed(r))
	require.Contains(t, r.Check(trust.CheckHeaders).Detail, "says receipt, the parts are those of no kind of message")
	require.Empty(t, r.Evidence)
}
