package receipt

import (
	"bytes"
	"crypto"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/catalogue"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
)

const original = "From: Anna <anna@alfa.example>\r\nTo: bruno@beta.example\r\nCc: dario@mail.example\r\n" +
	"Subject: =?utf-8?q?Perch=C3=A9?=\r\nMessage-ID: <" + pecID + ">\r\nX-Riferimento-Message-ID: <" + client + ">\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\nContent-Type: text/plain\r\n\r\nCiao\r\n--inner\r\n" +
	"Content-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0x\r\nLjQK\r\n--inner--\r\n"

func section(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

func transaction() *Transaction {
	return &Transaction{
		Sender: anna, Subject: "Perché – \"x\" <y> & z", HasSubject: true, MessageID: client, Identifier: pecID,
		Recipients: []TransactionRecipient{{Address: bruno}, {Address: dario, Type: daticert.RecipientExternal, Copy: true}},
	}
}

// notice has what a form needs and nothing more.
func notice(form Form) *Notice {
	row, _ := catalogue.ByID(catalogue.ID(form))
	n := &Notice{
		Provider:  envelope.Provider{Name: "Gestore Beta S.r.l.", Address: "posta-certificata@gestore-b.example"},
		Time:      start.Add(10*time.Second + 999*time.Millisecond),
		MessageID: "pec2.77.1@gestore-b.example", HTML: true,
	}
	if row.To == catalogue.ServiceMailbox {
		n.To = "servizio@gestore-a.example"
	}
	if row.Elements.Delivery {
		n.Recipient = "Bruno@beta.example"
	}
	if row.Elements.TakenInCharge {
		n.TakenInCharge = []string{bruno}
	}
	if row.Elements.ErrorDetail && row.Message != "M11" {
		n.Detail = ErrorDetail("5.1.1", "Gestore Beta S.r.l.", "indirizzo non valido")
	}
	if row.Original >= catalogue.OriginalWhole {
		n.Original = section(original)
	}
	return n
}

func signerOf(t testing.TB) (*testpki.Authority, *envelope.Signer) {
	t.Helper()
	ca := testpki.NewAuthority(11, "CA di prova", nil)
	leaf := ca.Provider("Gestore Beta S.r.l.", "posta-certificata@gestore-b.example", nil)
	return ca, &envelope.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain}
}

