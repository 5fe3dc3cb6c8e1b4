package tsp_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

func TestVerifyGood(t *testing.T) {
	a := authority(t, func(c *tsptest.Config) { c.Qualified = true })
	tok := parse(t, stamp(t, a))
	require.Equal(t, moment, tok.GenTime)
	require.Equal(t, time.Second, tok.Accuracy)
	require.True(t, tok.HasAccuracy)
	require.Equal(t, tsptest.DefaultPolicy, tok.Policy)
	require.Equal(t, crypto.SHA256, tok.HashAlgorithm)
	require.Equal(t, "2.16.840.1.101.3.4.2.1", tok.HashOID)
	require.Equal(t, "CN=Certmail Test TSA,O=Certmail Test,C=IT", tok.TSA())
	require.True(t, tok.ClaimsQualified)
	require.Nil(t, tok.Nonce)
	require.False(t, tok.Ordering)
	require.Empty(t, tok.Findings)

	r := tsp.Verify(tok, full(storeOf(t, a)))
	require.NoError(t, r.Err)
	require.True(t, r.OK)
	require.True(t, r.Trusted)
	require.Equal(t, trust.Valid, r.Verdict())
	require.Empty(t, statuses(r))
	require.Empty(t, r.Findings)
	require.Equal(t, a.Certificate().Raw, r.Certificate.Raw)
	require.Equal(t, "RSA-PKCS1v15-SHA256", r.SignatureAlgorithm)
	require.Equal(t, trust.Skipped, r.Qualification.Status, "a claim is no qualification")
	names := []string{}
	for _, c := range r.Checks {
		names = append(names, c.Name)
	}
	require.Equal(t, []string{tsp.CheckExtensions, tsp.CheckDigestAlgorithm, tsp.CheckSignature, tsp.CheckSigningCertificate, tsp.CheckSignerProfile,
		tsp.CheckImprint, tsp.CheckRequest, tsp.CheckTime, tsp.CheckSignerChain, tsp.CheckRevocation}, names)
}

// Each fault is found by the check that is there for it, and by no other; a
// token that is bad is never trusted.
func TestX15_Faults(t *testing.T) {
	const failed, unknown = trust.Failed, trust.Unknown
	type table = map[string]trust.Status
	for _, c := range []struct {
		fault  tsptest.Fault
		checks table
		err    error // of Parse, or in Result.Err; nil when the token is good
	}{
		{"", table{}, nil},
		{tsptest.WrongImprint, table{tsp.CheckImprint: failed}, tsp.ErrImprint},
		{tsptest.OtherToken, table{tsp.CheckImprint: failed}, tsp.ErrImprint},
		{tsptest.OtherPolicy, table{tsp.CheckRequest: failed}, tsp.ErrPolicy},
		{tsptest.Expired, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrExpired},
		{tsptest.NotYetValid, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrNotYetValid},
		{tsptest.UsageMissing, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrTimeStamping},
		{tsptest.UsageNotCritical, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrTimeStamping},
		{tsptest.UsageNotAlone, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrTimeStamping},
		{tsptest.UsageMail, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrTimeStamping},
		{tsptest.DecoySigned, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrTimeStamping},
		{tsptest.KeyUsage, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrKeyUsage},
		{tsptest.CA, table{tsp.CheckSignerProfile: failed, tsp.CheckSignerChain: failed}, trust.ErrCACertificate},
		{tsptest.NoSigningCertificate, table{tsp.CheckSigningCertificate: failed}, tsp.ErrSigningCertificate},
		{tsptest.OtherSigningCertificate, table{tsp.CheckSigningCertificate: failed}, tsp.ErrSigningCertificate},
		{tsptest.OtherIssuerSerial, table{tsp.CheckSigningCertificate: failed}, tsp.ErrSigningCertificate},
		{tsptest.NoCertificates, table{tsp.CheckSignature: unknown, tsp.CheckSigningCertificate: unknown, tsp.CheckSignerProfile: unknown,
			tsp.CheckSignerChain: unknown}, tsp.ErrNoCertificate},
		{tsptest.DecoyFirst, table{}, nil},
		{tsptest.ClockAhead, table{tsp.CheckTime: failed}, tsp.ErrTime},
		{tsptest.ClockBehind, table{}, nil}, // only a request can tell
		{tsptest.CriticalExtension, table{tsp.CheckExtensions: failed}, tsp.ErrCriticalExtension},
		{tsptest.BadSignature, table{tsp.CheckSignature: failed}, tsp.ErrSignature},
		{tsptest.NotTSTInfo, nil, tsp.ErrNotToken},
		{tsptest.WithMods, table{}, nil},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			a := faulty(t, c.fault)
			tok, err := tsp.Parse(stamp(t, a))
			if c.checks == nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			for _, s := range []*trust.Store{storeOf(t, a), nil} {
				q := full(s)
				q.Policies = []string{"1.2.3.4.99", tsptest.DefaultPolicy}
				for range 2 { // the second time from the store's memory
					r := tsp.Verify(tok, q)
					found, want := statuses(r), table{}
					for name, status := range c.checks {
						want[name] = status
					}
					if s == nil {
						want[tsp.CheckSignerChain] = unknown
					}
					require.Equal(t, want, found)
					require.Equal(t, c.err == nil, r.OK)
					require.Equal(t, c.err == nil && s != nil, r.Trusted)
					require.Equal(t, r.OK, r.Err == nil)
					require.Equal(t, r.Trusted, r.Verdict() == trust.Valid)
					if c.err != nil {
						require.ErrorIs(t, r.Err, c.err)
					}
				}
			}
		})
	}
}

