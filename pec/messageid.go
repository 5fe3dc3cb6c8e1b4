package pec

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
)

// maxMessageID bounds a Message-ID so that its line stays a legal one.
const maxMessageID = 400

// NewMessageID returns a Message-ID, without angle brackets, that no other
// message has: a time stamp for people, 128 random bits and the domain (RFC
// 5322 §3.6.4). random is crypto/rand when nil.
//
// The id comes back in every receipt (X-Riferimento-Message-ID, dati/msgid):
// keep it, it is what receipts are matched by.
func NewMessageID(random io.Reader, now time.Time, domain string) (string, error) {
	if why := faultyDomain(domain); why != "" {
		return "", fmt.Errorf("pec: message id: %w: domain %s", ErrMessageID, why)
	}
	if random == nil {
		random = rand.Reader
	}
	var nonce [16]byte
	if _, err := io.ReadFull(random, nonce[:]); err != nil {
		return "", fmt.Errorf("pec: message id: random bytes: %w", err)
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(nonce[:])
	return now.UTC().Format("20060102150405") + "." + strings.ToLower(text+"@"+domain), nil
}

// faultyMessageID says what keeps an id, without brackets, from being written:
// it must be atext and dots on both sides of one @ (RFC 5322 §3.6.4 without its
// obsolete forms).
func faultyMessageID(id string) string {
	if len(id) > maxMessageID {
		return fmt.Sprintf("is longer than %d characters", maxMessageID)
	}
	left, right, ok := strings.Cut(id, "@")
	if !ok || left == "" || right == "" {
		return quoteClipped(id) + " is not of the form left@right"
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; !isAtext(c) && c != '.' && i != len(left) {
			return fmt.Sprintf("%s holds the byte %q", quoteClipped(id), c)
		}
	}
	return ""
}

// faultyReference is the looser rule for ids of other people's messages: they
// are written as they are, and must only be unable to do harm.
func faultyReference(id string) string {
	if id == "" || len(id) > maxMessageID {
		return fmt.Sprintf("must have 1 to %d characters", maxMessageID)
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; c <= ' ' || c > '~' || c == '<' || c == '>' {
			return fmt.Sprintf("%s holds the byte %q", quoteClipped(id), c)
		}
	}
	return ""
}

// bracketed writes an id given with or without brackets.
func bracketed(id string) string { return "<" + daticert.TrimMessageID(id) + ">" }
