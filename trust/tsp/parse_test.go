package tsp_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

// tlv writes one value; a length that it should not have is the caller's.
func tlv(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// fields are those of a TSTInfo, in order; nil is left out.
type fields struct {
	version, policy, imprint, serial, time, accuracy, ordering, nonce, tsa, extensions, after []byte
}

func plainFields() fields {
	digest, _ := tsp.OfData(data)(crypto.SHA256)
	return fields{
		version: unhex("020101"), policy: unhex("06042a030405"),
		imprint: tlv(0x30, unhex("300d 0609 608648016503040201 0500"), tlv(4, digest)),
		serial:  unhex("020107"), time: tlv(0x18, []byte("20260304050607Z")),
	}
}

func (f fields) der() []byte {
	return tlv(0x30, f.version, f.policy, f.imprint, f.serial, f.time, f.accuracy, f.ordering, f.nonce, f.tsa, f.extensions, f.after)
}

// signed makes a token over any content.
func signed(t testing.TB, content []byte) []byte {
	t.Helper()
	root := testpki.NewAuthority(seed, "Root", nil)
	leaf := root.Provider("TSA", "tsa@tsa.example", nil)
	token, err := cms.SignAttached(content, &cms.Signing{Key: leaf.Key, Certificate: leaf.Certificate, SigningTime: moment, IncludeESS: true,
		ContentType: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}})
	require.NoError(t, err)
	return token
}

func TestTSTInfoFields(t *testing.T) {
	times := func(s string) func(*fields) { return func(f *fields) { f.time = tlv(0x18, []byte(s)) } }
	for name, c := range map[string]struct {
		change func(*fields)
		check  func(*testing.T, *tsp.Token)
	}{
		"plain": {func(*fields) {}, func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, "1.2.3.4.5", tok.Policy)
			require.Equal(t, "7", tok.SerialNumber.String())
			require.False(t, tok.HasAccuracy)
			require.Empty(t, tok.TSA())
			require.Equal(t, moment.Truncate(time.Second), tok.GenTime)
		}},
		"fraction": {times("20260304050607.89Z"), func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, moment, tok.GenTime)
			require.Empty(t, tok.Findings)
		}},
		"nanoseconds": {times("20260304050607.000000001Z"), func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, 1, tok.GenTime.Nanosecond())
		}},
		"trailing zero": {times("20260304050607.890Z"), func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, moment, tok.GenTime)
			require.Equal(t, "gentime-trailing-zero", tok.Findings[0].Code)
		}},
		"leap day": {times("20240229235959Z"), func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC), tok.GenTime)
		}},
		"accuracy": {func(f *fields) { f.accuracy = unhex("300b 020200ff 80020384 810103") }, func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, 255*time.Second+900*time.Millisecond+3*time.Microsecond, tok.Accuracy)
		}},
		"empty accuracy": {func(f *fields) { f.accuracy = unhex("3000") }, func(t *testing.T, tok *tsp.Token) {
			require.True(t, tok.HasAccuracy)
			require.Zero(t, tok.Accuracy)
		}},
		"ordering": {func(f *fields) { f.ordering = unhex("0101ff") }, func(t *testing.T, tok *tsp.Token) { require.True(t, tok.Ordering) }},
		"default": {func(f *fields) { f.ordering = unhex("010100") }, func(t *testing.T, tok *tsp.Token) {
			require.False(t, tok.Ordering)
			require.Equal(t, "default-encoded", tok.Findings[0].Code)
		}},
		"uri": {func(f *fields) { f.tsa = tlv(0xa0, tlv(0x86, []byte("https://tsa.example/"))) }, func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, "https://tsa.example/", tok.TSA())
		}},
		"ip": {func(f *fields) { f.tsa = tlv(0xa0, tlv(0x87, []byte{127, 0, 0, 1})) }, func(t *testing.T, tok *tsp.Token) {
			require.Empty(t, tok.TSA())
		}},
		"sha3": {func(f *fields) {
			f.imprint = tlv(0x30, unhex("300b 0609 608648016503040208"), tlv(4, make([]byte, 32)))
		}, func(t *testing.T, tok *tsp.Token) {
			require.Zero(t, tok.HashAlgorithm)
			require.Equal(t, "2.16.840.1.101.3.4.2.8", tok.HashOID)
			r := tsp.Verify(tok, tsp.Query{AllowWeak: true, Imprint: func(crypto.Hash) ([]byte, error) { return tok.Imprint, nil }})
			require.ErrorIs(t, r.Err, tsp.ErrAlgorithm)
			require.Equal(t, trust.Unknown, r.Check(tsp.CheckImprint).Status)
			require.Equal(t, trust.Failed, r.Check(tsp.CheckDigestAlgorithm).Status)
		}},
		"unknown extension": {func(f *fields) { f.extensions = tlv(0xa1, unhex("3009 06032a0304 04020500")) }, func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, []tsp.Extension{{OID: "1.2.3.4", Value: []byte{5, 0}}}, tok.Extensions)
			require.Equal(t, trust.Passed, tsp.Verify(tok, tsp.Query{}).Check(tsp.CheckExtensions).Status)
		}},
		"negative serial": {func(f *fields) { f.serial = unhex("0201ff") }, func(t *testing.T, tok *tsp.Token) {
			require.Equal(t, "-1", tok.SerialNumber.String())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := plainFields()
			c.change(&f)
			c.check(t, parse(t, signed(t, f.der())))
		})
	}
}

