package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
)

// reconciliation is what the contract says of "certmail reconcile --json".
type reconciliation struct {
	Messages []struct {
		MessageID  string `json:"message_id"`
		Identifier string
		Subject    string
		Sender     string
		Submitted  string
		Accepted   string
		Light      string
		Recipients []struct {
			Address, Type, Status, Time, Reason string
			Proof                               []struct{ File, Kind, SHA256, Verdict string }
		}
		Conflicts []json.RawMessage
	}
	Orphans    []json.RawMessage
	Unreadable []unreadableFile
}

func (r *reconciliation) statuses() map[string]string {
	out := map[string]string{}
	for _, m := range r.Messages {
		for _, one := range m.Recipients {
			out[one.Address] = one.Status
		}
	}
	return out
}

// mailbox is a folder of receipts for one message, with its copy beside it.
func mailbox(t *testing.T) (inbox, sent string) {
	g := newGestore()
	inbox, sent = t.TempDir(), t.TempDir()
	write(t, inbox, "accettazione.eml", g.receipt(t, receipt.FormAcceptance, 0, nil))
	write(t, inbox, "consegna.eml", g.receipt(t, receipt.FormDeliveryConcise, time.Minute, nil))
	write(t, sent, "inviata.eml", []byte(letter()))
	return inbox, sent
}

func reconcileJSON(t *testing.T, args ...string) (result, reconciliation) {
	t.Helper()
	r := certmail(append([]string{"reconcile", "--json", "--now", "2026-03-03T12:00:00+01:00"}, args...)...)
	var got reconciliation
	r.decode(t, &got)
	return r, got
}

func TestReconcileSchema(t *testing.T) {
	inbox, sent := mailbox(t)
	r, _ := reconcileJSON(t, inbox, "--sent", sent, "--ca", newGestore().caFile(t))
	require.ElementsMatch(t, []string{"messages", "orphans", "unreadable"}, keys(t, json.RawMessage(r.stdout)))
	var got struct{ Messages []json.RawMessage }
	r.decode(t, &got)
	require.Subset(t, keys(t, got.Messages[0]), []string{"message_id", "identifier", "subject", "sender", "submitted", "accepted", "light", "recipients", "conflicts"})
	var m struct{ Recipients []json.RawMessage }
	require.NoError(t, json.Unmarshal(got.Messages[0], &m))
	require.Subset(t, keys(t, m.Recipients[0]), []string{"address", "type", "status", "time", "reason", "proof"})
	var one struct{ Proof []json.RawMessage }
	require.NoError(t, json.Unmarshal(m.Recipients[0], &one))
	require.Subset(t, keys(t, one.Proof[0]), []string{"file", "kind", "sha256", "verdict"})
}

func TestReconcile(t *testing.T) {
	inbox, sent := mailbox(t)
	r, got := reconcileJSON(t, inbox, "--sent", sent, "--ca", newGestore().caFile(t))
	require.Equal(t, exitGood, r.code, r.stderr)
	require.Len(t, got.Messages, 1)
	m := got.Messages[0]
	require.Equal(t, sentID, m.MessageID)
	require.Equal(t, pecID, m.Identifier)
	require.Equal(t, "2026-03-03T10:15:30+01:00", m.Submitted)
	require.Equal(t, "2026-03-03T10:15:32+01:00", m.Accepted)
	require.Equal(t, map[string]string{bruno: "delivered", carla: "external"}, got.statuses())
}

// A failure that is proven is no failure of the program.
func TestReconcileFailure(t *testing.T) {
	inbox, sent := mailbox(t)
	require.NoError(t, os.Remove(filepath.Join(inbox, "consegna.eml")))
	write(t, inbox, "mancata.eml", newGestore().receipt(t, receipt.FormNonDelivery, time.Minute, notDelivered))
	r, got := reconcileJSON(t, inbox, "--sent", sent, "--ca", newGestore().caFile(t))
	require.Equal(t, exitGood, r.code)
	require.Equal(t, "failed", got.statuses()[bruno])
	require.Equal(t, "red", got.Messages[0].Light)
	require.Contains(t, got.Messages[0].Recipients[0].Reason, "indirizzo non valido")
}

