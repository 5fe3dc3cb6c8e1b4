package csi

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
)

// ErrTLSPeer: the server that answered is not the one of the document.
var ErrTLSPeer = errors.New("csi: TLS certificate of the server is not that of the document")

// MatchTLS says whether the certificate with which a server answered (the first
// of tls.ConnectionState.PeerCertificates) is the TLSCertificate of the document
// (EN 319 532-4 §C.2.3.4.4 c.3.5.1 note 2): the whole certificate, not its
// names. The baseline secures DNS by this alone, so that the document must be
// verified first. The error wraps ErrTLSPeer or ErrTLSCertificate.
//
// It fits tls.Config.VerifyPeerCertificate and VerifyConnection, beside
// InsecureSkipVerify where the certificate is of no public authority: what is
// compared here in full is trusted by the document.
func (d *Document) MatchTLS(peer *x509.Certificate) error {
	want := d.Security.TLSCertificate
	if _, err := d.Security.Certificate(); err != nil {
		return err
	}
	switch {
	case peer == nil || len(peer.Raw) == 0:
		return fmt.Errorf("%w: the server showed none", ErrTLSPeer)
	case !bytes.Equal(peer.Raw, want):
		return fmt.Errorf("%w: %s, serial %x", ErrTLSPeer, peer.Subject, peer.SerialNumber)
	}
	return nil
}
