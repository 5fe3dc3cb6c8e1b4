package evidence

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

// bench is a provider with its key, a time-stamping authority, and stores that
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

func (r *Report) statuses() []trust.Status {
	var list []trust.Status
	for _, c := range r.Checks {
		list = append(list, c.Status)
	}
	return list
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

func TestV02_OnlyWhatWasSigned(t *testing.T) {
	w := newWorld(t)
	signed := string(w.sign(t, contentConsignment()))
	signature := signed[strings.Index(signed, "<ds:Signature") : strings.Index(signed, "</ds:Signature>")+len("</ds:Signature>")]
	unsigned := string(must(contentConsignment().Marshal(Baseline())))
	forged := strings.Replace(unsigned, "RD01", "RD09", 1)
	inside := func(outer, what string) string {
		return strings.Replace(outer, "</tns:Evidence>", what+"</tns:Evidence>", 1)
	}
	extension := func(outer, what string) string {
		return strings.Replace(outer, "</tns:Extensions>", `<tns:Extension isCritical="false">`+what+`</tns:Extension></tns:Extensions>`, 1)
	}
	strip := strings.TrimPrefix(signed, `<?xml version="1.0" encoding="UTF-8"?>`)
	for name, attack := range map[string]string{
		"other reason":                          strings.Replace(signed, "RD01", "RD09", 1),
		"other recipient":                       strings.Replace(signed, "ToRecipient>1<", "ToRecipient>2<", 1),
		"X1 wrapped: signed below a forged one": extension(forged, strip),
		"X1 wrapped beside the signature":       inside(forged, "<ds:Object>"+strip+"</ds:Object>"+signature),
		"X2 a second signature":                 inside(signed, signature),
		"X4 content hidden in a second one":     inside(signed, `<ds:Signature><tns:MessageIdentifier>x</tns:MessageIdentifier></ds:Signature>`),
		"X4 hidden deeper":                      extension(signed, `<ds:Signature><x/></ds:Signature>`),
		"signature of another document":         inside(forged, signature),
		"signature not below the root":          extension(unsigned, signature),
		"X3 duplicate id":                       strings.Replace(signed, `<tns:Evidence `, `<tns:Evidence Id="xades-`+signed[strings.Index(signed, `Target="#`)+9:][:35]+`" `, 1),
		"X6 without signed properties":          cut(signed, `<ds:Reference Type=`, `</ds:Reference>`),
		"X7 properties of another signature":    strings.Replace(signed, `Target="#id-`, `Target="#ie-`, 1),
		"X11 form with comments":                strings.ReplaceAll(signed, `xml-exc-c14n#"`, `xml-exc-c14n#WithComments"`),
		"transform of another kind":             strings.Replace(signed, xmlsig.TransformEnveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116", 1),
		"element added":                         strings.Replace(signed, "<tns:UserContentInfo>", "<tns:Invented/><tns:UserContentInfo>", 1),
		"instruction before the root":           strings.Replace(signed, "<tns:Evidence", "<?x y?><tns:Evidence", 1),
	} {
		require.NotEqual(t, signed, attack, name)
		e, r, err := Verify(context.Background(), []byte(attack), &w.trust)
		require.NoError(t, err, name)
		require.NotNil(t, e)
		require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceSignature).Status, name)
		require.Equal(t, trust.Invalid, r.Verdict, name)
		require.Equal(t, trust.Invalid, r.Integrity, name)
		require.Nil(t, r.Certificate, name)
		require.Nil(t, r.Signer, name)
		require.Nil(t, r.TimeStamp, name)
		require.Error(t, r.SignatureErr, name)
		require.ErrorIs(t, r.Err(), ErrNotValid)
	}
	// Comments are not signed, and change nothing that is read.
	commented := strings.Replace(signed, "RD01", "R<!-- not a word -->D01", 1)
	e, r := w.verify(t, []byte(commented))
	require.NoError(t, r.Err())
	require.Equal(t, value(contentConsignment()), value(e))

	// X8: the signer's certificate is the one that the signed properties name,
	// wherever it stands.
	impostor := testpki.NewAuthority(12, "Impostor", nil).Provider(alfa, "rem-service@alfa-rem.example", nil)
	with := *w.signer
	with.Chain = []*x509.Certificate{impostor.Certificate}
	decoy, err := Sign(context.Background(), []byte(unsigned), &with)
	require.NoError(t, err)
	_, r = w.verify(t, decoy)
	require.NoError(t, r.Err())
	require.Equal(t, w.leaf.Certificate.Raw, r.Certificate.Raw)
	with.Key, with.Certificate, with.Chain = impostor.Key, impostor.Certificate, []*x509.Certificate{w.leaf.Certificate}
	forgery, err := Sign(context.Background(), []byte(unsigned), &with)
	require.NoError(t, err)
	_, r = w.verify(t, forgery)
	require.Equal(t, impostor.Certificate.Raw, r.Certificate.Raw)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
	require.Equal(t, trust.Valid, r.Integrity)
	require.Equal(t, trust.Indeterminate, r.Trust)
	require.Equal(t, trust.Indeterminate, r.Verdict)

	// Not signed at all.
	_, r = w.verify(t, []byte(unsigned))
	require.ErrorIs(t, r.SignatureErr, xmlsig.ErrNoSignature)
	require.Equal(t, trust.Invalid, r.Verdict)
}

