package trust

// MergeDirectories makes one directory out of several: each provider publishes
// a file of its own (RFC 6109 §4.5), and the centre one of all. Its date is
// that of the oldest copy, unknown if any is, so that staleness is never
// hidden. Records that contradict each other are findings. nil ones are left
// out; without any the result is nil.
func MergeDirectories(list ...*Directory) *Directory {
	var merged *Directory
	found := &findingList{}
	for _, d := range list {
		if d == nil {
			continue
		}
		if merged == nil {
			merged = &Directory{
				byHash: map[string][]*Provider{}, byDomain: map[string][]*Provider{}, byName: map[string][]*Provider{},
				date: d.date, location: d.location, signer: d.signer,
			}
		}
		if d.date.IsZero() || !merged.date.IsZero() && d.date.Before(merged.date) {
			merged.date = d.date
		}
		if merged.signer != d.signer {
			merged.signer = nil // no single one
		}
		for _, f := range d.findings {
			found.add(f.Code, f.Detail)
		}
		for _, p := range d.providers {
			merged.add(p, found)
		}
	}
	if merged != nil {
		merged.findings = found.all()
	}
	return merged
}
