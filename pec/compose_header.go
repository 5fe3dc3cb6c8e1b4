package pec

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/certmail/certmail/internal/mimeword"
	"github.com/emersion/go-message/textproto"
)

const (
	// foldAt is the longest line with an encoded word (RFC 2047 §2); it suits
	// the others as well.
	foldAt = 76
	// plainWord is the longest run of characters written as it is: it cannot be
	// folded, and no line may pass 998 (RFC 5322 §2.1.1).
	plainWord = 500
	// phraseMost bounds names so that they fit behind any of our field names.
	phraseMost = 60
	upperHex   = "0123456789ABCDEF"
)

// headerBlock is a list of finished fields, each with its line end. go-message
// would change the case of names (X-Tiporicevuta) and split long words.
type headerBlock [][]byte

// add writes a field of tokens, breaking the line between them where needed.
func (h *headerBlock) add(name string, tokens ...string) {
	line := append([]byte(name), ':', ' ')
	column := len(line)
	for i, t := range tokens {
		switch {
		case i == 0:
		case column+1+len(t) > foldAt:
			line = append(line, "\r\n "...)
			column = 1
		default:
			line = append(line, ' ')
			column++
		}
		line = append(line, t...)
		column += len(t)
	}
	*h = append(*h, append(line, '\r', '\n'))
}

// header hands the fields over in the form that go-message writes.
func (h headerBlock) header() textproto.Header {
	var out textproto.Header
	for i := len(h) - 1; i >= 0; i-- { // it inserts at the top
		out.AddRaw(h[i])
	}
	return out
}

// textTokens writes unstructured text: as it is where a reader is sure to get
// the same back, else as encoded words (RFC 2047).
func textTokens(name, s string) []string {
	if s == "" {
		return nil
	}
	if isPrintable(s) && !strings.Contains(s, "=?") {
		words := strings.Split(s, " ")
		plain := true
		for _, w := range words {
			plain = plain && w != "" && len(w) <= plainWord
		}
		if plain {
			return words
		}
	}
	return mimeword.Encode(s, foldAt-len(name)-2)
}

// addressTokens writes a list of addresses.
func addressTokens(list []Address) []string {
	var tokens []string
	for i, a := range list {
		comma := ","
		if i == len(list)-1 {
			comma = ""
		}
		if a.Name == "" {
			tokens = append(tokens, a.Address+comma)
			continue
		}
		if plainName(a.Name) {
			tokens = append(tokens, quoted(a.Name))
		} else {
			tokens = append(tokens, mimeword.Encode(a.Name, phraseMost)...)
		}
		tokens = append(tokens, "<"+a.Address+">"+comma)
	}
	return tokens
}

// plainName tells whether a name can stand in a quoted string of its own line.
func plainName(s string) bool {
	return isPrintable(s) && !strings.Contains(s, "=?") && len(s) <= phraseMost
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func idTokens(ids []string) []string {
	tokens := make([]string, len(ids))
	for i, id := range ids {
		tokens[i] = bracketed(id)
	}
	return tokens
}

// addFile writes the fields of an attachment. The name stands in both places
// that RFC 6109 §3.3.2.2 looks at: as RFC 2231 has it in Content-Disposition,
// and for readers that do not know that, as everybody writes it in Content-Type.
func (h *headerBlock) addFile(kind, name string) {
	nameTokens := []string{"name=" + quoted(name)}
	fileTokens := []string{"filename=" + quoted(name)}
	if !plainName(name) {
		nameTokens = mimeword.Encode(name, phraseMost)
		nameTokens[0] = `name="` + nameTokens[0]
		nameTokens[len(nameTokens)-1] += `"`
		fileTokens = extendedParameter("filename", name)
	}
	h.add("Content-Type", append([]string{kind + ";"}, nameTokens...)...)
	h.add("Content-Disposition", append([]string{"attachment;"}, fileTokens...)...)
	h.add("Content-Transfer-Encoding", "base64")
}

// extendedParameter writes a parameter as RFC 2231 §4 has it, in several pieces
// (§3) where it is long.
func extendedParameter(name, value string) []string {
	const most = 60
	pieces := []string{"utf-8''"}
	for len(value) > 0 {
		_, size := utf8.DecodeRuneInString(value)
		text := ""
		for i := 0; i < size; i++ {
			if c := value[i]; isAlphanumeric(c) || strings.IndexByte("-._", c) >= 0 {
				text += string(rune(c))
			} else {
				text += "%" + upperHex[c>>4:c>>4+1] + upperHex[c&15:c&15+1]
			}
		}
		value = value[size:]
		if last := &pieces[len(pieces)-1]; len(*last)+len(text) <= most {
			*last += text
		} else {
			pieces = append(pieces, text)
		}
	}
	if len(pieces) == 1 {
		return []string{name + "*=" + pieces[0]}
	}
	for i := range pieces {
		pieces[i] = name + "*" + strconv.Itoa(i) + "*=" + pieces[i]
		if i < len(pieces)-1 {
			pieces[i] += ";"
		}
	}
	return pieces
}