func cut(s, from, to string) string {
	i := strings.Index(s, from)
	j := strings.Index(s[i:], to)
	return s[:i] + s[i+j+len(to):]
}

func TestV03_TimeStamps(t *testing.T) {
	w := newWorld(t)
	for _, fault := range tsptest.Faults() {
		tsa, err := w.tsa.With(fault)
		require.NoError(t, err)
		w.signer.TimeStamp = tsa
		signed, err := Sign(context.Background(), must(submissionAcceptance().Marshal(Baseline())), w.signer)
		if fault == tsptest.Refuses {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err, fault)
		_, r := w.verify(t, signed)
		want := trust.Failed
		switch fault {
		case tsptest.OtherNonce, tsptest.OtherPolicy, tsptest.DecoyFirst, tsptest.WithMods, tsptest.Unavailable, tsptest.Babbles: // not of the token
			want = trust.Passed
		case tsptest.NoCertificates, tsptest.Impostor:
			want = trust.Unknown
		case tsptest.ClockAhead: // not later than our present
			want = trust.Passed
		case tsptest.ClockBehind: // the token is sound; it contradicts the signature
			want = trust.Passed
			require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceProfile).Status)
		}
		require.Equal(t, want, r.Check(trust.CheckEvidenceTimestamp).Status, "%s: %s", fault, r.Check(trust.CheckEvidenceTimestamp).Detail)
		require.Equal(t, trust.Passed, r.Check(trust.CheckEvidenceSignature).Status, fault)
	}
}

