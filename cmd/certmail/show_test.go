package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
)

// The names of cli.md. They are the contract.
var (
	showKeys = []string{"file", "system", "kind", "message_id", "ref_message_id", "identifier", "provider", "time", "sender",
		"recipients", "recipient", "subject", "receipt_type", "error", "events", "original", "invoice", "sdi", "findings"}
	originalKeys   = []string{"size", "sha256", "subject", "message_id", "attachments"}
	attachmentKeys = []string{"name", "type", "size", "sha256"}
)

func showOne(t *testing.T, message []byte) shown {
	t.Helper()
	r := certmailWith(string(message), "show", "--json", "-")
	require.Equal(t, exitGood, r.code, r.stderr)
	require.Empty(t, r.stderr)
	var got []shown
	r.decode(t, &got)
	require.Len(t, got, 1)
	require.Equal(t, "-", got[0].File)
	return got[0]
}

func TestShowSchema(t *testing.T) {
	message := newGestore().transport(t, letter(file{`attachment; filename="a.bin"`, "x"}))
	var objects []json.RawMessage
	certmailWith(string(message), "show", "--json", "-").decode(t, &objects)
	require.ElementsMatch(t, showKeys, keys(t, objects[0]))
	var one struct {
		Original   json.RawMessage
		Recipients []json.RawMessage
	}
	require.NoError(t, json.Unmarshal(objects[0], &one))
	require.ElementsMatch(t, originalKeys, keys(t, one.Original))
	require.ElementsMatch(t, []string{"address", "type"}, keys(t, one.Recipients[0]))
	var o struct{ Attachments []json.RawMessage }
	require.NoError(t, json.Unmarshal(one.Original, &o))
	require.ElementsMatch(t, attachmentKeys, keys(t, o.Attachments[0]))
}

func TestShowTransport(t *testing.T) {
	got := showOne(t, newGestore().transport(t, letter(file{`attachment; filename="contratto.bin"`, "una riga\r\naltra"})))
	require.Equal(t, "posta-certificata", got.Kind)
	require.Equal(t, pecID, got.MessageID)
	require.Equal(t, sentID, got.RefMessageID)
	require.Equal(t, "2026-03-03T10:15:32+01:00", got.Time)
	require.Equal(t, anna, got.Sender)
	require.Equal(t, []recipient{{bruno, "certificato"}, {carla, "esterno"}}, got.Recipients)
	require.Equal(t, "Contratto n. 7", got.Subject)
	require.Nil(t, got.Error)
	require.Equal(t, []attachment{{"contratto.bin", "application/octet-stream", 15, sha([]byte("una riga\r\naltra"))}}, got.Original.Attachments)
}

func TestShowReceipts(t *testing.T) {
	g := newGestore()
	got := showOne(t, g.receipt(t, receipt.FormDeliveryConcise, time.Minute, nil))
	require.Equal(t, "avvenuta-consegna", got.Kind)
	require.Equal(t, bruno, got.Recipient)
	require.Equal(t, "completa", got.ReceiptType, "what the sender had asked for")
	require.Nil(t, got.Error)
	require.Nil(t, got.Original)

	got = showOne(t, g.receipt(t, receipt.FormNonDelivery, time.Minute, notDelivered))
	require.Equal(t, "errore-consegna", got.Kind)
	require.Equal(t, bruno, got.Recipient)
	require.Equal(t, "no-dest", got.Error.Value)
	require.Equal(t, "5.1.1", got.Error.Code)
	require.Equal(t, "indirizzo non valido", got.Error.Text)
}

func TestShowOrdinaryMail(t *testing.T) {
	got := showOne(t, []byte(strings.Replace(letter(), "Date: Tue, 03 Mar 2026 10:15:30 +0100", "Date: Tue, 3 Mar 2026 04:15:30 -0500 (EST)", 1)))
	require.Equal(t, "mail", got.System)
	require.Equal(t, "ordinary", got.Kind)
	require.Equal(t, "2026-03-03T04:15:30-05:00", got.Time)
	require.Equal(t, anna, got.Sender)
	require.Equal(t, []recipient{{bruno, ""}, {carla, ""}}, got.Recipients)
	require.Equal(t, sentID, got.MessageID)
	require.Nil(t, got.Original)

	got = showOne(t, []byte("Subject: solo questo\r\n\r\n"))
	require.Equal(t, "", got.Time)
	require.Equal(t, "", got.Sender)
	require.Empty(t, got.Recipients)
}

