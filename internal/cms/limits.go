package cms

// Limits caps what Parse accepts. A zero field means the default.
type Limits struct {
	// Size of the whole SignedData in octets; default 1 MiB. Raise it for
	// files that carry their content (.p7m).
	Size int
	// Depth of nested values; default 32, values above 256 count as 256.
	Depth int
	// Certificates in the bag, duplicates counted; default 64. The CRLs are
	// capped by the same number.
	Certificates int
	// CertificateSize of one certificate in octets; default 64 KiB. A larger
	// one is left out, with a finding.
	CertificateSize int
	// Signers; default 16.
	Signers int
	// Attributes of one signer, signed and unsigned each; default 64.
	Attributes int
}

const maxDepth = 256

func (l *Limits) orDefaults() Limits {
	out := Limits{Size: 1 << 20, Depth: 32, Certificates: 64, CertificateSize: 64 << 10, Signers: 16, Attributes: 64}
	if l == nil {
		return out
	}
	pick := func(field *int, value int) {
		if value > 0 {
			*field = value
		}
	}
	pick(&out.Size, l.Size)
	pick(&out.Depth, min(l.Depth, maxDepth))
	pick(&out.Certificates, l.Certificates)
	pick(&out.CertificateSize, l.CertificateSize)
	pick(&out.Signers, l.Signers)
	pick(&out.Attributes, l.Attributes)
	return out
}
