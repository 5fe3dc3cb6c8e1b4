package sdi_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/trust"
)

// everyNotification is one of each type and channel with every field that it can
// have.
func everyNotification() []*sdi.Notification {
	received, delivered := moment("2026-03-02T09:00:00.000+01:00"), moment("2026-03-02T09:05:00.123+01:00")
	ref := &sdi.InvoiceRef{Number: "1/2026", Year: "2026", Position: "1"}
	to := sdi.Recipient{Code: "ABC123", Description: "Comune di prova & <altri>"}
	var out []*sdi.Notification
	add := func(n sdi.Notification) {
		n.ID, n.MessageID, n.Note = "123456789012", "98765", "Nota"
		n.FileName = "IT01234567890_00001.xml.p7m"
		if n.Type != sdi.MT && n.Type != sdi.EC {
			n.PECMessageID = "opec1.20260302090000.00001.1.1@pec.alfa.example"
		}
		if n.Type == sdi.SE {
			n.FileName = ""
		}
		out = append(out, &n)
	}
	for _, channel := range []sdi.Channel{sdi.ChannelPA, sdi.ChannelPrivate} {
		add(sdi.Notification{Type: sdi.RC, Channel: channel, Received: received, Delivered: delivered, Recipient: to, Archive: sdi.ArchiveRef{ID: "7", FileName: "IT01234567890_00009.zip"}})
		add(sdi.Notification{Type: sdi.NS, Channel: channel, Received: received, Errors: []sdi.Error{{Code: "00404", Description: "Fattura duplicata", Suggestion: "Cambiare il numero"}, {Code: "00311"}}})
		add(sdi.Notification{Type: sdi.MC, Channel: channel, Received: received, Hash: strings.Repeat("ab", 32), Available: "2026-03-02", Description: "Non recapitata"})
		add(sdi.Notification{Type: sdi.MT, Channel: channel, RecipientCode: "ABC123", Format: "FPA12", Attempts: 2})
	}
	add(sdi.Notification{Type: sdi.NE, Channel: sdi.ChannelPA, Outcome: &sdi.Outcome{ID: "123456789012", Result: "EC02", Invoice: ref, Description: "Non conforme", MessageID: "c1"}})
	add(sdi.Notification{Type: sdi.DT, Channel: sdi.ChannelPA, Invoice: ref, Description: "Termini decorsi", DualRole: true})
	add(sdi.Notification{Type: sdi.AT, Channel: sdi.ChannelPA, Received: received, Recipient: to, OriginalHash: strings.Repeat("cd", 32)})
	add(sdi.Notification{Type: sdi.SE, Channel: sdi.ChannelPA, Invoice: ref, Rejection: "EN01", CustomerMessageID: "c1"})
	return out
}

func moment(text string) sdi.Moment {
	m := sdi.Moment{Text: text}
	if err := m.Time.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return m
}

var byExchange = &sdi.Options{Notifications: sdi.Anchors(exchange.Anchor()), At: at}

// xmlsec judges a notification as the tax agency's documentation would have it,
// with the given anchor.
func xmlsec(t testing.TB, s *signers, doc []byte) (string, error) {
	out, err := exec.Command(reftest.Tool(t, "xmlsec1"), "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
		"--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:KeyInfo", "--trusted-pem", s.path("sdi-ca.pem"), "--enabled-key-data", "x509",
		"--verification-gmt-time", "2026-03-02 10:00:00", s.write(t, "n.xml", doc)).CombinedOutput()
	return string(out), err
}

