package cms

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestToDER: BER values and their DER, written by hand from X.690.
func TestToDER(t *testing.T) {
	p := parser{lim: (*Limits)(nil).orDefaults()}
	for name, c := range map[string]struct{ ber, der string }{
		"nothing":            {"", ""},
		"DER stays":          {"\x30\x03\x02\x01\x05", "\x30\x03\x02\x01\x05"},
		"indefinite":         {"\x30\x80\x02\x01\x05\x00\x00", "\x30\x03\x02\x01\x05"},
		"long length":        {"\x30\x83\x00\x00\x04\x02\x81\x01\x05", "\x30\x03\x02\x01\x05"},
		"OCTET STRING":       {"\x24\x80\x04\x01a\x24\x04\x04\x02bc\x00\x00", "\x04\x03abc"},
		"UTF8String":         {"\x2c\x06\x0c\x01a\x04\x01b", "\x0c\x02ab"},
		"SET sorted":         {"\x31\x80\x02\x01\x09\x02\x01\x05\x01\x01\xff\x00\x00", "\x31\x09\x01\x01\xff\x02\x01\x05\x02\x01\x09"},
		"SEQUENCE not":       {"\x30\x06\x02\x01\x09\x02\x01\x05", "\x30\x06\x02\x01\x09\x02\x01\x05"},
		"tagged":             {"\xa0\x80\x31\x80\x05\x00\x04\x00\x00\x00\x00\x00", "\xa0\x06\x31\x04\x04\x00\x05\x00"},
		"context is opaque":  {"\x81\x02\x24\x80", "\x81\x02\x24\x80"},
		"BIT STRING untouch": {"\x03\x02\x00\x01", "\x03\x02\x00\x01"},
	} {
		out, err := p.toDER(nil, []byte(c.ber), false, 8)
		require.NoError(t, err, name)
		require.Equal(t, c.der, string(out), name)
		require.Equal(t, c.ber == c.der, isDER([]byte(c.ber), false, 8), name)
		require.True(t, isDER(out, false, 8), name)
	}
	for _, bad := range []string{"\x30", "\x30\x80", "\x24\x03\x02\x01\x05", "\x1f\x81\x01\x01x", "\x30\x05\x04"} {
		_, err := p.toDER(nil, []byte(bad), false, 8)
		require.Error(t, err, "%x", bad)
		require.False(t, isDER([]byte(bad), false, 8) && len(bad) > 0 && bad[0] != 0x1f)
	}
	long := bytes.Repeat([]byte{7}, 70_000)
	for _, n := range []int{127, 128, 255, 256, 65535, 65536, 70_000} {
		der := appendTLV(nil, tagOctetString, long[:n])
		e, rest, err := p.next(der)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, long[:n], e.content)
		require.True(t, isDER(der, false, 1))
	}
}

func TestDotted(t *testing.T) {
	for der, want := range map[string]string{
		oidData: "1.2.840.113549.1.7.1", oidSHA1: "1.3.14.3.2.26", oidRSASHA1OIW: "1.3.14.3.2.29", oidSHA256: "2.16.840.1.101.3.4.2.1", oidSHA384: "2.16.840.1.101.3.4.2.2",
		oidSHA512: "2.16.840.1.101.3.4.2.3", oidRSA: "1.2.840.113549.1.1.1", oidRSASHA256: "1.2.840.113549.1.1.11", oidRSASHA1: "1.2.840.113549.1.1.5",
		oidRSASHA384: "1.2.840.113549.1.1.12", oidRSASHA512: "1.2.840.113549.1.1.13", oidPSS: "1.2.840.113549.1.1.10", oidMGF1: "1.2.840.113549.1.1.8",
		oidECPublicKey: "1.2.840.10045.2.1", oidECDSASHA1: "1.2.840.10045.4.1", oidECDSASHA256: "1.2.840.10045.4.3.2", oidECDSASHA384: "1.2.840.10045.4.3.3",
		oidECDSASHA512: "1.2.840.10045.4.3.4", oidEd25519: "1.3.101.112", oidSubjectKeyID: "2.5.29.14", oidSignedData: "1.2.840.113549.1.7.2",
		oidContentType: "1.2.840.113549.1.9.3", oidMessageDigest: "1.2.840.113549.1.9.4", oidSigningTime: "1.2.840.113549.1.9.5",
		oidAlgProtection: "1.2.840.113549.1.9.52", oidESSCert: "1.2.840.113549.1.9.16.2.12", oidESSCertV2: "1.2.840.113549.1.9.16.2.47",
		"\x88\x37": "2.999", "": "", "\x00": "0.0",
		"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01": "1.2...",
	} {
		require.Equal(t, want, dotted([]byte(der)))
	}
}
