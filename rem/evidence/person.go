package evidence

import (
	"crypto/sha256"
	"strings"
)

// PersonIdentifier is the identifier that the REM baseline gives a user
// (EN 319 532-4 C.3.4 h, i): the country of the user, that of the service, and
// the SHA-256 of the address in lower case, as upper-case hexadecimal. Countries
// are ISO 3166-1 alpha-2 codes; white space around the address is left out.
func PersonIdentifier(user, service, address string) string {
	return user + "/" + service + "/" + userID(strings.ToLower(trim(address)))
}

func userID(s string) string {
	id := userDigits(s)
	return string(id[:])
}

func userDigits(s string) (out [2 * sha256.Size]byte) {
	sum := sha256.Sum256([]byte(s))
	const upper = "0123456789ABCDEF"
	for i, b := range sum {
		out[2*i], out[2*i+1] = upper[b>>4], upper[b&15]
	}
	return out
}

// upperHex writes hexadecimal in upper case; ok is false for anything else.
func upperHex(s string) (out [2 * sha256.Size]byte, ok bool) {
	if len(s) != len(out) {
		return out, false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9' || c >= 'A' && c <= 'F':
		case c >= 'a' && c <= 'f':
			c -= 'a' - 'A'
		default:
			return out, false
		}
		out[i] = c
	}
	return out, true
}

// personMatch is how a person identifier stands to an address.
type personMatch uint8

const (
	personMatches personMatch = iota
	personOtherCase
	personAsWritten
	personDiffers
)

// matchPerson recomputes the user id: of the lower-cased address, as the norm
// has it, then of the address as written, as AgID's examples have it.
func matchPerson(id, address string) personMatch {
	user, rest, ok := strings.Cut(id, "/")
	service, got, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || !isCountry(user) || !isCountry(service) || len(got) != 2*sha256.Size {
		return personDiffers
	}
	lower := strings.ToLower(address)
	want := userDigits(lower)
	if got == string(want[:]) {
		return personMatches
	}
	digits, known := upperHex(got)
	if !known {
		return personDiffers
	}
	if digits == want {
		return personOtherCase
	}
	if lower != address && digits == userDigits(address) {
		return personAsWritten
	}
	return personDiffers
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}