func TestSDI_EveryFieldAndSignature(t *testing.T) {
	s := newSigners(t)
	s.write(t, "sdi-ca.pem", testpki.PEM(exchange.Anchor()))
	for _, want := range everyNotification() {
		doc := notification(t, want)
		f := recognise(t, "IT01234567890_00001_"+string(want.Type)+"_001.xml", doc, byExchange)
		require.Equal(t, want, f.Notification)
		require.Empty(t, f.Findings)
		// xmllint finds the same text under the names of the schema.
		for path, value := range map[string]string{"/*/IdentificativoSdI": want.ID, "/*/NomeFile": want.FileName, "/*/PecMessageId": want.PECMessageID, "/*/Hash": want.Hash,
			"/*/HashFileOriginale": want.OriginalHash, "/*/Destinatario/Descrizione": want.Recipient.Description, "/*/DataOraConsegna": want.Delivered.Text,
			"/*/RiferimentoArchivio/NomeFile": want.Archive.FileName, "/*/Scarto": want.Rejection} {
			require.Equal(t, value, strings.TrimSuffix(run(t, "xmllint", "--xpath", "string("+path+")", s.write(t, "f.xml", doc)), "\n"), path)
		}
		if !want.Type.Signed() {
			require.Nil(t, f.Signature)
			require.False(t, f.Signed())
			continue
		}
		require.True(t, f.Signed(), "%v %v", f.Signature.IntegrityErr, f.Signature.TrustErr)
		require.True(t, f.Signature.Certificate.Equal(exchange.Certificate()))
		require.Equal(t, at, f.Signature.SigningTime)
		require.Empty(t, f.Signature.Findings, "KeyInfo is covered")
		out, err := xmlsec(t, s, doc)
		require.NoError(t, err, out)
	}
	ec := &sdi.Notification{Type: sdi.EC, Channel: sdi.ChannelPA, Outcome: &sdi.Outcome{ID: "5", Result: "EC01", Invoice: &sdi.InvoiceRef{Number: "1", Year: "2026"}, Description: "ok", MessageID: "m"}}
	f := recognise(t, "IT01234567890_00001_EC_001.xml", notification(t, ec), nil)
	require.Equal(t, ec.Outcome, f.Notification.Outcome)
	require.Equal(t, "5", f.Notification.ID)
	require.Empty(t, f.Findings)
}

// What xmlsec1 signed in SDI's form holds, and a changed octet anywhere does not.
func TestSDI_SignedByXMLSec(t *testing.T) {
	s := newSigners(t)
	doc := string(notification(t, everyNotification()[0]))
	for _, part := range []string{"DigestValue", "SignatureValue", "X509Certificate"} {
		doc = regexp.MustCompile(`(<ds:`+part+`[^>]*>)[^<]*<`).ReplaceAllString(doc, "$1<")
	}
	// xmlsec1 digests KeyInfo before it writes the certificate there: put it in.
	cert := regexp.MustCompile(`-----[A-Z ]+-----|\n`).ReplaceAllString(string(pemOf(t, s, "anna")), "")
	doc = strings.Replace(doc, "<ds:X509Certificate></ds:X509Certificate>", "<ds:X509Certificate>"+cert+"</ds:X509Certificate>", 1)
	run(t, "xmlsec1", "--sign", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:KeyInfo",
		"--privkey-pem", s.path("anna.pem"), "--output", s.path("out.xml"), s.write(t, "in.xml", []byte(doc)))
	signed, err := os.ReadFile(s.path("out.xml"))
	require.NoError(t, err)
	name := "IT01234567890_00001_RC_001.xml"
	f := recognise(t, name, signed, &sdi.Options{Notifications: sdi.Anchors(s.ca.Certificate), At: at})
	require.NoError(t, f.Signature.IntegrityErr)
	require.True(t, f.Signed(), f.Signature.TrustErr)
	require.Contains(t, f.Signature.Certificate.Subject.String(), "anna")
	require.Empty(t, f.Findings)
	// The same signature is nothing to somebody who believes in another authority.
	f = recognise(t, name, signed, byExchange)
	require.Equal(t, trust.Passed, f.Signature.Integrity)
	require.Equal(t, trust.Unknown, f.Signature.Trust)
	require.False(t, f.Signed())
}

func pemOf(t testing.TB, s *signers, who string) []byte {
	raw, err := os.ReadFile(s.path(who + ".pem"))
	require.NoError(t, err)
	end := []byte("-----END CERTIFICATE-----")
	return raw[:bytes.Index(raw, end)+len(end)]
}

