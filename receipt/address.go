package receipt

import "github.com/certmail/certmail/daticert"

// SameAddress compares addresses as certified mail does: case does not count,
// white space and angle brackets around an address do not either. Only ASCII
// letters have case here: folding more would make different addresses, such as
// one with a Kelvin sign for a k, the same.
func SameAddress(a, b string) bool {
	if a == b {
		return true
	}
	a, b = daticert.TrimMessageID(a), daticert.TrimMessageID(b)
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// foldAddress returns the form of an address that is the same for all ways to
// write it.
func foldAddress(s string) string {
	s = daticert.TrimMessageID(s)
	for i := range len(s) {
		if lower(s[i]) != s[i] {
			folded := []byte(s)
			for j := i; j < len(folded); j++ {
				folded[j] = lower(folded[j])
			}
			return string(folded)
		}
	}
	return s
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