func TestV03_TrustAndQualificationApart(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, submissionAcceptance())
	// Without anchors for the authority.
	tsa := w.trust.TSA
	w.trust.TSA = nil
	_, r := w.verify(t, signed)
	require.Equal(t, trust.Unknown, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.True(t, r.TimeStamp.OK)
	require.False(t, r.TimeStamp.Trusted)
	require.Equal(t, []trust.Verdict{trust.Valid, trust.Valid, trust.Indeterminate}, []trust.Verdict{r.Integrity, r.Conformance, r.Trust})
	require.Equal(t, TimeCertifiedEvent, r.Basis, "a time-stamp that is not trusted dates nothing")
	require.Equal(t, trust.Skipped, r.Qualification.Status)
	// Not qualified is not untrusted.
	w.trust.TSA = tsa
	w.trust.Qualify = func(cert *x509.Certificate, path []*x509.Certificate, at time.Time) trust.Check {
		require.Equal(t, w.tsa.Certificate().Raw, cert.Raw)
		require.NotEmpty(t, path)
		require.Equal(t, signingTime.Add(time.Second), at)
		return trust.Check{Status: trust.Failed, Detail: "not a qualified service"}
	}
	_, r = w.verify(t, signed)
	require.Equal(t, trust.Failed, r.Qualification.Status)
	require.Equal(t, trust.Valid, r.Trust)
	require.NoError(t, r.Err())

	// X15: the token of another signature; several tokens; none that can be read.
	token := func(xml []byte) string {
		s := string(xml)
		return s[strings.Index(s, "<xades:SignatureTimeStamp") : strings.Index(s, "</xades:SignatureTimeStamp>")+len("</xades:SignatureTimeStamp>")]
	}
	other := token(w.sign(t, contentConsignment()))
	swapped := strings.Replace(string(signed), token(signed), other, 1)
	_, r = w.verify(t, []byte(swapped))
	require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.Contains(t, r.Check(trust.CheckEvidenceTimestamp).Detail, "imprint")
	require.Equal(t, trust.Invalid, r.Integrity)
	for _, both := range []string{token(signed) + other, other + token(signed)} {
		_, r = w.verify(t, []byte(strings.Replace(string(signed), token(signed), both, 1)))
		require.NoError(t, r.Err())
		require.Len(t, r.TimeStamps, 2)
		require.True(t, r.TimeStamp.OK)
	}
	removed := strings.Replace(string(signed), token(signed), "", 1)
	_, r = w.verify(t, []byte(removed))
	require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceTimestamp).Status)
	garbage := cutBetween(string(signed), "<xades:EncapsulatedTimeStamp", "</xades:EncapsulatedTimeStamp>", "AAAA")
	_, r = w.verify(t, []byte(garbage))
	require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceTimestamp).Status)
	require.Equal(t, trust.Invalid, r.Integrity)
}

// cutBetween replaces the text of the first element that starts so.
func cutBetween(s, start, end, text string) string {
	i := strings.Index(s, start)
	i += strings.Index(s[i:], ">") + 1
	j := i + strings.Index(s[i:], end)
	return s[:i] + text + s[j:]
}

func TestV09_TimesInOrder(t *testing.T) {
	w := newWorld(t)
	try := func(event, signing, stamp time.Duration) (*Report, []string) {
		e := submissionAcceptance()
		e.Time = At(submitted.Add(event))
		w.signer.Now = func() time.Time { return submitted.Add(signing) }
		tsa, err := tsptest.New(tsptest.Config{Clock: func() time.Time { return submitted.Add(stamp) }, Seed: 3})
		require.NoError(t, err)
		w.signer.TimeStamp = tsa
		w.trust.Now = time.Time{}
		signed, err := Sign(context.Background(), must(e.Marshal(Baseline())), w.signer)
		require.NoError(t, err)
		_, r := w.verify(t, signed)
		var found []string
		for _, d := range r.Deviations {
			found = append(found, d.Severity.String()+" "+d.Found)
		}
		return r, found
	}
	for _, c := range []struct {
		event, signing, stamp time.Duration
		found                 []string
	}{
		{0, 0, 0, nil},
		{time.Second, 2 * time.Second, 3 * time.Second, nil},
		{0, -30 * time.Second, -time.Minute, nil}, // clocks differ
		{0, time.Second, -2 * time.Minute, []string{"violation the time-stamp 2m1s before signing"}},
		{0, 2 * time.Hour, 2 * time.Hour, []string{"remark signing 2h0m0s after the event"}},
		{0, 0, 25 * time.Hour, []string{"remark the time-stamp 25h0m0s after signing"}},
	} {
		r, found := try(c.event, c.signing, c.stamp)
		require.Equal(t, c.found, found)
		want := trust.Passed
		if len(found) > 0 && strings.HasPrefix(found[0], "violation") {
			want = trust.Failed
		}
		require.Equal(t, want, r.Check(trust.CheckEvidenceProfile).Status)
	}
	// The event before the submission.
	e := contentConsignment()
	e.Time = At(submitted.Add(-2 * time.Minute))
	require.Equal(t, Violation, e.worst(Baseline(), ""))
	require.Equal(t, Violation, e.worst(GenericERDS(), ""))
	p := Baseline()
	p.Skew = 3 * time.Minute
	require.Equal(t, Remark, e.worst(p, ""))
	e.Time = At(submitted.Add(-time.Second))
	require.Equal(t, Remark, e.worst(Baseline(), ""))
	p.Skew = -1
	require.Equal(t, Violation, e.worst(p, ""))
}

