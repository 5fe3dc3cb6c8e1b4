package sdi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
)

const invoiceName = "IT01234567890_00001.xml"

func recognise(t testing.TB, name string, data []byte, opt *sdi.Options) *sdi.File {
	t.Helper()
	f, err := sdi.Recognise(name, bytes.NewReader(data), opt)
	require.NoError(t, err)
	require.EqualValues(t, len(data), f.Size)
	return f
}

func codes(list []sdi.Finding) []string {
	out := []string{}
	for _, f := range list {
		out = append(out, f.Code)
	}
	return out
}

func sampleInvoice() *sdi.Invoice {
	return &sdi.Invoice{
		Transmitter: sdi.TaxID{Country: "IT", Code: "01234567890"}, Progressive: "00001", Format: "FPR12", RecipientCode: "0000000",
		Supplier:  sdi.Party{VAT: sdi.TaxID{Country: "IT", Code: "01234567890"}},
		Customer:  sdi.Party{VAT: sdi.TaxID{Country: "IT", Code: "09876543210"}, FiscalCode: "AAABBB99T99X999W"},
		Documents: []sdi.Document{{Type: "TD01", Number: "1/2026 <&>", Date: "2026-03-02"}}, Count: 1,
	}
}

func TestSDI_EveryNotificationRoot(t *testing.T) {
	public, private := sdi.NamespacePA, sdi.NamespacePrivate
	for _, c := range []struct {
		space, local string
		typ          sdi.Type
		channel      sdi.Channel
	}{
		{public, "RicevutaConsegna", sdi.RC, sdi.ChannelPA},
		{public, "NotificaScarto", sdi.NS, sdi.ChannelPA},
		{public, "NotificaMancataConsegna", sdi.MC, sdi.ChannelPA},
		{public, "NotificaEsito", sdi.NE, sdi.ChannelPA},
		{public, "NotificaDecorrenzaTermini", sdi.DT, sdi.ChannelPA},
		{public, "AttestazioneTrasmissioneFattura", sdi.AT, sdi.ChannelPA},
		{public, "MetadatiInvioFile", sdi.MT, sdi.ChannelPA},
		{public, "NotificaEsitoCommittente", sdi.EC, sdi.ChannelPA},
		{public, "ScartoEsitoCommittente", sdi.SE, sdi.ChannelPA},
		{private, "RicevutaConsegna", sdi.RC, sdi.ChannelPrivate},
		{private, "RicevutaScarto", sdi.NS, sdi.ChannelPrivate},
		{private, "RicevutaImpossibilitaRecapito", sdi.MC, sdi.ChannelPrivate},
		{private, "FileMetadati", sdi.MT, sdi.ChannelPrivate},
	} {
		name := fmt.Sprintf("IT01234567890_00001_%s_001.xml", c.typ)
		for _, prefix := range []string{"x:", ""} { // children are in no namespace, or in the root's
			declared := strings.TrimSuffix("xmlns:"+prefix, ":")
			doc := fmt.Sprintf(`<%[1]s%[2]s %[3]s="%[4]s" versione="1.0"><IdentificativoSdI>42</IdentificativoSdI><NomeFile>IT01234567890_00001.xml</NomeFile><Altro/></%[1]s%[2]s>`, prefix, c.local, declared, c.space)
			f := recognise(t, name, []byte(doc), nil)
			require.Equal(t, sdi.KindNotification, f.Kind, doc)
			require.Equal(t, c.typ, f.Notification.Type)
			require.Equal(t, c.channel, f.Notification.Channel)
			require.Equal(t, "42", f.Notification.ID)
			require.Equal(t, invoiceName, f.Notification.FileName)
			if c.typ.Signed() {
				require.Contains(t, codes(f.Findings), "signature-missing")
			} else {
				require.NotContains(t, codes(f.Findings), "signature-missing")
			}
			require.NotContains(t, codes(f.Findings), "name-content-mismatch")

			other := public
			if c.space == public {
				other = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fattura/messaggi/v1.1"
			} else if c.local == "RicevutaConsegna" {
				other = "http://www.fatturapa.gov.it/sdi/messaggi/v1.0/"
			}
			f = recognise(t, name, []byte(strings.Replace(doc, c.space, other, 1)), nil)
			require.Equal(t, sdi.KindOther, f.Kind, "%s in %s", c.local, other)
			require.Nil(t, f.Notification)
			require.Equal(t, []string{"namespace-not-recognised", "content-not-recognised"}, codes(f.Findings))
		}
	}
	f := recognise(t, "IT01234567890_00001_RC_001.xml", []byte(`<RicevutaConsegna versione="1.0"/>`), nil)
	require.Equal(t, sdi.KindOther, f.Kind, "no namespace at all")
}

