package pec_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// The checklist for receivers and parsers, RCV-01 to RCV-23, at the front
// door. What a single package holds by itself is tested there too.

func parse(t testing.TB, message []byte) *pec.Message {
	t.Helper()
	m, err := pec.ParseBytes(message, nil)
	require.NoError(t, err)
	return m
}

func TestRCV01_ClassifiedByTopLevelHeaders(t *testing.T) {
	g := gestoreAlfa()
	envelopeOf, receiptOf := g.transport(t, submittedMail, nil), g.receipt(t, "avvenuta-consegna")
	for name, c := range map[string]struct {
		message []byte
		kind    pec.Kind
	}{
		"X-TRASPORTO":       {edit(t, envelopeOf, "X-Trasporto: posta-certificata", "X-TRASPORTO: Posta-Certificata"), pec.KindTransport},
		"x-trasporto":       {edit(t, envelopeOf, "X-Trasporto: posta-certificata", "x-trasporto:\r\n posta-certificata "), pec.KindTransport},
		"x-ricevuta":        {edit(t, receiptOf, "X-Ricevuta: avvenuta-consegna", "x-RICEVUTA:AVVENUTA-CONSEGNA"), pec.KindDelivery},
		"anomaly":           {g.anomaly(t, envelopeOf), pec.KindAnomaly},
		"unknown envelope":  {edit(t, envelopeOf, "X-Trasporto: posta-certificata", "X-Trasporto: altro"), pec.KindUnknown},
		"unknown receipt":   {edit(t, receiptOf, "X-Ricevuta: avvenuta-consegna", "X-Ricevuta: mancata-consegna"), pec.KindUnknown},
		"no marker":         {edit(t, receiptOf, "X-Ricevuta: avvenuta-consegna\r\n", ""), pec.KindDelivery},
		"subject is not it": {[]byte("From: a@b.example\r\nSubject: POSTA CERTIFICATA: x\r\nX-Riferimento-Message-ID: <x@y>\r\n\r\nciao"), pec.KindOrdinary},
	} {
		require.Equal(t, c.kind, parse(t, c.message).Kind, name)
	}
	for _, tipo := range []daticert.Type{"accettazione", "non-accettazione", "presa-in-carico", "avvenuta-consegna", "errore-consegna", "preavviso-errore-consegna", "rilevazione-virus"} {
		r := g.judge(t, g.receipt(t, tipo))
		require.Equal(t, pec.Kind(tipo), r.Kind)
		requireValid(t, r)
	}
	// A lower-case name of the form header is the form header.
	lower := edit(t, receiptOf, "X-Ricevuta: ", "x-tiporicevuta: completa\r\nX-Ricevuta: ")
	require.Equal(t, []string{"receipt-type-mismatch"}, findingCodes(g.judge(t, lower).Findings))
}

func TestRCV02_ValuesAndDefaults(t *testing.T) {
	g := gestoreAlfa()
	xml, err := g.data("avvenuta-consegna").Marshal()
	require.NoError(t, err)
	text := string(xml)
	without := func(attribute string) string {
		require.Contains(t, text, attribute)
		return strings.ReplaceAll(text, attribute, "")
	}
	d := parse(t, g.withXML(t, without(` errore="nessuno"`))).Data
	require.Equal(t, daticert.ErrorNone, d.Error)
	d = parse(t, g.withXML(t, without(` tipo="certificato"`))).Data
	require.Equal(t, daticert.RecipientCertified, d.Recipients[0].Type)
	for _, v := range []string{"completa", "breve", "sintetica"} {
		d = parse(t, g.withXML(t, strings.Replace(text, `"sintetica"`, `"`+v+`"`, 1))).Data
		require.Equal(t, daticert.ReceiptType(v), d.ReceiptType)
		require.True(t, d.ReceiptType.Known())
	}
	for _, v := range []string{"nessuno", "no-dest", "no-dominio", "virus", "altro"} {
		d = parse(t, g.withXML(t, strings.Replace(text, `errore="nessuno"`, `errore="`+v+`"`, 1))).Data
		require.Equal(t, daticert.ErrorKind(v), d.Error)
		require.True(t, d.Error.Known())
	}
	for _, v := range []string{"certificato", "esterno"} {
		d = parse(t, g.withXML(t, strings.Replace(text, `"certificato"`, `"`+v+`"`, 1))).Data
		require.Equal(t, daticert.RecipientType(v), d.Recipients[0].Type)
	}
}

func TestRCV03_EitherOrderAndEitherText(t *testing.T) {
	g := gestoreAlfa()
	var want *daticert.Data
	for _, first := range []bool{false, true} {
		for _, html := range []bool{false, true} {
			message := g.transport(t, submittedMail, func(tr *envelope.Transport) { tr.Style.OriginalFirst, tr.HTML = first, html })
			requireValid(t, g.judge(t, message))
			m := parse(t, message)
			require.NotNil(t, m.Envelope.Text)
			require.NotNil(t, m.Envelope.Original)
			require.Equal(t, first, m.Envelope.Original.Entity.Start < m.Envelope.Certification.Entity.Start)
			if want == nil {
				want = m.Data
			}
			require.Equal(t, want, m.Data)
			text, err := m.Text(1 << 10)
			require.NoError(t, err)
			require.Equal(t, "Ciao", text)
		}
	}
}