func TestV10_PersonIdentifierIsRecomputed(t *testing.T) {
	const written = "Anna.Bianchi@alfa-rem.example"
	for id, want := range map[string]Severity{
		PersonIdentifier("IT", "IT", written):                        Remark,
		strings.ToLower(PersonIdentifier("IT", "IT", written)):       Violation, // the countries too
		"IT/IT/" + strings.ToLower(userID(strings.ToLower(written))): Tolerated,
		"IT/IT/" + userID(written):                                   Tolerated,
		PersonIdentifier("IT", "IT", "bruno@alfa-rem.example"):       Violation,
		"IT/IT/anna":                             Violation,
		"IT/" + userID(strings.ToLower(written)): Violation,
		"IT/IT/" + strings.Repeat("G", 64):       Violation,
		PersonIdentifier("ES", "IT", written):    Tolerated, // REM-Policy-IT: IT/IT/
	} {
		for _, at := range []string{"I01", "I05"} {
			e := contentConsignment()
			user := Mailbox(written).WithPersonIdentifier(id)
			if at == "I01" {
				user.Assurance = e.Sender.Assurance
				e.Sender = user
			} else {
				e.Recipients[1] = user
			}
			require.Equal(t, want, e.worst(PolicyIT(), ""), id)
			for _, d := range e.Check(PolicyIT()) {
				require.Equal(t, at, d.Component)
			}
			require.Equal(t, Remark, e.worst(GenericERDS(), ""))
		}
	}
}

// Each of the three results changes alone.
func TestV12_ThreeResults(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, submissionAcceptance())
	results := func(r *Report) [3]trust.Verdict { return [3]trust.Verdict{r.Integrity, r.Conformance, r.Trust} }
	_, r := w.verify(t, signed)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Valid, trust.Valid}, results(r))
	require.Equal(t, []trust.Status{trust.Passed, trust.Passed, trust.Passed, trust.Passed, trust.Skipped}, r.statuses())

	_, r = w.verify(t, bytes.Replace(signed, []byte("Offerta n. 42"), []byte("Offerta n. 43"), 1))
	require.Equal(t, [3]trust.Verdict{trust.Invalid, trust.Valid, trust.Indeterminate}, results(r))

	good := w.trust
	w.trust.Profile = Baseline()
	w.trust.Profile.LegalName = beta
	_, r = w.verify(t, signed)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Invalid, trust.Valid}, results(r))
	require.Equal(t, trust.Invalid, r.Verdict)

	w.trust = good
	w.trust.Store = nil
	_, r = w.verify(t, signed)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Valid, trust.Indeterminate}, results(r))
	require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
	require.Equal(t, trust.Indeterminate, r.Verdict)

	w.trust = good
	w.trust.At = testpki.Doomsday.AddDate(1, 0, 0)
	_, r = w.verify(t, signed)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Valid, trust.Invalid}, results(r))
	require.Equal(t, TimeGiven, r.Basis)

	// With nothing given, nothing is believed and nothing fails.
	_, r, err := Verify(context.Background(), signed, nil)
	require.NoError(t, err)
	require.Equal(t, [3]trust.Verdict{trust.Valid, trust.Valid, trust.Indeterminate}, results(r))

	// What the caller's list does not know is a finding.
	w.trust = good
	w.trust.LegalName = func(signer *x509.Certificate, at time.Time) (string, bool) {
		require.Equal(t, w.leaf.Certificate.Raw, signer.Raw)
		require.Equal(t, signingTime.Add(time.Second), at)
		return "", false
	}
	_, r = w.verify(t, signed)
	require.NoError(t, r.Err())
	require.Equal(t, "legal-name-unknown", r.Findings[len(r.Findings)-1].Code)
}

