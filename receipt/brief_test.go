package receipt

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
)

// crlf turns the LF of a test's literal into CR LF.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

const base64Body = "JVBERi0xLjQKJcOkw7zDtsOf\nMiAwIG9iag=="

var (
	plainOriginal = crlf("From: anna@alfa.example\nTo: bruno@beta.example\nSubject: x\nMessage-ID: <1@x>\n\nCiao\n")
	mixedOriginal = crlf("From: anna@alfa.example\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b1\n\npreamble\n--b1\n" +
		"Content-Type: text/plain\n\nCiao\n--b1\nContent-Type: application/pdf; name=\"contratto è.pdf\"\nContent-Transfer-Encoding: base64\n\n" + base64Body + "\n--b1\n" +
		"Content-Type: text/xml\nContent-Disposition: attachment; filename=f.xml\n\n<a/>\n--b1\nContent-Type: multipart/alternative; boundary=b2\n\n--b2\n" +
		"Content-Type: text/plain\n\ndue\n--b2\nContent-Type: text/html\n\n<p>due</p>\n--b2--\n--b1--\nepilogue\n")
	nestedOriginal = crlf("Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b1\n\n--b1\nContent-Type: text/plain\n\nCiao\n--b1\n" +
		"Content-Type: message/rfc822\n\nSubject: inner\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b3\n\n--b3\nContent-Type: text/plain; name=a.txt\n\na\n--b3--\n\n--b1--\n")
	signedOriginal = crlf("Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s\n\n--s\n" +
		"Content-Type: multipart/mixed; boundary=b1\n\n--b1\nContent-Type: text/plain\n\nCiao\n--b1\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n" +
		base64Body + "\n--b1--\n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7s\n\nMIIB\n--s--\n")
	opaqueOriginal = crlf("Subject: x\nMIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIIB\n")
	bareOriginal   = crlf("From: anna@alfa.example\nSubject: x\n y\nMIME-Version: 1.0\nContent-Type: application/pdf;\n name=a.pdf\nContent-Transfer-Encoding: base64\nX-Last: z\n\n" + base64Body + "\n")
)

func briefText(t testing.TB, original string, opt *BriefOptions) (string, *Brief) {
	t.Helper()
	b, err := NewBrief(section(original), opt)
	require.NoError(t, err)
	text, err := io.ReadAll(b.Reader())
	require.NoError(t, err)
	return string(text), b
}

func sha1Hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestEMU14_BriefOfAllKindsOfOriginal(t *testing.T) {
	text, b := briefText(t, plainOriginal, nil)
	require.Equal(t, plainOriginal, text)
	require.Empty(t, b.Replaced)

	text, b = briefText(t, mixedOriginal, nil)
	require.Equal(t, []Replacement{{"contratto è.pdf", sha1Hex(crlf(base64Body))}, {"f.xml", sha1Hex("<a/>")}}, b.Replaced)
	require.NotContains(t, text, "JVBERi0")
	require.Contains(t, text, "\r\nContent-Type: text/plain; name=f.xml.hash\r\nContent-Transfer-Encoding: 7bit\r\n"+
		"Content-Disposition: attachment; filename=f.xml.hash\r\n\r\n"+sha1Hex("<a/>")+"\r\n--b1\r\n")
	root, findings, err := envelope.Structure(section(text), nil)
	require.NoError(t, err)
	require.Empty(t, findings)
	require.Len(t, root.Parts, 4)
	require.Equal(t, "contratto è.pdf.hash", root.Parts[1].Name())
	require.Equal(t, "text/plain", root.Parts[1].Type.Value)
	require.Len(t, root.Parts[3].Parts, 2)
	require.True(t, strings.HasPrefix(text, mixedOriginal[:strings.Index(mixedOriginal, "--b1")]))
	require.True(t, strings.HasSuffix(text, "epilogue\r\n"))

	text, b = briefText(t, nestedOriginal, nil)
	require.Len(t, b.Replaced, 1)
	require.Equal(t, "message.eml", b.Replaced[0].Name)
	inner := nestedOriginal[strings.Index(nestedOriginal, "Subject: inner"):strings.LastIndex(nestedOriginal, "\r\n--b1--")]
	require.Equal(t, sha1Hex(inner), b.Replaced[0].Digest)
	require.NotContains(t, text, "b3")

	text, b = briefText(t, signedOriginal, nil)
	require.Equal(t, []Replacement{{"a.pdf", sha1Hex(crlf(base64Body))}}, b.Replaced)
	require.Contains(t, text, "application/pkcs7-signature; name=smime.p7s")
	require.Contains(t, text, "MIIB\r\n--s--")

	text, b = briefText(t, opaqueOriginal, nil)
	require.Equal(t, opaqueOriginal, text)
	require.Empty(t, b.Replaced)

	text, b = briefText(t, bareOriginal, nil)
	require.Len(t, b.Replaced, 1)
	require.True(t, strings.HasPrefix(text, crlf("From: anna@alfa.example\nSubject: x\n y\nMIME-Version: 1.0\nX-Last: z\nContent-Type: text/plain; name=a.pdf.hash\n")))
}