func TestImpostorIsNotTrusted(t *testing.T) {
	a := faulty(t, tsptest.Impostor)
	r := tsp.Verify(parse(t, stamp(t, a)), full(storeOf(t, a)))
	require.True(t, r.OK, "it is a token of somebody")
	require.False(t, r.Trusted)
	require.NotEqual(t, trust.Valid, r.Verdict())
	require.NotEqual(t, trust.Passed, r.Check(tsp.CheckSignerChain).Status)
	require.Equal(t, faulty(t, "").Certificate().Subject, r.Certificate.Subject)
}

// A store for mail does not come to trust time-stamps through its cache, nor
// the other way round.
func TestPurposesAreKeptApart(t *testing.T) {
	a := authority(t, nil)
	s, leaf := storeOf(t, a), a.Certificate().Raw
	ask := trust.Query{Leaf: leaf, Bag: [][]byte{leaf}, At: moment, From: "tsa@example.example"}
	mail := func() trust.Status { return s.Evaluate(ask).Check(trust.CheckSignerChain).Status }
	require.Equal(t, trust.Failed, mail())
	require.True(t, tsp.Verify(parse(t, stamp(t, a)), full(s)).Trusted)
	require.Equal(t, trust.Failed, mail())
	ask.Purpose = trust.ForTimeStamps
	signer := s.Evaluate(ask)
	require.Equal(t, trust.Passed, signer.Check(trust.CheckSignerChain).Status)
	require.Equal(t, trust.Skipped, signer.Check(trust.CheckSignerAddress).Status)
	require.Equal(t, trust.Skipped, signer.Check(trust.CheckProviderDirectory).Status)
}

func TestNonce(t *testing.T) {
	for _, c := range []struct {
		asked, sent *big.Int
		status      trust.Status
	}{
		{nil, big.NewInt(5), trust.Skipped},
		{nil, nil, trust.Skipped},
		{big.NewInt(5), big.NewInt(5), trust.Passed},
		{big.NewInt(5), big.NewInt(6), trust.Failed},
		{big.NewInt(5), nil, trust.Failed},
		{big.NewInt(5), big.NewInt(-5), trust.Failed},
	} {
		a := authority(t, nil)
		digest, err := tsp.OfData(data)(crypto.SHA384)
		require.NoError(t, err)
		der, err := (&tsp.Request{HashAlgorithm: crypto.SHA384, Imprint: digest, Nonce: c.sent, Certificate: true}).Marshal()
		require.NoError(t, err)
		answer, err := a.Respond(der)
		require.NoError(t, err)
		resp, err := tsp.ParseResponse(answer)
		require.NoError(t, err)
		q := full(storeOf(t, a))
		q.Nonce = c.asked
		r := tsp.Verify(resp.Token, q)
		require.Equal(t, c.status, r.Check(tsp.CheckRequest).Status)
		require.Equal(t, c.status != trust.Failed, r.OK)
		if c.status == trust.Failed {
			require.ErrorIs(t, r.Err, tsp.ErrNonce)
		}
	}
}

func TestTimeAgainstTheClock(t *testing.T) {
	tok := parse(t, stamp(t, authority(t, nil)))
	for _, c := range []struct {
		now  time.Time
		skew time.Duration
		want trust.Status
	}{
		{time.Time{}, 0, trust.Skipped},
		{moment, -1, trust.Passed},
		{moment.Add(-time.Millisecond), -1, trust.Failed},
		{moment.Add(-tsp.DefaultSkew), 0, trust.Passed},
		{moment.Add(-tsp.DefaultSkew - 1), 0, trust.Failed},
		{moment.Add(-time.Hour), time.Hour, trust.Passed},
		{moment.AddDate(30, 0, 0), 0, trust.Passed},
	} {
		r := tsp.Verify(tok, tsp.Query{Imprint: tsp.OfData(data), Now: c.now, Skew: c.skew})
		require.Equal(t, c.want, r.Check(tsp.CheckTime).Status, c.now)
	}
}

