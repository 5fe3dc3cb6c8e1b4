package pec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// Attacks on the form of a message: what is signed, and what only looks so.

// outerHeader are the top-level fields of a receipt, for forgeries around one.
const outerHeader = "Subject: CONSEGNA: Contratto n. 7\r\nX-Riferimento-Message-ID: " + clientID + "\r\nDate: Tue, 03 Mar 2026 10:15:32 +0100\r\n" +
	"To: " + mario + "\r\nX-Ricevuta: avvenuta-consegna\r\nFrom: " + alfaMailbox + "\r\nMessage-ID: <finta@gestore-a.example>\r\n"

// signedPartOf returns the signed entity of a message, as it stands.
func signedPartOf(t testing.TB, message []byte) string {
	t.Helper()
	m, err := envelope.OpenBytes(message, nil)
	require.NoError(t, err)
	return string(message[m.Signed.Entity.Start:m.Signed.Entity.End])
}

func TestS01_NoSignature(t *testing.T) {
	g := gestoreAlfa()
	entity := signedPartOf(t, g.receipt(t, "avvenuta-consegna"))
	r := g.judge(t, []byte(outerHeader+entity))
	require.Equal(t, pec.KindDelivery, r.Kind, "what it claims to be")
	requireInvalid(t, r, trust.CheckSignature, trust.CheckCertificationData)
	require.ErrorIs(t, r.Signature.Err, envelope.ErrNotSigned)
	require.Equal(t, trust.SourceNone, r.Signer.Source)

	// The same as a transport envelope, and as one without marker headers.
	entity = signedPartOf(t, g.transport(t, submittedMail, nil))
	r = g.judge(t, []byte(strings.Replace(outerHeader, "X-Ricevuta: avvenuta-consegna", "X-Trasporto: posta-certificata", 1)+entity))
	require.Equal(t, pec.KindTransport, r.Kind)
	requireInvalid(t, r, trust.CheckSignature, trust.CheckCertificationData, trust.CheckOriginal)
	r = g.judge(t, []byte(strings.Replace(outerHeader, "X-Ricevuta", "X-Altro", 1)+entity))
	require.Equal(t, pec.KindOrdinary, r.Kind)
	require.Equal(t, trust.Indeterminate, r.Verdict)
	require.Len(t, outcome(r, trust.Skipped), 9)

	// A signature part that is none.
	r = g.judge(t, []byte(outerHeader+"Content-Type: multipart/signed; boundary=B\r\n\r\n--B\r\n"+entity+"\r\n--B\r\nContent-Type: text/plain\r\n\r\nfirmato\r\n--B--\r\n"))
	requireInvalid(t, r, trust.CheckSignature, trust.CheckHeaders)
}

