package pec_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

func crlf(b []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

func store(t *testing.T, m trust.Material) *trust.Store {
	t.Helper()
	s, err := trust.NewStore(m, nil)
	require.NoError(t, err)
	return s
}

func verify(t *testing.T, raw []byte, s *trust.Store) *pec.Report {
	t.Helper()
	m, err := pec.ParseBytes(raw, nil)
	require.NoError(t, err)
	r, err := pec.NewVerifier(s, nil).Verify(context.Background(), m)
	require.NoError(t, err)
	return r
}

// TestRealMessages is line 1 of what the core must do: real mail, no options.
func TestRealMessages(t *testing.T) {
	builtin := store(t, trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}})
	none := store(t, trust.Material{})
	other := store(t, trust.Material{Anchors: []*x509.Certificate{testpki.NewAuthority(1, "Altra CA", nil).Certificate}})
	root, err := trust.ParseCertificates(reftest.File(t, "pec", "actalis-authentication-root-ca.pem"))
	require.NoError(t, err)
	public := store(t, trust.Material{Anchors: root})
	for _, c := range []struct {
		file   string
		kind   pec.Kind
		intact bool
		time   string
	}{
		{"aruba-2018-accettazione.eml", pec.KindAcceptance, true, "2018-11-13T16:39:26+01:00"},
		{"sogei-2018-posta-certificata-sdi.eml", pec.KindTransport, true, "2018-12-08T12:26:18+01:00"},
		{"sogei-2018-posta-certificata-sdi-altered.eml", pec.KindTransport, false, "2018-12-08T12:26:18+01:00"},
	} {
		stored := reftest.File(t, "pec", c.file)
		for name, raw := range map[string][]byte{"LF": stored, "CRLF": crlf(stored)} {
			t.Run(c.file+"/"+name, func(t *testing.T) {
				r := verify(t, raw, builtin)
				require.Equal(t, c.kind, r.Kind)
				require.Equal(t, c.time, r.Time.Format(time.RFC3339))
				require.Equal(t, pec.TimeCertifiedEvent, r.Basis)
				if c.intact {
					require.Equal(t, trust.Valid, r.Verdict, "%+v", r.Checks)
					require.NoError(t, r.Err())
				} else {
					require.Equal(t, trust.Invalid, r.Verdict)
					for _, check := range r.Checks {
						require.Equal(t, check.Name == trust.CheckSignature, check.Status == trust.Failed, "%+v", check)
					}
				}
				for _, s := range []*trust.Store{none, other, public} {
					r := verify(t, raw, s)
					require.NotEqual(t, trust.Valid, r.Verdict)
					if c.intact {
						require.Equal(t, trust.Indeterminate, r.Verdict, "%+v", r.Checks)
						require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
					}
				}
			})
		}
	}
}
