package pec_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

const (
	contractFrom = "anna@pec.alfa.example"
	contractTo   = "bruno@pec.alfa.example"
	contract     = "From: " + contractFrom + "\r\nTo: " + contractTo + "\r\nSubject: Contratto\r\nDate: Tue, 03 Mar 2026 10:15:30 +0100\r\n" +
		"Message-ID: <7f3c@pc.alfa.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"parti\"\r\n\r\n" +
		"--parti\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nPago 1000 euro.\r\nFrom qui in poi.\r\n\r\n" +
		"--parti\r\nContent-Type: application/pdf; name=\"contratto.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--parti--\r\n"
)

// contractMail is the contract, submitted and delivered, with the form of
// receipt that was asked for.
func contractMail(t *testing.T, asks string) (store *trust.Store, submitted string, envelope, delivered []byte) {
	t.Helper()
	submitted = contract
	if asks != "" {
		submitted = "X-TipoRicevuta: " + asks + "\r\n" + contract
	}
	ca := pectest.NewAuthority(3)
	alfa := ca.Provider("Gestore Alfa", "gestore-a.example", "pec.alfa.example")
	at := time.Date(2026, 3, 3, 9, 15, 32, 0, time.UTC)
	received := "Received: from pc.alfa.example\r\n\tby smtp.gestore-a.example; Tue, 3 Mar 2026 10:15:31 +0100\r\nX-Gestore: 1\r\n" + submitted
	envelope, tx, err := alfa.Envelope([]byte(received), contractFrom, []string{contractTo}, at)
	require.NoError(t, err)
	delivered, err = alfa.Deliver(envelope, tx, contractTo, at.Add(5*time.Second))
	require.NoError(t, err)
	store, err = ca.Store()
	require.NoError(t, err)
	return store, submitted, envelope, delivered
}

// stored are the ways in which an honest mailbox keeps a copy.
func stored(submitted string) map[string]string {
	return map[string]string{
		"as submitted":       submitted,
		"LF":                 strings.ReplaceAll(submitted, "\r\n", "\n"),
		"CR CR LF":           strings.ReplaceAll(submitted, "\r\n", "\r\r\n"),
		"Received":           "Return-Path: <anna@pec.alfa.example>\nReceived: from a\n\tby b\n" + submitted,
		"no final line end":  strings.TrimRight(submitted, "\r\n"),
		"empty lines behind": submitted + "\r\n\r\n",
		"status of a reader": "X-Mozilla-Status: 0001\r\n" + submitted,
	}
}

// altered are copies that say something else.
func altered(submitted string) map[string]string {
	return map[string]string{
		"text":       strings.Replace(submitted, "1000", "1001", 1),
		"attachment": strings.Replace(submitted, "JVBERi0xLjQK", "JVBERi0xLjUK", 1),
		"more":       strings.Replace(submitted, "--parti--", "--parti\r\n\r\nalso\r\n--parti--", 1),
	}
}

func sentOf(t *testing.T, copied string) receipt.Sent {
	t.Helper()
	m, err := pec.ParseBytes([]byte(copied), nil)
	require.NoError(t, err)
	s, err := m.Sent()
	require.NoError(t, err)
	s.Name = "sent.eml"
	return s
}

// lightOf is what a ledger makes of a sent copy and the events of its receipt.
func lightOf(t *testing.T, s receipt.Sent, events []receipt.Event) receipt.Message {
	t.Helper()
	l := receipt.NewLedger(nil)
	l.Add(events...)
	l.AddSent(s)
	report := l.Snapshot(s.Time.Add(time.Minute))
	require.Len(t, report.Messages, 1)
	return report.Messages[0]
}

func requireConflict(t *testing.T, m receipt.Message, name string) {
	t.Helper()
	require.Equal(t, receipt.Red, m.Light, name)
	require.Equal(t, receipt.StatusConflict, m.Recipients[0].Status, name)
	require.Len(t, m.Conflicts, 1, name)
	require.Equal(t, receipt.ConflictContent, m.Conflicts[0].Code, name)
	require.True(t, m.Conflicts[0].Verified)
	require.Equal(t, []string{"cons.eml", "sent.eml"}, m.Conflicts[0].Files, name)
}

