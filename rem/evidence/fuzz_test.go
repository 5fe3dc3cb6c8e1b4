package evidence

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzEvidence: no panic; what was read and written again reads the same; what
// the writer writes once it writes again; a strict document is one that ETSI's
// rules have nothing against.
func FuzzEvidence(f *testing.F) {
	f.Add(full(f))
	for _, e := range samples() {
		xml, _, err := e.MarshalLenient(nil)
		require.NoError(f, err)
		f.Add(xml)
	}
	for _, seed := range []string{
		`<t:Evidence xmlns:t="http://uri.etsi.org/19522/v1#"/>`,
		`<Evidence xmlns="http://uri.etsi.org/19522/v1#"><EventTime/><SenderDetails><Identifier/><AssuranceLevelsDetails><AuthenticationDetails><OAuth2><a/></OAuth2></AuthenticationDetails></AssuranceLevelsDetails></SenderDetails></Evidence>`,
		`<tns2:Evidence xmlns:tns2="http://uri.etsi.org/19522/v1#" xmlns:tns="urn:t" xmlns:saml="urn:s"><tns2:Extensions><tns2:Extension tns:a="1"><saml:b/></tns2:Extension></tns2:Extensions></tns2:Evidence>`,
		`<t:Evidence xmlns:t="http://uri.etsi.org/19522/v1#" xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion"><t:SenderDetails><t:Identity xmlns="urn:d"><s:Attribute Name="a"/><s:Attribute><s:AttributeValue><c/></s:AttributeValue></s:Attribute></t:Identity></t:SenderDetails></t:Evidence>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		a, err := Parse(xml, nil)
		if err != nil {
			require.Nil(t, a)
			return
		}
		require.LessOrEqual(t, len(a.Findings), maxFindings+1)
		for _, n := range a.SpeaksFor() {
			require.True(t, n >= 1 && n <= len(a.Recipients))
		}
		for _, p := range []*Profile{nil, GenericERDS(), SMTP(), Baseline(), PolicyIT()} {
			for _, d := range a.Check(p) {
				require.NotEmpty(t, d.Found)
				require.NotEmpty(t, d.Want)
			}
			a.Missing(p)
		}
		out, _, err := a.MarshalLenient(nil)
		require.NoError(t, err)
		b, err := Parse(out, unbounded)
		require.NoError(t, err)
		if slices.Contains(codes(a), FindingPrefix) || slices.Contains(codes(a), FindingMore) {
			return // a prefix that meant nothing may be one that every evidence declares
		}
		require.Equal(t, withoutNamespaces(a), withoutNamespaces(b))
		again, _, err := b.MarshalLenient(nil)
		require.NoError(t, err)
		require.True(t, bytes.Equal(out, again))
		if strict, err := a.Marshal(Baseline()); err == nil {
			c, err := Parse(strict, unbounded)
			require.NoError(t, err)
			require.Empty(t, c.Findings)
		}
		_, r, err := Verify(context.Background(), xml, nil)
		require.NoError(t, err)
		require.NotEqual(t, "valid", string(r.Verdict), "nothing was given to believe")
	})
}

// unbounded: what is written may be larger than what was read.
var unbounded = &Options{Bytes: 1 << 28, Depth: 1 << 10, Elements: 1 << 24, Items: 1 << 24}
