package tsl

import (
	"crypto/x509"

	"github.com/certmail/certmail/trust"
)

func (v *Verification) judgeSignature(certs []*x509.Certificate) result {
	n := 0
	for e := range v.List.doc.Elements() {
		if e.Is(nsDS, "Signature") {
			n++
		}
	}
	switch {
	case n == 0:
		return result{err: ErrUnsigned}
	case n > 1:
		return result{err: ErrSignatures}
	}
	return result{status: trust.Unknown}
}
