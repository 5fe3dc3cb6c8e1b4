package tsl_test

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
)

// FuzzList: reading never panics and stays within its limits; what was read can
// be written and read again with the same meaning; an altered list is not
// believed; and whatever a list says, the answers about it keep their rules.
func FuzzList(f *testing.F) {
	p, operator := newPKI(), tsltest.NewOperator(seed, "IT")
	certs := []*x509.Certificate{operator.Certificate}
	genuine := signed(f, operator, full(p))
	f.Add(genuine)
	f.Add(tsltest.Write(made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2022-01-01T00:00:00Z", p.rem.Certificate)))))
	f.Add(tsltest.Write(made("SI", service(
		entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2024-01-01T00:00:00Z", p.ca.Certificate),
		entry(tsl.ServiceREM, tsl.StatusGranted, "2025-01-01T00:00:00Z"),
		entry(tsl.ServiceREM, tsl.StatusRecognisedAtNationalLevel, "2016-01-01T00:00:00Z")))))
	closed := made("XX")
	closed.Closed = true
	f.Add(tsltest.Write(closed))
	signedPart := canonical(f, genuine)
	times := []time.Time{at(in2015), at(in2019), at(in2022), at("2024-06-01T00:00:00Z"), at("2030-01-01T00:00:00Z")}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := tsl.Parse(data, &tsl.Options{AnyVersion: true, Limits: tsl.Limits{Bytes: 1 << 20, Services: 500}})
		if err != nil {
			require.Nil(t, l)
			return
		}
		require.LessOrEqual(t, len(l.Findings), 1000)
		if v := l.Verify(certs, times[2], nil); v.Believed() {
			require.Equal(t, signedPart, canonical(t, data), "believed, and not what the operator signed")
		}
		services(l, func(s *tsl.Service) {
			timeline := s.Timeline()
			for i := 1; i < len(timeline); i++ {
				require.True(t, timeline[i].Starting.Before(timeline[i-1].Starting))
				require.Equal(t, timeline[i].Until, timeline[i-1].Starting)
			}
			for _, when := range times {
				span, err := s.At(when)
				if err == nil {
					require.False(t, span.Starting.After(when))
					require.True(t, span.Until.IsZero() || when.Before(span.Until))
				}
			}
		})
		if l.Territory != "" && !l.Issued.IsZero() {
			again, err := tsl.Parse(tsltest.Write(l), &tsl.Options{AnyVersion: true})
			require.NoError(t, err)
			requireSameStatuses(t, l, again, times)
		}
		vouched := l.Vouch(times[2], nil)
		if !vouched.Believed() {
			return
		}
		set, err := tsl.NewSet(vouched)
		require.NoError(t, err)
		for _, when := range times {
			a := set.Judge(p.rem.Certificate, p.chain(), tsl.REM(), when)
			if a.Standing == tsl.Qualified {
				require.Equal(t, tsl.StatusGranted, a.Best.Span.Status)
				require.Contains(t, []tsl.Link{tsl.LinkCertificate, tsl.LinkKey, tsl.LinkIssuer}, a.Best.Link)
			}
			require.Equal(t, a.Best == nil, a.Standing == tsl.NotListed)
		}
	})
}

func services(l *tsl.List, visit func(*tsl.Service)) {
	for i := range l.Providers {
		for j := range l.Providers[i].Services {
			visit(&l.Providers[i].Services[j])
		}
	}
}

// requireSameStatuses compares what two lists say of their services at times,
// where the first says something.
func requireSameStatuses(t *testing.T, a, b *tsl.List, times []time.Time) {
	var left, right []*tsl.Service
	services(a, func(s *tsl.Service) { left = append(left, s) })
	services(b, func(s *tsl.Service) { right = append(right, s) })
	require.Len(t, right, len(left))
	for i := range left {
		for _, when := range times {
			x, errX := left[i].At(when)
			if errX != nil {
				continue
			}
			y, errY := right[i].At(when)
			require.NoError(t, errY)
			require.Equal(t, []any{x.Type, x.Status, x.Starting, x.Until}, []any{y.Type, y.Status, y.Starting, y.Until})
		}
	}
}

// canonical is what the signature of a list covers: its canonical form without
// the signature.
func canonical(tb testing.TB, data []byte) string {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, tsl.WriteSigned(&b, parsedAny(tb, data)))
	return b.String()
}

func parsedAny(tb testing.TB, data []byte) *tsl.List {
	tb.Helper()
	l, err := tsl.Parse(data, &tsl.Options{AnyVersion: true})
	require.NoError(tb, err)
	return l
}
