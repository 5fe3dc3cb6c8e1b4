package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
)

// The real message of SDI: xmllint reads the same off the files that certmail
// extract writes.
func TestSDI_ShowRealInvoice(t *testing.T) {
	file := real(t, intact)[0]
	dir := t.TempDir()
	require.Equal(t, exitGood, certmail("extract", file, "--to", dir).code)
	xpath := func(name, path string) string {
		var found []string
		require.NoError(t, filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			if filepath.Base(p) == name {
				found = append(found, p)
			}
			return err
		}))
		require.Len(t, found, 1)
		out, err := exec.Command(reftest.Tool(t, "xmllint"), "--xpath", "string("+path+")", found[0]).Output()
		require.NoError(t, err)
		return string(bytes.TrimSpace(out))
	}
	r := certmail("show", "--json", file)
	require.Equal(t, exitGood, r.code)
	var got []shown
	r.decode(t, &got)
	s := got[0].SDI
	require.NotNil(t, s)
	require.True(t, s.ClaimsSDI)
	require.True(t, s.Simulation)
	require.Equal(t, "7339338", s.SubjectID)
	require.Len(t, s.Files, 2)
	mt, v := s.Files[0], s.Files[1]
	require.Equal(t, "MT", mt.Type)
	require.Equal(t, "private", mt.Channel)
	require.Equal(t, xpath(mt.Name, "//IdentificativoSdI"), mt.Notification.ID)
	require.Equal(t, xpath(mt.Name, "//NomeFile"), mt.Notification.FileName)
	require.Equal(t, xpath(mt.Name, "//MessageId"), mt.Notification.MessageID)
	require.Equal(t, v.Invoice, got[0].Invoice)
	require.Equal(t, "invoice", v.Kind)
	require.Equal(t, got[0].Original.Attachments[1].SHA256, v.SHA256)
	require.Equal(t, &shownInvoice{File: v.Name, Format: xpath(v.Name, "//FormatoTrasmissione"), Transmitter: "IT" + xpath(v.Name, "//IdTrasmittente/IdCodice"),
		Progressive: xpath(v.Name, "//ProgressivoInvio"), RecipientCode: xpath(v.Name, "//CodiceDestinatario"),
		Supplier:  shownParty{VAT: "IT" + xpath(v.Name, "//CedentePrestatore//IdFiscaleIVA/IdCodice")},
		Customer:  shownParty{VAT: "IT" + xpath(v.Name, "//CessionarioCommittente//IdFiscaleIVA/IdCodice")},
		Documents: []shownDocument{{xpath(v.Name, "//TipoDocumento"), xpath(v.Name, "//Numero"), xpath(v.Name, "//DatiGeneraliDocumento/Data")}}, Count: 1}, got[0].Invoice)

	text := certmail("show", file).stdout
	require.Contains(t, text, "E-invoice (fattura elettronica)    “IT02652600210_00007.xml”, FPR12, from IT02652600210 to IT03339130126")
	require.Contains(t, text, "SDI notification (notifica)        “IT02652600210_00007_MT_002.xml”: metadata of an invoice (metadati), SDI number 7339338")
	require.NotContains(t, text, "unverified", "show judges nothing")
}

// Every field is there, as null where there is nothing to say.
func TestSDI_ShowNothingOfSDI(t *testing.T) {
	r := certmail("show", "--json", real(t, acceptance)[0])
	var got []map[string]json.RawMessage
	r.decode(t, &got)
	require.Equal(t, "null", string(got[0]["invoice"]))
	require.Equal(t, "null", string(got[0]["sdi"]))
}

func TestSDI_ShowNotification(t *testing.T) {
	network, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	anna, err := network.Account("anna@alfa.example")
	require.NoError(t, err)
	n := &sdi.Notification{Type: sdi.NS, Channel: sdi.ChannelPA, ID: "4711", FileName: "IT01234567890_00001.xml", Errors: []sdi.Error{{Code: "00404", Description: "Fattura duplicata", Suggestion: "Altro numero"}}}
	data, err := sditest.New(1).Notification(n, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	_, err = anna.Send(context.Background(), &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "Notifica di scarto 4711", Text: "In allegato.\n",
		Attachments: []pec.File{pec.FileBytes("IT01234567890_00001_NS_001.xml", "", data)}})
	require.NoError(t, err)
	network.Settle()
	box, err := network.Mailbox("bruno@beta.example")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "m.eml")
	require.NoError(t, os.WriteFile(file, box.Messages()[0].Data, 0o600))
	var got []shown
	certmail("show", "--json", file).decode(t, &got)
	f := got[0].SDI.Files[0]
	require.Nil(t, got[0].Invoice)
	require.Equal(t, "NS", f.Type)
	require.Equal(t, "passed", f.Signature.Integrity)
	require.Equal(t, "2026-03-02T09:00:00Z", f.Signature.SigningTime)
	require.Contains(t, f.Signature.Subject, "Sistema Interscambio di prova")
	require.Equal(t, []shownSDIError{{"00404", "Fattura duplicata", "Altro numero"}}, f.Notification.Errors)
	require.Contains(t, got[0].Findings, finding{"sdi-content-from-non-sdi-sender", `"IT01234567890_00001_NS_001.xml" is a notification NS, which SDI issues, and "anna@alfa.example" is not SDI: forwarded, or forged`})
	text := certmail("show", file).stdout
	require.Contains(t, text, "rejected by SDI (scarto), SDI number 4711, of IT01234567890_00001.xml")
	require.Contains(t, text, "00404 Fattura duplicata")
	require.Contains(t, text, "signature: passed, CN=Sistema Interscambio di prova")
}
