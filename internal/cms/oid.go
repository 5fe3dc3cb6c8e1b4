package cms

import (
	"crypto"
	"strconv"
)

// OIDs by the content octets of their DER encoding.
const (
	oidData       = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01" // 1.2.840.113549.1.7.1
	oidSignedData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" // 1.2.840.113549.1.7.2

	oidContentType   = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"         // 1.2.840.113549.1.9.3
	oidMessageDigest = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"         // 1.2.840.113549.1.9.4
	oidSigningTime   = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"         // 1.2.840.113549.1.9.5
	oidAlgProtection = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34"         // 1.2.840.113549.1.9.52
	oidESSCert       = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c" // 1.2.840.113549.1.9.16.2.12
	oidESSCertV2     = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f" // 1.2.840.113549.1.9.16.2.47

	oidSHA1   = "\x2b\x0e\x03\x02\x1a"                 // 1.3.14.3.2.26
	oidSHA256 = "\x60\x86\x48\x01\x65\x03\x04\x02\x01" // 2.16.840.1.101.3.4.2.1
	oidSHA384 = "\x60\x86\x48\x01\x65\x03\x04\x02\x02" // 2.16.840.1.101.3.4.2.2
	oidSHA512 = "\x60\x86\x48\x01\x65\x03\x04\x02\x03" // 2.16.840.1.101.3.4.2.3

	oidRSA          = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" // 1.2.840.113549.1.1.1
	oidRSASHA1      = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"
	oidRSASHA1OIW   = "\x2b\x0e\x03\x02\x1d" // 1.3.14.3.2.29, old Microsoft software
	oidMGF1         = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
	oidPSS          = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
	oidRSASHA256    = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
	oidRSASHA384    = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"
	oidRSASHA512    = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"
	oidECPublicKey  = "\x2a\x86\x48\xce\x3d\x02\x01"     // 1.2.840.10045.2.1
	oidECDSASHA1    = "\x2a\x86\x48\xce\x3d\x04\x01"     // 1.2.840.10045.4.1
	oidECDSASHA256  = "\x2a\x86\x48\xce\x3d\x04\x03\x02" // 1.2.840.10045.4.3.2
	oidECDSASHA384  = "\x2a\x86\x48\xce\x3d\x04\x03\x03"
	oidECDSASHA512  = "\x2a\x86\x48\xce\x3d\x04\x03\x04"
	oidEd25519      = "\x2b\x65\x70" // 1.3.101.112
	oidSubjectKeyID = "\x55\x1d\x0e" // 2.5.29.14
)

// TypeData is id-data, the content type of every S/MIME message.
const TypeData = "1.2.840.113549.1.7.1"

// dotted writes an OID in numbers. The frequent ones cost no memory.
func dotted(oid []byte) string {
	switch string(oid) {
	case oidData:
		return TypeData
	case oidSHA1:
		return "1.3.14.3.2.26"
	case oidSHA256:
		return "2.16.840.1.101.3.4.2.1"
	case oidSHA384:
		return "2.16.840.1.101.3.4.2.2"
	case oidSHA512:
		return "2.16.840.1.101.3.4.2.3"
	case oidRSA:
		return "1.2.840.113549.1.1.1"
	case oidRSASHA256:
		return "1.2.840.113549.1.1.11"
	}
	out := make([]byte, 0, 48)
	var arc uint64
	first := true
	for i, c := range oid {
		if arc > 1<<56 || i > 64 {
			return string(append(out, "..."...))
		}
		arc = arc<<7 | uint64(c&0x7f)
		if c&0x80 != 0 {
			continue
		}
		if first {
			root := min(arc/40, 2)
			out = strconv.AppendUint(out, root, 10)
			arc -= root * 40
			first = false
		}
		out = append(out, '.')
		out = strconv.AppendUint(out, arc, 10)
		arc = 0
	}
	return string(out)
}

// hashOf returns the digest algorithm of an OID, 0 when it is not supported.
func hashOf(oid []byte) crypto.Hash {
	switch string(oid) {
	case oidSHA1:
		return crypto.SHA1
	case oidSHA256:
		return crypto.SHA256
	case oidSHA384:
		return crypto.SHA384
	case oidSHA512:
		return crypto.SHA512
	}
	return 0
}