func TestTSTInfoRefused(t *testing.T) {
	times := func(s string) func(*fields) { return func(f *fields) { f.time = tlv(0x18, []byte(s)) } }
	for name, change := range map[string]func(*fields){
		"version 2":  func(f *fields) { f.version = unhex("020102") },
		"no version": func(f *fields) { f.version = nil },
		"no policy":  func(f *fields) { f.policy = nil },
		"no imprint": func(f *fields) { f.imprint = nil },
		"short imprint": func(f *fields) {
			f.imprint = tlv(0x30, unhex("300b 0609 608648016503040201"), tlv(4, make([]byte, 31)))
		},
		"empty imprint": func(f *fields) { f.imprint = tlv(0x30, unhex("300b 0609 608648016503040201"), tlv(4)) },
		"parameters": func(f *fields) {
			f.imprint = tlv(0x30, unhex("300e 0609 608648016503040201 020101"), tlv(4, make([]byte, 32)))
		},
		"no serial":          func(f *fields) { f.serial = nil },
		"huge serial":        func(f *fields) { f.serial = tlv(2, bytes.Repeat([]byte{1}, 65)) },
		"padded serial":      func(f *fields) { f.serial = unhex("02020007") },
		"no time":            func(f *fields) { f.time = nil },
		"UTCTime":            func(f *fields) { f.time = tlv(0x17, []byte("260304050607Z")) },
		"local time":         times("20260304050607"),
		"offset":             times("20260304050607+0100"),
		"no seconds":         times("202603040506Z"),
		"month 13":           times("20261304050607Z"),
		"February 30":        times("20260230050607Z"),
		"hour 24":            times("20260304240000Z"),
		"second 60":          times("20260304050660Z"),
		"comma":              times("20260304050607,5Z"),
		"dot alone":          times("20260304050607.Z"),
		"letters":            times("2026030405060xZ"),
		"fraction letters":   times("20260304050607.5xZ"),
		"ten digits":         times("20260304050607.1234567891Z"),
		"sign":               times("+0260304050607Z"),
		"negative accuracy":  func(f *fields) { f.accuracy = unhex("3003 0201ff") },
		"millis 1000":        func(f *fields) { f.accuracy = unhex("3004 800203e8") },
		"micros then millis": func(f *fields) { f.accuracy = unhex("3006 810101 800101") },
		"vast accuracy":      func(f *fields) { f.accuracy = unhex("3007 02057fffffffff") },
		"boolean 1":          func(f *fields) { f.ordering = unhex("010101") },
		"huge nonce":         func(f *fields) { f.nonce = tlv(2, bytes.Repeat([]byte{1}, 65)) },
		"two names":          func(f *fields) { f.tsa = tlv(0xa0, unhex("8201618201 62")) },
		"extension twice": func(f *fields) {
			f.extensions = tlv(0xa1, unhex("3009 06032a0304 04020500"), unhex("3009 06032a0304 04020500"))
		},
		"broken statements": func(f *fields) {
			f.extensions = tlv(0xa1, tlv(0x30, unhex("0608 2b06010505070103"), unhex("04020500")))
		},
		"wrong order": func(f *fields) {
			f.ordering = unhex("020105") // an INTEGER is the nonce,
			f.nonce = unhex("0101ff")    // after which no BOOLEAN may come
		},
		"more": func(f *fields) { f.after = unhex("0500") },
	} {
		f := plainFields()
		change(&f)
		_, err := tsp.Parse(signed(t, f.der()))
		require.ErrorIs(t, err, tsp.ErrMalformed, name)
		_, ok := errors.AsType[*tsp.Error](err)
		require.True(t, ok)
	}
	f := plainFields()
	for i := range 17 {
		f.extensions = append(f.extensions, unhex("3009 06032a03")...)
		f.extensions = append(f.extensions, byte(i), 4, 2, 5, 0)
	}
	f.extensions = tlv(0xa1, f.extensions)
	_, err := tsp.Parse(signed(t, f.der()))
	require.ErrorIs(t, err, tsp.ErrTooLarge)

	der := plainFields().der()
	for name, content := range map[string][]byte{
		"trailing": append(bytes.Clone(der), 0), "empty": {}, "indefinite": append(append([]byte{0x30, 0x80}, der[2:]...), 0, 0),
		"long length": append([]byte{0x30, 0x82, 0, der[1]}, der[2:]...),
	} {
		_, err := tsp.Parse(signed(t, content))
		require.ErrorIs(t, err, tsp.ErrMalformed, name)
	}
}