// Without data to compare with nothing is proved.
func TestImprint(t *testing.T) {
	a := authority(t, nil)
	tok := parse(t, stamp(t, a))
	q := full(storeOf(t, a))
	for _, c := range []struct {
		imprint tsp.ImprintFunc
		want    trust.Status
		err     error
	}{
		{nil, trust.Unknown, tsp.ErrImprint},
		{tsp.OfData(append([]byte(nil), data...)), trust.Passed, nil},
		{tsp.OfData(nil), trust.Failed, tsp.ErrImprint},
		{tsp.OfDigest(nil, crypto.SHA256), trust.Failed, tsp.ErrImprint},
		{tsp.OfDigest(tok.Imprint[:31], crypto.SHA256), trust.Failed, tsp.ErrImprint},
		{tsp.OfDigest(tok.Imprint, crypto.SHA256), trust.Passed, nil},
		{tsp.OfDigest(tok.Imprint, crypto.SHA512), trust.Unknown, tsp.ErrAlgorithm},
		{func(crypto.Hash) ([]byte, error) { return nil, x509.ErrUnsupportedAlgorithm }, trust.Unknown, x509.ErrUnsupportedAlgorithm},
	} {
		q.Imprint = c.imprint
		r := tsp.Verify(tok, q)
		require.Equal(t, c.want, r.Check(tsp.CheckImprint).Status)
		require.Equal(t, c.err == nil, r.OK)
		require.Equal(t, c.err == nil, r.Trusted)
		if c.err != nil {
			require.ErrorIs(t, r.Err, c.err)
		}
	}
}

// The caller may supply the certificate that the token leaves out.
func TestCertificateFromElsewhere(t *testing.T) {
	a := faulty(t, tsptest.NoCertificates)
	tok := parse(t, stamp(t, a))
	require.Empty(t, tok.Certificates)
	q := full(storeOf(t, a))
	q.Certificates = [][]byte{faulty(t, tsptest.Impostor).Certificate().Raw, {0x30, 0}, a.Certificate().Raw}
	r := tsp.Verify(tok, q)
	require.True(t, r.Trusted, "%v", r.Err)
	require.Equal(t, a.Certificate().Raw, r.Certificate.Raw)

	q.Certificates = q.Certificates[:1] // the same name and number, another key
	r = tsp.Verify(tok, q)
	require.False(t, r.OK)
	require.ErrorIs(t, r.Err, tsp.ErrSignature)
	require.ErrorIs(t, r.Err, tsp.ErrSigningCertificate)
}

func TestWeakAlgorithms(t *testing.T) {
	sha1 := authority(t, func(c *tsptest.Config) { c.SHA1 = true })
	digest, err := tsp.OfData(data)(crypto.SHA1)
	require.NoError(t, err)
	imprint, err := sha1.TimeStamp(t.Context(), digest, crypto.SHA1)
	require.NoError(t, err)
	signed := authority(t, func(c *tsptest.Config) { c.Hash = crypto.SHA1 })
	small := authority(t, func(c *tsptest.Config) { c.Key = smallKey() })
	curve, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	short := authority(t, func(c *tsptest.Config) { c.Key = curve })
	for name, c := range map[string]struct {
		a     *tsptest.Authority
		token []byte
	}{"imprint": {sha1, imprint}, "signature": {signed, stamp(t, signed)}, "key": {small, stamp(t, small)}, "curve": {short, stamp(t, short)}} {
		q := full(storeOf(t, c.a))
		r := tsp.Verify(parse(t, c.token), q)
		require.Equal(t, trust.Failed, r.Check(tsp.CheckDigestAlgorithm).Status, name)
		require.ErrorIs(t, r.Err, tsp.ErrAlgorithm, name)
		require.False(t, r.Trusted)
		q.AllowWeak = true
		r = tsp.Verify(parse(t, c.token), q)
		require.True(t, r.Trusted, "%s: %v", name, r.Err)
		codes := []string{}
		for _, f := range r.Findings {
			codes = append(codes, f.Code)
		}
		require.Contains(t, codes, "weak-algorithm")
	}
}

func TestQualification(t *testing.T) {
	a := authority(t, nil)
	tok := parse(t, stamp(t, a))
	var asked [][]*x509.Certificate
	q := full(storeOf(t, a))
	q.Qualify = func(cert *x509.Certificate, path []*x509.Certificate, at time.Time) trust.Check {
		require.Equal(t, a.Certificate().Raw, cert.Raw)
		require.Equal(t, moment, at)
		asked = append(asked, path)
		return trust.Check{Name: "whatever", Status: trust.Failed, Detail: "withdrawn"}
	}
	r := tsp.Verify(tok, q)
	require.Equal(t, trust.Check{Name: tsp.CheckQualification, Status: trust.Failed, Detail: "withdrawn"}, r.Qualification)
	require.Equal(t, r.Qualification, r.Check(tsp.CheckQualification))
	require.True(t, r.Trusted)
	require.Equal(t, trust.Valid, r.Verdict(), "not qualified is not invalid")
	require.Equal(t, a.Root().Raw, asked[0][1].Raw)

	q.Store = nil
	tsp.Verify(tok, q)
	require.Nil(t, asked[1], "no path without a store")
	q.Imprint = tsp.OfData(nil)
	require.Equal(t, trust.Skipped, tsp.Verify(tok, q).Qualification.Status)
	require.Len(t, asked, 2, "not asked about a token that does not hold")
}

func TestVerifyNothing(t *testing.T) {
	for _, tok := range []*tsp.Token{nil, {}} {
		r := tsp.Verify(tok, tsp.Query{})
		require.False(t, r.OK)
		require.ErrorIs(t, r.Err, tsp.ErrNotToken)
		require.Equal(t, trust.Indeterminate, r.Verdict())
	}
}
