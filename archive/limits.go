package archive

// Limits bound what Open and Verify take. A zero field means its default.
type Limits struct {
	// Entries of a package: 20,000. (A transaction of a thousand recipients
	// has some 10,000.)
	Entries int
	// Size of all files together, unpacked: 64 GiB. EntrySize of one: 16 GiB.
	Size, EntrySize int64
	// Small is the size of a file that is read into memory, such as a
	// certificate or a side-car: 16 MiB.
	Small int64
	// Ratio of the unpacked to the packed size of a file above 1 MiB: 200.
	Ratio int64
	// Depth of folders: 8.
	Depth int
}

func (l *Limits) withDefaults() Limits {
	var c Limits
	if l != nil {
		c = *l
	}
	def := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	if c.Entries <= 0 {
		c.Entries = 20_000
	}
	if c.Depth <= 0 {
		c.Depth = 8
	}
	def(&c.Size, 64<<30)
	def(&c.EntrySize, 16<<30)
	def(&c.Small, 16<<20)
	def(&c.Ratio, 200)
	return c
}