// TestBuildAllForms builds every receipt and notice, lets OpenSSL and xmllint
// judge it, and reads it back.
func TestBuildAllForms(t *testing.T) {
	ca, signer := signerOf(t)
	require.Len(t, Forms(), 12)
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA1} {
		for _, form := range Forms() {
			t.Run(hash.String()+"/"+string(form), func(t *testing.T) {
				row, _ := catalogue.ByID(catalogue.ID(form))
				tr, n := transaction(), notice(form)
				draft, d, err := Build(form, tr, n)
				require.NoError(t, err)
				var b bytes.Buffer
				signer.Hash = hash
				require.NoError(t, envelope.Write(&b, draft, signer))
				reftest.OpenSSLVerify(t, b.Bytes(), ca.PEM())

				m, err := envelope.OpenBytes(b.Bytes(), nil)
				require.NoError(t, err)
				require.Equal(t, envelope.KindReceipt, m.Class.Kind)
				require.Equal(t, row.Marker.Value, m.Header.Get(catalogue.HeaderReceipt))
				require.Equal(t, catalogue.Subject(&row, tr.Subject), m.Header.Text("Subject"))
				require.Equal(t, "<"+client+">", m.Header.Get(catalogue.HeaderReference))
				require.Equal(t, "<pec2.77.1@gestore-b.example>", m.Header.Get("Message-ID"))
				require.Equal(t, "posta-certificata@gestore-b.example", m.Header.Get("From"))
				require.Equal(t, "Tue, 03 Mar 2026 10:15:40 +0100", m.Header.Get("Date"))
				require.Equal(t, row.Virus(), m.Header.Get(catalogue.HeaderSecurity) == "errore")
				if row.To == catalogue.ServiceMailbox {
					require.Equal(t, "servizio@gestore-a.example", m.Header.Get("To"))
				} else {
					require.Equal(t, anna, m.Header.Get("To"))
				}
				require.Equal(t, form == FormVirusDetection, m.Header.Get(catalogue.HeaderSender) == anna)
				for _, never := range []string{"Sender", "Reply-To", "Received", "X-TipoRicevuta", "X-Trasporto"} {
					require.False(t, m.Header.Has(never), never)
				}
				require.Equal(t, row.Original >= catalogue.OriginalWhole, m.Original != nil)

				xml, err := m.Certification.Bytes(1 << 20)
				require.NoError(t, err)
				reftest.ValidDaticert(t, xml)
				read, err := daticert.Parse(xml, nil)
				require.NoError(t, err)
				require.Empty(t, read.Validate())
				read.Raw = ""
				d.Raw = ""
				require.Equal(t, d, read)

				date, err := time.Parse(time.RFC1123Z, m.Header.Get("Date"))
				require.NoError(t, err)
				r, err := FromData(read, Header{
					Ricevuta: m.Header.Get(catalogue.HeaderReceipt), VerificaSicurezza: m.Header.Get(catalogue.HeaderSecurity),
					Reference: m.Header.Get(catalogue.HeaderReference), Date: date,
				})
				require.NoError(t, err)
				require.True(t, r.Info().Time.Equal(date), "header, data and text say the same instant")
				if form != FormNonDelivery && form != FormNonAcceptance {
					require.Empty(t, r.Info().Findings)
				}
				require.Equal(t, client, r.Info().MessageID)
				require.NotEmpty(t, Events(r, Proof{}))

				alternative, _, err := envelope.Structure(m.Text.WholeEntity(), nil)
				require.NoError(t, err)
				require.Len(t, alternative.Parts, 2)
				text, err := alternative.Parts[0].Bytes(1 << 20)
				require.NoError(t, err)
				require.True(t, strings.HasPrefix(string(text), row.Title), "%s", text)
				require.Contains(t, string(text), "03/03/2026 alle ore 10:15:40 (+0100)")
			})
		}
	}
}

func TestBuildWholeOriginalIsByteEqual(t *testing.T) {
	_, signer := signerOf(t)
	draft, _, err := Build(FormDeliveryComplete, transaction(), notice(FormDeliveryComplete))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, envelope.Write(&b, draft, signer))
	m, err := envelope.OpenBytes(b.Bytes(), nil)
	require.NoError(t, err)
	got, err := io.ReadAll(m.Original.Raw())
	require.NoError(t, err)
	require.Equal(t, original, string(got))
}

func TestBuildTimeoutNoticesAreToldApart(t *testing.T) {
	for form, want := range map[Form]EventKind{FormTimeoutFirst: EventDelayed, FormTimeoutSecond: EventTimedOut} {
		_, d, err := Build(form, transaction(), notice(form))
		require.NoError(t, err)
		r, err := FromData(d, Header{})
		require.NoError(t, err)
		require.Equal(t, want, Events(r, Proof{})[0].Kind)
	}
}