func TestS06_GenuineReceiptInsideALargerMultipart(t *testing.T) {
	g := gestoreAlfa()
	genuine := g.receipt(t, "avvenuta-consegna")
	requireValid(t, g.judge(t, genuine))
	text := "Content-Type: text/plain\r\n\r\nHo ricevuto il contratto firmato.\r\n"
	wrap := func(kind string, parts ...string) []byte {
		return []byte(outerHeader + "MIME-Version: 1.0\r\nContent-Type: " + kind + "; boundary=WRAP\r\n\r\n--WRAP\r\n" + strings.Join(parts, "\r\n--WRAP\r\n") + "\r\n--WRAP--\r\n")
	}
	for name, message := range map[string][]byte{
		"mixed":               wrap("multipart/mixed", text, string(genuine)),
		"receipt first":       wrap("multipart/mixed", string(genuine), text),
		"alternative":         wrap("multipart/alternative", text, string(genuine)),
		"related":             wrap("multipart/related", text, string(genuine)),
		"only the receipt":    wrap("multipart/mixed", string(genuine)),
		"as a message":        wrap("multipart/mixed", text, "Content-Type: message/rfc822\r\n\r\n"+string(genuine)),
		"two levels":          wrap("multipart/mixed", text, "Content-Type: multipart/mixed; boundary=TWO\r\n\r\n--TWO\r\n"+string(genuine)+"\r\n--TWO--\r\n"),
		"a digest":            wrap("multipart/digest", "\r\n"+string(genuine)),
		"the whole as rfc822": []byte(outerHeader + "Content-Type: message/rfc822\r\n\r\n" + string(genuine)),
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, message)
			require.Equal(t, pec.KindDelivery, r.Kind)
			requireInvalid(t, r, trust.CheckSignature, trust.CheckCertificationData)
			require.ErrorIs(t, r.Signature.Err, envelope.ErrNotSigned)
			switch name {
			case "as a message", "a digest", "the whole as rfc822": // content, not followed
				requireFindings(t, r)
			default:
				requireFindings(t, r, "not-top-level-signed")
			}
			m, err := pec.ParseBytes(message, nil)
			require.NoError(t, err)
			require.Nil(t, m.Data, "its data are nobody's")
			require.Nil(t, m.Envelope.Certification)
		})
	}
	// Without the markers it is ordinary mail.
	m, err := pec.ParseBytes([]byte(strings.Replace(string(wrap("multipart/mixed", text, string(genuine))), "X-Ricevuta", "X-Other", 1)), nil)
	require.NoError(t, err)
	require.Equal(t, pec.KindOrdinary, m.Kind)
}

// TestS06_RealReceiptRewrapped: what a mailing list does to a real one.
func TestS06_RealReceiptRewrapped(t *testing.T) {
	real := reftest.File(t, "pec", "aruba-2018-accettazione.eml")
	builtin := store(t, trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}})
	head, _, _ := strings.Cut(string(real), "MIME-Version")
	message := head + "Content-Type: multipart/mixed; boundary=LISTA\n\n--LISTA\n" + string(real) + "\n--LISTA\nContent-Type: text/plain\n\n-- \nlista\n--LISTA--\n"
	r := judgeWith(t, []byte(message), builtin, nil)
	requireInvalid(t, r, trust.CheckSignature, trust.CheckCertificationData)
	requireFindings(t, r, "not-top-level-signed")
}

func TestS07_PartsAndTextAroundTheSignedOne(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	b := "--" + boundaryOf(t, good)
	fake := "Content-Type: text/plain\r\n\r\nAggiunto dopo.\r\n"
	first := b + "\r\nContent-Type: multipart/mixed"
	signature := b + "\r\nContent-Type: application/x-pkcs7-signature"
	for name, message := range map[string][]byte{
		"a part before":  edit(t, good, first, b+"\r\n"+fake+"\r\n"+first),
		"a part between": edit(t, good, signature, b+"\r\n"+fake+"\r\n"+signature),
		"a part behind":  edit(t, good, b+"--", b+"\r\n"+fake+"\r\n"+b+"--"),
		"an empty one":   edit(t, good, b+"--", b+"\r\n"+b+"--"),
		"one only":       []byte(string(good)[:strings.Index(string(good), signature)] + b + "--\r\n"),
		"two signatures": edit(t, good, b+"--", b+"\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64Lines(p7sOf(t, good))+b+"--"),
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, message)
			requireInvalid(t, r, trust.CheckSignature, trust.CheckCertificationData)
			require.ErrorIs(t, r.Signature.Err, envelope.ErrNotSigned)
			requireFindings(t, r, "signed-part-count")
		})
	}
	space := strings.Repeat(" \r\n", 3000)
	for name, c := range map[string]struct {
		message []byte
		code    string
	}{
		"preamble":              {edit(t, good, "This is an S/MIME signed message\r\n", "Ho ricevuto il contratto firmato.\r\n"), "preamble-text"},
		"preamble, then usual":  {edit(t, good, "This is an S/MIME signed message\r\n", "Pagare.\r\nThis is an S/MIME signed message\r\n"), "preamble-text"},
		"preamble far below":    {edit(t, good, "This is an S/MIME signed message\r\n", space+"Ho ricevuto.\r\n"), "preamble-text"},
		"usual, then far below": {edit(t, good, "This is an S/MIME signed message\r\n", "This is an S/MIME signed message\r\n"+space+"Ho ricevuto.\r\n"), "preamble-text"},
		"preamble with parts":   {edit(t, good, "This is an S/MIME signed message\r\n", "--ALTRO\r\n"+fake+"--ALTRO--\r\n"), "preamble-text"},
		"epilogue":              {append([]byte(string(good)), fake...), "epilogue-text"},
		"epilogue far below":    {append([]byte(string(good)), space+fake...), "epilogue-text"},
		"epilogue, one word":    {append([]byte(string(good)), "SI"...), "epilogue-text"},
		"epilogue, a part":      {append([]byte(string(good)), b+"\r\n"+fake+b+"--\r\n"...), "epilogue-text"},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, c.message)
			requireValid(t, r) // the signed part is what was signed; the text is reported and shown to nobody
			requireFindings(t, r, c.code)
			m, err := pec.ParseBytes(c.message, nil)
			require.NoError(t, err)
			text, err := m.Text(1 << 20)
			require.NoError(t, err)
			require.Equal(t, "Il messaggio Contratto n. 7 è stato trattato.\n", text)
		})
	}
}