func TestSDI_EveryInvoiceRoot(t *testing.T) {
	for _, c := range []struct {
		space, local, version string
		kind                  sdi.Kind
		odd                   bool
	}{
		{sdi.NamespaceInvoice, "FatturaElettronica", "FPA12", sdi.KindInvoice, false},
		{sdi.NamespaceInvoice, "FatturaElettronica", "FPR12", sdi.KindInvoice, false},
		{sdi.NamespaceInvoice, "FatturaElettronica", "FPR13", sdi.KindInvoice, true},
		{sdi.NamespaceSimplified, "FatturaElettronicaSemplificata", "FSM10", sdi.KindSimplifiedInvoice, false},
		{sdi.NamespaceInvoice10, "FatturaElettronica", "1.0", sdi.KindInvoice, false},
		{sdi.NamespaceInvoice11, "FatturaElettronica", "1.1", sdi.KindInvoice, false},
		{sdi.NamespaceSimplified, "FatturaElettronica", "FPR12", sdi.KindOther, false},
		{sdi.NamespaceInvoice, "FatturaElettronicaSemplificata", "FSM10", sdi.KindOther, false},
		{"http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.20", "FatturaElettronica", "FPR12", sdi.KindOther, false},
		{"", "FatturaElettronica", "FPR12", sdi.KindOther, false},
	} {
		doc := fmt.Sprintf(`<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><p:%[1]s xmlns:p="%[2]s" versione="%[3]s"><FatturaElettronicaHeader/><FatturaElettronicaBody/></p:%[1]s>`, c.local, c.space, c.version)
		if c.space == "" {
			doc = fmt.Sprintf(`<%[1]s versione="%[2]s"/>`, c.local, c.version)
		}
		f := recognise(t, invoiceName, []byte(doc), nil)
		require.Equal(t, c.kind, f.Kind, doc)
		require.Equal(t, c.local, f.Root)
		require.Equal(t, c.odd, len(codes(f.Findings)) == 1 && codes(f.Findings)[0] == "version-not-recognised", f.Findings)
		if c.kind == sdi.KindOther {
			require.Contains(t, codes(f.Findings), "namespace-not-recognised")
		}
	}
}

func TestSDI_InvoiceFields(t *testing.T) {
	want := sampleInvoice()
	f := recognise(t, invoiceName, sditest.Invoice(want), nil)
	require.Equal(t, want, f.Invoice)
	require.Empty(t, f.Findings)
	require.Nil(t, f.Signature)

	simple := `<s:FatturaElettronicaSemplificata xmlns:s="` + sdi.NamespaceSimplified + `" versione="FSM10"><FatturaElettronicaHeader><DatiTrasmissione><IdTrasmittente><IdPaese>IT</IdPaese><IdCodice>01234567890</IdCodice></IdTrasmittente>` +
		`<ProgressivoInvio>7</ProgressivoInvio><FormatoTrasmissione>FSM10</FormatoTrasmissione><CodiceDestinatario>ABC1234</CodiceDestinatario></DatiTrasmissione>` +
		`<CedentePrestatore><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>1</IdCodice></IdFiscaleIVA></CedentePrestatore>` +
		`<CessionarioCommittente><IdentificativiFiscali><IdFiscaleIVA><IdPaese>DE</IdPaese><IdCodice>2</IdCodice></IdFiscaleIVA><CodiceFiscale>X</CodiceFiscale></IdentificativiFiscali></CessionarioCommittente></FatturaElettronicaHeader>` +
		strings.Repeat(`<FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento><TipoDocumento>TD07</TipoDocumento><Data>2026-01-01</Data><Numero>a<!-- b -->c</Numero></DatiGeneraliDocumento></DatiGenerali></FatturaElettronicaBody>`, 3) +
		`</s:FatturaElettronicaSemplificata>`
	f = recognise(t, invoiceName, []byte(simple), &sdi.Options{MaxDocuments: 2})
	doc := sdi.Document{Type: "TD07", Number: "ac", Date: "2026-01-01"}
	require.Equal(t, &sdi.Invoice{Transmitter: sdi.TaxID{Country: "IT", Code: "01234567890"}, Progressive: "7", Format: "FSM10", RecipientCode: "ABC1234",
		Supplier: sdi.Party{VAT: sdi.TaxID{Country: "IT", Code: "1"}}, Customer: sdi.Party{VAT: sdi.TaxID{Country: "DE", Code: "2"}, FiscalCode: "X"},
		Documents: []sdi.Document{doc, doc}, Count: 3}, f.Invoice)
	require.Equal(t, []string{"documents-left-out"}, codes(f.Findings))
	require.Equal(t, "DE2", f.Invoice.Customer.VAT.String())
}