func TestS21_CompleteReceiptAndSentCopy(t *testing.T) {
	store, submitted, _, delivered := contractMail(t, "")
	events, err := verify(t, delivered, store).Events("cons.eml")
	require.NoError(t, err)
	require.Len(t, events, 1)
	for name, copied := range stored(submitted) {
		m := lightOf(t, sentOf(t, copied), events)
		require.Equal(t, receipt.Green, m.Light, name)
		require.Equal(t, receipt.ContentSame, m.Recipients[0].Proofs[0].Content, name)
	}
	for name, copied := range altered(submitted) {
		requireConflict(t, lightOf(t, sentOf(t, copied), events), name)
	}
	lf, err := verify(t, bytes.ReplaceAll(delivered, []byte("\r\n"), []byte("\n")), store).Events("cons.eml")
	require.NoError(t, err)
	require.Equal(t, receipt.Green, lightOf(t, sentOf(t, submitted), lf).Light)

	// Without trust nothing is red.
	none, err := verify(t, delivered, storeOf(t)).Events("cons.eml")
	require.NoError(t, err)
	m := lightOf(t, sentOf(t, altered(submitted)["text"]), none)
	require.Equal(t, receipt.Grey, m.Light)
	require.False(t, m.Conflicts[0].Verified)
}

func storeOf(t *testing.T) *trust.Store {
	t.Helper()
	return store(t, trust.Material{})
}

func TestProofOfAnEnvelope(t *testing.T) {
	store, submitted, envelope, _ := contractMail(t, "")
	r := verify(t, envelope, store)
	p, err := r.Proof("busta.eml")
	require.NoError(t, err)
	require.Equal(t, sentOf(t, submitted).Body, p.Body)
	require.Equal(t, "busta.eml", p.Name)
	require.Equal(t, receipt.Valid, p.Verdict)
	events, err := r.Events("busta.eml")
	require.NoError(t, err)
	require.Empty(t, events, "an envelope is no receipt")
	events, err = r.EventsFor("busta.eml", copies(t, nil))
	require.NoError(t, err)
	require.Empty(t, events)

	p, err = verify(t, []byte(submitted), store).Proof("ordinary")
	require.NoError(t, err)
	require.Zero(t, p.Body)
}

// copies gives messages, or an error for an empty one. A nil list must not be
// asked for.
func copies(t *testing.T, list []string) iter.Seq2[*io.SectionReader, error] {
	return func(yield func(*io.SectionReader, error) bool) {
		require.NotNil(t, list, "asked for copies")
		for _, s := range list {
			if s == "" {
				yield(nil, io.ErrUnexpectedEOF)
				return
			}
			if !yield(io.NewSectionReader(strings.NewReader(s), 0, int64(len(s))), nil) {
				return
			}
		}
	}
}

func TestS21_BriefReceiptAndSentCopy(t *testing.T) {
	store, submitted, _, delivered := contractMail(t, "breve")
	r := verify(t, delivered, store)
	requireValid(t, r)
	for name, copied := range stored(submitted) {
		events, err := r.EventsFor("cons.eml", copies(t, []string{copied}))
		require.NoError(t, err)
		m := lightOf(t, sentOf(t, copied), events)
		require.Equal(t, receipt.Green, m.Light, name)
		require.Equal(t, receipt.ContentSame, m.Recipients[0].Proofs[0].Content, name)
	}
	for name, copied := range altered(submitted) {
		events, err := r.EventsFor("cons.eml", copies(t, []string{copied}))
		require.NoError(t, err)
		requireConflict(t, lightOf(t, sentOf(t, copied), events), name)

		events, err = r.EventsFor("cons.eml", copies(t, []string{copied, submitted, "not asked for"}))
		require.NoError(t, err)
		require.Equal(t, sentOf(t, submitted).Body, events[0].Proof.Body, "the one that fits")
	}
	for _, list := range [][]string{{}, nil} {
		events, err := r.Events("cons.eml")
		if list != nil {
			events, err = r.EventsFor("cons.eml", copies(t, list))
		}
		require.NoError(t, err)
		m := lightOf(t, sentOf(t, submitted), events)
		require.Equal(t, receipt.Green, m.Light)
		require.Equal(t, receipt.ContentNotCompared, m.Recipients[0].Proofs[0].Content)
	}
	_, err := r.EventsFor("cons.eml", copies(t, []string{""}))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	// For a complete receipt no copy is opened.
	store, _, _, delivered = contractMail(t, "")
	events, err := verify(t, delivered, store).EventsFor("cons.eml", copies(t, nil))
	require.NoError(t, err)
	require.NotZero(t, events[0].Proof.Body)
}

