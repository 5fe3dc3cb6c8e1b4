package catalogue

import (
	"strings"
	"unicode"
)

// Values are what a text says. They are the caller's strings: nothing in them
// can start a new line or be taken for a placeholder.
type Values struct {
	Day        string // dd/mm/yyyy
	Hour       string // hh:mm:ss
	Zone       string // +hhmm
	Subject    string // decoded; SubjectWhenMissing for none
	Sender     string
	Recipients []Recipient // all of them, for the texts that list them
	Recipient  string      // the one that the others speak of
	Error      string      // description of the error, or of the kind of content found
	Identifier string      // of the transport envelope, without angle brackets
}

// A Recipient is a line of the list of recipients.
type Recipient struct {
	Address   string
	Certified bool // "posta certificata", else "posta ordinaria"; printed by the acceptance receipt only
}

// Render returns the text of a message of the row. Lines are separated by
// "\n", the last has no line end. Line breaks and other control characters in
// a value become single spaces, so that a subject cannot forge a line.
func (r *Row) Render(v Values) string {
	return strings.Join(r.lines(&v), "\n")
}

// RenderHTML returns the same text as a page for the HTML alternative that
// RFC 6109 §4.3.1 allows: the same information, everything escaped, nothing
// referenced, nothing active, and ASCII only, so that it fits any charset.
func (r *Row) RenderHTML(v Values) string {
	var b strings.Builder
	b.WriteString("<html>\n<head><title>")
	escape(&b, r.Title)
	b.WriteString("</title></head>\n<body>\n<h3>")
	escape(&b, r.Title)
	b.WriteString("</h3>\n<hr>\n")
	lines := r.lines(&v)
	for i, line := range lines[1:] {
		escape(&b, line)
		if i < len(lines)-2 {
			b.WriteString("<br>")
		}
		b.WriteByte('\n')
	}
	b.WriteString("</body>\n</html>")
	return b.String()
}

// lines walks the template. A line that begins with the first recipient stands
// for the whole list, and the next one, which shows how it goes on, for
// nothing.
func (r *Row) lines(v *Values) []string {
	out := make([]string, 1, 10+len(v.Recipients))
	out[0] = r.Title
	typed := strings.Contains(r.Text, `("posta ordinaria")`)
	for line := range strings.SplitSeq(r.Text, "\n") {
		switch {
		case strings.HasPrefix(line, "{dest_1}"):
			for i := range v.Recipients {
				out = append(out, v.Recipients[i].line(typed))
			}
		case strings.HasPrefix(line, "{dest_2}"), strings.HasPrefix(line, "{dest_n}"):
		default:
			out = append(out, fill(line, v))
		}
	}
	return out
}

func (r *Recipient) line(typed bool) string {
	address := oneLine(r.Address)
	switch {
	case !typed:
		return address
	case r.Certified:
		return address + ` ("posta certificata")`
	default:
		return address + ` ("posta ordinaria")`
	}
}

// fill replaces the placeholders of a line in one pass, so that braces in a
// value mean nothing.
func fill(line string, v *Values) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(line, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(line[open:], '}')
		if end < 0 {
			break
		}
		b.WriteString(line[:open])
		b.WriteString(oneLine(v.placeholder(line[open+1 : open+end])))
		line = line[open+end+1:]
	}
	b.WriteString(line)
	return b.String()
}

func (v *Values) placeholder(name string) string {
	switch name {
	case "giorno":
		return v.Day
	case "ora":
		return v.Hour
	case "zona":
		return v.Zone
	case "oggetto":
		return v.Subject
	case "mittente":
		return v.Sender
	case "dest":
		return v.Recipient
	case "id":
		return v.Identifier
	default: // the templates' several names for the description of an error
		return v.Error
	}
}

// oneLine makes a value fit for a line: every run of line breaks and control
// characters becomes one space, and those at either end vanish.
func oneLine(s string) string {
	if strings.IndexFunc(s, breaks) < 0 {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, breaks), " ")
}

// breaks reports whether a reader of the text could take r for the end of a
// line, or cannot see it at all.
func breaks(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

func escape(b *strings.Builder, s string) {
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r < 0x80:
			b.WriteRune(r)
		default:
			b.WriteString("&#")
			writeDecimal(b, int(r))
			b.WriteByte(';')
		}
	}
}

func writeDecimal(b *strings.Builder, n int) {
	if n >= 10 {
		writeDecimal(b, n/10)
	}
	b.WriteByte(byte('0' + n%10))
}
