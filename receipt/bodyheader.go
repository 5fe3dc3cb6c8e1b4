package receipt

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// appendMeaning appends what of a header block says how the body is to be read,
// in one form for all ways to write it. Different meanings give different text:
// whatever is not written as the rules have it is appended as it stands.
func appendMeaning(out, header []byte) []byte {
	var kind, encoding, disposition, version []string
	var odd []string
	first := true
	for len(header) > 0 {
		end := fieldEnd(header)
		line := header[:end]
		header = header[end:]
		name, value, isField := bytes.Cut(line, []byte(":"))
		name = bytes.TrimRight(name, " \t")
		text := unfolded(value)
		switch n := strings.ToLower(string(name)); {
		case !isField || !isFieldName(name):
			if text = unfolded(line); text != "" && !(first && isMboxLine(line)) {
				odd = append(odd, text)
			}
		case n == "content-type":
			kind = append(kind, canonicalType(text))
		case n == "content-transfer-encoding":
			encoding = append(encoding, strings.ToLower(text))
		case n == "content-disposition":
			disposition = append(disposition, canonicalValue(text))
		case n == "mime-version":
			version = append(version, text)
		}
		first = false
	}
	if len(kind) == 0 {
		kind = []string{canonicalType("text/plain")}
	}
	if len(encoding) == 1 && slices.Contains([]string{"7bit", "8bit", "binary", ""}, encoding[0]) {
		encoding = nil
	}
	if len(disposition) == 1 && disposition[0] == "inline" {
		disposition = nil
	}
	if len(version) == 1 {
		if number, _, _ := strings.Cut(version[0], "("); strings.TrimSpace(number) == "1.0" {
			version = nil
		}
	}
	for _, field := range [...]struct {
		name   string
		values []string
	}{{"type", kind}, {"encoding", encoding}, {"disposition", disposition}, {"version", version}, {"odd", odd}} {
		for _, v := range field.values {
			out = append(append(out, field.name...), ' ')
			out = append(strconv.AppendQuote(out, v), '\n')
		}
	}
	return append(out, '\n')
}

// fieldEnd returns the length of the first field of a block, continuation lines
// and all.
func fieldEnd(block []byte) int {
	for end := 0; ; {
		i := bytes.IndexByte(block[end:], '\n')
		if i < 0 {
			return len(block)
		}
		end += i + 1
		if end == len(block) || block[end] != ' ' && block[end] != '\t' {
			return end
		}
	}
}

func isFieldName(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c >= 127 {
			return false
		}
	}
	return len(name) > 0
}

// isMboxLine reports whether the first line of a message is the separator of a
// mailbox, which is no part of it.
func isMboxLine(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte(fromLine))
}

// unfolded returns a value on one line, without the line ends of its folds (RFC
// 5322 §2.2.3) and the white space around it. White space inside it may stand
// in quotes, where it counts.
func unfolded(value []byte) string {
	var b strings.Builder
	for line := range bytes.Lines(value) {
		b.Write(bytes.TrimRight(line, "\r\n"))
	}
	return strings.Trim(b.String(), " \t")
}

// canonicalType is canonicalValue with the default charset of text/plain.
func canonicalType(value string) string {
	v := canonicalValue(value)
	if v == "text/plain" || strings.HasPrefix(v, "text/plain;") && !strings.Contains(v, ";charset=") {
		return canonicalValue(value + "; charset=us-ascii")
	}
	return v
}

// maxParameters is how many parameters a value may have and still be rewritten.
const maxParameters = 64

// canonicalValue writes a value with parameters (RFC 2045 §5.1) in one form. One
// that readers may understand differently (repeated parameters, open quotes,
// backslashes, comments, very many of them) is returned as it stands, marked.
func canonicalValue(value string) string {
	head, rest, _ := strings.Cut(value, ";")
	head = strings.ToLower(strings.Trim(head, " \t"))
	odd := "as written: " + value
	if strings.ContainsAny(head, " \t\"()=,") {
		return odd
	}
	var list []string
	var names []string
	for {
		if rest = strings.TrimLeft(rest, " \t;"); rest == "" {
			break
		}
		name, after, ok := strings.Cut(rest, "=")
		name = strings.ToLower(strings.Trim(name, " \t"))
		if !ok || len(names) == maxParameters || name == "" || strings.ContainsAny(name, " \t\";()") || slices.Contains(names, name) {
			return odd
		}
		var v string
		if v, rest, ok = parameterValue(strings.TrimLeft(after, " \t")); !ok {
			return odd
		}
		if name == "charset" {
			v = strings.ToLower(v)
		}
		names = append(names, name)
		list = append(list, ";"+name+"="+strconv.Quote(v))
	}
	slices.Sort(list)
	return head + strings.Join(list, "")
}

// parameterValue reads a value up to its semicolon.
func parameterValue(s string) (value, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		value, rest, ok = strings.Cut(s[1:], `"`)
		rest = strings.TrimLeft(rest, " \t")
		return value, rest, ok && !strings.Contains(value, `\`) && (rest == "" || rest[0] == ';')
	}
	value, rest, _ = strings.Cut(s, ";")
	value = strings.TrimRight(value, " \t")
	return value, rest, value != "" && !strings.ContainsAny(value, " \t\"()\\")
}
