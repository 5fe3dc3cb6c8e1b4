package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/receipt"
)

// delivered writes a folder with the delivery receipt of a letter with an
// attachment, to bruno alone, and returns it with the letter.
func delivered(t *testing.T, form receipt.Form) (inbox, sent string) {
	t.Helper()
	sent = strings.Replace(letter(file{"attachment; filename=\"contratto.pdf\"\r\nContent-Transfer-Encoding: base64", "JVBERi0xLjQK"}), ", "+carla, "", 1)
	sent = strings.Replace(sent, "Buongiorno.", "Buongiorno.\r\n\r\nFrom oggi 1000 euro.\r\n", 1)
	carried := "Received: from a\r\n\tby b\r\n" + strings.Replace(sent, "Message-ID: <"+sentID+">", "Message-ID: <"+pecID+">\r\nX-Riferimento-Message-ID: <"+sentID+">", 1)
	inbox = t.TempDir()
	write(t, inbox, "consegna.eml", newGestore().receipt(t, form, time.Minute, func(tx *receipt.Transaction, n *receipt.Notice) {
		tx.Recipients = tx.Recipients[:1]
		n.Original = section(carried)
		if form == receipt.FormDeliveryBrief {
			tx.ReceiptType = daticert.ReceiptBrief
		}
	}))
	return inbox, sent
}

// conflicts are those of the one message.
func conflicts(t *testing.T, r result) (list []receipt.Contradiction) {
	t.Helper()
	var got struct {
		Messages []struct{ Conflicts []receipt.Contradiction }
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &got))
	require.Len(t, got.Messages, 1)
	return got.Messages[0].Conflicts
}

func TestReconcileComparesContents(t *testing.T) {
	ca := newGestore().caFile(t)
	for _, form := range []receipt.Form{receipt.FormDeliveryComplete, receipt.FormDeliveryBrief} {
		inbox, sent := delivered(t, form)
		lf := strings.ReplaceAll(sent, "\r\n", "\n")
		for name, copied := range map[string]string{
			"as sent":                sent,
			"LF":                     lf,
			"Received":               "Received: from c\r\n\tby d\r\n" + sent,
			"empty lines":            sent + "\r\n\r\n",
			"mbox":                   "From anna@pec.alfa.example Tue Mar 03 10:15:30 2026\n" + lf + "\n",
			"mbox, quoted":           "From anna@pec.alfa.example Tue Mar 03 10:15:30 2026\n" + strings.Replace(lf, "\nFrom oggi", "\n>From oggi", 1) + "\n",
			"mbox of several":        "From - Tue Mar 03 10:15:30 2026\n" + strings.Replace(lf, sentID, "other@x.example", 1) + "\nFrom - Tue Mar 03 10:15:30 2026\n" + lf + "\n",
			"mbox, quoted and other": "From - Tue Mar 03 10:15:30 2026\n" + strings.Replace(lf, "\nFrom oggi", "\n>From oggi", 1) + "\nFrom - Tue Mar 03 10:15:30 2026\n" + strings.Replace(lf, sentID, "z@x.example", 1) + "\n",
		} {
			t.Run(string(form)+"/"+name, func(t *testing.T) {
				path := write(t, t.TempDir(), "inviata.eml", []byte(copied))
				r, got := reconcileJSON(t, inbox, "--sent", path, "--ca", ca)
				require.Equal(t, exitGood, r.code, r.stdout)
				lights := map[string]string{}
				for _, m := range got.Messages {
					lights[m.MessageID] = m.Light
				}
				require.Equal(t, "green", lights[sentID])
				require.Contains(t, r.stdout, `"content": "same"`)

				r = certmailWith(copied, "reconcile", inbox, "--sent", "-", "--ca", ca)
				require.Equal(t, exitGood, r.code, r.stdout)
				require.Contains(t, r.stdout, "content as sent")
			})
		}
		for name, change := range map[string][2]string{
			"text":       {"1000", "1001"},
			"attachment": {"JVBERi0xLjQK", "JVBERi0xLjUK"},
			"shorter":    {"From oggi", "Da oggi"},
		} {
			t.Run(string(form)+"/"+name, func(t *testing.T) {
				changed := strings.Replace(sent, change[0], change[1], 1)
				require.NotEqual(t, sent, changed)
				path := write(t, t.TempDir(), "inviata.eml", []byte(changed))
				r, got := reconcileJSON(t, inbox, "--sent", path, "--ca", ca)
				require.Equal(t, exitNotGood, r.code)
				require.Equal(t, "red", got.Messages[0].Light)
				require.Equal(t, "conflict", got.statuses()[bruno])
				list := conflicts(t, r)
				require.Len(t, list, 1)
				require.Equal(t, receipt.ConflictContent, list[0].Code)
				require.Equal(t, []string{filepath.Join(inbox, "consegna.eml"), path}, list[0].Files)
				require.Contains(t, list[0].Detail, "is not what the sent copy "+path+" says")
				require.True(t, list[0].Verified)

				page := filepath.Join(t.TempDir(), "pagina.html")
				r = certmail("reconcile", inbox, "--sent", path, "--ca", ca, "--html", page)
				require.Contains(t, r.stdout, "NOT the content that was sent")
				html, err := os.ReadFile(page)
				require.NoError(t, err)
				require.Contains(t, string(html), "diverso da quello inviato")
				require.Contains(t, string(html), "inviata.eml")

				r, got = reconcileJSON(t, inbox, "--sent", path)
				require.Equal(t, exitNotGood, r.code)
				require.Equal(t, "grey", got.Messages[0].Light, "without trust nothing is red")
				require.False(t, conflicts(t, r)[0].Verified)
			})
		}
	}
}