// What claims to be of SDI and cannot be read is never silently nothing.
func TestSDI_WhatCannotBeRead(t *testing.T) {
	good := string(sditest.Invoice(sampleInvoice()))
	for what, c := range map[string]struct {
		name, doc string
		codes     []string
	}{
		"DOCTYPE":            {invoiceName, strings.Replace(good, "<p:Fattura", "<!DOCTYPE a><p:Fattura", 1), []string{"xml-unreadable", "content-not-recognised"}},
		"broken, odd name":   {"fattura.xml", good[:len(good)-10], []string{"xml-unreadable"}},
		"nothing of SDI":     {"a.xml", "<a><b></a>", []string{}},
		"other root":         {"a.xml", "<a/>", []string{}},
		"name only":          {invoiceName, "%PDF-1.7", []string{"content-not-recognised"}},
		"empty":              {invoiceName, "", []string{"content-not-recognised"}},
		"name not SDI's":     {"fattura.xml", good, []string{"name-not-sdi"}},
		"a notification's":   {"IT01234567890_00001_RC_001.xml", good, []string{"name-content-mismatch"}},
		"signed it is not":   {invoiceName + ".p7m", good, []string{"name-content-mismatch"}},
		"a zip it is not":    {"IT01234567890_00001.zip", good, []string{"name-content-mismatch"}},
		"text like base64":   {"a.txt", "MILANOROMANAPOLI", []string{}},
		"no CMS, named so":   {invoiceName + ".p7m", "MIIB", []string{"signature-unreadable", "content-not-recognised"}},
		"PEM, not CMS":       {"csr.pem", "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n", []string{}},
		"doubled field":      {invoiceName, strings.Replace(good, "<ProgressivoInvio>", "<ProgressivoInvio>x</ProgressivoInvio><ProgressivoInvio>", 1), []string{"field-repeated"}},
		"no body, no header": {invoiceName, `<FatturaElettronica versione="FPA12" xmlns="` + sdi.NamespaceInvoice + `"/>`, []string{"header-missing", "body-missing"}},
	} {
		f := recognise(t, c.name, []byte(c.doc), nil)
		require.Equal(t, c.codes, codes(f.Findings), what)
	}
	f := recognise(t, "IT01234567890_00001_NS_001.xml", notification(t, &sdi.Notification{Type: sdi.RC, ID: "1", FileName: "IT01234567890_00002.xml"}), nil)
	require.Equal(t, []string{"name-content-mismatch", "name-content-mismatch"}, codes(f.Findings), "type and invoice")
	require.Equal(t, sdi.RC, f.Notification.Type, "content decides")
}

func TestSDI_OtherEncodings(t *testing.T) {
	latin := strings.Replace(string(sditest.Invoice(sampleInvoice())), "UTF-8", "windows-1252", 1)
	latin = strings.Replace(latin, "1/2026", "n\xb01", 1)
	f := recognise(t, invoiceName, []byte(latin), nil)
	require.Equal(t, sdi.KindInvoice, f.Kind)
	require.Equal(t, "n°1 <&>", f.Invoice.Documents[0].Number)
	require.Equal(t, []string{"encoding-not-utf8"}, codes(f.Findings))
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(strings.Replace(string(sditest.Invoice(sampleInvoice())), "UTF-8", "UTF-16", 1)))
	require.NoError(t, err)
	f = recognise(t, invoiceName, wide, nil)
	require.Equal(t, sampleInvoice(), f.Invoice)
	f = recognise(t, invoiceName, append([]byte("\xef\xbb\xbf"), sditest.Invoice(sampleInvoice())...), nil)
	require.Equal(t, sampleInvoice(), f.Invoice)
	require.Empty(t, f.Findings, "a byte order mark is no fault")
}

func TestSDI_Limits(t *testing.T) {
	doc := sditest.Invoice(sampleInvoice())
	f := recognise(t, invoiceName, doc, &sdi.Options{MaxFile: int64(len(doc))})
	require.Equal(t, sdi.KindInvoice, f.Kind)
	small := recognise(t, invoiceName, doc, &sdi.Options{MaxFile: int64(len(doc)) - 1})
	require.Equal(t, sdi.KindOther, small.Kind)
	require.Equal(t, []string{"too-large", "content-not-recognised"}, codes(small.Findings))
	require.Equal(t, f.SHA256, small.SHA256, "digested all the same")
	f = recognise(t, invoiceName, doc, &sdi.Options{MaxElements: 5})
	require.Equal(t, []string{"xml-unreadable", "content-not-recognised"}, codes(f.Findings))

	many := `<n:NotificaScarto xmlns:n="` + sdi.NamespacePA + `" versione="1.0"><IdentificativoSdI>1234567890123</IdentificativoSdI><ListaErrori>` +
		strings.Repeat("<Errore><Codice>"+strings.Repeat("9", 5000)+"</Codice></Errore>", 300) + `</ListaErrori></n:NotificaScarto>`
	f = recognise(t, "IT01234567890_00001_NS_001.xml", []byte(many), nil)
	require.Len(t, f.Notification.Errors, 200)
	require.Len(t, f.Notification.Errors[0].Code, 4096)
	require.Len(t, f.Findings, 100)
	require.Equal(t, "identifier-invalid", f.Findings[0].Code)
}

func TestSDI_ReaderThatFails(t *testing.T) {
	broken := errors.New("broken")
	for _, r := range []io.Reader{
		iotest.ErrReader(broken),
		io.MultiReader(bytes.NewReader(sditest.Invoice(sampleInvoice())), iotest.ErrReader(broken)),
		io.MultiReader(strings.NewReader(strings.Repeat("text ", 20000)), iotest.ErrReader(broken)),
		io.MultiReader(strings.NewReader("<"+strings.Repeat("a", 1<<20)), iotest.ErrReader(broken)),
	} {
		_, err := sdi.Recognise(invoiceName, r, nil)
		require.ErrorIs(t, err, broken)
	}
}