// Order, repetition and copies change nothing.
func TestReconcileAnyOrder(t *testing.T) {
	inbox, sent := mailbox(t)
	ca := newGestore().caFile(t)
	a, b := filepath.Join(inbox, "accettazione.eml"), filepath.Join(inbox, "consegna.eml")
	first, _ := reconcileJSON(t, a, b, "--sent", sent, "--ca", ca)
	second, _ := reconcileJSON(t, b, a, inbox, b, "--sent", sent, "--sent", filepath.Join(sent, "inviata.eml"), "--ca", ca)
	require.Equal(t, first.stdout, second.stdout)
}

func TestReconcileWithoutTrust(t *testing.T) {
	inbox, sent := mailbox(t)
	r, got := reconcileJSON(t, inbox, "--sent", sent)
	require.Equal(t, exitNotGood, r.code, "the proofs are not valid")
	require.Equal(t, "grey", got.Messages[0].Light)
}

// A forged receipt never turns a light green, whatever else is there.
func TestReconcileForged(t *testing.T) {
	inbox, sent := mailbox(t)
	genuine, err := os.ReadFile(filepath.Join(inbox, "consegna.eml"))
	require.NoError(t, err)
	for name, c := range map[string]struct{ from, to, status string }{
		"signed text": {"casella di destinazione", "casella di destinaziome", "accepted"},
		"marker":      {"X-Ricevuta: avvenuta-consegna", "X-Ricevuta: errore-consegna", "accepted"},
		"reference":   {"X-Riferimento-Message-ID: <7f3c", "X-Riferimento-Message-ID: <8f3c", "accepted"},
		"sender":      {"From: " + mbox, "From: " + bruno, "accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			forged := strings.Replace(string(genuine), c.from, c.to, 1)
			require.NotEqual(t, string(genuine), forged)
			write(t, inbox, "consegna.eml", []byte(forged))
			r, got := reconcileJSON(t, inbox, "--sent", sent, "--ca", newGestore().caFile(t))
			require.Equal(t, exitNotGood, r.code)
			require.NotEqual(t, "green", got.Messages[0].Light)
			require.Equal(t, c.status, got.statuses()[bruno])
		})
	}
}

func TestReconcileOrphansAndUnreadable(t *testing.T) {
	inbox, sent := mailbox(t)
	g := newGestore()
	write(t, inbox, "altrui.eml", g.receipt(t, receipt.FormAcceptance, time.Hour, func(tx *receipt.Transaction, _ *receipt.Notice) {
		tx.MessageID, tx.Identifier = "altro@pc-anna.alfa.example", "pec1.altro@gestore-a.example"
	}))
	write(t, inbox, "rotta.eml", []byte("\x00\x01\x02"))
	write(t, inbox, "busta.eml", g.transport(t, letter()))
	write(t, inbox, "lettera.eml", []byte(letter()))
	write(t, sent, "senza-id.eml", []byte("From: "+anna+"\r\nTo: "+bruno+"\r\n\r\nciao\r\n"))
	write(t, sent, "certificata.eml", g.transport(t, letter()))
	r, got := reconcileJSON(t, inbox, "--sent", sent, "--ca", g.caFile(t))
	require.Equal(t, exitNotGood, r.code)
	require.Len(t, got.Orphans, 1)
	var unreadable []string
	for _, u := range got.Unreadable {
		require.NotEmpty(t, u.Error)
		unreadable = append(unreadable, filepath.Base(u.File))
	}
	require.ElementsMatch(t, []string{"rotta.eml", "senza-id.eml", "certificata.eml"}, unreadable)
	require.Equal(t, "delivered", got.statuses()[bruno], "nothing of that stops the rest")
}

func TestReconcileOverdue(t *testing.T) {
	_, sent := mailbox(t)
	for now, status := range map[string]string{"2026-03-03T10:16:00+01:00": "submitted", "2026-03-05T10:16:00+01:00": "overdue"} {
		r := certmail("reconcile", "--sent", sent, "--json", "--now", now)
		require.Equal(t, exitGood, r.code, r.stderr)
		var got reconciliation
		r.decode(t, &got)
		require.Equal(t, status, got.statuses()[bruno])
	}
}

