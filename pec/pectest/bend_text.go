package pectest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/certmail/certmail/envelope"
)

// once replaces the only occurrence.
func once(s, old, with string) (string, error) {
	if n := strings.Count(s, old); n != 1 {
		return "", fmt.Errorf("%q stands %d times, want once", old, n)
	}
	return strings.Replace(s, old, with, 1), nil
}

// header replaces something in the outer header, which nobody signs.
func header(old, with string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		end := bytes.Index(m, []byte("\r\n\r\n")) + 2
		head, err := once(string(m[:end]), old, with)
		return append([]byte(head), m[end:]...), err
	}
}

// field puts a field before all others.
func field(line string) bend {
	return func(_ *scene, m []byte) ([]byte, error) { return append([]byte(line+"\r\n"), m...), nil }
}

// lastField puts a field behind all others.
func lastField(line string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		end := bytes.Index(m, []byte("\r\n\r\n")) + 2
		return slices.Concat(m[:end], []byte(line+"\r\n"), m[end:]), nil
	}
}

// drop removes an outer field, its continuation lines too.
func drop(name string) bend { return replaceField(name, "") }

// replaceField puts other lines in place of an outer field.
func replaceField(name, lines string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		end := bytes.Index(m, []byte("\r\n\r\n")) + 2
		start := bytes.Index(m[:end], []byte("\r\n"+name+": ")) + 2
		if bytes.HasPrefix(m, []byte(name+": ")) {
			start = 0
		} else if start < 2 {
			return nil, fmt.Errorf("no field %s", name)
		}
		next := start
		for {
			next += bytes.Index(m[next:], []byte("\r\n")) + 2
			if m[next] != ' ' && m[next] != '\t' {
				break
			}
		}
		return slices.Concat(m[:start], []byte(lines), m[next:]), nil
	}
}

// anywhere replaces something that stands once in the whole message.
func anywhere(old, with string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		text, err := once(string(m), old, with)
		return []byte(text), err
	}
}

// outerBoundary and innerBoundary give the multipart/signed and the signed
// multipart another boundary.
func outerBoundary(with string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		e, err := openSigned(m)
		if err != nil {
			return nil, err
		}
		return bytes.ReplaceAll(m, []byte(e.Root.Type.Param("boundary")), []byte(with)), nil
	}
}

func innerBoundary(with string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		e, err := openSigned(m)
		if err != nil {
			return nil, err
		}
		return bytes.ReplaceAll(m, []byte(e.Signed.Type.Param("boundary")), []byte(with)), nil
	}
}

// openSigned reads a message that has a signed part.
func openSigned(m []byte) (*envelope.Message, error) {
	e, err := envelope.OpenBytes(m, nil)
	if err == nil && e.Signed == nil {
		err = envelope.ErrNotSigned
	}
	return e, err
}

// lf is how many programs store mail.
func lf(_ *scene, m []byte) ([]byte, error) {
	return bytes.ReplaceAll(m, []byte("\r\n"), []byte("\n")), nil
}

// lfPart stores only the signed part so.
func lfPart(_ *scene, m []byte) ([]byte, error) {
	e, err := openSigned(m)
	if err != nil {
		return nil, err
	}
	r := e.Signed.Entity
	return slices.Concat(m[:r.Start], bytes.ReplaceAll(m[r.Start:r.End], []byte("\r\n"), []byte("\n")), m[r.End:]), nil
}

// cutAt ends the message where something stands.
func cutAt(marker string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		i := bytes.LastIndex(m, []byte(marker))
		if i < 0 {
			return nil, fmt.Errorf("no %q to cut at", marker)
		}
		return m[:i], nil
	}
}

// behind appends to the message.
func behind(text string) bend {
	return func(_ *scene, m []byte) ([]byte, error) { return append(slices.Clip(m), text...), nil }
}

// wrapped puts the whole message, as a part, into a multipart under a copy of
// its outer header, as mailing lists do.
func wrapped(kind, parts string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		head, _, ok := bytes.Cut(m, []byte("MIME-Version: "))
		if !ok {
			return nil, fmt.Errorf("no MIME-Version")
		}
		return slices.Concat(head, []byte("MIME-Version: 1.0\r\nContent-Type: "+kind+"; boundary=\"lista\"\r\n\r\n--lista\r\n"), m,
			[]byte("\r\n--lista\r\n"+parts+"\r\n--lista--\r\n")), nil
	}
}

// attached forwards the message in ordinary mail.
func attached(_ *scene, m []byte) ([]byte, error) {
	return slices.Concat([]byte("From: Qualcuno <"+stranger+">\r\nTo: "+ufficio+"\r\nSubject: Fwd: la ricevuta\r\nMessage-ID: <inoltro@gamma.example>\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"inoltro\"\r\n\r\n--inoltro\r\nContent-Type: text/plain\r\n\r\nEcco la ricevuta.\r\n"+
		"--inoltro\r\nContent-Type: message/rfc822; name=\"ricevuta.eml\"\r\nContent-Disposition: attachment\r\n\r\n"), m, []byte("\r\n--inoltro--\r\n")), nil
}
