package tsp

import (
	"crypto"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits on the fields of a TSTInfo. Nonces are 64 bits in practice, serial
// numbers up to 160 (RFC 3161 §2.4.2); the times of an accuracy are seconds.
const (
	maxInteger    = 64 // octets
	maxAccuracy   = 1 << 31
	maxExtensions = 16
)

// parseInfo reads a TSTInfo (RFC 3161 §2.4.2). It must be DER: what is signed
// is to have one reading.
func (t *Token) parseInfo(der []byte) error {
	in := cryptobyte.String(der)
	var body cryptobyte.String
	if !in.ReadASN1(&body, tag.SEQUENCE) || !in.Empty() {
		return fmt.Errorf("%w: not one SEQUENCE in DER", ErrMalformed)
	}
	var version uint
	if !body.ReadASN1Integer(&version) {
		return field("version")
	}
	if version != 1 {
		return fmt.Errorf("%w: version %d, want 1", ErrMalformed, version)
	}
	var policy asn1.ObjectIdentifier
	if !body.ReadASN1ObjectIdentifier(&policy) {
		return field("policy")
	}
	t.Policy = policy.String()
	if err := readImprint(&body, &t.HashAlgorithm, &t.HashOID, &t.Imprint); err != nil {
		return err
	}
	t.SerialNumber = readInteger(&body)
	if t.SerialNumber == nil {
		return field("serialNumber")
	}
	if err := t.parseTime(&body); err != nil {
		return err
	}
	if err := t.parseAccuracy(&body); err != nil {
		return err
	}
	if written := body.PeekASN1Tag(tag.BOOLEAN); !readFlag(&body, &t.Ordering) {
		return field("ordering")
	} else if written && !t.Ordering {
		t.finding("default-encoded", "ordering FALSE is written out, which DER leaves out")
	}
	if body.PeekASN1Tag(tag.INTEGER) {
		if t.Nonce = readInteger(&body); t.Nonce == nil {
			return field("nonce")
		}
	}
	if body.PeekASN1Tag(tag.Tag(0).ContextSpecific().Constructed()) {
		var name, value cryptobyte.String
		var kind tag.Tag
		if !body.ReadASN1(&name, tag.Tag(0).ContextSpecific().Constructed()) || !name.ReadAnyASN1Element(&value, &kind) || !name.Empty() {
			return field("tsa")
		}
		t.tsa = value
	}
	if body.PeekASN1Tag(tag.Tag(1).ContextSpecific().Constructed()) {
		var list cryptobyte.String
		if !body.ReadASN1(&list, tag.Tag(1).ContextSpecific().Constructed()) {
			return field("extensions")
		}
		if err := t.parseExtensions(list); err != nil {
			return err
		}
	}
	if !body.Empty() {
		return fmt.Errorf("%w: octets after the last field", ErrMalformed)
	}
	return nil
}

func field(name string) error { return fmt.Errorf("%w: %s", ErrMalformed, name) }

// readInteger reads an INTEGER of any sign up to the limit, nil if there is
// none.
func readInteger(in *cryptobyte.String) *big.Int {
	before := len(*in)
	n := new(big.Int)
	if !in.ReadASN1Integer(n) || before-len(*in) > maxInteger+2 {
		return nil
	}
	return n
}

// readFlag reads a BOOLEAN DEFAULT FALSE.
func readFlag(in *cryptobyte.String, flag *bool) bool {
	return !in.PeekASN1Tag(tag.BOOLEAN) || in.ReadASN1Boolean(flag)
}

// readImprint reads a MessageImprint. A digest of the wrong length for its
// algorithm is refused here; an unknown algorithm is not.
func readImprint(in *cryptobyte.String, h *crypto.Hash, dotted *string, digest *[]byte) error {
	var imprint, algorithm, value cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&imprint, tag.SEQUENCE) || !imprint.ReadASN1(&algorithm, tag.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) {
		return field("messageImprint")
	}
	if !algorithm.Empty() {
		var null cryptobyte.String
		if !algorithm.ReadASN1(&null, tag.NULL) || !null.Empty() || !algorithm.Empty() {
			return field("messageImprint: parameters of the digest algorithm")
		}
	}
	if !imprint.ReadASN1(&value, tag.OCTET_STRING) || !imprint.Empty() {
		return field("messageImprint: hashedMessage")
	}
	*h, *dotted, *digest = hashOf(oid), oid.String(), value
	if *h != 0 && h.Size() != len(value) {
		return fmt.Errorf("%w: messageImprint of %d octets for %v", ErrMalformed, len(value), *h)
	}
	return nil
}

// parseTime reads genTime: YYYYMMDDhhmmss[.s...]Z (RFC 3161 §2.4.2).
func (t *Token) parseTime(in *cryptobyte.String) error {
	var raw cryptobyte.String
	if !in.ReadASN1(&raw, tag.GeneralizedTime) {
		return field("genTime")
	}
	when, ok := generalizedTime(raw)
	if !ok {
		return fmt.Errorf("%w: genTime %q, want YYYYMMDDhhmmss[.s]Z", ErrMalformed, []byte(raw))
	}
	t.GenTime = when
	if len(raw) > 15 && raw[len(raw)-2] == '0' {
		t.finding("gentime-trailing-zero", "genTime "+string(raw)+" ends in a zero, which DER leaves out")
	}
	return nil
}

