package evidence

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

// world is a provider with its key, a time-stamping authority, and stores that
// believe both.
type world struct {
	root   *testpki.Authority
	leaf   *testpki.Leaf
	tsa    *tsptest.Authority
	signer *Signer
	trust  VerifyOptions
}

// signingTime is one second after the events of the samples.
var signingTime = submitted.Add(6 * time.Second)

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{root: testpki.NewAuthority(11, "REM Test Root", nil)}
	w.leaf = w.root.Provider(alfa, "rem-service@alfa-rem.example", nil)
	var err error
	w.tsa, err = tsptest.New(tsptest.Config{Clock: func() time.Time { return signingTime.Add(time.Second) }, Seed: 3})
	require.NoError(tb, err)
	w.signer = &Signer{Key: w.leaf.Key, Certificate: w.leaf.Certificate, TimeStamp: w.tsa, Now: func() time.Time { return signingTime }}
	store, err := trust.NewStore(trust.Material{Anchors: []*x509.Certificate{w.root.Certificate}}, nil)
	require.NoError(tb, err)
	tsa, err := w.tsa.Store()
	require.NoError(tb, err)
	w.trust = VerifyOptions{Store: store, TSA: tsa, Now: signingTime.Add(time.Hour)}
	return w
}

func (w *world) sign(tb testing.TB, e *Evidence) []byte {
	tb.Helper()
	signed, err := Sign(context.Background(), must(e.Marshal(Baseline())), w.signer)
	require.NoError(tb, err)
	return signed
}

func (w *world) verify(tb testing.TB, xml []byte) (*Evidence, *Report) {
	tb.Helper()
	o := w.trust
	e, r, err := Verify(context.Background(), xml, &o)
	require.NoError(tb, err)
	return e, r
}