func TestRCV04_PartsByNameThenByType(t *testing.T) {
	g := gestoreAlfa()
	for _, name := range []string{"DatiCert.XML", "=?utf-8?q?daticert=2Exml?=", "=?iso-8859-1?b?ZGF0aWNlcnQueG1s?=", "-", "certificazione.xml", " daticert.xml"} {
		for _, original := range []string{"PostaCert.EML", "=?utf-8?q?postacert=2Eeml?=", "-", "Contratto n. 7.eml"} {
			message := g.transport(t, submittedMail, func(tr *envelope.Transport) {
				tr.Style.CertificationName, tr.Style.OriginalName = name, original
			})
			requireValid(t, g.judge(t, message))
			m := parse(t, message)
			require.Equal(t, mario, m.Data.Sender, "%s %s", name, original)
			require.NotNil(t, m.Envelope.Original)
		}
	}
	entity := signedPartOf(t, g.transport(t, submittedMail, nil))
	header := "X-Trasporto: posta-certificata\r\n" + strings.Replace(outerHeader, "X-Ricevuta: avvenuta-consegna\r\n", "", 1)
	header = strings.Replace(header, "finta@gestore-a.example", pecID, 1)
	for old, with := range map[string]string{
		`Content-Type: application/xml; name="daticert.xml"`:      `Content-Type: application/octet-stream; name*=utf-8''daticert%2Exml`,
		`Content-Disposition: inline; filename="daticert.xml"`:    `Content-Disposition: attachment; filename*0=dati; filename*1=cert.xml`,
		`Content-Type: message/rfc822; name="postacert.eml"`:      `Content-Type: application/octet-stream`,
		`application/xml; name="daticert.xml"` + "\r\nContent-Di": `text/xml` + "\r\nX-Di",
	} {
		changed := strings.Replace(entity, old, with, 1)
		require.NotEqual(t, entity, changed)
		r := g.judge(t, g.signEntity(t, header, changed))
		requireValid(t, r)
	}
}

func TestRCV05_DirectChildrenOnly(t *testing.T) {
	g := gestoreAlfa()
	for _, inner := range [][]byte{g.transport(t, submittedMail, nil), g.receipt(t, "avvenuta-consegna")} {
		message := g.anomaly(t, inner)
		r := g.judge(t, message)
		requireValid(t, r)
		m := parse(t, message)
		require.Equal(t, pec.KindAnomaly, m.Kind)
		require.Nil(t, m.Data)
		require.Empty(t, m.Identifier())
		original, err := m.Original()
		require.NoError(t, err)
		require.NoError(t, original.Close())
	}
}

func TestRCV06_WithoutXMLAndWithoutOriginal(t *testing.T) {
	g := gestoreAlfa()
	m := parse(t, g.anomaly(t, []byte(submittedMail)))
	_, err := m.Time()
	require.ErrorIs(t, err, pec.ErrNoCertificationData)
	_, err = m.Receipt()
	require.ErrorIs(t, err, receipt.ErrNotReceipt)
	m = parse(t, g.receipt(t, "avvenuta-consegna"))
	_, err = m.Original()
	require.ErrorIs(t, err, pec.ErrNoOriginal)
	files, err := m.Attachments()
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestRCV07_SignatureOverRawBytesWithCRLF(t *testing.T) {
	g := gestoreAlfa()
	good := g.transport(t, submittedMail, nil)
	requireValid(t, g.judge(t, good))
	requireValid(t, g.judge(t, bytes.ReplaceAll(good, []byte("\r\n"), []byte("\n"))))
	builtin := store(t, trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}})
	stored := reftest.File(t, "pec", "sogei-2018-posta-certificata-sdi.eml")
	require.NotContains(t, string(stored), "\r\n")
	requireValid(t, judgeWith(t, stored, builtin, nil))
	requireValid(t, judgeWith(t, crlf(stored), builtin, nil))
	// The header of the signed part counts: it is not written anew.
	requireInvalid(t, judgeWith(t, edit(t, stored, "Content-Type: multipart/mixed; boundary=", "Content-Type:  multipart/mixed; boundary="), builtin, nil), trust.CheckSignature)
}

