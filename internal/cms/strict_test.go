package cms_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// The structure for encoding/asn1, which reads DER only: a second reader to
// compare with.

type strictContentInfo struct {
	ContentType asn1.ObjectIdentifier
	Content     asn1.RawValue `asn1:"explicit,tag:0"`
}

type strictSignedData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	Encap            struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"optional,explicit,tag:0"`
	}
	Certificates asn1.RawValue  `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue  `asn1:"optional,tag:1"`
	Signers      []strictSigner `asn1:"set"`
}

type strictSigner struct {
	Version int
	SID     struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue `asn1:"optional,tag:0"`
	Signature  pkix.AlgorithmIdentifier
	Value      []byte
	Unsigned   asn1.RawValue `asn1:"optional,tag:1"`
}

var errTrailing = errors.New("trailing data")

func unmarshalAll(b []byte, v any) error {
	rest, err := asn1.Unmarshal(b, v)
	if err == nil && len(rest) > 0 {
		err = errTrailing
	}
	return err
}

func strict(b []byte) (outer strictContentInfo, sd strictSignedData, err error) {
	if err = unmarshalAll(b, &outer); err == nil {
		err = unmarshalAll(outer.Content.Bytes, &sd)
	}
	return outer, sd, err
}

func decodeStrict(t *testing.T, b []byte) (strictContentInfo, strictSignedData) {
	t.Helper()
	outer, sd, err := strict(b)
	require.NoError(t, err)
	return outer, sd
}