func TestBriefKeepsLF(t *testing.T) {
	lf := strings.ReplaceAll(mixedOriginal, "\r\n", "\n")
	text, b := briefText(t, lf, nil)
	require.NotContains(t, text, "\r")
	_, same := briefText(t, mixedOriginal, nil)
	require.Equal(t, same.Replaced, b.Replaced, "the way of storing does not change the digest")
}

func TestRCV22_EveryVariantIsFound(t *testing.T) {
	inputs := []BriefInput{InputEncoded, InputEncodedFinal, InputEncodedBare, InputLF, InputLFFinal, InputLFBare, InputDecoded}
	// The first attachment ends with an empty line, so that all variants differ.
	submitted := strings.Replace(mixedOriginal, crlf(base64Body+"\n"), crlf(base64Body+"\n\n"), 1)
	for _, input := range inputs {
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
			for _, upper := range []bool{false, true} {
				for _, stored := range []string{submitted, strings.ReplaceAll(submitted, "\r\n", "\n")} {
					brief, _ := briefText(t, submitted, &BriefOptions{Hash: hash, Input: input, UpperCase: upper})
					report, err := VerifyBrief(section(brief), section(stored), nil)
					require.NoError(t, err)
					require.True(t, report.OK(), "%+v", report)
					part := report.Parts[1]
					require.Equal(t, BriefPart{Path: "2", Name: "contratto è.pdf", Match: BriefDigest, Hash: hash, Input: input, Digest: part.Digest}, part)
					require.Equal(t, upper, part.Digest == strings.ToUpper(part.Digest))
				}
			}
		}
	}
}

func TestRCV22_EveryKindOfOriginal(t *testing.T) {
	for name, text := range map[string]string{"plain": plainOriginal, "mixed": mixedOriginal, "nested": nestedOriginal,
		"signed": signedOriginal, "opaque": opaqueOriginal, "bare": bareOriginal} {
		t.Run(name, func(t *testing.T) {
			brief, b := briefText(t, text, nil)
			// What the provider adds at the top does not matter.
			brief = "Received: by gestore-a.example\r\n" + strings.Replace(brief, "<1@x>", "<2@y>", 1)
			report, err := VerifyBrief(section(brief), section(text), nil)
			require.NoError(t, err)
			require.True(t, report.OK(), "%+v", report)
			digests := 0
			for _, p := range report.Parts {
				if p.Match == BriefDigest {
					digests++
				}
			}
			require.Equal(t, len(b.Replaced), digests)
		})
	}
}

func TestRCV22_WhatDoesNotFitIsNamed(t *testing.T) {
	brief, _ := briefText(t, mixedOriginal, nil)
	for _, tt := range []struct {
		name             string
		brief, submitted string
		path             string
		want             BriefMatch
	}{
		{"another attachment", brief, strings.Replace(mixedOriginal, "JVBERi0xLjQK", "JVBERi0xLjQL", 1), "2", BriefWrong},
		{"another text", brief, strings.Replace(mixedOriginal, "Ciao", "Addio", 1), "1", BriefChanged},
		{"no digest", strings.Replace(brief, sha1Hex("<a/>"), "zz", 1), mixedOriginal, "3", BriefMalformed},
		{"a part less", strings.Replace(brief, crlf("--b1\nContent-Type: text/plain\n\nCiao\n"), "", 1), mixedOriginal, "4", BriefMissing},
		{"a part more", strings.Replace(brief, crlf("--b1--"), crlf("--b1\n\nmore\n--b1--"), 1), mixedOriginal, "5", BriefExtra},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report, err := VerifyBrief(section(tt.brief), section(tt.submitted), nil)
			require.NoError(t, err)
			require.False(t, report.OK())
			found := false
			for _, p := range report.Parts {
				found = found || p.Path == tt.path && p.Match == tt.want
			}
			require.True(t, found, "%+v", report.Parts)
		})
	}
	_, err := VerifyBrief(section(""), section(mixedOriginal), nil)
	require.Error(t, err)
}

// TestRCV22_DigestByOpenSSL compares our default digest with OpenSSL's over
// the encoded part.
func TestRCV22_DigestByOpenSSL(t *testing.T) {
	file := filepath.Join(t.TempDir(), "part")
	require.NoError(t, os.WriteFile(file, []byte(crlf(base64Body)), 0o600))
	out := openssl(t, "dgst", "-sha1", "-r", file)
	_, b := briefText(t, mixedOriginal, nil)
	require.Equal(t, strings.Fields(out)[0], b.Replaced[0].Digest)
}

func FuzzBrief(f *testing.F) {
	for _, s := range []string{plainOriginal, mixedOriginal, nestedOriginal, signedOriginal, opaqueOriginal, bareOriginal} {
		f.Add(s)
		f.Add(strings.ReplaceAll(s, "\r\n", "\n"))
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := NewBrief(section(s), nil)
		if err != nil {
			return
		}
		text, err := io.ReadAll(b.Reader())
		require.NoError(t, err)
		if len(b.Replaced) == 0 {
			require.Equal(t, s, string(text))
		}
		again, err := io.ReadAll(b.Reader())
		require.NoError(t, err)
		require.Equal(t, sha256.Sum256(text), sha256.Sum256(again))
		if len(text) > 0 {
			_, _ = VerifyBrief(section(string(text)), section(s), nil)
		}
	})
}
