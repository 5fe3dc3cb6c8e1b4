package archive

import (
	"context"
	"crypto"
	"crypto/sha512"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sealName lists the lists themselves, and the time-stamp: what no other list
// can.
const sealName = "seal-sha512.txt"

const listSHA512, listSHA256 = "manifest-sha512.txt", "manifest-sha256.txt"

// digestList is a list of digests as sha256sum and RFC 8493 §2.1.3 write it.
func digestList(entries []*entry, sum func(*entry) string) []byte {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s  %s\n", sum(e), e.path)
	}
	return []byte(b.String())
}

func by256(e *entry) string { return e.sha256 }
func by512(e *entry) string { return e.sha512 }

func byPath(a, b *entry) int { return strings.Compare(a.path, b.path) }

// complete adds to the files of a package those that list others, and puts all
// in the order in which they are written.
func complete(ctx context.Context, payload, rest []*entry, t *Transaction, o *Options) ([]*entry, error) {
	slices.SortFunc(payload, byPath)
	all := slices.Concat(payload, rest)
	var last []*entry // lists of everything else
	prefix := ""
	if o.Format.bag() {
		rest = append(rest, newEntry("bagit.txt", []byte(bagDeclaration)), newEntry("bag-info.txt", bagInfo(payload, t, o)),
			newEntry(listSHA256, digestList(payload, by256)), newEntry(listSHA512, digestList(payload, by512)))
		slices.SortFunc(rest, byPath)
		all = slices.Concat(payload, rest)
		prefix = "tag"
		last = []*entry{newEntry(prefix+listSHA256, digestList(rest, by256)), newEntry(prefix+listSHA512, digestList(rest, by512))}
	} else {
		slices.SortFunc(all, byPath)
		last = []*entry{newEntry(listSHA256, digestList(all, by256)), newEntry(listSHA512, digestList(all, by512))}
	}
	if o.TimeStamp != nil && o.Format != ASiCE {
		token, err := stamp(ctx, last[1].data, o)
		if err != nil {
			return nil, err
		}
		last = append(last, newEntry(last[1].path+".tst", token))
	}
	last = append(last, newEntry(sealName, digestList(last, by512)))
	all = append(all, last...)
	if o.Format == ASiCE {
		return asice(ctx, all, o)
	}
	return all, nil
}

func stamp(ctx context.Context, data []byte, o *Options) ([]byte, error) {
	sum := sha512.Sum512(data)
	token, err := o.TimeStamp.TimeStamp(ctx, sum[:], crypto.SHA512)
	if err != nil {
		return nil, fmt.Errorf("archive: time-stamp of the package: %w", err)
	}
	return token, nil
}

// bagDeclaration is bagit.txt (RFC 8493 §2.1.1).
const bagDeclaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

// bagInfo is bag-info.txt (RFC 8493 §2.2.2).
func bagInfo(payload []*entry, t *Transaction, o *Options) []byte {
	var bytes int64
	for _, e := range payload {
		bytes += e.size
	}
	var b strings.Builder
	line := func(label, value string) {
		// A value is one line; nothing in it can start another.
		if value = strings.TrimSpace(strings.Map(oneLine, value)); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", label, value)
		}
	}
	line("Source-Organization", o.Organization)
	line("Bagging-Date", o.Created.Format(time.DateOnly))
	line("Payload-Oxum", fmt.Sprintf("%d.%d", bytes, len(payload)))
	line("External-Identifier", transactionID(t))
	line("Bag-Software-Agent", o.Application+" "+o.Version)
	return []byte(b.String())
}

func oneLine(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
		return ' '
	}
	return r
}