// One bad file never stops the others, and the order stays.
func TestShowFolderWithGarbage(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "1.eml", []byte(letter()))
	write(t, dir, "2.eml", []byte{0x7f, 'E', 'L', 'F', 0, 1, 2, 3, '\n', 0xff})
	write(t, dir, "3.eml", nil)
	write(t, dir, "4.eml", newGestore().transport(t, letter()))
	write(t, dir, "notes.txt", []byte("not a message"))
	for _, command := range []string{"show", "verify"} {
		t.Run(command, func(t *testing.T) {
			r := certmail(command, "--json", dir)
			require.Equal(t, exitNotGood, r.code)
			var got []struct {
				File, Kind, Unreadable string
				Findings               []finding
			}
			r.decode(t, &got)
			require.Len(t, got, 4)
			for i, kind := range []string{"ordinary", "unknown", "unknown", "posta-certificata"} {
				require.Equal(t, filepath.Join(dir, string(rune('1'+i))+".eml"), got[i].File)
				require.Equal(t, kind, got[i].Kind)
				require.Equal(t, kind == "unknown", got[i].Unreadable != "")
			}
			require.Equal(t, []finding{{"unreadable", got[1].Unreadable}}, got[1].Findings)

			r = certmail(command, dir)
			require.Equal(t, exitNotGood, r.code)
			require.Equal(t, 2, strings.Count(r.stderr, "cannot be read"), r.stderr)
			if command == "verify" {
				require.True(t, strings.HasSuffix(r.stdout, "\n4 messages: 0 valid, 0 invalid, 2 indeterminate, 2 could not be read.\n"), r.stdout)
			}
		})
	}
}

func TestShowEmptyFolder(t *testing.T) {
	r := certmail("show", "--json", t.TempDir())
	require.Equal(t, exitNotGood, r.code)
	var got []shown
	r.decode(t, &got)
	require.Len(t, got, 1)
	require.NotEmpty(t, got[0].Unreadable)
}

func TestShowMbox(t *testing.T) {
	dir := t.TempDir()
	signed := newGestore().receipt(t, receipt.FormAcceptance, 0, nil)
	var box []byte
	for range 2 {
		box = append(box, "From posta-certificata@gestore-a.example Tue Mar  3 10:15:32 2026\n"...)
		box = append(append(box, signed...), '\n', '\n')
	}
	path := write(t, dir, "box.mbox", box)
	var got []shown
	certmail("show", "--json", path).decode(t, &got)
	require.Equal(t, []string{path + "#1", path + "#2"}, []string{got[0].File, got[1].File})
	require.Equal(t, exitGood, certmail("verify", "--ca", newGestore().caFile(t), path).code)
}

// A line of a signed message that begins with ">From " may be quoted in its
// mbox, or be so in the message: the signature tells.
func TestVerifyMboxQuoting(t *testing.T) {
	ca := newGestore().caFile(t)
	quoted := newGestore().transport(t, strings.Replace(letter(), "Buongiorno.", "Buongiorno.\r\n>From qui in poi", 1))
	path := write(t, t.TempDir(), "box.mbox", append([]byte("From x@y.example Tue Mar  3 10:15:32 2026\n"), quoted...))
	r := certmail("verify", "--ca", ca, path)
	require.Equal(t, exitGood, r.code, r.stdout)
}

func TestHumanShowCannotSteerTheTerminal(t *testing.T) {
	mail := strings.Replace(letter(), "Subject: Contratto n. 7", "Subject: =?utf-8?q?=1B]0;x=07_fattura=E2=80=AEfdp.exe?=", 1)
	r := certmailWith(mail, "show", "-")
	require.NotContains(t, r.stdout, "\x1b")
	require.NotContains(t, r.stdout, "\u202e")
	require.Contains(t, r.stdout, "<U+001B>]0;x<U+0007> fattura<U+202E>fdp.exe")
}

func TestNoColourWithoutTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer f.Close()
	require.False(t, showsColour(f))
	require.False(t, showsColour(nil))
	p := &page{colour: true}
	require.Equal(t, "\x1b[1mx\x1b[0m", p.paint(bold, "x"))
	require.Equal(t, "", p.paint(bold, ""))
}
