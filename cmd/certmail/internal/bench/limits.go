package bench

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"os"
)

// limits are the cryptographic work that nothing can do without.
type limits struct {
	key       *rsa.PrivateKey
	public    *rsa.PublicKey
	issuer    *rsa.PublicKey
	signature []byte // of the message, by the provider
	digest    [32]byte
	tbs       [32]byte // digest of the certificate's signed part
	leaf      *x509.Certificate
}

func newLimits(t *Trust, msg []byte) (*limits, error) {
	issuer, ok := t.CA.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the authority's key is not RSA")
	}
	l := &limits{key: t.Key, public: &t.Key.PublicKey, issuer: issuer, leaf: t.Certificate}
	l.digest = sha256.Sum256(msg)
	l.tbs = sha256.Sum256(t.Certificate.RawTBSCertificate)
	var err error
	l.signature, err = rsa.SignPKCS1v15(rand.Reader, t.Key, crypto.SHA256, l.digest[:])
	return l, err
}

// one is limit1: SHA-256 of the message and one RSA verify.
func (l *limits) one(msg []byte) error {
	digest := sha256.Sum256(msg)
	return rsa.VerifyPKCS1v15(l.public, crypto.SHA256, digest[:], l.signature)
}

// two is limit2: limit1 and the verify of the provider's certificate.
func (l *limits) two(msg []byte) error {
	if err := l.one(msg); err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(l.issuer, crypto.SHA256, l.tbs[:], l.leaf.Signature)
}

// receipt is the work for a receipt of REM: SHA-256 of what was signed, and three
// RSA verifies.
func (l *limits) receipt(x *REM) error {
	sha256.Sum256(x.Signed)
	sha256.Sum256(x.Evidence)
	for range 3 {
		if err := rsa.VerifyPKCS1v15(l.public, crypto.SHA256, l.digest[:], l.signature); err != nil {
			return err
		}
	}
	return nil
}

// sign is one RSA signature.
func (l *limits) sign() error {
	_, err := rsa.SignPKCS1v15(rand.Reader, l.key, crypto.SHA256, l.digest[:])
	return err
}

// hashFile is the SHA-256 stream: the file through windows of 64 KiB.
func hashFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	// The struct hides ReadFrom and WriteTo, so that the buffer is used.
	_, err = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 64<<10))
	return err
}
