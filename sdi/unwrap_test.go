package sdi_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
	"github.com/certmail/certmail/trust"
)

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// bigInvoice is an invoice of about the given size, most of it an attachment.
func bigInvoice(size int) []byte {
	doc := sditest.Invoice(sampleInvoice())
	file := "<Allegati><NomeAttachment>a.pdf</NomeAttachment><Attachment>" + strings.Repeat("QUJD", size/4) + "</Attachment></Allegati></FatturaElettronicaBody>"
	return bytes.Replace(doc, []byte("</FatturaElettronicaBody>"), []byte(file), 1)
}

func TestSDI_SignedForms(t *testing.T) {
	s := newSigners(t)
	small, long := sditest.Invoice(sampleInvoice()), bigInvoice(10_000)
	plain, large := s.write(t, "small.xml", small), s.write(t, "long.xml", long)
	der := s.openssl(t, "anna", plain, "a.p7m", "-outform", "DER")
	streamed := s.openssl(t, "anna", large, "b.p7m", "-outform", "DER", "-stream")
	require.Equal(t, []byte{0x30, 0x80}, streamed[:2], "openssl wrote no indefinite length")
	require.Greater(t, bytes.Count(streamed, []byte{0x04, 0x82, 0x10, 0x00}), 1, "not in pieces of 4096")
	twice := s.openssl(t, "bruno", s.path("a.p7m"), "c.p7m", "-outform", "DER", "-cades")
	thrice := s.openssl(t, "carla", s.path("c.p7m"), "d.p7m", "-outform", "DER", "-stream")
	fourTimes := s.openssl(t, "anna", s.path("d.p7m"), "e.p7m", "-outform", "DER")
	pemInside := s.openssl(t, "bruno", s.write(t, "a.pem", s.openssl(t, "anna", plain, "a2.pem", "-outform", "PEM")), "f.p7m", "-outform", "DER")
	for what, c := range map[string]struct {
		data      []byte
		payload   []byte
		encodings []string
		signers   []string
	}{
		"DER":              {der, small, []string{"der"}, []string{"anna"}},
		"long BER":         {streamed, long, []string{"ber"}, []string{"anna"}},
		"5 MB, BER":        {nil, bigInvoice(5_000_000), []string{"ber"}, []string{"anna"}},
		"PEM":              {s.openssl(t, "anna", plain, "p.p7m", "-outform", "PEM"), small, []string{"pem"}, []string{"anna"}},
		"base64":           {[]byte(base64.StdEncoding.EncodeToString(der)), small, []string{"base64"}, []string{"anna"}},
		"base64 in lines":  {wrap(base64.StdEncoding.EncodeToString(streamed)), long, []string{"base64"}, []string{"anna"}},
		"base64 of base64": {[]byte(base64.StdEncoding.EncodeToString(wrap(base64.StdEncoding.EncodeToString(der)))), small, []string{"base64"}, []string{"anna"}},
		"twice":            {twice, small, []string{"der", "der"}, []string{"bruno", "anna"}},
		"three times":      {thrice, small, []string{"ber", "der", "der"}, []string{"carla", "bruno", "anna"}},
		"PEM inside DER":   {pemInside, small, []string{"der", "pem"}, []string{"bruno", "anna"}},
		"key identifier":   {s.openssl(t, "anna", plain, "k.p7m", "-outform", "DER", "-keyid"), small, []string{"der"}, []string{"anna"}},
		"SHA-512":          {s.openssl(t, "anna", plain, "h.p7m", "-outform", "DER", "-md", "sha512"), small, []string{"der"}, []string{"anna"}},
	} {
		t.Run(what, func(t *testing.T) {
			if c.data == nil {
				c.data = s.openssl(t, "anna", s.write(t, "big.xml", c.payload), "g.p7m", "-outform", "DER", "-stream")
			}
			opt := &sdi.Options{Invoices: sdi.Anchors(s.ca.Certificate), At: at}
			f := recognise(t, invoiceName+".p7m", c.data, opt)
			require.Equal(t, sdi.KindInvoice, f.Kind, f.Findings)
			require.Equal(t, "01234567890", f.Invoice.Transmitter.Code)
			require.Equal(t, hexSum(c.data), f.SHA256)
			require.Equal(t, hexSum(c.payload), f.PayloadSHA256)
			require.Empty(t, f.Findings)
			require.True(t, f.Signed())
			require.Len(t, f.Layers, len(c.encodings))
			for i, l := range f.Layers {
				require.Equal(t, c.encodings[i], l.Encoding)
				require.Len(t, l.Signatures, 1)
				require.Equal(t, trust.Passed, l.Integrity())
				require.True(t, l.Signatures[0].OK(), l.Signatures[0].TrustErr)
				require.Contains(t, l.Signatures[0].Certificate.Subject.String(), c.signers[i])
				require.False(t, l.Signatures[0].SigningTime.IsZero())
			}
			require.EqualValues(t, len(c.payload), f.Layers[len(f.Layers)-1].Size)
			// With nobody to trust, the same file is intact and not trusted.
			f = recognise(t, invoiceName+".p7m", c.data, nil)
			require.Equal(t, trust.Passed, f.Layers[0].Integrity())
			require.Equal(t, trust.Skipped, f.Layers[0].Signatures[0].Trust)
			require.False(t, f.Signed())
		})
	}
	f := recognise(t, invoiceName+".p7m", fourTimes, nil)
	require.Equal(t, sdi.KindOther, f.Kind)
	require.Equal(t, []string{"too-many-layers", "content-not-recognised"}, codes(f.Findings))
	require.Len(t, f.Layers, 3)
	f = recognise(t, invoiceName+".p7m", fourTimes, &sdi.Options{MaxLayers: 4})
	require.Equal(t, sdi.KindInvoice, f.Kind)
	f = recognise(t, invoiceName+".p7m", streamed, &sdi.Options{MaxFile: 9000})
	require.Equal(t, sdi.KindOther, f.Kind)
	f = recognise(t, invoiceName, der, nil)
	require.Equal(t, []string{"name-content-mismatch"}, codes(f.Findings), "signed, and the name does not say so")
}