func TestB16_SignThenStamp(t *testing.T) {
	w := newWorld(t)
	for _, filter2 := range []bool{false, true} {
		w.signer.Filter2 = filter2
		for _, e := range samples() {
			unsigned := must(e.Marshal(Baseline()))
			signed, err := Sign(context.Background(), unsigned, w.signer)
			require.NoError(t, err)
			// The document is what it was: the signature stands before its end.
			end := len(unsigned) - len("\n</tns:Evidence>\n")
			require.Equal(t, unsigned[:end], signed[:end])
			require.True(t, bytes.HasSuffix(signed, []byte("</ds:Signature></tns:Evidence>\n")))
			requireValid(t, signed)

			got, r := w.verify(t, signed)
			require.NoError(t, r.Err())
			require.Equal(t, value(e), value(got))
			require.Equal(t, 1, got.Signatures)
			require.Equal(t, signingTime, r.SigningTime)
			require.Len(t, r.TimeStamps, 1)
			require.Equal(t, TimeStamped, r.Basis)
			require.Equal(t, signingTime.Add(time.Second), r.Time)
			require.Empty(t, got.Check(PolicyIT()))
			require.Equal(t, "REM-Policy-IT", r.Profile)
		}
	}
	// XAdES-B-B only on request, and no baseline evidence.
	w.signer.TimeStamp = nil
	_, err := Sign(context.Background(), must(submissionAcceptance().Marshal(Baseline())), w.signer)
	require.ErrorIs(t, err, ErrSigner)
	w.signer.BaselineB = true
	_, r := w.verify(t, w.sign(t, submissionAcceptance()))
	require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.Equal(t, trust.Invalid, r.Verdict)
	require.Equal(t, trust.Valid, r.Integrity)
	require.Equal(t, trust.Invalid, r.Conformance)
	// Evidence of a failure may lack it.
	_, r = w.verify(t, w.sign(t, submissionRejection()))
	require.Equal(t, trust.Unknown, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.Equal(t, trust.Indeterminate, r.Verdict)
	// EN 319 522 recommends it only.
	w.trust.Profile = GenericERDS()
	_, r = w.verify(t, w.sign(t, submissionAcceptance()))
	require.Equal(t, trust.Skipped, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.Equal(t, trust.Valid, r.Conformance)
	require.Equal(t, TimeCertifiedEvent, r.Basis)
	require.Equal(t, submitted, r.Time)
}

func TestSignRefuses(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	unsigned := must(submissionAcceptance().Marshal(Baseline()))
	for _, s := range []*Signer{nil, {}, {Key: w.leaf.Key, Certificate: w.leaf.Certificate, TimeStamp: w.tsa}, {Certificate: w.leaf.Certificate, Now: w.signer.Now}} {
		_, err := Sign(ctx, unsigned, s)
		require.ErrorIs(t, err, ErrSigner)
	}
	_, err := Sign(ctx, w.sign(t, submissionAcceptance()), w.signer)
	require.ErrorIs(t, err, xmlsig.ErrSeveralSignatures)
	_, err = Sign(ctx, []byte("<a/>"), w.signer)
	require.ErrorIs(t, err, ErrNotEvidence)

	early := *w.signer
	early.Now = func() time.Time { return submitted.Add(-2 * time.Minute) }
	_, err = Sign(ctx, unsigned, &early)
	var n *NonConformant
	require.ErrorAs(t, err, &n)

	other := *w.signer
	other.Key = testpki.RSAKey(99, "other", 2048)
	_, err = Sign(ctx, unsigned, &other)
	require.Error(t, err)
	refusing := *w.signer
	refusing.TimeStamp, err = w.tsa.With(tsptest.Refuses)
	require.NoError(t, err)
	_, err = Sign(ctx, unsigned, &refusing)
	require.ErrorIs(t, err, tsp.ErrRejected)
	over, cancel := context.WithCancel(ctx)
	cancel()
	refusing.TimeStamp = sourceFunc(func(ctx context.Context, _ []byte, _ crypto.Hash) ([]byte, error) { return nil, ctx.Err() })
	_, err = Sign(over, unsigned, &refusing)
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = Verify(over, unsigned, nil)
	require.ErrorIs(t, err, context.Canceled)
}

type sourceFunc func(context.Context, []byte, crypto.Hash) ([]byte, error)

func (f sourceFunc) TimeStamp(ctx context.Context, imprint []byte, h crypto.Hash) ([]byte, error) {
	return f(ctx, imprint, h)
}

// xmlsec1 is another implementation of XML signatures.
func TestXmlsec1AcceptsWhatWeSign(t *testing.T) {
	xmlsec1 := reftest.Tool(t, "xmlsec1")
	w := newWorld(t)
	dir := t.TempDir()
	anchors := filepath.Join(dir, "root.pem")
	require.NoError(t, os.WriteFile(anchors, w.root.PEM(), 0o600))
	judge := func(xml []byte) (string, error) {
		file := filepath.Join(dir, "evidence.xml")
		require.NoError(t, os.WriteFile(file, xml, 0o600))
		out, err := exec.Command(xmlsec1, "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
			"--enabled-key-data", "x509", "--verification-gmt-time", "2026-01-15 09:30:07", "--trusted-pem", anchors, file).CombinedOutput()
		return string(out), err
	}
	key := testpki.RSAKey(5, "second", 3072)
	for _, filter2 := range []bool{false, true} {
		w.signer.Filter2 = filter2
		for _, e := range samples() {
			out, err := judge(w.sign(t, e))
			require.NoError(t, err, out)
		}
		leaf := w.root.Issue(key, beta, "rem-service@beta-rem.example", nil)
		second := *w.signer
		second.Key, second.Certificate = leaf.Key, leaf.Certificate
		signed, err := Sign(context.Background(), must(contentConsignment().Marshal(Baseline())), &second)
		require.NoError(t, err)
		out, err := judge(signed)
		require.NoError(t, err, out)
		out, err = judge(bytes.Replace(signed, []byte("RD01"), []byte("RD02"), 1))
		require.Error(t, err, out)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), testpki.Reader(1, "ec"))
	require.NoError(t, err)
	leaf := w.root.Issue(ec, beta, "rem-service@beta-rem.example", nil)
	second := *w.signer
	second.Key, second.Certificate = leaf.Key, leaf.Certificate
	signed, err := Sign(context.Background(), must(contentConsignment().Marshal(Baseline())), &second)
	require.NoError(t, err)
	out, err := judge(signed)
	require.NoError(t, err, out)
	_, r := w.verify(t, signed)
	require.NoError(t, r.Err())
}