func TestS08_ForwardedReceiptIsContent(t *testing.T) {
	g := gestoreAlfa()
	genuine := g.receipt(t, "avvenuta-consegna")
	forward := "From: Mario <mario@gamma.example>\r\nTo: x@y.example\r\nSubject: Fwd: CONSEGNA\r\nMessage-ID: <f@gamma.example>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=F\r\n\r\n--F\r\nContent-Type: text/plain\r\n\r\nEcco la ricevuta\r\n" +
		"--F\r\nContent-Type: message/rfc822; name=\"ricevuta.eml\"\r\nContent-Disposition: attachment\r\n\r\n" + string(genuine) + "\r\n--F--\r\n"
	t.Run("in ordinary mail", func(t *testing.T) {
		r := g.judge(t, []byte(forward))
		require.Equal(t, pec.KindOrdinary, r.Kind)
		require.Equal(t, trust.Indeterminate, r.Verdict)
		require.Len(t, outcome(r, trust.Skipped), 9)
		m, err := pec.ParseBytes([]byte(forward), nil)
		require.NoError(t, err)
		require.Nil(t, m.Data)
		require.Equal(t, "mario@gamma.example", m.Sender())
		events, err := r.Events("f")
		require.NoError(t, err)
		require.Empty(t, events)

		// It is listed, and judged by itself only when asked.
		files, err := m.Attachments()
		require.NoError(t, err)
		require.Len(t, files, 1)
		require.Equal(t, "ricevuta.eml", files[0].Name)
		inner, err := files[0].Part().Bytes(1 << 20)
		require.NoError(t, err)
		requireValid(t, g.judge(t, inner))
	})
	for name, original := range map[string]string{"as attachment": forward, "as the message itself": string(genuine)} {
		t.Run("in a transport envelope "+name, func(t *testing.T) {
			message := g.transport(t, original, func(tr *envelope.Transport) {
				tr.Sender, tr.Identifier = "evil@pec.alfa.example", "other@gestore-a.example"
			})
			r := g.judge(t, message)
			requireValid(t, r)
			require.Equal(t, pec.KindTransport, r.Kind)
			c, err := r.Certified()
			require.NoError(t, err)
			require.Equal(t, daticert.TypeTransport, c.Data.Type)
			require.Equal(t, "evil@pec.alfa.example", c.Data.Sender)
			require.Equal(t, "other@gestore-a.example", c.Data.Identifier)
			events, err := r.Events("f")
			require.NoError(t, err)
			require.Empty(t, events, "an envelope proves no delivery")
		})
	}
	t.Run("in an anomaly envelope", func(t *testing.T) {
		r := g.judge(t, g.anomaly(t, genuine))
		requireValid(t, r)
		require.Equal(t, pec.KindAnomaly, r.Kind)
		c, err := r.Certified()
		require.NoError(t, err)
		require.Nil(t, c.Data, "nothing about the message inside is certified")
		events, err := r.Events("a")
		require.NoError(t, err)
		require.Empty(t, events)
	})
}

