package sdi

import (
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/daticert"
)

// Finding is something odd that was met and did not stop the reading.
type Finding = daticert.Finding

// DefaultDomain is the mail domain of SDI.
const DefaultDomain = "pec.fatturapa.it"

// Options are the choices and limits of this package. The zero value and nil
// mean the defaults, under which no signer is trusted.
type Options struct {
	// Domains are the mail domains of SDI, each exactly this one and not those
	// below it; DefaultDomain unless set.
	Domains []string
	// Notifications judges who signed a notification, Invoices who signed an
	// invoice. Without them signatures are checked for integrity only.
	Notifications, Invoices Trust
	// At is the time to judge signers' certificates at. Unless set, Inspect
	// takes the time of the certified event, and Recognise has none. The time
	// that a signer claims is never taken.
	At time.Time

	// MaxFile bounds a file as it was transmitted, and what comes out of each
	// layer of signature; 16 MiB. SDI takes invoices of 5 MB. What is larger is
	// digested, and not looked into.
	MaxFile int64
	// MaxLayers bounds how many signatures (.p7m) may be around each other; 3.
	MaxLayers int
	// MaxElements bounds the XML elements of a document; 262,144.
	MaxElements int
	// MaxDocuments bounds how many documents of a lot (FatturaElettronicaBody)
	// are read; 1,000.
	MaxDocuments int
	// MaxNames bounds the names listed of a zip archive; 1,000.
	MaxNames int
	// MaxAttachments bounds how many attachments of a message are looked at;
	// 1,000.
	MaxAttachments int
}

func (o *Options) withDefaults() *Options {
	out := Options{}
	if o != nil {
		out = *o
	}
	if len(out.Domains) == 0 {
		out.Domains = []string{DefaultDomain}
	}
	if out.MaxFile <= 0 {
		out.MaxFile = 16 << 20
	}
	out.MaxFile = min(out.MaxFile, 1<<30)
	for _, limit := range []struct {
		field   *int
		standby int
	}{{&out.MaxLayers, 3}, {&out.MaxElements, 1 << 18}, {&out.MaxDocuments, 1000}, {&out.MaxNames, 1000}, {&out.MaxAttachments, 1000}} {
		if *limit.field <= 0 {
			*limit.field = limit.standby
		}
	}
	return &out
}

// isSDI tells whether an address is in a domain of SDI.
func (o *Options) isSDI(address string) bool {
	domain, ok := domainOf(address)
	return ok && slices.ContainsFunc(o.Domains, func(d string) bool { return strings.EqualFold(d, domain) && isASCII(domain) })
}

func domainOf(address string) (string, bool) {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || at == len(address)-1 {
		return "", false
	}
	return address[at+1:], true
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
