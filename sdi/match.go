package sdi

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// HashMatch says over what the hash in a notification was made.
type HashMatch string

// The outcomes. The rules do not say whether the hash is over a signed file
// (.p7m) or over what is inside: both are tried.
const (
	HashTransmitted HashMatch = "transmitted" // over the file as it was sent
	HashPayload     HashMatch = "payload"     // over what its signature covers
	HashDiffers     HashMatch = "differs"     // over something else
	HashAbsent      HashMatch = "absent"      // there is none, or none to compare with
)

// Match compares the hash in a notification (Hash, HashFileOriginale) with the
// SHA-256, in hexadecimal, of an invoice file as it was transmitted and of what
// is inside its signature; either may be empty when it is not known. Where the
// notification has both hashes, both must match.
func (n *Notification) Match(transmitted, payload string) HashMatch {
	first := matchHash(n.Hash, transmitted, payload)
	second := matchHash(n.OriginalHash, transmitted, payload)
	switch {
	case first == HashDiffers, second == HashAbsent:
		return first
	case second == HashDiffers, first == HashAbsent:
		return second
	}
	return first
}

func matchHash(hash, transmitted, payload string) HashMatch {
	if transmitted == "" && payload == "" {
		return HashAbsent
	}
	value := hexHash(hash)
	switch {
	case hash == "":
		return HashAbsent
	case value != "" && strings.EqualFold(value, transmitted):
		return HashTransmitted
	case value != "" && strings.EqualFold(value, payload):
		return HashPayload
	case transmitted == "" || payload == "":
		return HashAbsent // it may be over the one that is not known
	}
	return HashDiffers
}

// hexHash returns a SHA-256 in lower-case hexadecimal, given so or in base64;
// "" when it is neither.
func hexHash(text string) string {
	if b, err := hex.DecodeString(text); err == nil && len(b) == 32 {
		return strings.ToLower(text)
	}
	if b, err := base64.StdEncoding.DecodeString(text); err == nil && len(b) == 32 {
		return hex.EncodeToString(b)
	}
	return ""
}
