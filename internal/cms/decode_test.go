package cms_test

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/certmail/certmail/internal/cms"
	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	p7s := plain()
	once := base64.StdEncoding.EncodeToString(p7s)
	var lines strings.Builder
	for i := 0; i < len(once); i += 76 {
		lines.WriteString(once[i:min(i+76, len(once))] + "\r\n")
	}
	for name, in := range map[string]string{
		"binary":             string(p7s),
		"PEM PKCS7":          string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: p7s})),
		"PEM CMS, CRLF":      strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: p7s})), "\n", "\r\n"),
		"base64, one line":   once,
		"base64, lines":      lines.String(),
		"base64, no padding": strings.TrimRight(once, "="),
		"base64, BOM":        "\xef\xbb\xbf \n" + once,
		"base64 twice":       base64.StdEncoding.EncodeToString([]byte(lines.String())),
		"base64 of PEM":      base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: p7s})),
	} {
		out, err := cms.Decode([]byte(in), nil)
		require.NoError(t, err, name)
		require.Equal(t, p7s, out, name)
	}
	for name, in := range map[string]string{
		"empty":         "",
		"spaces":        " \r\n ",
		"text":          "Subject: x\r\n\r\n",
		"broken PEM":    "-----BEGIN PKCS7-----\nMIIF",
		"thrice":        base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(once)))),
		"base64 of not": base64.StdEncoding.EncodeToString([]byte{0xff, 0xd8}),
	} {
		out, err := cms.Decode([]byte(in), nil)
		requireError(t, err, cms.ErrNotSignedData)
		require.Nil(t, out, name)
	}
	_, err := cms.Decode(p7s, &cms.Limits{Size: len(p7s) - 1})
	requireError(t, err, cms.ErrTooLarge)
	_, err = cms.Decode(bytes.Repeat([]byte("TUlJ"), 1<<20), nil)
	requireError(t, err, cms.ErrTooLarge)
	out, err := cms.Decode([]byte(base64.StdEncoding.EncodeToString([]byte(lines.String()))), &cms.Limits{Size: len(p7s)})
	require.NoError(t, err)
	require.Equal(t, p7s, out)
}
