package archive_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/trust"
)

// Fixture transactions of every kind, genuine and not, say ten years later what
// they said at reception; but for signatures with SHA-1 that no time-stamp covers.
func TestStorage_FixturesVerifyTenYearsLater(t *testing.T) {
	w := newWorld(t)
	fixtures := append(append([]pectest.Fixture(nil), w.pec...), w.rem...)
	if testing.Short() {
		fixtures = fixtures[:20]
	}
	require.True(t, testing.Short() || len(fixtures) >= 100, "%d", len(fixtures))
	formats := archive.Formats()
	kinds := map[string]int{}
	unproved := 0
	for i, f := range fixtures {
		it := capture(t, f.Data, w.options(i%2 == 0))
		require.Equal(t, f.Kind, it.Kind, f.File)
		if f.System != "mail" {
			require.Equal(t, f.Verdict, string(it.Report.Verdict), f.File)
		}
		kinds[it.System+" "+it.Kind]++
		format := formats[i%len(formats)]
		v := verified(t, w.write(t, format, &archive.Transaction{Items: []*archive.Item{it}}), w.verify())
		require.True(t, v.Integrity.Intact, f.File)
		got := v.Items[0]
		require.True(t, got.Intact)
		if f.System == "mail" {
			require.Equal(t, trust.Valid, got.Verdict, f.File)
			continue
		}
		want := f.Verdict
		if it.Report.Digest == "SHA-1" && got.SeenBy == archive.SeenByRecord && want == string(trust.Valid) {
			want = string(trust.Indeterminate)
			require.Equal(t, archive.WhyWeak, got.Proof(trust.CheckDigestAlgorithm).Why, f.File)
			unproved++
		}
		require.Equal(t, want, string(got.Verdict), "%s\n%s", f.File, describe(v))
		require.Empty(t, got.Changes, "%s\n%s", f.File, describe(v))
		switch {
		case i%2 == 0:
			require.Equal(t, archive.SeenByTimeStamp, got.SeenBy, f.File)
		case format == archive.ASiCE:
			require.Equal(t, archive.SeenByPackage, got.SeenBy, f.File)
		default:
			require.Equal(t, archive.SeenByRecord, got.SeenBy, f.File)
		}
	}
	require.True(t, testing.Short() || unproved > 0)
	t.Log(len(fixtures), kinds, unproved, "with SHA-1 and without a time-stamp")
}

// networkTransactions archives what lies in all mailboxes of a network.
func networkTransactions(t *testing.T, messages [][]byte, m trust.Material, at time.Time, w *world) int {
	t.Helper()
	store, err := trust.NewStore(m, nil)
	require.NoError(t, err)
	var items []*archive.Item
	for _, data := range messages {
		items = append(items, capture(t, data, &archive.CaptureOptions{FirstSeen: at, Trust: store, Source: w.tsa}))
	}
	n := 0
	for _, tx := range archive.Collate(items) {
		was := map[string]trust.Verdict{}
		for _, it := range tx.Items {
			was[it.SHA256] = it.Report.Verdict
		}
		name := filepath.Join(t.TempDir(), archive.PackageName(tx)+".zip")
		require.NoError(t, archive.Write(t.Context(), name, tx, &archive.Options{Format: archive.BagItZip, Organization: "x"}))
		stamps := m
		stamps.Anchors = append([]*x509.Certificate{w.stampRoot}, m.Anchors...)
		v := verified(t, name, &archive.VerifyOptions{Now: at.AddDate(10, 0, 0), Trust: m, TimeStamps: &stamps})
		require.True(t, v.Integrity.Intact)
		require.Len(t, v.Items, len(was))
		for _, it := range v.Items {
			if it.Item.System != "mail" {
				require.Equal(t, was[it.Item.SHA256], it.Verdict, describe(v))
			}
		}
		n++
	}
	return n
}

