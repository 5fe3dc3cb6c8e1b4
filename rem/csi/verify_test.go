package csi_test

import (
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

func TestC03_Document(t *testing.T) {
	r := newREMID()
	lists := set(t, r.list(nil))
	peer, err := csi.FindByMX(lists, "mx.provider.example", tsl.REM(), now)
	require.NoError(t, err)
	d := parsed(t, signed(t, r.document(), signer(r.service)))
	sum := d.Digest()
	everything := csi.VerifyOptions{Now: now, Lists: lists, Peer: peer, Location: location, DigestFile: sum[:], LastSequence: 3}
	v := d.Verify(&everything)
	require.NoError(t, v.Err)
	require.Equal(t, trust.Valid, v.Verdict())
	for _, c := range v.Checks {
		require.Equal(t, trust.Passed, c.Status, c.Name)
	}
	require.Len(t, v.Checks, 8)
	require.Equal(t, csi.RoleService, v.Role)
	require.Equal(t, issued, v.SigningTime)
	require.True(t, v.Answer.Qualified())

	unsigned, err := csi.Write(r.document())
	require.NoError(t, err)
	byOther := parsed(t, signed(t, r.document(), signer(r.other)))
	stranger := testpki.NewAuthority(seed+1, "Stranger", nil).Provider("Provider IT", "rem@provider.example", nil)
	endless := string(signed(t, r.document(), signer(r.service)))
	for name, c := range map[string]struct {
		document *csi.Document
		change   func(*csi.VerifyOptions)
		check    string
		err      error
		verdict  trust.Verdict
	}{
		"not signed":          {parsed(t, unsigned), nil, trust.CheckSignature, csi.ErrSignature, trust.Invalid},
		"altered":             {parsed(t, []byte(strings.Replace(endless, "/rems<", "/remz<", 1))), nil, trust.CheckSignature, csi.ErrSignature, trust.Invalid},
		"another TLS key":     {parsed(t, []byte(strings.Replace(endless, "<si:TLSCertificate>MI", "<si:TLSCertificate>MJ", 1))), nil, trust.CheckSignature, csi.ErrSignature, trust.Invalid},
		"by another service":  {byOther, nil, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"peer of another set": {d, func(o *csi.VerifyOptions) { o.Lists = set(t, r.list(nil)) }, "", nil, trust.Valid},
		"by any service":      {byOther, func(o *csi.VerifyOptions) { o.Peer = nil }, "", nil, trust.Valid},
		"by a stranger":       {parsed(t, signed(t, r.document(), signer(stranger))), nil, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"no list":             {d, func(o *csi.VerifyOptions) { o.Lists = nil }, "", nil, trust.Indeterminate},
		"out of use":          {d, func(o *csi.VerifyOptions) { o.Now, o.At = d.Scheme.NextUpdate.Add(1), now }, csi.CheckFresh, csi.ErrStale, trust.Invalid},
		"last moment of use":  {d, func(o *csi.VerifyOptions) { o.Now, o.At = d.Scheme.NextUpdate, now }, "", nil, trust.Valid},
		"no present":          {d, func(o *csi.VerifyOptions) { o.Now, o.At = time.Time{}, now }, "", nil, trust.Indeterminate},
		"older than seen":     {d, func(o *csi.VerifyOptions) { o.LastSequence = 4 }, csi.CheckSequence, csi.ErrSequence, trust.Invalid},
		"newer than seen":     {d, func(o *csi.VerifyOptions) { o.LastSequence = 2 }, "", nil, trust.Valid},
		"other digest":        {d, func(o *csi.VerifyOptions) { o.DigestFile = make([]byte, 32) }, csi.CheckDigest, tsl.ErrDigest, trust.Invalid},
		"no digest":           {d, func(o *csi.VerifyOptions) { o.DigestFile = []byte{} }, csi.CheckDigest, tsl.ErrDigest, trust.Invalid},
		"hexadecimal digest":  {d, func(o *csi.VerifyOptions) { o.DigestFile = []byte(hex.EncodeToString(sum[:]) + "\n") }, "", nil, trust.Valid},
		"found elsewhere":     {d, func(o *csi.VerifyOptions) { o.Location = "https://other.example/csi.xml" }, csi.CheckDistribution, csi.ErrDistribution, trust.Invalid},
		"service withdrawn":   {d, func(o *csi.VerifyOptions) { o.At, o.Peer = at("2023-01-01T00:00:00Z"), nil }, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"list out of date":    {d, func(o *csi.VerifyOptions) { o.At = at("2026-01-01T00:00:00Z") }, "", nil, trust.Indeterminate},
		"authority not given": {parsed(t, signed(t, r.document(), signer(r.authority))), nil, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"by the authority":    {parsed(t, signed(t, r.document(), signer(r.authority))), func(o *csi.VerifyOptions) { o.Authorities = []*x509.Certificate{nil, r.authority.Certificate} }, "", nil, trust.Valid},
		"by one it issued":    {parsed(t, signed(t, r.document(), signer(r.authority))), func(o *csi.VerifyOptions) { o.Authorities, o.Lists = r.authority.Chain, nil }, "", nil, trust.Valid},
		"another authority":   {d, func(o *csi.VerifyOptions) { o.Authorities, o.Lists = []*x509.Certificate{r.authority.Certificate}, nil }, csi.CheckSigner, csi.ErrSigner, trust.Invalid},
		"by the listed issuer": {byOther, func(o *csi.VerifyOptions) {
			o.Peer, o.Lists = nil, set(t, r.list(func(l *tsl.List) {
				l.Providers = l.Providers[:1]
				l.Providers[0].Services[0].Identity.Certificates = [][]byte{r.ca.Certificate.Raw}
			}))
		}, "", nil, trust.Valid},
	} {
		t.Run(name, func(t *testing.T) {
			o := everything
			o.DigestFile = nil
			if c.change != nil {
				c.change(&o)
			}
			v := c.document.Verify(&o)
			require.Equal(t, c.verdict, v.Verdict(), "%v", v.Checks)
			if c.err == nil {
				require.NoError(t, v.Err)
				return
			}
			require.ErrorIs(t, v.Err, c.err)
			require.Equal(t, trust.Failed, v.Check(c.check).Status)
			for _, other := range v.Checks {
				require.True(t, other.Name == c.check || other.Status != trust.Failed, other.Name)
			}
		})
	}
}

func TestC03_WithoutNextUpdate(t *testing.T) {
	r := newREMID()
	xml, err := csi.Write(r.document())
	require.NoError(t, err)
	text := string(xml)
	open, end := strings.Index(text, "<tl:dateTime>"), strings.Index(text, "</si:CSINextUpdate>")
	d := parsed(t, []byte(text[:open]+text[end:]))
	require.True(t, d.Scheme.NextUpdate.IsZero())
	require.Contains(t, codes(d), "missing-element")
	require.Equal(t, trust.Failed, d.Verify(&csi.VerifyOptions{Now: now}).Check(csi.CheckFresh).Status)
}

func TestC03_DigestLocation(t *testing.T) {
	for in, want := range map[string]string{
		location:                            "https://provider.example/csi.sha2",
		"https://a.example/x.y/CSI.xml?v=1": "https://a.example/x.y/CSI.sha2?v=1",
		"https://a.example/csi":             "",
		"https://a.example/.xml":            "",
		"https://a.example/csi.XML":         "",
		":":                                 "",
	} {
		require.Equal(t, want, csi.DigestLocation(in), in)
	}
}
