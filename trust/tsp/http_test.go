package tsp_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

// behind puts an authority behind HTTPS and returns a source that asks it.
func behind(t testing.TB, h http.Handler) *tsp.HTTPSource {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	return &tsp.HTTPSource{URL: server.URL, Client: server.Client(), Random: testpki.Reader(seed, "nonces"), Now: clock}
}

func ask(s *tsp.HTTPSource) ([]byte, error) {
	return tsp.StampReader(context.Background(), s, strings.NewReader(string(data)), crypto.SHA512)
}

func TestHTTPSource(t *testing.T) {
	a := authority(t, nil)
	s := behind(t, a)
	s.Store, s.Policy = storeOf(t, a), tsptest.DefaultPolicy
	token, err := ask(s)
	require.NoError(t, err)
	tok := parse(t, token)
	require.Equal(t, crypto.SHA512, tok.HashAlgorithm)
	require.NotNil(t, tok.Nonce)
	require.LessOrEqual(t, tok.Nonce.BitLen(), 64)
	require.True(t, tsp.Verify(tok, full(s.Store)).Trusted)

	second, err := ask(s)
	require.NoError(t, err)
	require.NotEqual(t, tok.Nonce, parse(t, second).Nonce)

	s.Random = nil // crypto/rand
	_, err = ask(s)
	require.NoError(t, err)
}

// What an authority must not do, a source notices.
func TestHTTPSourceNotices(t *testing.T) {
	want := map[tsptest.Fault]error{
		tsptest.WrongImprint: tsp.ErrImprint, tsptest.OtherToken: tsp.ErrNonce, tsptest.OtherNonce: tsp.ErrNonce,
		tsptest.OtherPolicy: tsp.ErrPolicy, tsptest.Expired: trust.ErrExpired, tsptest.NotYetValid: trust.ErrNotYetValid,
		tsptest.UsageMissing: trust.ErrTimeStamping, tsptest.UsageNotCritical: trust.ErrTimeStamping, tsptest.UsageNotAlone: trust.ErrTimeStamping,
		tsptest.UsageMail: trust.ErrTimeStamping, tsptest.DecoySigned: trust.ErrTimeStamping, tsptest.KeyUsage: trust.ErrKeyUsage,
		tsptest.CA: trust.ErrCACertificate, tsptest.Impostor: tsp.ErrNotTrusted,
		tsptest.NoSigningCertificate: tsp.ErrSigningCertificate, tsptest.OtherSigningCertificate: tsp.ErrSigningCertificate,
		tsptest.OtherIssuerSerial: tsp.ErrSigningCertificate, tsptest.NoCertificates: tsp.ErrNoCertificate, tsptest.DecoyFirst: nil,
		tsptest.ClockAhead: tsp.ErrTime, tsptest.ClockBehind: tsp.ErrTime, tsptest.CriticalExtension: tsp.ErrCriticalExtension,
		tsptest.BadSignature: tsp.ErrSignature, tsptest.NotTSTInfo: tsp.ErrNotToken, tsptest.Refuses: tsp.ErrRejected, tsptest.WithMods: nil,
		tsptest.Unavailable: tsp.ErrTransport, tsptest.Babbles: tsp.ErrTransport,
	}
	for _, f := range tsptest.Faults() {
		reason, ok := want[f]
		require.True(t, ok, f)
		a := faulty(t, f)
		s := behind(t, a)
		s.Store, s.Policy = storeOf(t, a), tsptest.DefaultPolicy
		token, err := ask(s)
		if reason == nil {
			require.NoError(t, err, f)
			continue
		}
		require.ErrorIs(t, err, reason, f)
		require.Nil(t, token)
	}
}

func TestRefusalIsExplained(t *testing.T) {
	_, err := ask(behind(t, faulty(t, tsptest.Refuses)))
	refusal, ok := errors.AsType[*tsp.StatusError](err)
	require.True(t, ok)
	require.Equal(t, tsp.Rejection, refusal.Status)
	require.Equal(t, []tsp.Failure{tsp.TimeNotAvailable}, refusal.Failures)
	require.Equal(t, `tsp: time-stamp not granted: status rejection, timeNotAvailable, "the clock is being set"`, err.Error())
}

// anna are credentials, known is who knows them.
func anna(context.Context) (user, secret string, err error) { return "anna", "segreta", nil }

func known(user, secret string) bool { return user == "anna" && secret == "segreta" }

func TestHTTPCredentials(t *testing.T) {
	a := authority(t, func(c *tsptest.Config) { c.Login = known })
	s := behind(t, a)
	_, err := ask(s)
	require.ErrorIs(t, err, tsp.ErrTransport)
	require.Contains(t, err.Error(), "401")
	s.Credentials = anna
	_, err = ask(s)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", s, *s, *s), "segreta")

	plain := httptest.NewServer(a)
	t.Cleanup(plain.Close)
	s.URL = plain.URL
	_, err = ask(s)
	require.ErrorIs(t, err, tsp.ErrRequest)
	require.NotContains(t, err.Error(), "segreta")
}