func TestS09_ForgedReceiptInsideAGenuineEnvelope(t *testing.T) {
	g := gestoreAlfa()
	// A forgery with the right form, signed by nobody that counts.
	evil := &gestore{name: g.name, mailbox: g.mailbox, ca: g.ca, leaf: newGestore(testpki.NewAuthority(666, "CA di prova", nil), g.name, g.mailbox, nil).leaf}
	forged := string(evil.receipt(t, "avvenuta-consegna"))
	loose := outerHeader + signedPartOf(t, []byte(forged)) // not even signed
	for name, original := range map[string]string{"signed by itself": forged, "unsigned": loose} {
		t.Run(name, func(t *testing.T) {
			message := g.transport(t, original, nil)
			r := g.judge(t, message)
			requireValid(t, r)
			require.Equal(t, pec.KindTransport, r.Kind)
			m, err := pec.ParseBytes(message, nil)
			require.NoError(t, err)
			require.Equal(t, daticert.TypeTransport, m.Data.Type)
			_, err = m.Receipt()
			require.Error(t, err)
			events, err := r.Events("e")
			require.NoError(t, err)
			require.Empty(t, events)
			o, err := m.Original()
			require.NoError(t, err)
			defer o.Close()
			inner, err := pec.Parse(o.Source(), o.Size(), nil)
			require.NoError(t, err)
			report, err := pec.NewVerifier(g.store(t), nil).Verify(t.Context(), inner)
			require.NoError(t, err)
			require.NotEqual(t, trust.Valid, report.Verdict)
		})
	}
}

func TestS10_TwoCertificationData(t *testing.T) {
	g := gestoreAlfa()
	fake := g.data("avvenuta-consegna")
	fake.Deliveries = []string{"vittima@pec.beta.example"}
	xml, err := fake.Marshal()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		extra  envelope.Attachment
		first  string // name of the real one
		chosen bool
	}{
		"same name":             {envelope.Attachment{Name: "daticert.xml", Type: "application/xml", Data: xml}, "", false},
		"other case":            {envelope.Attachment{Name: "DatiCert.XML", Type: "application/xml", Data: xml}, "", false},
		"another type":          {envelope.Attachment{Name: "daticert.xml", Type: "text/plain", Data: xml}, "", false},
		"spaces":                {envelope.Attachment{Name: " daticert.xml ", Type: "application/xml", Data: xml}, "", false},
		"both without name":     {envelope.Attachment{Name: "-", Type: "application/xml", Data: xml}, "-", false},
		"a message of the name": {envelope.Attachment{Name: "daticert.xml", Type: "message/rfc822", Data: []byte("From: x\r\n\r\ny")}, "", false},
		"another name":          {envelope.Attachment{Name: "altro.xml", Type: "application/xml", Data: xml}, "", true},
		"a path":                {envelope.Attachment{Name: "../daticert.xml", Type: "application/xml", Data: xml}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			d := g.draft(t, g.data("accettazione"))
			d.Extra, d.Style.CertificationName = []envelope.Attachment{c.extra}, c.first
			r := g.judge(t, g.sign(t, d))
			if c.chosen {
				requireValid(t, r)
				require.Equal(t, pec.KindAcceptance, r.Kind)
				return
			}
			requireInvalid(t, r, trust.CheckCertificationData)
			m, err := pec.ParseBytes(g.sign(t, d), nil)
			require.NoError(t, err)
			require.Equal(t, []string{"duplicate-daticert"}, findingCodes(m.Findings))
			require.Nil(t, m.Data, "none is taken")
		})
	}
}