func TestSDI_SeveralSigners(t *testing.T) {
	s := newSigners(t)
	content := sditest.Invoice(sampleInvoice())
	both := s.openssl(t, "anna", s.write(t, "a.xml", content), "a.p7m", "-outform", "DER", "-signer", s.path("bruno.pem"))
	opt := &sdi.Options{Invoices: sdi.Anchors(s.ca.Certificate), At: at}
	f := recognise(t, invoiceName+".p7m", both, opt)
	require.Len(t, f.Layers[0].Signatures, 2)
	require.Equal(t, trust.Passed, f.Layers[0].Integrity())
	// One of the two signature values changed: the last octet of the file is in
	// the last signer's.
	both[len(both)-1] ^= 1
	f = recognise(t, invoiceName+".p7m", both, opt)
	require.Equal(t, trust.Failed, f.Layers[0].Integrity())
	require.ErrorIs(t, f.Layers[0].Signatures[1].IntegrityErr, cms.ErrSignature)
	require.Equal(t, trust.Passed, f.Layers[0].Signatures[0].Integrity)
	require.Equal(t, trust.Skipped, f.Layers[0].Signatures[1].Trust, "a signature that does not hold has no trusted signer")
}

func TestSDI_SignedAndAltered(t *testing.T) {
	s := newSigners(t)
	der := s.openssl(t, "anna", s.write(t, "a.xml", sditest.Invoice(sampleInvoice())), "a.p7m", "-outform", "DER")
	opt := &sdi.Options{Invoices: sdi.Anchors(s.ca.Certificate), At: at}
	f := recognise(t, invoiceName+".p7m", bytes.Replace(der, []byte("1/2026"), []byte("2/2026"), 1), opt)
	require.Equal(t, sdi.KindInvoice, f.Kind, "still recognised")
	require.Equal(t, trust.Failed, f.Layers[0].Integrity())
	require.ErrorIs(t, f.Layers[0].Signatures[0].IntegrityErr, cms.ErrMessageDigest)
	require.False(t, f.Signed())

	bare := s.openssl(t, "anna", s.path("a.xml"), "b.p7m", "-outform", "DER", "-nocerts")
	f = recognise(t, invoiceName+".p7m", bare, opt)
	require.Equal(t, trust.Unknown, f.Layers[0].Integrity())
	require.ErrorIs(t, f.Layers[0].Signatures[0].IntegrityErr, cms.ErrCertificateMissing)

	run(t, "openssl", "cms", "-sign", "-binary", "-signer", s.path("anna.pem"), "-in", s.path("a.xml"), "-outform", "DER", "-out", s.path("d.p7m"))
	raw, err := os.ReadFile(s.path("d.p7m"))
	require.NoError(t, err)
	f = recognise(t, invoiceName+".p7m", raw, opt)
	require.Equal(t, []string{"signature-unreadable", "content-not-recognised"}, codes(f.Findings))
}