// One bit flipped anywhere in a signed evidence, and it is not valid. The
// exceptions are what nobody signs and nobody reads: what is no part of any
// canonical form (the XML declaration, a namespace declaration that nothing
// uses), the Id attributes around the time-stamp, and the version numbers and
// digestAlgorithms of its CMS (RFC 5652 §5.1). Then all that was certified is as
// before.
func TestFlipEveryByte(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, submissionRejection())
	want, r := w.verify(t, signed)
	require.NoError(t, r.Err())
	masks := []byte{0x01, 0x20, 0x80, 0x04}
	if testing.Short() {
		masks = masks[:1] // leaves out three of four bits
	}
	canonical := func(xml []byte) string {
		doc, err := xmltree.Parse(xml, nil)
		require.NoError(t, err)
		var b strings.Builder
		require.NoError(t, doc.WriteCanonical(&b, nil, xmltree.Canon{Exclusive: true}))
		return b.String()
	}
	same := canonical(signed)
	stamp := bytes.Index(signed, []byte("<xades:SignatureTimeStamp "))
	unsigned := func(i int) bool {
		return i > stamp && i < bytes.Index(signed, []byte("</xades:EncapsulatedTimeStamp>"))
	}
	verdicts := map[trust.Verdict]int{}
	for i := range signed {
		for _, mask := range masks {
			damaged := bytes.Clone(signed)
			damaged[i] ^= mask
			o := w.trust
			got, r, err := Verify(context.Background(), damaged, &o)
			if err != nil {
				require.Nil(t, r)
				continue
			}
			verdicts[r.Verdict]++
			if r.Verdict == trust.Valid {
				require.True(t, unsigned(i) || same == canonical(damaged), "octet %d ^ %#x: %q is valid", i, mask, damaged[max(0, i-30):min(len(damaged), i+30)])
				require.Equal(t, value(want), value(got))
				require.Equal(t, w.leaf.Certificate.Raw, r.Certificate.Raw)
				require.Equal(t, signingTime, r.SigningTime)
				require.Equal(t, signingTime.Add(time.Second), r.TimeStamp.Time)
				require.Equal(t, w.tsa.Certificate().Raw, r.TimeStamp.Certificate.Raw)
			}
		}
	}
	require.Greater(t, verdicts[trust.Invalid], len(signed))
	require.Less(t, verdicts[trust.Valid], 300)
	t.Log(len(signed), verdicts)
}

// A document that was opened once says the same as its octets, as often as it
// is asked, whatever the caller does to a value that it gave.
func TestDocument(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(t, relayAcceptance())
	d, err := Open(signed, nil)
	require.NoError(t, err)
	want, wantReport := w.verify(t, signed)
	for range 2 {
		e := d.Evidence()
		require.Equal(t, want, e)
		e.MessageID, e.Recipients[0].Identifier.Value = "changed", "changed"
		got, r, err := d.Verify(context.Background(), &w.trust)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, wantReport.Checks, r.Checks)
		got.Reasons[0].Details[0] = "changed"
	}
	_, r, err := d.Verify(context.Background(), nil)
	require.NoError(t, err)
	require.Equal(t, trust.Indeterminate, r.Verdict)
	_, err = Open([]byte("<a/>"), nil)
	require.ErrorIs(t, err, ErrNotEvidence)
	_, err = Open(signed, &Options{Items: 1})
	require.ErrorIs(t, err, ErrLimit)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = d.Verify(over, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestReportErr(t *testing.T) {
	w := newWorld(t)
	_, r := w.verify(t, w.sign(t, submissionAcceptance()))
	require.NoError(t, r.Err())
	w.trust.Store = nil
	_, r = w.verify(t, w.sign(t, submissionAcceptance()))
	require.True(t, errors.Is(r.Err(), ErrNotValid))
	require.Contains(t, r.Err().Error(), "signer-chain unknown: no trust was given")
	require.NotContains(t, r.Err().Error(), "evidence-profile passed")
	require.Equal(t, trust.Skipped, r.Check("no such check").Status)
}
