package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/receipt"
)

var update = flag.Bool("update", false, "write the golden files again")

func runTool(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(reftest.Tool(t, name), args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func verifyOne(t *testing.T, message []byte, flags ...string) (result, verified) {
	t.Helper()
	r := certmailWith(string(message), append(append([]string{"verify", "--json"}, flags...), "-")...)
	var got []verified
	r.decode(t, &got)
	require.Len(t, got, 1)
	require.Equal(t, got[0].Verdict == "valid", r.code == exitGood)
	return r, got[0]
}

func TestVerifySchema(t *testing.T) {
	g := newGestore()
	r := certmailWith(string(g.transport(t, letter())), "verify", "-", "--ca", g.caFile(t), "--json")
	require.Equal(t, exitGood, r.code)
	var objects []json.RawMessage
	r.decode(t, &objects)
	require.ElementsMatch(t, []string{"file", "system", "kind", "verdict", "time", "time_basis", "signer", "checks", "findings"}, keys(t, objects[0]))
	var one struct {
		Signer json.RawMessage
		Checks []json.RawMessage
	}
	require.NoError(t, json.Unmarshal(objects[0], &one))
	require.Subset(t, keys(t, one.Signer), []string{"subject", "issuer", "email", "sha256"})
	for _, c := range one.Checks {
		require.ElementsMatch(t, []string{"name", "status", "detail"}, keys(t, c))
	}
	var got []verified
	r.decode(t, &got)
	require.Equal(t, sha(g.leaf.Certificate.Raw), got[0].Signer.SHA256)
	require.Equal(t, mbox, got[0].Signer.Email)
	var checks []string
	for _, c := range got[0].Checks {
		checks = append(checks, c.Name)
	}
	require.Equal(t, []string{"signature", "digest-algorithm", "signer-chain", "signer-address", "provider-directory", "revocation",
		"certification-data", "headers", "original"}, checks)
}

func TestVerifyOrdinaryMail(t *testing.T) {
	r, got := verifyOne(t, []byte(letter()))
	require.Equal(t, exitNotGood, r.code)
	require.Equal(t, "mail", got.System)
	require.Equal(t, "indeterminate", got.Verdict)
	require.Equal(t, "now", got.TimeBasis)
	require.Nil(t, got.Signer)
}

func TestVerifyWithIntermediate(t *testing.T) {
	root := testpki.NewAuthority(12, "Radice", nil)
	sub := root.Sub("Sotto", nil)
	leaf := sub.Provider("Gestore Alfa", mbox, nil)
	leaf.Chain = nil
	message := (&gestore{ca: root, leaf: leaf}).receipt(t, receipt.FormAcceptance, 0, nil)
	dir := t.TempDir()
	ca, middle := write(t, dir, "ca.pem", root.PEM()), write(t, dir, "sub.der", sub.Certificate.Raw)

	_, got := verifyOne(t, message, "--ca", ca)
	require.Equal(t, "indeterminate", got.Verdict)
	_, got = verifyOne(t, message, "--ca", ca, "--intermediate", middle)
	require.Equal(t, "valid", got.Verdict)
	require.Len(t, got.Signer.Chain.Path, 3)
	_, got = verifyOne(t, message, "--intermediate", middle, "--intermediate", ca)
	require.Equal(t, "indeterminate", got.Verdict, "intermediates are not believed")
	_, got = verifyOne(t, message, "--ca", middle)
	require.Equal(t, "valid", got.Verdict, "an anchor need not be self-signed")
}

func TestVerifyWithCRL(t *testing.T) {
	g := newGestore()
	message := g.receipt(t, receipt.FormAcceptance, 0, nil)
	crl := func(revoked ...x509.RevocationListEntry) []byte {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: at(time.Hour), NextUpdate: at(24 * time.Hour), RevokedCertificateEntries: revoked,
		}, g.ca.Certificate, g.ca.Key)
		require.NoError(t, err)
		return der
	}
	dir := t.TempDir()
	good := write(t, dir, "good.crl", crl())
	bad := write(t, dir, "bad.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: crl(
		x509.RevocationListEntry{SerialNumber: g.leaf.Certificate.SerialNumber, RevocationTime: at(-time.Hour)})}))

	_, got := verifyOne(t, message, "--ca", g.caFile(t), "--crl", good)
	require.Equal(t, "passed", got.check(t, "revocation").Status, "%+v", got.Checks)
	_, got = verifyOne(t, message, "--ca", g.caFile(t), "--crl", bad)
	require.Equal(t, "invalid", got.Verdict)
	require.Equal(t, "failed", got.check(t, "revocation").Status)

	r := certmail("verify", "--crl", write(t, dir, "none.crl", []byte("nothing of the kind")), "x.eml")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.stderr, "none.crl")
}