// An original that was encoded against the rules is compared decoded.
func TestEncodedOriginalAndSentCopy(t *testing.T) {
	fixtures, err := pectest.Fixtures(1)
	require.NoError(t, err)
	encoded := 0
	for _, f := range fixtures {
		m, err := pec.ParseBytes(f.Data, nil)
		if err != nil || m.Envelope.Original == nil || m.Kind != pec.KindTransport || m.Envelope.Original.Encoding() != "base64" || f.Verdict != "valid" {
			continue
		}
		encoded++
		r := verify(t, f.Data, storeOf(t))
		p, err := r.Proof("x")
		require.NoError(t, err)
		o, err := m.Original()
		require.NoError(t, err)
		body, err := receipt.BodyDigest(o.Source())
		require.NoError(t, err)
		require.Equal(t, body, p.Body)
		require.NoError(t, o.Close())
	}
	require.NotZero(t, encoded)
}

// TestRealEnvelopeAndSentCopy rebuilds the message that the sender submitted
// from a real envelope: its provider added Received, replaced the Message-ID and
// wrote the old one into X-Riferimento-Message-ID (D19).
func TestRealEnvelopeAndSentCopy(t *testing.T) {
	builtin := store(t, trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}})
	lf := bytes.ReplaceAll(reftest.File(t, "pec", "sogei-2018-posta-certificata-sdi.eml"), []byte("\r\n"), []byte("\n"))
	for name, raw := range map[string][]byte{"LF": lf, "CRLF": crlf(lf)} {
		r := verify(t, raw, builtin)
		requireValid(t, r)
		p, err := r.Proof("busta.eml")
		require.NoError(t, err)
		c, err := r.Certified()
		require.NoError(t, err)
		o, err := c.Original()
		require.NoError(t, err)
		original, err := io.ReadAll(o.Source())
		require.NoError(t, err)
		_, submitted, ok := strings.Cut(strings.ReplaceAll(string(original), "\r\n", "\n"), "(CET)\n")
		require.True(t, ok)
		submitted = strings.Replace(submitted, "Message-ID: <"+c.Data.Identifier+">\n", "", 1)
		submitted = strings.Replace(submitted, "X-Riferimento-Message-ID:", "Message-ID:", 1)
		for way, copied := range stored(string(crlf([]byte(submitted)))) {
			s := sentOf(t, copied)
			require.Equal(t, daticert.TrimMessageID(c.Data.MessageID), s.MessageID)
			require.Equal(t, s.Body, p.Body, "%s, %s", name, way)
		}
		require.NotEqual(t, sentOf(t, strings.Replace(submitted, "997.96", "997.97", 1)).Body, p.Body)
	}
	p, err := verify(t, reftest.File(t, "pec", "sogei-2018-posta-certificata-sdi-altered.eml"), builtin).Proof("x")
	require.NoError(t, err)
	require.Equal(t, receipt.Invalid, p.Verdict)
}

// A brief receipt is compared with the copy that was kept.
func ExampleReport_EventsFor() {
	sent := "X-TipoRicevuta: breve\r\n" + contract
	ca := pectest.NewAuthority(3)
	alfa := ca.Provider("Gestore Alfa", "gestore-a.example", "pec.alfa.example")
	at := time.Date(2026, 3, 3, 9, 15, 32, 0, time.UTC)
	envelope, tx, err := alfa.Envelope([]byte(sent), contractFrom, []string{contractTo}, at)
	if err != nil {
		fmt.Println(err)
		return
	}
	brief, err := alfa.Deliver(envelope, tx, contractTo, at.Add(5*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := ca.Store()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, kept := range []string{sent, strings.Replace(sent, "1000", "10000", 1)} {
		ledger := receipt.NewLedger(nil)
		m, err := pec.ParseBytes([]byte(kept), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		s, err := m.Sent()
		if err != nil {
			fmt.Println(err)
			return
		}
		s.Name = "sent.eml"
		ledger.AddSent(s)

		received, err := pec.ParseBytes(brief, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		report, err := pec.NewVerifier(store, nil).Verify(context.Background(), received)
		if err != nil {
			fmt.Println(err)
			return
		}
		// In life this opens the files of the message received.RefMessageID().
		copies := func(yield func(*io.SectionReader, error) bool) { yield(m.Envelope.Source(), nil) }
		events, err := report.EventsFor("receipt.eml", copies)
		if err != nil {
			fmt.Println(err)
			return
		}
		ledger.Add(events...)
		for _, message := range ledger.Snapshot(at.Add(time.Minute)).Messages {
			fmt.Println(message.Light)
			for _, c := range message.Conflicts {
				fmt.Println(c.Code, c.Files)
			}
		}
	}
	// Output:
	// green
	// red
	// content-differs [receipt.eml sent.eml]
}