func TestSDI_NotificationAttacks(t *testing.T) {
	s := newSigners(t)
	s.write(t, "sdi-ca.pem", testpki.PEM(exchange.Anchor()))
	name := "IT01234567890_00001_RC_001.xml"
	doc := string(notification(t, everyNotification()[0]))
	second := regexp.MustCompile(`(?s)<ds:Signature .*</ds:Signature>`).FindString(doc)
	require.NotEmpty(t, second)
	for what, c := range map[string]struct {
		doc string
		err error
	}{
		"field changed":        {strings.Replace(doc, ">123456789012<", ">123456789013<", 1), xmlsig.ErrDigest},
		"field added":          {strings.Replace(doc, "<ds:Signature ", "<Hash>aa</Hash><ds:Signature ", 1), xmlsig.ErrDigest},
		"time changed":         {strings.Replace(doc, "2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z", 1), xmlsig.ErrDigest},
		"type changed":         {strings.ReplaceAll(doc, "RicevutaConsegna", "NotificaScarto"), xmlsig.ErrDigest},
		"hidden by the filter": {strings.Replace(doc, "<ds:Signature ", strings.Replace(second, "<ds:SignedInfo>", "<NomeFile>x</NomeFile><ds:SignedInfo>", 1)+"<ds:Signature ", 1), xmlsig.ErrSeveralSignatures},
		"inside the signature": {strings.Replace(doc, "<ds:Object>", "<ds:Object><NomeFile>x</NomeFile></ds:Object><ds:Object>", 1), xmlsig.ErrStructure},
		"key not covered":      {strings.Replace(doc, `URI="#KeyInfoId"`, `URI="#Signature1"`, 1), xmlsig.ErrReference},
	} {
		require.NotEqual(t, doc, c.doc, what)
		f := recognise(t, name, []byte(c.doc), byExchange)
		require.NotNil(t, f.Signature, what)
		require.NotEqual(t, trust.Passed, f.Signature.Integrity, what)
		require.ErrorIs(t, f.Signature.IntegrityErr, c.err, what)
		require.False(t, f.Signed(), what)
		if c.err == xmlsig.ErrDigest {
			require.Equal(t, trust.Failed, f.Signature.Integrity, what)
			out, err := xmlsec(t, s, []byte(c.doc))
			require.Error(t, err, "%s: xmlsec1 accepts it: %s", what, out)
		}
	}
	// A notification is not vouched for by a signature around it.
	wrapped := s.openssl(t, "anna", s.write(t, "x.xml", notification(t, &sdi.Notification{Type: sdi.MT, Channel: sdi.ChannelPA, ID: "1", FileName: invoiceName})), "x.p7m", "-outform", "DER")
	f := recognise(t, "IT01234567890_00001_MT_001.xml.p7m", wrapped, &sdi.Options{Invoices: sdi.Anchors(s.ca.Certificate), At: at})
	require.Equal(t, sdi.MT, f.Notification.Type)
	require.True(t, f.Layers[0].Signatures[0].OK())
	require.False(t, f.Signed())
}

// Real notifications leave out and leave empty what the schema wants.
func TestSDI_TolerantFields(t *testing.T) {
	doc := `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<?xml-stylesheet type="text/xsl" href="RC_v1.0.xsl"?>
<ns3:RicevutaConsegna xmlns:ns2="http://www.w3.org/2000/09/xmldsig#" xmlns:ns3="` + sdi.NamespacePrivate + `" versione="1.0">
    <IdentificativoSdI> 7339338
    </IdentificativoSdI>
    <NomeFile>IT01234567890_00001.xml</NomeFile>
    <DataOraRicezione>2019-01-04T20:01:05.000+01:00</DataOraRicezione>
    <DataOraConsegna>2019-01-04T20:01:05</DataOraConsegna>
    <Destinatario/>
    <TentativiInvio>molti</TentativiInvio>
    <Nuovo><IdentificativoSdI>1</IdentificativoSdI></Nuovo>
    <x:NomeFile xmlns:x="urn:x">IT01234567890_00002.xml</x:NomeFile>
    <MessageId/>
</ns3:RicevutaConsegna>`
	f := recognise(t, "IT01234567890_00001_RC_001.xml", []byte(doc), nil)
	want := &sdi.Notification{Type: sdi.RC, Channel: sdi.ChannelPrivate, ID: "7339338", FileName: invoiceName,
		Received: moment("2019-01-04T20:01:05.000+01:00"), Delivered: sdi.Moment{Text: "2019-01-04T20:01:05"}}
	require.Equal(t, want, f.Notification)
	require.Equal(t, []string{"time-unreadable", "number-unreadable", "signature-missing"}, codes(f.Findings))
}