// Whole transactions with failures, brief receipts, delays and mixed
// recipients, as a network of providers makes them.
func TestStorage_TransactionsVerifyTenYearsLater(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	count := 0
	for _, s := range pectest.Scenarios() {
		n, err := s.Play(ctx)
		require.NoError(t, err)
		var all [][]byte
		for _, box := range n.Mailboxes() {
			for _, m := range box.Messages() {
				all = append(all, m.Data)
			}
		}
		m, err := n.Material()
		require.NoError(t, err)
		count += networkTransactions(t, all, m, n.Now(), w)
	}
	scenarios := remtest.Scenarios()
	if testing.Short() {
		scenarios = scenarios[:5]
	}
	for _, s := range scenarios {
		n, err := s.Play(ctx)
		require.NoError(t, err)
		var all [][]byte
		for _, box := range n.Mailboxes() {
			for _, m := range box.Messages() {
				all = append(all, m.Data)
			}
		}
		count += networkTransactions(t, all, n.Material(), n.Now(), w)
	}
	t.Log(count, "transactions")
	require.Greater(t, count, 20)
}

// §7 Storage: relations by msgid, also of a brief receipt.
func TestStorage_Relations(t *testing.T) {
	for _, form := range []string{"", "breve", "sintetica"} {
		n, err := pectest.NewNetwork(nil)
		require.NoError(t, err)
		anna, err := n.Account("anna@alfa.example")
		require.NoError(t, err)
		draft := &pec.Draft{From: pec.Address{Address: "anna@alfa.example"}, To: pec.Addresses("bruno@beta.example", "nobody@beta.example"), Subject: "Contratto", Text: "a", ReceiptType: typeOf(form)}
		out, err := pec.Compose(draft, &pec.ComposeOptions{Now: n.Now})
		require.NoError(t, err)
		defer out.Close()
		var own bytes.Buffer
		_, err = out.WriteTo(&own)
		require.NoError(t, err)
		require.NoError(t, anna.Submit(t.Context(), "anna@alfa.example", []string{"bruno@beta.example", "nobody@beta.example"}, own.Bytes()))
		n.Settle()
		o := &archive.CaptureOptions{FirstSeen: n.Now(), Trust: n.Store()}
		items := []*archive.Item{capture(t, own.Bytes(), o), capture(t, own.Bytes(), o)}
		box, err := n.Mailbox("anna@alfa.example")
		require.NoError(t, err)
		for _, m := range box.Messages() {
			items = append(items, capture(t, m.Data, o))
		}
		all := archive.Collate(items)
		require.Len(t, all, 1)
		require.Empty(t, all[0].Relate())
		require.Len(t, all[0].Items, 4, "the message, once, and three receipts")
		message := ""
		for _, it := range all[0].Items {
			if it.Role == archive.RoleMessage {
				message = it.Name
			}
		}
		got := map[archive.Role]string{}
		for _, it := range all[0].Items {
			for _, r := range it.Relations {
				require.Equal(t, message, r.To)
				got[it.Role] = r.Type
			}
		}
		require.Equal(t, map[archive.Role]string{archive.RoleAcceptance: "receipt-of", archive.RoleDelivery: "delivery-of", archive.RoleFailure: "failure-of"}, got, form)
	}
}

// §7 Storage: one identifier and other bytes are a contradiction.
func TestStorage_DuplicatesAndConflicts(t *testing.T) {
	w := newWorld(t)
	data := w.fixture(t, "good/m1-accettazione.eml").Data
	other := append(bytes.Clone(data), "\r\n"...)
	tx := &archive.Transaction{}
	for _, d := range [][]byte{data, data, other} {
		tx.Items = append(tx.Items, capture(t, d, w.options(false)))
	}
	name := w.write(t, archive.Folder, tx)
	require.Len(t, tx.Items, 2)
	v := verified(t, name, w.verify())
	require.Len(t, v.Items, 2)
	require.Contains(t, fmt.Sprint(v.Findings), "identifier-conflict")
}

