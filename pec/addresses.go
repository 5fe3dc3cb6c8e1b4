package pec

import (
	"strings"

	"github.com/certmail/certmail/envelope"
)

// addresses are the addr-specs of a field. A list that breaks the grammar
// somewhere still gives those that can be read.
func addresses(h *envelope.Header, name string) []string {
	var all []string
	for _, value := range h.Values(name) {
		list, err := addressParser.ParseList(value)
		if err != nil {
			for _, one := range splitList(value) {
				if a, err := addressParser.Parse(one); err == nil {
					list = append(list, a)
				}
			}
		}
		for _, a := range list {
			all = append(all, a.Address)
		}
	}
	return all
}

// splitList takes a list of addresses apart at the commas outside quotes,
// comments and angle brackets.
func splitList(s string) []string {
	var out []string
	quoted, depth, start := false, 0, 0
	add := func(end int) {
		if one := strings.TrimSpace(s[start:end]); one != "" {
			out = append(out, one)
		}
		start = end + 1
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '<':
			depth++
		case (c == ')' || c == '>') && depth > 0:
			depth--
		case c == ',' && depth == 0:
			add(i)
		}
	}
	add(len(s))
	return out
}