func TestS10_TwoCertificationDataInOtherWords(t *testing.T) {
	g := gestoreAlfa()
	d := g.draft(t, g.data("accettazione"))
	d.Extra = []envelope.Attachment{{Name: "SECONDO", Type: "application/xml", Data: d.CertificationData}}
	entity := signedPartOf(t, g.sign(t, d))
	for _, fields := range []string{
		`name="=?utf-8?q?daticert.xml?="`, `name="=?iso-8859-1?b?ZGF0aWNlcnQueG1s?="`, `name="=?utf-8?q?dati?= =?utf-8?q?cert.xml?="`,
		`name*=utf-8''daticert.xml`, `name*=utf-8''dati%63ert.xml`, `name*0=dati; name*1=cert.xml`, `name=daticert.xml`, `name="dati\cert.xml"`,
	} {
		changed := strings.Replace(entity, `name="SECONDO"`+"\r\n", fields+"\r\n", 1)
		changed = strings.Replace(changed, `Content-Disposition: inline; filename="SECONDO"`, "X-Disposition: inline", 1)
		require.NotContains(t, changed, "SECONDO")
		m := parse(t, g.signEntity(t, strings.Replace(outerHeader, "avvenuta-consegna", "accettazione", 1), changed))
		require.Equal(t, []string{"duplicate-daticert"}, findingCodes(m.Findings), fields)
		require.Nil(t, m.Data)
		if strings.Contains(fields, ";") {
			fields = "name*0=dati; filename*1=cert.xml"
		}
		disposition := strings.Replace(entity, `Content-Disposition: inline; filename="SECONDO"`, `Content-Disposition: attachment; file`+fields, 1)
		m = parse(t, g.signEntity(t, strings.Replace(outerHeader, "avvenuta-consegna", "accettazione", 1), disposition))
		require.Equal(t, []string{"duplicate-daticert"}, findingCodes(m.Findings), fields)
	}
}

// TestS16_OpaqueSignature: application/pkcs7-mime is no form of certified mail.
func TestS16_OpaqueSignature(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	for _, kind := range []string{"application/pkcs7-mime; smime-type=signed-data", "application/x-pkcs7-mime"} {
		message := []byte(strings.Replace(outerHeader, "avvenuta-consegna", "accettazione", 1) + "MIME-Version: 1.0\r\nContent-Type: " + kind +
			"; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Lines(p7sOf(t, good)))
		r := g.judge(t, message)
		requireInvalid(t, r, trust.CheckSignature, trust.CheckCertificationData)
		requireFindings(t, r, "unexpected-form")
		m, err := envelope.OpenBytes(message, nil)
		require.NoError(t, err)
		require.Equal(t, envelope.FormOpaque, m.Form)
	}
}

// TestS32_SignedTwice: a relay that signs what a provider has signed makes a
// message of its own, and there is no certification in it.
func TestS32_SignedTwice(t *testing.T) {
	a := gestoreAlfa()
	b := newGestore(a.ca, "Gestore Beta S.r.l.", betaMailbox, nil)
	genuine := a.receipt(t, "avvenuta-consegna")
	m, err := envelope.OpenBytes(genuine, nil)
	require.NoError(t, err)
	entity := "Content-Type: " + m.Header.Get("Content-Type") + "\r\n\r\n" + string(genuine[m.Root.Body.Start:m.Root.Body.End])
	header := strings.Replace(outerHeader, alfaMailbox, betaMailbox, 1)
	r := a.judge(t, b.signEntity(t, header, entity))
	requireInvalid(t, r, trust.CheckCertificationData)
	requireFindings(t, r, "signed-not-mixed", "time-from-signature")
	require.Equal(t, betaMailbox, r.Signer.Emails[0], "one signature: the top-level one")

	// The inner one inside a multipart/mixed of the relay.
	entity = "Content-Type: multipart/mixed; boundary=R\r\n\r\n--R\r\nContent-Type: text/plain\r\n\r\nRilanciato\r\n--R\r\n" + string(genuine) + "\r\n--R--"
	r = a.judge(t, b.signEntity(t, header, entity))
	requireInvalid(t, r, trust.CheckCertificationData)
	requireFindings(t, r, "time-from-signature")
}
