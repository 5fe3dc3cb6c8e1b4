package sdi

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// LookAlike tells which domain of SDI an address could be taken for although it
// is in none of them: another letter or two, letters of other alphabets, the
// domain with something before or behind it, or the name of its site inside
// another one. It returns "" for an address of SDI and for one that resembles
// none. It is a remark for people: an honest domain may resemble one as well.
func LookAlike(address string, opt *Options) string {
	return opt.withDefaults().lookAlike(address)
}

func (o *Options) lookAlike(address string) string {
	domain, ok := domainOf(address)
	if !ok || len(domain) > 253 || o.isSDI(address) {
		return ""
	}
	if name, err := idna.Punycode.ToUnicode(domain); err == nil {
		domain = name
	}
	seen := skeleton(domain)
	for _, d := range o.Domains {
		genuine := skeleton(d)
		if strings.Contains(seen, genuine) || len(genuine) >= 8 && near(seen, genuine) {
			return d
		}
		if site := siteOf(d); len(site) >= 6 && strings.Contains(seen, site) {
			return d
		}
	}
	return ""
}

// siteOf returns the skeleton of the label below the top-level domain.
func siteOf(domain string) string {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return ""
	}
	return skeleton(labels[len(labels)-2])
}

// skeleton writes a domain in such a way that what looks alike is alike. Dots
// and hyphens go.
func skeleton(domain string) string {
	folded := strings.Map(func(c rune) rune {
		c = unicode.ToLower(c)
		switch c {
		case '.', '-', '_', '\u00ad', '\u200b', '\u200c', '\u200d':
			return -1
		case '0', 'о', 'ο', 'ó', 'ò', 'ö':
			return 'o'
		case '1', 'l', 'і', 'ι', 'ı', 'ì', 'í', 'ⅼ', '|':
			return 'i'
		case 'а', 'α', 'à', 'á', 'ä', '4':
			return 'a'
		case 'е', 'є', 'è', 'é', 'ë', '3':
			return 'e'
		case 'р', 'ρ':
			return 'p'
		case 'с', 'ϲ', 'ç':
			return 'c'
		case 'τ', 'т', 'ţ', 'ț':
			return 't'
		case 'υ', 'ù', 'ú', 'ü', 'ц':
			return 'u'
		case 'г', 'ŕ':
			return 'r'
		case 'ƒ':
			return 'f'
		}
		return c
	}, domain)
	return strings.ReplaceAll(folded, "vv", "w")
}

// near tells whether two texts differ by at most two letters put in, left out,
// changed or swapped with their neighbours.
func near(a, b string) bool {
	const most = 2
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > most || len(y)-len(x) > most {
		return false
	}
	before, row, next := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		next[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(y)] <= most
}