func TestRCV08_SpellingsOfProtocolAndMicalg(t *testing.T) {
	g := gestoreAlfa()
	const wasProtocol, wasPart, wasMicalg = `protocol="application/x-pkcs7-signature"; `, `application/x-pkcs7-signature; name="smime.p7s"`, `micalg="sha-256"; `
	good := g.receipt(t, "accettazione")
	for _, protocol := range []string{wasProtocol, `protocol="application/pkcs7-signature"; `, `protocol=APPLICATION/PKCS7-SIGNATURE; `, ""} {
		for _, part := range []string{wasPart, `application/pkcs7-signature; name="smime.p7s"`, `application/octet-stream; name="smime.p7s"`} {
			for _, micalg := range []string{wasMicalg, `micalg=sha256; `, `micalg=SHA256; `, `micalg=sha1; `, `micalg="sha-512"; `, `micalg=md5; `, `micalg=""; `, ""} {
				message := edit(t, edit(t, edit(t, good, wasProtocol, protocol), wasPart, part), wasMicalg, micalg)
				r := g.judge(t, message)
				requireValid(t, r)
				require.Equal(t, crypto.SHA256, r.Signature.Signers[0].Digest, "the signature says which")
			}
		}
	}
}

func TestRCV09_DigestAlgorithms(t *testing.T) {
	g := gestoreAlfa()
	draft := func(h crypto.Hash) []byte {
		var b bytes.Buffer
		s := g.signer()
		s.Hash = h
		require.NoError(t, envelope.Write(&b, g.draft(t, g.data("accettazione")), s))
		return b.Bytes()
	}
	strict := &pec.VerifyOptions{RefuseSHA1: true}
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		r := g.judge(t, draft(h))
		requireValid(t, r)
		require.Equal(t, h, r.Signature.Signers[0].Digest)
		require.Contains(t, r.Check(trust.CheckDigestAlgorithm).Detail, strings.TrimSuffix(h.String(), ")"))
		require.Equal(t, h == crypto.SHA1, strings.Contains(r.Check(trust.CheckDigestAlgorithm).Detail, "weak"))
		r = judgeWith(t, draft(h), g.store(t), strict)
		if h == crypto.SHA1 {
			requireInvalid(t, r, trust.CheckDigestAlgorithm)
		} else {
			requireValid(t, r)
		}
	}
}

func TestRCV10_SignerCertificate(t *testing.T) {
	ca := testAuthority()
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		failed string
		codes  []string
	}{
		"profile":          {nil, "", []string{}},
		"another SAN":      {func(c *x509.Certificate) { c.EmailAddresses = []string{"altra@gestore-a.example"} }, trust.CheckSignerAddress, []string{}},
		"two SANs":         {func(c *x509.Certificate) { c.EmailAddresses = []string{"altra@gestore-a.example", alfaMailbox} }, "", []string{}},
		"no SAN":           {func(c *x509.Certificate) { c.EmailAddresses = nil }, trust.CheckSignerAddress, []string{"san-missing"}},
		"wrong keyUsage":   {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }, trust.CheckSignerChain, []string{}},
		"no keyUsage":      {func(c *x509.Certificate) { c.KeyUsage = 0 }, "", []string{"key-usage-missing"}},
		"basicConstraints": {func(c *x509.Certificate) { c.BasicConstraintsValid = true }, "", []string{"basic-constraints-present"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGestore(ca, "Gestore Alfa S.p.A.", alfaMailbox, c.change)
			r := g.judge(t, g.receipt(t, "accettazione"))
			if c.failed == "" {
				requireValid(t, r)
			} else {
				requireInvalid(t, r, c.failed)
			}
			require.Equal(t, c.codes, findingCodes(r.Findings))
		})
	}
	// An old receipt of a certificate that has expired since: TestS22.
}

func TestRCV11_NoTrustFromHeadersOrSubject(t *testing.T) {
	g := gestoreAlfa()
	plain := "From: \"Per conto di: " + mario + "\" <" + alfaMailbox + ">\r\nSubject: CONSEGNA: Contratto n. 7\r\n"
	r := g.judge(t, []byte(plain+"X-Ricevuta: avvenuta-consegna\r\n\r\nIl messaggio è stato consegnato\r\n"))
	requireInvalid(t, r, trust.CheckSignature, trust.CheckCertificationData)
	events, err := r.Events("x")
	require.NoError(t, err)
	require.Empty(t, events)
	m := parse(t, []byte(plain+"\r\nIl messaggio è stato consegnato\r\n"))
	require.Equal(t, pec.KindOrdinary, m.Kind)
	require.Equal(t, pec.SystemMail, m.Kind.System())
}

func TestRCV12_RealSender(t *testing.T) {
	g := gestoreAlfa()
	good := g.transport(t, submittedMail, nil)
	require.Equal(t, mario, parse(t, edit(t, good, `"Per conto di: `+mario+`"`, `"Per conto di: altro@x.example"`)).Sender())
	anomaly := g.anomaly(t, []byte(submittedMail)) // no XML
	require.Equal(t, "qualcuno@gamma.example", parse(t, anomaly).Sender())
	require.Equal(t, "busta@gamma.example", parse(t, addHeader(anomaly, "Return-Path: <busta@gamma.example>")).Sender())
	require.Equal(t, "qualcuno@gamma.example", parse(t, addHeader(anomaly, "Return-Path: <>")).Sender())
	require.Equal(t, alfaMailbox, parse(t, edit(t, anomaly, "Per conto di: qualcuno@gamma.example", "Gestore")).Sender())
}