// A certificate that has run out since, a time-stamp whose authority has, and
// no revocation data: the words for each.
func TestStorage_WhatHoldsAndWhatDoesNot(t *testing.T) {
	w := newWorld(t)
	name := w.write(t, archive.Zip, w.transaction(t, true, "good/m1-accettazione.eml"))
	o := w.verify()
	o.Now = time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)
	v := verified(t, name, o)
	require.Equal(t, trust.Valid, v.Verdict, describe(v))
	it := v.Items[0]
	require.True(t, it.Proof(trust.CheckSignerChain).Holds())
	require.Equal(t, archive.WhyCaptured, it.Proof(trust.CheckSignerChain).Why)
	require.Greater(t, len(it.Proof(trust.CheckSignerChain).By), 1)
	require.Equal(t, archive.WhyExpired, it.Proof(archive.ProofSignerNow).Why)
	require.Equal(t, archive.WhyExpired, it.Proof(archive.ProofTimeStampNow).Why)
	require.Equal(t, archive.WhyNotCaptured, it.Proof(trust.CheckRevocation).Why)
	require.Equal(t, archive.WhyTimeStamp, it.Proof(archive.ProofFirstSeen).Why)

	o.TimeStamps = nil // an authority that is not known
	it = verified(t, name, o).Items[0]
	require.Equal(t, trust.Unknown, it.Proof(archive.ProofTimeStamp).Status)
	require.Equal(t, "record", it.SeenBy)
	require.Equal(t, trust.Indeterminate, verified(t, name, &archive.VerifyOptions{Now: o.Now}).Verdict, "nobody is believed")

	_, err := open(t, name).Verify(t.Context(), &archive.VerifyOptions{})
	require.Error(t, err)
}

// §7 Metadata: the mapping, and values that are no plain text.
func TestMetadata_Mapping(t *testing.T) {
	w := newWorld(t)
	type document struct {
		Digest  string   `xml:"IdDoc>ImprontaCrittograficaDelDocumento>Impronta"`
		Type    string   `xml:"TipologiaDocumentale"`
		Flow    string   `xml:"DatiDiRegistrazione>TipologiaDiFlusso"`
		Date    string   `xml:"DatiDiRegistrazione>TipoRegistro>Nessuno>DataDocumento"`
		Number  string   `xml:"DatiDiRegistrazione>TipoRegistro>Nessuno>NumeroDocumento"`
		Roles   []string `xml:"Soggetti>Ruolo>TipoRuolo"`
		Subject string   `xml:"ChiaveDescrittiva>Oggetto"`
		Words   []string `xml:"ChiaveDescrittiva>ParoleChiave"`
		Files   int      `xml:"Allegati>NumeroAllegati"`
		Name    string   `xml:"NomeDelDocumento"`
		Stamped bool     `xml:"Verifica>MarcaturaTemporale"`
		Years   int      `xml:"TempoDiConservazione"`
	}
	read := func(it *archive.Item, describe func(*archive.Item, *archive.Metadata)) document {
		dir := filepath.Join(t.TempDir(), "p")
		require.NoError(t, archive.Write(t.Context(), dir, &archive.Transaction{Retention: 7, Items: []*archive.Item{it}}, &archive.Options{Format: archive.PDV, Organization: "x", Describe: describe}))
		data, err := os.ReadFile(filepath.Join(dir, "metadata", it.Name+".xml"))
		require.NoError(t, err)
		var d document
		require.NoError(t, xml.Unmarshal(data, &d), "%s", data)
		raw, err := hex.DecodeString(it.SHA256)
		require.NoError(t, err)
		require.Equal(t, base64.StdEncoding.EncodeToString(raw), d.Digest)
		require.Equal(t, it.Name+".eml", d.Name)
		require.Equal(t, 7, d.Years)
		return d
	}
	for file, want := range map[string]document{
		"good/m4-busta-di-trasporto.eml": {Type: "Messaggio PEC ricevuto", Flow: "E"},
		"good/m1-accettazione.eml":       {Type: "Ricevuta di accettazione PEC", Flow: "U"},
		"good/m9-consegna-completa.eml":  {Type: "Ricevuta di avvenuta consegna PEC", Flow: "U"},
		"good/m10-mancata-consegna.eml":  {Type: "Avviso di mancata consegna PEC", Flow: "U"},
		"good/m7-rilevazione-virus.eml":  {Type: "Avviso di rilevazione virus PEC", Flow: "U"},
		"good/m6-busta-di-anomalia.eml":  {Type: "Busta di anomalia PEC ricevuta", Flow: "E"},
	} {
		it := capture(t, w.fixture(t, file).Data, w.options(false))
		d := read(it, nil)
		require.Equal(t, want.Type, d.Type, file)
		require.Equal(t, want.Flow, d.Flow, file)
		require.Equal(t, len(it.Attachments), d.Files)
		require.Equal(t, it.Subject, d.Subject)
		require.Equal(t, "Produttore", d.Roles[len(d.Roles)-1])
		require.False(t, d.Stamped)
		if it.Identifier != "" {
			require.Equal(t, it.Identifier, d.Number)
			require.Equal(t, "2026-03-03", d.Date)
		}
	}
	d := read(capture(t, []byte("From: a@b.example\r\nSubject: <&\"' \r\n\r\nb"), w.options(true)), func(_ *archive.Item, m *archive.Metadata) {
		m.Object, m.Keywords = "a<b>&\"'\x00\x1b]]>è\xff", []string{"1", "2", "3", "4", "5", "6"}
		m.Subjects = append(m.Subjects, archive.Subject{Role: "SoggettoCheEffettuaLaRegistrazione", Kind: "PF", FirstName: "<", LastName: "&", FiscalCode: "\""})
	})
	require.Equal(t, "a<b>&\"'\uFFFD\uFFFD]]>è\uFFFD", d.Subject)
	require.Len(t, d.Words, 5)
	require.True(t, d.Stamped)
	require.Equal(t, "Messaggio di posta elettronica", d.Type)
	require.Equal(t, "", read(capture(t, []byte("X: y\r\n\r\n"), w.options(false)), nil).Subject, "no subject, no recipients")
}