func TestReconcileText(t *testing.T) {
	inbox, sent := mailbox(t)
	r := certmail("reconcile", inbox, "--sent", sent, "--ca", newGestore().caFile(t), "--now", "2026-03-03T12:00:00+01:00")
	require.Equal(t, exitGood, r.code)
	for _, want := range []string{"Contratto n. 7", "delivered (consegnato)", "ordinary mailbox (esterno)", "consegna.eml, avvenuta-consegna, valid"} {
		require.Contains(t, r.stdout, want)
	}
}

func TestReconcilePage(t *testing.T) {
	inbox, sent := mailbox(t)
	dir := t.TempDir()
	page := filepath.Join(dir, "pagina.html")
	for lang, word := range map[string]string{"it": "<html lang=\"it\"", "en": "<html lang=\"en\""} {
		r := certmail("reconcile", inbox, "--sent", sent, "--ca", newGestore().caFile(t), "--html", page, "--lang", lang, "--now", "2026-03-03T12:00:00+01:00")
		require.Equal(t, exitGood, r.code, r.stderr)
		html, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Contains(t, string(html), word)
		rel, err := filepath.Rel(dir, filepath.Join(inbox, "consegna.eml"))
		require.NoError(t, err)
		require.Contains(t, string(html), `href="`+filepath.ToSlash(rel)+`"`)
	}
	r := certmail("reconcile", inbox, "--html", filepath.Join(dir, "no", "such", "x.html"))
	require.Equal(t, exitUsage, r.code)
	require.Equal(t, exitUsage, certmail("reconcile", inbox, "--lang", "fr").code)
}

func TestPageLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "box#1", nil)
	link := linkFrom(filepath.Join(dir, "out"))
	for file, want := range map[string]string{
		"-":                            "",
		"-#3":                          "",
		filepath.Join(dir, "a b.eml"):  "../a%20b.eml",
		filepath.Join(dir, "box#1"):    "../box%231",
		filepath.Join(dir, "mbox#12"):  "../mbox",
		filepath.Join(dir, "100%.eml"): "../100%25.eml",
		filepath.Join(dir, "out", "javascript:x.eml"): "./javascript:x.eml",
	} {
		require.Equal(t, want, link(file), file)
	}
}

// A folder of many costs no more than its events.
func TestReconcileManyMessages(t *testing.T) {
	g := newGestore()
	dir := t.TempDir()
	const n = 50
	for i := range n {
		for _, form := range []receipt.Form{receipt.FormAcceptance, receipt.FormDeliveryConcise} {
			write(t, dir, fmt.Sprintf("%s-%d.eml", form, i), g.receipt(t, form, time.Duration(i)*time.Second, func(tx *receipt.Transaction, _ *receipt.Notice) {
				tx.MessageID, tx.Identifier = fmt.Sprintf("%d@pc.alfa.example", i), fmt.Sprintf("pec.%d@gestore-a.example", i)
			}))
		}
	}
	r, got := reconcileJSON(t, dir, "--ca", g.caFile(t))
	require.Equal(t, exitGood, r.code, r.stderr)
	require.Len(t, got.Messages, n)
}

// What is written piece by piece is what encoding/json writes at once.
func TestReconciledIsWrittenInPieces(t *testing.T) {
	for _, r := range []*reconciled{
		{Report: &receipt.Report{Messages: []receipt.Message{}, Orphans: []receipt.Orphan{}}, Unreadable: []unreadableFile{}},
		{Report: &receipt.Report{
			Messages: []receipt.Message{
				{MessageID: "a", Subject: "<é> & \"\\", Submitted: at(0), Recipients: []receipt.RecipientStatus{{Address: bruno}, {Address: carla}}},
				{MessageID: "b"},
			},
			Orphans: []receipt.Orphan{{}},
		}, Unreadable: []unreadableFile{{"f", "torn"}, {"g", "empty\n"}}},
	} {
		var whole, pieces bytes.Buffer
		require.NoError(t, writeJSON(&whole, r))
		require.NoError(t, r.writeJSON(&pieces))
		require.Equal(t, whole.String(), pieces.String())
	}
}