func TestHTTPSourceSetUp(t *testing.T) {
	good := behind(t, authority(t, nil))
	for name, change := range map[string]func(*tsp.HTTPSource){
		"no client": func(s *tsp.HTTPSource) { s.Client = nil },
		"no URL":    func(s *tsp.HTTPSource) { s.URL = "" },
		"file":      func(s *tsp.HTTPSource) { s.URL = "file:///etc/passwd" },
		"no host":   func(s *tsp.HTTPSource) { s.URL = "https:///tsa" },
		"userinfo":  func(s *tsp.HTTPSource) { s.URL = "https://anna:segreta@tsa.example/" },
		"bad URL":   func(s *tsp.HTTPSource) { s.URL = "https://anna:segreta@tsa.example/%zz" },
		"credentials": func(s *tsp.HTTPSource) {
			s.Credentials = func(context.Context) (string, string, error) { return "", "", errors.New("no keyring") }
		},
		"policy":      func(s *tsp.HTTPSource) { s.Policy = "1.2.x" },
		"short":       func(s *tsp.HTTPSource) { s.Policy = "1" },
		"randomness":  func(s *tsp.HTTPSource) { s.Random = iotest.ErrReader(errors.New("no entropy")) },
		"short reads": func(s *tsp.HTTPSource) { s.Random = strings.NewReader("1234567") },
	} {
		s := *good
		change(&s)
		_, err := ask(&s)
		require.ErrorIs(t, err, tsp.ErrRequest, name)
		require.NotContains(t, err.Error(), "segreta")
	}
	for _, h := range []crypto.Hash{0, crypto.MD5, crypto.SHA1} {
		_, err := good.TimeStamp(t.Context(), make([]byte, 20), h)
		require.ErrorIs(t, err, tsp.ErrRequest)
	}
	_, err := good.TimeStamp(t.Context(), make([]byte, 31), crypto.SHA256)
	require.ErrorIs(t, err, tsp.ErrRequest)
}

func TestHTTPBounds(t *testing.T) {
	flood := behind(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", tsp.ReplyType)
		block := make([]byte, 64<<10)
		for range 1 << 14 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	_, err := ask(flood)
	require.ErrorIs(t, err, tsp.ErrTooLarge)
	flood.Limits = &tsp.Limits{Size: 1000}
	_, err = ask(flood)
	require.ErrorIs(t, err, tsp.ErrTooLarge)

	asked := false
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(elsewhere.Close)
	_, err = ask(behind(t, http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect)))
	require.ErrorIs(t, err, tsp.ErrTransport)
	require.False(t, asked)

	ctx, cancel := context.WithCancel(t.Context())
	slow := behind(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	_, err = slow.TimeStamp(ctx, make([]byte, 32), crypto.SHA256)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, tsp.ErrTransport)
}

func TestStampReader(t *testing.T) {
	a := authority(t, nil)
	token, err := tsp.StampReader(t.Context(), a, iotest.OneByteReader(strings.NewReader(string(data))), 0)
	require.NoError(t, err)
	require.Equal(t, stamp(t, a), token)
	_, err = tsp.StampReader(t.Context(), a, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("ab"))), crypto.SHA256)
	require.ErrorIs(t, err, iotest.ErrTimeout)
	_, err = tsp.StampReader(t.Context(), a, strings.NewReader(""), crypto.MD5)
	require.ErrorIs(t, err, tsp.ErrAlgorithm)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = tsp.StampReader(ctx, a, strings.NewReader("a"), crypto.SHA256)
	require.ErrorIs(t, err, context.Canceled)
}

// A revoked authority: its tokens of before stay good when it merely stopped,
// and are worth nothing when it lost its key (RFC 3161 §4).
func TestRevocationOfTheAuthority(t *testing.T) {
	a := authority(t, nil)
	tok := parse(t, stamp(t, a))
	root := testpki.NewAuthority(seed, "Certmail Test TSA Root", nil)
	require.Equal(t, a.Root().Raw, root.Certificate.Raw)
	for _, c := range []struct {
		reason  int
		revoked time.Time
		want    trust.Status
	}{
		{5, moment.Add(time.Hour), trust.Passed}, {4, moment.Add(time.Hour), trust.Passed}, {3, moment.Add(time.Hour), trust.Passed},
		{0, moment.Add(time.Hour), trust.Unknown},
		{1, moment.Add(time.Hour), trust.Failed},
		{5, moment.Add(-time.Hour), trust.Failed},
	} {
		crl, err := x509.CreateRevocationList(nil, &x509.RevocationList{
			Number: a.Certificate().SerialNumber, ThisUpdate: moment.Add(2 * time.Hour), NextUpdate: moment.Add(48 * time.Hour),
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: a.Certificate().SerialNumber, RevocationTime: c.revoked, ReasonCode: c.reason}},
		}, root.Certificate, root.Key)
		require.NoError(t, err)
		q := full(storeOf(t, a))
		q.Now, q.CRLs = moment.Add(3*time.Hour), [][]byte{crl}
		r := tsp.Verify(tok, q)
		require.Equal(t, c.want, r.Check(tsp.CheckRevocation).Status, "%v %+v", r.Check(tsp.CheckRevocation), c)
		require.True(t, r.OK)
		require.Equal(t, c.want == trust.Passed, r.Trusted)
	}
}