func generalizedTime(b []byte) (time.Time, bool) {
	const whole = len("20060102150405")
	if len(b) < whole+1 || b[len(b)-1] != 'Z' {
		return time.Time{}, false
	}
	var n [6]int // year, month, day, hour, minute, second
	at := 0
	for i := range n {
		width := 2
		if i == 0 {
			width = 4
		}
		for range width {
			if b[at] < '0' || b[at] > '9' {
				return time.Time{}, false
			}
			n[i] = n[i]*10 + int(b[at]-'0')
			at++
		}
	}
	nanos, unit := 0, 100_000_000
	if fraction := b[whole : len(b)-1]; len(fraction) > 0 {
		if fraction[0] != '.' || len(fraction) < 2 || len(fraction) > 10 {
			return time.Time{}, false
		}
		for _, c := range fraction[1:] {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			nanos += int(c-'0') * unit
			unit /= 10
		}
	}
	when := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos, time.UTC)
	ok := when.Year() == n[0] && int(when.Month()) == n[1] && when.Day() == n[2] &&
		when.Hour() == n[3] && when.Minute() == n[4] && when.Second() == n[5]
	return when, ok
}

// parseAccuracy reads Accuracy: seconds, milliseconds [0], microseconds [1].
func (t *Token) parseAccuracy(in *cryptobyte.String) error {
	if !in.PeekASN1Tag(tag.SEQUENCE) {
		return nil
	}
	var body cryptobyte.String
	if !in.ReadASN1(&body, tag.SEQUENCE) {
		return field("accuracy")
	}
	t.HasAccuracy = true
	if body.PeekASN1Tag(tag.INTEGER) {
		var seconds uint64
		if !body.ReadASN1Integer(&seconds) || seconds > maxAccuracy {
			return field("accuracy: seconds")
		}
		t.Accuracy = time.Duration(seconds) * time.Second
	}
	for i, unit := range [2]time.Duration{time.Millisecond, time.Microsecond} {
		kind := tag.Tag(i).ContextSpecific()
		if !body.PeekASN1Tag(kind) {
			continue
		}
		var part int64
		if !body.ReadASN1Int64WithTag(&part, kind) || part < 0 || part > 999 {
			return field("accuracy: fractions of a second")
		}
		t.Accuracy += time.Duration(part) * unit
	}
	if !body.Empty() {
		return field("accuracy")
	}
	return nil
}

// Extension is one extension of a TSTInfo or of a request (RFC 5280 §4.2).
type Extension struct {
	OID      string // dotted
	Critical bool
	Value    []byte // content of extnValue
}

// Object identifiers of extensions that are understood.
const (
	// ExtensionQCStatements is where an authority claims that its time-stamps
	// are qualified (EN 319 422 §9.1).
	ExtensionQCStatements = "1.3.6.1.5.5.7.1.3"
	// StatementQualified is the claim, id-etsi-tsts-EuQCompliance.
	StatementQualified = "0.4.0.19422.1.1"
)

func (t *Token) parseExtensions(list cryptobyte.String) error {
	extensions, err := readExtensions(list)
	if err != nil {
		return err
	}
	t.Extensions = extensions
	for _, e := range extensions {
		if e.OID == ExtensionQCStatements {
			if t.ClaimsQualified, err = claimsQualified(e.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// readExtensions reads the content of an Extensions.
func readExtensions(list cryptobyte.String) ([]Extension, error) {
	var found []Extension
	for !list.Empty() {
		var extension, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		e := Extension{}
		if !list.ReadASN1(&extension, tag.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			!readFlag(&extension, &e.Critical) ||
			!extension.ReadASN1(&value, tag.OCTET_STRING) || !extension.Empty() {
			return nil, field("extensions")
		}
		if len(found) == maxExtensions {
			return nil, fmt.Errorf("%w: more than %d extensions", ErrTooLarge, maxExtensions)
		}
		e.OID, e.Value = oid.String(), value
		for _, other := range found {
			if other.OID == e.OID {
				return nil, fmt.Errorf("%w: extension %s is there twice", ErrMalformed, e.OID)
			}
		}
		found = append(found, e)
	}
	return found, nil
}

// claimsQualified looks for the ETSI statement among QCStatements (RFC 3739
// §3.2.6).
func claimsQualified(value cryptobyte.String) (bool, error) {
	var list cryptobyte.String
	if !value.ReadASN1(&list, tag.SEQUENCE) || !value.Empty() {
		return false, field("extensions: qcStatements")
	}
	claimed := false
	for !list.Empty() {
		var statement cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !list.ReadASN1(&statement, tag.SEQUENCE) || !statement.ReadASN1ObjectIdentifier(&oid) {
			return false, field("extensions: qcStatements")
		}
		claimed = claimed || oid.String() == StatementQualified
	}
	return claimed, nil
}