func TestVerifyWithDirectory(t *testing.T) {
	g := newGestore()
	message := g.receipt(t, receipt.FormAcceptance, 0, nil)
	sum := sha1.Sum(g.leaf.Certificate.Raw)
	ldif := fmt.Sprintf("version: 1\n\ndn: providerName=Gestore Alfa S.p.A.,o=postacert\nobjectclass: top\nobjectclass: provider\nproviderName: Gestore Alfa S.p.A.\n"+
		"mailReceipt: ricevute@gestore-a.example\nmanagedDomains: gestore-a.example\nproviderCertificateHash: %s\nproviderCertificate;binary:: %s\n",
		hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(g.leaf.Certificate.Raw))
	dir := t.TempDir()
	plain := write(t, dir, "igpec.ldif", []byte(ldif))
	_, got := verifyOne(t, message, "--ca", g.caFile(t), "--directory", plain)
	require.Equal(t, "passed", got.check(t, "provider-directory").Status, "%+v", got.Checks)
	require.Equal(t, "valid", got.Verdict)
	require.Equal(t, "directory", got.Signer.Source)

	empty := write(t, dir, "altro.ldif", []byte("version: 1\n"))
	for _, flags := range [][]string{{"--directory", plain, "--directory", empty}, {"--directory", empty, "--directory", plain}} {
		_, got = verifyOne(t, message, append(flags, "--ca", g.caFile(t))...)
		require.Equal(t, "passed", got.check(t, "provider-directory").Status, "%+v", got.Checks)
	}

	// The published form, signed by OpenSSL: believed only if its signer is.
	key, err := x509.MarshalPKCS8PrivateKey(g.leaf.Key)
	require.NoError(t, err)
	keyFile := write(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	certFile := write(t, dir, "cert.pem", testpki.PEM(g.leaf.Certificate))
	signed := filepath.Join(dir, "igpec.ldif.p7m")
	runTool(t, "openssl", "cms", "-sign", "-binary", "-nodetach", "-in", plain, "-signer", certFile, "-inkey", keyFile, "-outform", "DER", "-out", signed)
	_, got = verifyOne(t, message, "--ca", g.caFile(t), "--directory", signed)
	require.Equal(t, "passed", got.check(t, "provider-directory").Status, "%+v", got.Checks)
	r := certmailWith(string(message), "verify", "--directory", signed, "-")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.stderr, "igpec.ldif.p7m")
}

func TestVerifyRefusesBadMaterial(t *testing.T) {
	bad := write(t, t.TempDir(), "bad.pem", []byte("no certificate"))
	for _, flag := range []string{"--ca", "--intermediate", "--crl", "--directory"} {
		r := certmail("verify", flag, bad, "x.eml")
		require.Equal(t, exitUsage, r.code, flag)
		require.Contains(t, r.stderr, flag+" "+bad)
	}
}

// The page for people, word for word.
func TestGoldenText(t *testing.T) {
	g := newGestore()
	ca := g.caFile(t)
	transport := g.transport(t, letter(file{`attachment; filename="contratto.bin"`, "testo"}))
	flipped := bytes.Replace(transport, []byte("Buongiorno."), []byte("Buonasera!."), 1)
	for name, c := range map[string]struct {
		message []byte
		args    []string
	}{
		"show-transport":     {transport, []string{"show", "-"}},
		"verify-transport":   {transport, []string{"verify", "--ca", ca, "-"}},
		"verify-altered":     {flipped, []string{"verify", "--ca", ca, "-"}},
		"verify-untrusted":   {transport, []string{"verify", "-"}},
		"verify-ordinary":    {[]byte(letter()), []string{"verify", "-"}},
		"verify-nondelivery": {g.receipt(t, receipt.FormNonDelivery, time.Minute, notDelivered), []string{"verify", "--ca", ca, "-"}},
		"verify-timeout":     {g.receipt(t, receipt.FormTimeoutFirst, 12*time.Hour, nil), []string{"verify", "--ca", ca, "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := certmailWith(string(c.message), c.args...)
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(r.stdout), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), r.stdout)
		})
	}
}

// What is proven is said in the provider's name, and never of anything else.
func TestWording(t *testing.T) {
	g := newGestore()
	for _, form := range receipt.Forms() {
		message := g.receipt(t, form, time.Hour, func(tx *receipt.Transaction, n *receipt.Notice) {
			n.To, n.TakenInCharge, n.Detail = mbox, []string{bruno}, "5.1.1 - Gestore Beta S.r.l. - prova"
			body := letter()
			switch form {
			case receipt.FormDeliveryBrief:
				tx.ReceiptType = daticert.ReceiptBrief
			case receipt.FormDeliveryConcise:
				tx.ReceiptType = daticert.ReceiptConcise
			}
			if form == receipt.FormDeliveryBrief || form == receipt.FormDeliveryComplete {
				n.Original = section(body)
			}
		})
		r := certmailWith(string(message), "verify", "-", "--ca", g.caFile(t))
		text := strings.Join(strings.Fields(r.stdout), " ")
		if r.code == exitGood {
			require.Contains(t, text, "The provider Gestore Alfa (gestore-emittente: Gestore Alfa S.p.A.) certifies that on 2026-03-03 11:15:32 +01:00 ", "%s", form)
		} else {
			require.NotContains(t, text, "certifies", "%s", form)
		}
		require.Contains(t, text, wordsFor(kindOf(t, message)).italian)
		for _, never := range []string{"trustworthy", "is authentic", "the sender is "} {
			require.NotContains(t, text, never)
		}
	}
}