func TestSDI_TrustIsTheCallers(t *testing.T) {
	s := newSigners(t)
	der := s.openssl(t, "anna", s.write(t, "a.xml", sditest.Invoice(sampleInvoice())), "a.p7m", "-outform", "DER")
	leaf := recognise(t, "a.p7m", der, nil).Layers[0].Signatures[0].Certificate
	other := testpki.NewAuthority(22, "CA altrui", nil)
	for what, c := range map[string]struct {
		judge sdi.Trust
		at    time.Time
		want  trust.Status
		err   error
	}{
		"anchor":           {sdi.Anchors(nil, s.ca.Certificate), at, trust.Passed, nil},
		"the leaf itself":  {sdi.Anchors(leaf), at, trust.Passed, nil},
		"another anchor":   {sdi.Anchors(other.Certificate), at, trust.Unknown, sdi.ErrNoPath},
		"no anchor":        {sdi.Anchors(), at, trust.Unknown, sdi.ErrNoPath},
		"no time":          {sdi.Anchors(s.ca.Certificate), time.Time{}, trust.Unknown, sdi.ErrNoTime},
		"too late":         {sdi.Anchors(s.ca.Certificate), testpki.Doomsday.AddDate(1, 0, 0), trust.Failed, nil},
		"too early":        {sdi.Anchors(s.ca.Certificate), testpki.Epoch.AddDate(-1, 0, 0), trust.Failed, nil},
		"a veto":           {func(*x509.Certificate, []*x509.Certificate, time.Time) error { return os.ErrPermission }, at, trust.Failed, os.ErrPermission},
		"nobody was asked": {nil, at, trust.Skipped, nil},
	} {
		got := recognise(t, invoiceName+".p7m", der, &sdi.Options{Invoices: c.judge, At: c.at}).Layers[0].Signatures[0]
		require.Equal(t, c.want, got.Trust, what)
		require.Equal(t, c.want == trust.Passed, got.OK(), what)
		require.Equal(t, c.want == trust.Failed || c.want == trust.Unknown, got.TrustErr != nil, what)
		if c.err != nil {
			require.ErrorIs(t, got.TrustErr, c.err, what)
		}
	}
	web := s.ca.Provider("erika", "erika@alfa.example", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	require.ErrorIs(t, sdi.Anchors(s.ca.Certificate)(web.Certificate, nil, at), sdi.ErrKeyUsage)
	sub := s.ca.Sub("CA firme 2", nil)
	deep := sub.Provider("fabio", "fabio@alfa.example", nil).Certificate
	require.ErrorIs(t, sdi.Anchors(s.ca.Certificate)(deep, nil, at), sdi.ErrNoPath)
	require.NoError(t, sdi.Anchors(s.ca.Certificate)(deep, []*x509.Certificate{sub.Certificate}, at))
	require.NoError(t, sdi.Anchors(sub.Certificate)(deep, nil, at), "an anchor need not be self-signed")
}

func wrap(text string) []byte {
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return []byte(b.String() + text + "\r\n")
}

func zipOf(t testing.TB, method uint16, names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, err := w.CreateHeader(&zip.FileHeader{Name: n, Method: method})
		require.NoError(t, err)
		_, err = f.Write(bytes.Repeat([]byte("0"), 100_000))
		require.NoError(t, err)
	}
	require.NoError(t, w.SetComment("PK\x05\x06"))
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestSDI_Archives(t *testing.T) {
	names := []string{"IT01234567890_00001.xml", "IT01234567890_00002.xml.p7m", "../x.txt"}
	data := zipOf(t, zip.Deflate, names...)
	f := recognise(t, "IT01234567890_00009.zip", data, nil)
	require.Equal(t, sdi.KindArchive, f.Kind)
	require.Equal(t, names, f.Names)
	require.Empty(t, f.Findings)
	s := newSigners(t)
	listed := strings.Fields(run(t, "unzip", "-Z1", s.write(t, "a.zip", data)))
	require.Equal(t, listed, f.Names)

	signed := s.openssl(t, "anna", s.path("a.zip"), "a.zip.p7m", "-outform", "DER")
	f = recognise(t, "IT01234567890_00009.zip.p7m", signed, nil)
	require.Equal(t, sdi.KindArchive, f.Kind)
	require.Len(t, f.Layers, 1)
	require.Empty(t, f.Findings)

	f = recognise(t, "IT01234567890_00009.zip", data, &sdi.Options{MaxNames: 2})
	require.Equal(t, names[:2], f.Names)
	require.Equal(t, []string{"archive-names-left-out"}, codes(f.Findings))

	f = recognise(t, "IT01234567890_00009.zip", zipOf(t, zip.Store, "a.txt"), nil)
	require.Equal(t, sdi.KindOther, f.Kind)
	require.Equal(t, []string{"archive-without-invoices", "content-not-recognised"}, codes(f.Findings))
	require.Empty(t, recognise(t, "photos.zip", zipOf(t, zip.Store, "a.txt"), nil).Findings)

	// Hostile ones: cut anywhere, or with another count than there are members.
	for cut := 4; cut < len(data)-1; cut += 7 {
		f = recognise(t, "IT01234567890_00009.zip", data[:cut], nil)
		require.Equal(t, sdi.KindOther, f.Kind)
		require.Contains(t, codes(f.Findings), "archive-unreadable")
	}
	end := bytes.LastIndex(data[:len(data)-4], []byte("PK\x05\x06"))
	for _, count := range []uint16{0, 1, 2, 4, 0xffff} {
		bad := bytes.Clone(data)
		binary.LittleEndian.PutUint16(bad[end+8:], count)
		binary.LittleEndian.PutUint16(bad[end+10:], count)
		f = recognise(t, "IT01234567890_00009.zip", bad, nil)
		require.Equal(t, []string{"archive-unreadable", "content-not-recognised"}, codes(f.Findings), fmt.Sprint(count))
	}
}
