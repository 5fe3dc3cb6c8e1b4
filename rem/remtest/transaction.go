package remtest

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem/evidence"
)

// transaction is what every evidence about one message has in common.
type transaction struct {
	// identifier is the MessageIdentifier (M01), without angle brackets;
	// userAgent the Message-ID of the sender's program, with them.
	identifier, userAgent string
	sender                mail.Address
	recipients            []party
	subject               string
	// submitted is M03, zero where no provider attested it; authenticated is
	// when the sender logged in.
	submitted, authenticated time.Time
	// digest is that of the prepared original (M02), SHA-256.
	digest []byte
	// untrusted are the numbers of recipients that no trusted path leads to
	// (EN 319 532-4 §C.3.2.1).
	untrusted []int
	// from is the evidence that all this was read from, at other providers than
	// the sender's: they copy it.
	from *evidence.Evidence
}

// party is a recipient.
type party struct{ mail.Address }

// number returns the number of a recipient, from 1; 0 for none.
func (t *transaction) number(address string) int {
	return 1 + slices.IndexFunc(t.recipients, func(p party) bool { return receipt.SameAddress(p.Address.Address, address) })
}

// numbers are those of the addresses that are recipients.
func (t *transaction) numbers(addresses []string) (numbers []int, strangers []string) {
	for _, a := range addresses {
		if i := t.number(a); i == 0 {
			strangers = append(strangers, a)
		} else if !slices.Contains(numbers, i) {
			numbers = append(numbers, i)
		}
	}
	slices.Sort(numbers)
	return numbers, strangers
}

func (t *transaction) address(number int) string { return t.recipients[number-1].Address.Address }

// addresses are those of the numbers; of all for nil.
func (t *transaction) addresses(numbers []int) []string {
	all := make([]string, 0, len(t.recipients))
	for i := range t.recipients {
		if numbers == nil || slices.Contains(numbers, i+1) {
			all = append(all, t.recipients[i].Address.Address)
		}
	}
	return all
}

// parties lists the recipients as they are numbered: To, then Cc, each once.
func parties(lists ...[]string) []party {
	var all []party
	for _, address := range slices.Concat(lists...) {
		if !slices.ContainsFunc(all, func(p party) bool { return receipt.SameAddress(p.Address.Address, address) }) {
			all = append(all, party{mail.Address{Address: address}})
		}
	}
	return all
}

func fold(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

// oneLine makes text fit for a reply and a note.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