func TestEMU13_DeliveryForms(t *testing.T) {
	tr := &Transaction{Recipients: []TransactionRecipient{
		{Address: "to@x.example"}, {Address: "cc@x.example", Copy: true},
		{Address: "both@x.example", Copy: true}, {Address: "BOTH@x.example"},
	}}
	for _, tt := range []struct {
		asked       daticert.ReceiptType
		primary, cc Form
	}{
		{"", FormDeliveryComplete, FormDeliveryConcise},
		{"completa", FormDeliveryComplete, FormDeliveryConcise},
		{" Breve ", FormDeliveryBrief, FormDeliveryConcise},
		{"sintetica", FormDeliveryConcise, FormDeliveryConcise},
		{"ridotta", FormDeliveryComplete, FormDeliveryConcise},
	} {
		tr.ReceiptType = tt.asked
		require.Equal(t, tt.primary, tr.DeliveryForm("TO@x.example"))
		require.Equal(t, tt.cc, tr.DeliveryForm("cc@x.example"))
		require.Equal(t, tt.primary, tr.DeliveryForm("both@x.example"))
		require.Equal(t, tt.primary, tr.DeliveryForm("nowhere@x.example"))
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, tt := range []struct {
		field string
		form  Form
		edit  func(*Transaction, *Notice)
	}{
		{"form", "M4", nil},
		{"form", "M9", nil},
		{"form", "", nil},
		{"sender", FormAcceptance, func(tr *Transaction, _ *Notice) { tr.Sender = "" }},
		{"recipients", FormAcceptance, func(tr *Transaction, _ *Notice) { tr.Recipients = nil }},
		{"identifier", FormNonAcceptance, func(tr *Transaction, _ *Notice) { tr.Identifier = "" }},
		{"provider name", FormAcceptance, func(_ *Transaction, n *Notice) { n.Provider.Name = "" }},
		{"provider address", FormAcceptance, func(_ *Transaction, n *Notice) { n.Provider.Address = "" }},
		{"time", FormAcceptance, func(_ *Transaction, n *Notice) { n.Time = time.Time{} }},
		{"message id", FormAcceptance, func(_ *Transaction, n *Notice) { n.MessageID = "<>" }},
		{"to", FormTakeCharge, func(_ *Transaction, n *Notice) { n.To = "" }},
		{"recipient", FormDeliveryConcise, func(_ *Transaction, n *Notice) { n.Recipient = "" }},
		{"recipient", FormDeliveryConcise, func(_ *Transaction, n *Notice) { n.Recipient = carla }},
		{"taken in charge", FormTakeCharge, func(_ *Transaction, n *Notice) { n.TakenInCharge = nil }},
		{"recipient", FormTakeCharge, func(_ *Transaction, n *Notice) { n.TakenInCharge = []string{carla} }},
		{"detail", FormNonDelivery, func(_ *Transaction, n *Notice) { n.Detail = "" }},
		{"original", FormDeliveryComplete, func(_ *Transaction, n *Notice) { n.Original = nil }},
		{"original", FormNonDelivery, func(_ *Transaction, n *Notice) { n.Original = section(original) }},
	} {
		tr, n := transaction(), notice(tt.form)
		if tt.edit != nil {
			tt.edit(tr, n)
		}
		_, _, err := Build(tt.form, tr, n)
		require.ErrorIs(t, err, ErrBuild, tt.field)
		var e *BuildError
		require.ErrorAs(t, err, &e)
		require.Equal(t, tt.field, e.Field)
	}
	_, _, err := Build(FormAcceptance, nil, nil)
	require.ErrorIs(t, err, ErrBuild)
}

func TestBuildWithoutSubjectOrMessageID(t *testing.T) {
	tr := transaction()
	tr.Subject, tr.HasSubject, tr.MessageID = "", false, ""
	draft, d, err := Build(FormAcceptance, tr, notice(FormAcceptance))
	require.NoError(t, err)
	require.False(t, d.HasSubject)
	require.Empty(t, d.MessageID)
	for _, f := range draft.Header {
		require.NotEqual(t, catalogue.HeaderReference, f.Name)
		if f.Name == "Subject" {
			require.Equal(t, "ACCETTAZIONE:", f.Value)
		}
	}
	xml, err := d.Marshal()
	require.NoError(t, err)
	reftest.ValidDaticert(t, xml)
}

// TestBuildOfOddTexts: what a user wrote stops no notice, and certification
// data and header say the same.
func TestBuildOfOddTexts(t *testing.T) {
	tr := transaction()
	tr.Subject, tr.MessageID = "a\x00b\xff\r\nX-Ricevuta: c\uFFFE", "<a\rb\x00@c.example>"
	draft, d, err := Build(FormAcceptance, tr, notice(FormAcceptance))
	require.NoError(t, err)
	require.Equal(t, "a\uFFFDb\uFFFD\r\nX-Ricevuta: c\uFFFD", d.Subject)
	require.Equal(t, "<a b @c.example>", d.MessageID)
	for _, f := range draft.Header {
		switch f.Name {
		case "Subject":
			require.Equal(t, "ACCETTAZIONE: a\uFFFDb\uFFFD X-Ricevuta: c\uFFFD", f.Value)
		case catalogue.HeaderReference:
			require.Equal(t, d.MessageID, f.Value)
		}
	}
	xml, err := d.Marshal()
	require.NoError(t, err)
	reftest.ValidDaticert(t, xml)
}

func openssl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(reftest.Tool(t, "openssl"), args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}
