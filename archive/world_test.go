package archive_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// world is what the tests capture with: fixtures, whom they are signed by, and
// a time-stamping authority.
type world struct {
	pec, rem  []pectest.Fixture
	anchors   []*x509.Certificate // of mail and of the time-stamps in REM
	store     *trust.Store
	tsa       *tsptest.Authority
	stamps    *trust.Store
	received  time.Time
	later     time.Time // ten years on
	stampRoot *x509.Certificate
}

var theWorld = sync.OnceValues(func() (*world, error) {
	w := &world{received: time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)}
	w.later = w.received.AddDate(10, 0, 0)
	var err error
	if w.pec, err = pectest.Fixtures(1); err != nil {
		return nil, err
	}
	if w.rem, err = remtest.Fixtures(1); err != nil {
		return nil, err
	}
	roots, err := remtest.FixtureAnchors(1)
	if err != nil {
		return nil, err
	}
	if w.anchors, err = trust.ParseCertificates(append(pectest.FixtureAnchors(1), roots...)); err != nil {
		return nil, err
	}
	if w.store, err = trust.NewStore(trust.Material{Anchors: w.anchors}, nil); err != nil {
		return nil, err
	}
	if w.tsa, err = tsptest.New(tsptest.Config{Clock: func() time.Time { return w.received.Add(time.Minute) }, Seed: 7, NotAfter: w.received.AddDate(6, 0, 0)}); err != nil {
		return nil, err
	}
	w.stampRoot = w.tsa.Root()
	w.stamps, err = trust.NewStore(trust.Material{Anchors: append([]*x509.Certificate{w.stampRoot}, w.anchors...)}, nil)
	return w, err
})

func newWorld(t testing.TB) *world {
	t.Helper()
	w, err := theWorld()
	require.NoError(t, err)
	return w
}

func (w *world) options(stamped bool) *archive.CaptureOptions {
	o := &archive.CaptureOptions{FirstSeen: w.received, Trust: w.store, TimeStamps: w.stamps, Origin: archive.Origin{Source: "imap.gestore.example", Folder: "INBOX", UIDValidity: 1, UID: 7}}
	if stamped {
		o.Source = w.tsa
	}
	return o
}

// verify are the options of a reader ten years later.
func (w *world) verify() *archive.VerifyOptions {
	stamps := trust.Material{Anchors: append([]*x509.Certificate{w.stampRoot}, w.anchors...)}
	return &archive.VerifyOptions{Now: w.later, Trust: trust.Material{Anchors: w.anchors}, TimeStamps: &stamps}
}

func (w *world) fixture(t testing.TB, file string) pectest.Fixture {
	t.Helper()
	for _, list := range [...][]pectest.Fixture{w.pec, w.rem} {
		for _, f := range list {
			if f.File == file {
				return f
			}
		}
	}
	require.Fail(t, "no fixture "+file)
	return pectest.Fixture{}
}

func capture(t testing.TB, data []byte, o *archive.CaptureOptions) *archive.Item {
	t.Helper()
	it, err := archive.Capture(t.Context(), bytes.NewReader(data), int64(len(data)), o)
	require.NoError(t, err)
	return it
}

// transaction captures fixtures by name.
func (w *world) transaction(t testing.TB, stamped bool, files ...string) *archive.Transaction {
	t.Helper()
	tx := &archive.Transaction{ID: "urn:example:1"}
	for _, f := range files {
		tx.Items = append(tx.Items, capture(t, w.fixture(t, f).Data, w.options(stamped)))
	}
	return tx
}

func (w *world) write(t testing.TB, format archive.Format, tx *archive.Transaction) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "p"+format.Ext())
	o := &archive.Options{Format: format, Organization: "Esempio S.r.l."}
	if format == archive.ASiCE {
		o.TimeStamp = w.tsa
	}
	require.NoError(t, archive.Write(t.Context(), name, tx, o))
	return name
}

func open(t testing.TB, name string) *archive.Package {
	t.Helper()
	p, err := archive.Open(t.Context(), name, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func verified(t testing.TB, name string, o *archive.VerifyOptions) *archive.Verification {
	t.Helper()
	v, err := open(t, name).Verify(t.Context(), o)
	require.NoError(t, err)
	return v
}

func describe(v *archive.Verification) string {
	s := v.Summary() + fmt.Sprintf("\n%+v %+v", v.Integrity, v.Findings)
	for _, it := range v.Items {
		s += fmt.Sprintf("\n%s %s %s", it.Path, it.Verdict, it.SeenBy)
		for _, p := range it.Proofs {
			s += fmt.Sprintf("\n  %-22s %-8s %-16s %v %s", p.Code, p.Status, p.Why, p.By, p.Detail)
		}
	}
	return s
}

func typeOf(form string) daticert.ReceiptType { return daticert.ReceiptType(form) }

func draftTo(subject string) *pec.Draft {
	return &pec.Draft{From: pec.Address{Address: "anna@alfa.example"}, To: pec.Addresses("bruno@beta.example"), Subject: subject, Text: "a"}
}

func readerAt(data []byte) io.ReaderAt { return bytes.NewReader(data) }
