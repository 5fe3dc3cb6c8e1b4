package report_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/archive/report"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

const (
	anna  = "anna@alfa.example"
	bruno = "bruno@beta.example"
)

// world is a network of providers, a time-stamping authority, and a reader ten
// years later.
type world struct {
	testing.TB
	n     *pectest.Network
	store *trust.Store
	tsa   *tsptest.Authority
	now   time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	w := &world{TB: t, n: n}
	w.store, err = trust.NewStore(trust.Material{Anchors: []*x509.Certificate{n.Authority().Certificate()}}, nil)
	require.NoError(t, err)
	w.tsa, err = tsptest.New(tsptest.Config{Clock: n.Now, Seed: 7, NotAfter: n.Now().AddDate(6, 0, 0)})
	require.NoError(t, err)
	w.now = n.Now().AddDate(10, 0, 0)
	return w
}

func (w *world) capture(data []byte, stamped bool) *archive.Item {
	w.Helper()
	o := &archive.CaptureOptions{FirstSeen: w.n.Now(), Trust: w.store}
	if stamped {
		o.Source = w.tsa
	}
	it, err := archive.Capture(context.Background(), bytes.NewReader(data), int64(len(data)), o)
	require.NoError(w, err)
	return it
}

// sent is a message of anna's with all its receipts.
func (w *world) sent(d *pec.Draft, stamped bool) *archive.Transaction {
	w.Helper()
	a, err := w.n.Account(anna)
	require.NoError(w, err)
	before := len(a.Mailbox.Messages())
	_, err = a.Send(context.Background(), d)
	require.NoError(w, err)
	w.n.Settle()
	t := &archive.Transaction{ID: "urn:example:pratica-7"}
	for _, m := range a.Mailbox.Messages()[before:] {
		t.Items = append(t.Items, w.capture(m.Data, stamped))
	}
	return t
}

func (w *world) contract() *pec.Draft {
	return &pec.Draft{To: pec.Addresses(bruno, "nessuno@beta.example", "ditta@mail.test"), Subject: "Disdetta del contratto n. 7/2026 – perché è scaduto",
		Text: "Con la presente si disdice il contratto.\n", Attachments: []pec.File{pec.FileBytes("disdetta è firmata.pdf", "application/pdf", []byte("%PDF-1.4\n"))}}
}

func (w *world) write(format archive.Format, t *archive.Transaction) string {
	w.Helper()
	name := filepath.Join(w.TempDir(), "fascicolo"+format.Ext())
	o := &archive.Options{Format: format, Organization: "Esempio S.r.l.", TimeStamp: w.tsa}
	require.NoError(w, archive.Write(context.Background(), name, t, o))
	return name
}

func (w *world) options() *archive.VerifyOptions {
	stamps := trust.Material{Anchors: []*x509.Certificate{w.tsa.Root()}}
	return &archive.VerifyOptions{Now: w.now, Trust: trust.Material{Anchors: []*x509.Certificate{w.n.Authority().Certificate()}}, TimeStamps: &stamps}
}

func (w *world) examine(name string) *report.Examination { return w.examineWith(name, w.options()) }

func (w *world) examineWith(name string, o *archive.VerifyOptions) *report.Examination {
	w.Helper()
	p, err := archive.Open(context.Background(), name, nil)
	require.NoError(w, err)
	w.Cleanup(func() { _ = p.Close() })
	x, err := report.Examine(context.Background(), p, &report.Options{VerifyOptions: *o})
	require.NoError(w, err)
	return x
}

func (w *world) page(x *report.Examination, lang string) string {
	w.Helper()
	var b bytes.Buffer
	require.NoError(w, report.WriteHTML(&b, &report.Page{Examination: x, Lang: lang, Generated: w.now}))
	return b.String()
}
