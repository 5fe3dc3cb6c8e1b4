package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// kindNames are the kinds as they stand in file names.
var kindNames = map[string]string{
	"posta-certificata": "busta", "anomalia": "anomalia", "accettazione": "accettazione", "non-accettazione": "non-accettazione",
	"presa-in-carico": "presa-in-carico", "avvenuta-consegna": "consegna", "errore-consegna": "mancata-consegna",
	"preavviso-errore-consegna": "preavviso", "rilevazione-virus": "virus",
	"dispatch": "rem-dispatch", "payload": "rem-payload", "receipt": "rem-receipt", "notification": "rem-notification",
	"ordinary": "messaggio",
}

const (
	nameTime   = "20060102T150405Z"
	hashInName = 24 // hexadecimal digits: nobody finds two messages with the same
	maxName    = 100
)

// ItemName makes the file name of an item without extension: UTC time of the
// event (else of reception), kind, and the beginning of the SHA-256. Nothing in
// it comes from the message as text.
func ItemName(at time.Time, kind, sha256Hex string) string {
	name, ok := kindNames[kind]
	if !ok {
		name = "altro"
	}
	if len(sha256Hex) > hashInName {
		sha256Hex = sha256Hex[:hashInName]
	}
	if at.IsZero() || at.Year() < 1970 || at.Year() > 9999 {
		at = time.Unix(0, 0)
	}
	return at.UTC().Format(nameTime) + "_" + name + "_" + sha256Hex
}

// safeName tells whether a name can stand in every file system and needs no
// quoting anywhere.
func safeName(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '.' || s[0] == '-' || s[len(s)-1] == '.' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	stem, _, _ := strings.Cut(strings.ToLower(s), ".")
	return !slices.Contains(reserved[:], stem)
}

// reserved names of Windows.
var reserved = [...]string{"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}

// PackageName makes a name for the package of a transaction out of its ID,
// without the extension of a format.
func PackageName(t *Transaction) string {
	sum := sha256.Sum256([]byte(transactionID(t)))
	return "pdv-" + hex.EncodeToString(sum[:12])
}
