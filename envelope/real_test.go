package envelope_test

import (
	"bytes"
	"crypto"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
)

func crlf(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
}

func TestRealMessages(t *testing.T) {
	for _, c := range []struct {
		file     string
		kind     envelope.Kind
		intact   bool
		original int64
	}{
		{"aruba-2018-accettazione.eml", envelope.KindReceipt, true, 0},
		{"sogei-2018-posta-certificata-sdi.eml", envelope.KindTransport, true, 1},
		{"sogei-2018-posta-certificata-sdi-altered.eml", envelope.KindTransport, false, 1},
	} {
		stored := reftest.File(t, "pec", c.file)
		for name, raw := range map[string][]byte{"LF": stored, "CRLF": crlf(stored)} {
			t.Run(c.file+"/"+name, func(t *testing.T) {
				m, err := envelope.OpenBytes(raw, nil)
				require.NoError(t, err)
				require.Equal(t, c.kind, m.Class.Kind)
				require.NotNil(t, m.Certification)
				require.NotNil(t, m.Text)
				require.Equal(t, c.original > 0, m.Original != nil)
				sig := m.VerifySignature(nil)
				require.NoError(t, sig.Err)
				require.Len(t, sig.Signers, 1)
				s := sig.Signers[0]
				require.Equal(t, crypto.SHA1, s.Digest)
				require.True(t, s.SignatureOK)
				require.True(t, s.ContentTypeOK)
				require.Equal(t, c.intact, s.DigestOK)
				require.Equal(t, c.intact, sig.OK())
				if !c.intact {
					require.ErrorIs(t, s.Err, envelope.ErrAltered)
				} else {
					require.NoError(t, s.Err)
				}
			})
		}
	}
}