func TestParseRefuses(t *testing.T) {
	token := stamp(t, authority(t, nil))
	detached, err := cms.Sign(make([]byte, 32), &cms.Signing{Key: testpki.RSAKey(seed, "tsa Certmail Test TSA", 2048), Certificate: authority(t, nil).Certificate(),
		ContentType: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		token []byte
		want  error
	}{
		"nothing":   {nil, tsp.ErrNotToken},
		"text":      {[]byte("not ASN.1"), tsp.ErrNotToken},
		"response":  {respond(t, authority(t, nil)), tsp.ErrNotToken},
		"plain":     {stamp(t, faulty(t, tsptest.NotTSTInfo)), tsp.ErrNotToken},
		"detached":  {detached, tsp.ErrNotToken},
		"trailing":  {append(bytes.Clone(token), 0), tsp.ErrMalformed},
		"truncated": {token[:len(token)-1], tsp.ErrMalformed},
		"large":     {make([]byte, 256<<10+1), tsp.ErrTooLarge},
		"signers":   {twoSigners(t, token), tsp.ErrSigners},
	} {
		_, err := tsp.Parse(c.token)
		require.ErrorIs(t, err, c.want, name)
		_, ok := errors.AsType[*tsp.Error](err)
		require.True(t, ok, name)
	}
	_, err = tsp.ParseWithin(token, &tsp.Limits{Size: len(token) - 1})
	require.ErrorIs(t, err, tsp.ErrTooLarge)
	_, err = tsp.ParseWithin(stamp(t, faulty(t, tsptest.DecoyFirst)), &tsp.Limits{Certificates: 2})
	require.ErrorIs(t, err, tsp.ErrTooLarge)
}

// twoSigners has the only signer of a token sign twice.
func twoSigners(t testing.TB, token []byte) []byte {
	t.Helper()
	var info struct {
		Type    asn1.ObjectIdentifier
		Content struct {
			Version                      int
			Digests, Encap, Certificates asn1.RawValue
			Signers                      asn1.RawValue
		} `asn1:"explicit,tag:0"`
	}
	_, err := asn1.Unmarshal(token, &info)
	require.NoError(t, err)
	s := &info.Content.Signers
	*s = asn1.RawValue{FullBytes: tlv(s.FullBytes[0], s.Bytes, s.Bytes)}
	out, err := asn1.Marshal(info)
	require.NoError(t, err)
	return out
}

// indefinite rewrites a token as a program that streams would: the outer values
// have no length, and the content comes in pieces. What is signed stays.
func indefinite(t testing.TB, token []byte) []byte {
	t.Helper()
	endless := func(tag byte, parts ...[]byte) []byte {
		return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
	}
	var info struct {
		Type    asn1.RawValue
		Content struct {
			Version, Digests asn1.RawValue
			Encap            struct {
				Type    asn1.RawValue
				Content []byte `asn1:"explicit,tag:0"`
			}
			Certificates, Signers asn1.RawValue
		} `asn1:"explicit,tag:0"`
	}
	_, err := asn1.Unmarshal(token, &info)
	require.NoError(t, err)
	c := &info.Content
	content := endless(0x24, tlv(4, c.Encap.Content[:10]), tlv(4, c.Encap.Content[10:]))
	return endless(0x30, info.Type.FullBytes, endless(0xa0, endless(0x30, c.Version.FullBytes, c.Digests.FullBytes,
		endless(0x30, c.Encap.Type.FullBytes, endless(0xa0, content)), c.Certificates.FullBytes, c.Signers.FullBytes)))
}

func TestBEROutside(t *testing.T) {
	a := authority(t, nil)
	token := indefinite(t, stamp(t, a))
	r := tsp.Verify(parse(t, token), full(storeOf(t, a)))
	require.NoError(t, r.Err)
	require.True(t, r.Trusted)

	resp, err := tsp.ParseResponse(append(append([]byte{0x30, 0x80, 0x30, 3, 2, 1, 0}, token...), 0, 0))
	require.NoError(t, err)
	require.Equal(t, token, resp.Token.Raw)
}

// Whatever octet of a token is changed: it is not OK any more, or the change
// was in what nobody vouches for, and then nothing that is believed changed.
func TestX15_EveryByteFlipped(t *testing.T) {
	a := authority(t, nil)
	token := stamp(t, a)
	q := full(storeOf(t, a))
	good := parse(t, token)
	survived := 0
	for i := range token {
		for _, bit := range []byte{0x01, 0x80} {
			bent := bytes.Clone(token)
			bent[i] ^= bit
			tok, err := tsp.Parse(bent)
			if err != nil {
				continue
			}
			r := tsp.Verify(tok, q)
			require.Equal(t, r.OK, r.Err == nil)
			if !r.Trusted {
				continue
			}
			survived++
			require.Equal(t, good.GenTime, tok.GenTime)
			require.Equal(t, good.Imprint, tok.Imprint)
			require.Equal(t, good.SerialNumber, tok.SerialNumber)
			require.Equal(t, good.Policy, tok.Policy)
			require.Equal(t, a.Certificate().Raw, r.Certificate.Raw)
		}
	}
	// The version numbers and the list of digest algorithms are signed by
	// nobody and decide nothing.
	require.Less(t, survived, 64)
}

func respond(t testing.TB, a *tsptest.Authority) []byte {
	t.Helper()
	digest, err := tsp.OfData(data)(crypto.SHA256)
	require.NoError(t, err)
	der, err := (&tsp.Request{HashAlgorithm: crypto.SHA256, Imprint: digest, Certificate: true}).Marshal()
	require.NoError(t, err)
	answer, err := a.Respond(der)
	require.NoError(t, err)
	return answer
}