// The real messages are kept and judged as they were.
func TestStorage_RealMessages(t *testing.T) {
	dir := reftest.Dir(t, "pec")
	agid, err := trust.ParseCertificates(append(reftest.File(t, "pec", "agid-ca1-2018.pem"), reftest.File(t, "pec", "agid-ca1-2025.pem")...))
	require.NoError(t, err)
	m := trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}, Intermediates: agid}
	store, err := trust.NewStore(m, nil)
	require.NoError(t, err)
	w := newWorld(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		it := capture(t, data, &archive.CaptureOptions{FirstSeen: w.received, Trust: store, Source: w.tsa})
		want := trust.Valid
		if strings.Contains(file, "altered") {
			want = trust.Invalid
		}
		require.Equal(t, want, it.Report.Verdict, "%s %+v", filepath.Base(file), it.Report)
		name := filepath.Join(t.TempDir(), "p.asice")
		require.NoError(t, archive.Write(t.Context(), name, &archive.Transaction{Items: []*archive.Item{it}}, &archive.Options{Format: archive.ASiCE, TimeStamp: w.tsa}))
		stamps := trust.Material{Anchors: []*x509.Certificate{w.stampRoot}}
		v := verified(t, name, &archive.VerifyOptions{Now: w.received.AddDate(20, 0, 0), Trust: trust.Material{Keys: m.Keys}, TimeStamps: &stamps})
		require.Equal(t, want, v.Verdict, describe(v))
		require.True(t, v.Integrity.Intact)
		require.Equal(t, archive.WhyExpired, v.Items[0].Proof(archive.ProofSignerNow).Why)
		if it.Report.Digest == "SHA-1" {
			require.Equal(t, archive.WhyWeakStamped, v.Items[0].Proof(trust.CheckDigestAlgorithm).Why)
		}
		t.Log(filepath.Base(file), v.Summary())
	}
}
