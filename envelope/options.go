package envelope

// Options bounds the reading of a message. The zero value, and a nil
// pointer, mean the defaults.
type Options struct {
	// MaxHeader bounds one header block in bytes (default 1 MiB).
	MaxHeader int
	// MaxParts bounds the parts of one scan (default 4096).
	MaxParts int
	// MaxDepth bounds how deep multiparts are followed (default 32). Deeper
	// ones stay opaque and are reported.
	MaxDepth int
	// MaxCertification bounds daticert.xml as it stands in the message, in
	// bytes (default 1 MiB).
	MaxCertification int
	// MaxSignature bounds the signature part as it stands in the message, in
	// bytes (default 1.5 MiB, which holds 1 MiB of DER).
	MaxSignature int
	// MaxMessage bounds a whole message in bytes (default 4 GiB).
	MaxMessage int64
	// SpoolMemory is how much of a plain io.Reader is kept in memory before
	// the rest goes to a temporary file (default 1 MiB).
	SpoolMemory int
	// SpoolDir is the folder for that file (default: the system's).
	SpoolDir string

	window int // of the scan, for tests
}

func (o *Options) withDefaults() Options {
	var v Options
	if o != nil {
		v = *o
	}
	set(&v.MaxHeader, 1<<20)
	set(&v.MaxParts, 4096)
	set(&v.MaxDepth, 32)
	set(&v.MaxCertification, 1<<20)
	set(&v.MaxSignature, 3<<19)
	set(&v.SpoolMemory, 1<<20)
	if v.MaxMessage <= 0 {
		v.MaxMessage = 4 << 30
	}
	return v
}

func set(v *int, def int) {
	if *v <= 0 {
		*v = def
	}
}
