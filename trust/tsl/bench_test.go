package tsl_test

import (
	"bytes"
	"crypto/x509"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
)

// BenchmarkLargestList parses and verifies the largest real list whose
// signature holds, and runs xmlsec1 on the same file in turns. The limit is
// three times what xmlsec1 takes, its start included.
func BenchmarkLargestList(b *testing.B) {
	data, certs := reftest.File(b, "tsl", siFile), pointed(b, "SI")
	tool, file := reftest.Tool(b, "xmlsec1"), reftest.Dir(b, "tsl", siFile)
	var ours, theirs time.Duration
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		start := time.Now()
		l, err := tsl.Parse(data, nil)
		require.NoError(b, err)
		require.True(b, l.Verify(certs, time.Time{}, nil).Believed())
		ours += time.Since(start)

		b.StopTimer()
		cmd := exec.Command(tool, "--verify", "--insecure", "--enabled-key-data", "x509", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", file)
		start = time.Now()
		require.NoError(b, cmd.Run())
		theirs += time.Since(start)
		b.StartTimer()
	}
	ratio := float64(ours) / float64(theirs)
	b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "xmlsec1-ns/op")
	b.ReportMetric(ratio, "times-xmlsec1")
	if ratio > 3 {
		b.Errorf("parsing and verifying takes %.2f times what xmlsec1 takes, more than 3", ratio)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, file := range []string{lotlFile, beFile, siFile} {
		data := reftest.File(b, "tsl", file)
		b.Run(file, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := tsl.Parse(data, nil)
				require.NoError(b, err)
			}
		})
	}
}

// large is a list of the given size at least, of providers like the real ones.
func large(tb testing.TB, size int) []byte {
	p := newPKI()
	l := made("IT")
	for n := 0; ; n++ {
		for range 50 {
			provider := tsl.Provider{Names: tsl.Names{{Language: "en", Value: "Provider " + strconv.Itoa(n)}, {Language: "it", Value: "Gestore"}}}
			for range 5 {
				provider.Services = append(provider.Services, service(
					entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2022-01-01T00:00:00Z", p.ca.Certificate),
					entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2021-01-01T00:00:00Z", p.rem.Certificate),
					entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z")))
			}
			l.Providers = append(l.Providers, provider)
		}
		if xml := signed(tb, tsltest.NewOperator(seed, "IT"), l); len(xml) >= size {
			return xml
		}
	}
}

// BenchmarkThreeMegabytes is a list of the size of the Italian one. It must
// stay well under 60 ms.
func BenchmarkThreeMegabytes(b *testing.B) {
	xml := large(b, 3<<20)
	certs := []*x509.Certificate{tsltest.NewOperator(seed, "IT").Certificate}
	b.SetBytes(int64(len(xml)))
	b.ReportAllocs()
	for b.Loop() {
		l, err := tsl.Parse(xml, nil)
		require.NoError(b, err)
		require.True(b, l.Verify(certs, time.Time{}, nil).Believed())
	}
}

func BenchmarkJudge(b *testing.B) {
	p := newPKI()
	v := parsed(b, large(b, 3<<20)).Vouch(time.Time{}, nil)
	s, err := tsl.NewSet(v)
	require.NoError(b, err)
	leafSet := set(b, made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.rem.Certificate))))
	caSet := set(b, made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2020-01-01T00:00:00Z", p.ca.Certificate))))
	tsa := p.stamper("TSU", nil).Certificate
	when := at(in2022)
	b.Run("unknown-among-thousands", func(b *testing.B) {
		for b.Loop() {
			s.Judge(tsa, nil, tsl.TimeStamping(), when)
		}
	})
	b.Run("listed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			leafSet.Judge(p.rem.Certificate, nil, tsl.REM(), when)
		}
	})
	b.Run("under-authority", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			caSet.Judge(p.rem.Certificate, p.chain(), tsl.REM(), when)
		}
	})
}

func TestLargeLists(t *testing.T) {
	xml := large(t, 3<<20)
	require.NoError(t, xmlsecVerify(t, xml))
	l := parsed(t, xml)
	require.True(t, l.Verify([]*x509.Certificate{tsltest.NewOperator(seed, "IT").Certificate}, time.Time{}, nil).Believed())

	for name, c := range map[string]struct {
		data []byte
		o    *tsl.Options
		err  error
	}{
		"too large":     {append(xml, bytes.Repeat([]byte(" "), 20<<20)...), nil, tsl.ErrLimit},
		"own limit":     {xml, &tsl.Options{Limits: tsl.Limits{Bytes: 1 << 20}}, tsl.ErrLimit},
		"many services": {xml, &tsl.Options{Limits: tsl.Limits{Services: 100}}, tsl.ErrLimit},
		"deep":          {[]byte("<TrustServiceStatusList xmlns='http://uri.etsi.org/02231/v2#'>" + string(bytes.Repeat([]byte("<a>"), 10_000))), nil, tsl.ErrXML},
		"many elements": {xml, &tsl.Options{Limits: tsl.Limits{Elements: 1000}}, tsl.ErrXML},
	} {
		_, err := tsl.Parse(c.data, c.o)
		require.ErrorIs(t, err, c.err, name)
	}
}

func TestUnreadableListsAreRefused(t *testing.T) {
	good := string(tsltest.Write(made("IT")))
	for data, want := range map[string]error{
		"":                          tsl.ErrXML,
		"<a":                        tsl.ErrXML,
		"<!DOCTYPE a><a/>":          tsl.ErrXML,
		"<TrustServiceStatusList/>": tsl.ErrNotAList,
		"<a xmlns='http://uri.etsi.org/02231/v2#'/>":                                             tsl.ErrNotAList,
		"<TrustServiceStatusList xmlns='http://uri.etsi.org/02231/v2#'/>":                        tsl.ErrNotAList,
		string(bytes.Replace([]byte(good), []byte("Identifier>6<"), []byte("Identifier>4<"), 1)): tsl.ErrVersion,
		string(bytes.Replace([]byte(good), []byte("Identifier>6<"), []byte("Identifier>7<"), 1)): tsl.ErrVersion,
		string(bytes.Replace([]byte(good), []byte("Identifier>6<"), []byte("Identifier><"), 1)):  tsl.ErrVersion,
	} {
		_, err := tsl.Parse([]byte(data), nil)
		require.ErrorIs(t, err, want, "%.200s", data)
	}
	for _, version := range []string{"5", "6"} {
		l := parsed(t, bytes.Replace([]byte(good), []byte("Identifier>6<"), []byte("Identifier>"+version+"<"), 1))
		require.Equal(t, version, strconv.Itoa(l.Version))
	}
	l, err := tsl.Parse(bytes.Replace([]byte(good), []byte("Identifier>6<"), []byte("Identifier>1<"), 1), &tsl.Options{AnyVersion: true})
	require.NoError(t, err)
	require.Equal(t, []string{"list-version"}, codes(l))
}