// Two copies of different content leave it open which one was delivered.
func TestReconcileTwoContents(t *testing.T) {
	inbox, sent := delivered(t, receipt.FormDeliveryBrief)
	copies := t.TempDir()
	write(t, copies, "1.eml", []byte(strings.Replace(sent, "1000", "1001", 1)))
	write(t, copies, "2.eml", []byte(sent))
	page := filepath.Join(t.TempDir(), "pagina.html")
	r, got := reconcileJSON(t, inbox, "--sent", copies, "--ca", newGestore().caFile(t), "--html", page)
	require.Equal(t, "amber", got.Messages[0].Light)
	require.Contains(t, r.stdout, "submitted-twice")
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "inviato con due contenuti")

	write(t, copies, "1.eml", []byte(strings.ReplaceAll(sent, "\r\n", "\n")))
	r, got = reconcileJSON(t, inbox, "--sent", copies, "--ca", newGestore().caFile(t))
	require.Equal(t, exitGood, r.code)
	require.Equal(t, "green", got.Messages[0].Light)
	require.NotContains(t, r.stdout, "submitted-twice")
}

// A brief receipt that cannot be compared any more is no proof.
func TestReconcileSentCopyThatChanges(t *testing.T) {
	inbox, sent := delivered(t, receipt.FormDeliveryBrief)
	path := write(t, t.TempDir(), "inviata.eml", []byte(sent))
	a := &app{stderr: new(strings.Builder), stdin: strings.NewReader(""), now: time.Now}
	out := &reconciled{}
	ledger := receipt.NewLedger(nil)
	copies, err := a.addSent(ledger, []string{path}, out)
	require.NoError(t, err)
	write(t, filepath.Dir(path), "inviata.eml", []byte(sent+"more"))
	var believe trustFlags
	verifiers, err := believe.judges(a, time.Now)
	require.NoError(t, err)
	require.NoError(t, a.addReceipts(ledger, []string{inbox}, verifiers, copies, out))
	require.Len(t, out.Unreadable, 1)
	require.Contains(t, out.Unreadable[0].Error, "changed or replaced")
}
