package pectest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/certmail/certmail/envelope"
)

// signedText replaces something that stands once in the signed part.
func signedText(old, with string) bend {
	return inSigned(func(entity string) (string, error) { return once(entity, old, with) })
}

func inSigned(change func(entity string) (string, error)) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		e, err := openSigned(m)
		if err != nil {
			return nil, err
		}
		r := e.Signed.Entity
		entity, err := change(string(m[r.Start:r.End]))
		return slices.Concat(m[:r.Start], []byte(entity), m[r.End:]), err
	}
}

// data replaces something that stands once in the certification data, xml
// changes them as a whole, rewrapped only their base64.
func data(old, with string) bend {
	return xml(func(doc string) (string, error) { return once(doc, old, with) })
}

func xml(change func(doc string) (string, error)) bend {
	return rewrapped(func(doc string) (string, error) {
		text, err := change(doc)
		if err == nil && text == doc {
			err = errUnchanged
		}
		return text, err
	})
}

// errUnchanged tells of a bend that does not bend: a mistake in a table.
var errUnchanged = errors.New("nothing was changed")

func rewrapped(change func(doc string) (string, error)) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		e, err := openSigned(m)
		if err != nil {
			return nil, err
		}
		if e.Certification == nil {
			return nil, fmt.Errorf("daticert.xml: %w", envelope.ErrNoPart)
		}
		doc, err := e.Certification.Bytes(1 << 20)
		if err != nil {
			return nil, err
		}
		text, err := change(string(doc))
		if err != nil {
			return nil, err
		}
		r := e.Certification.Body
		return slices.Concat(m[:r.Start], bytes.TrimSuffix(base64Lines([]byte(text)), []byte("\r\n")), tail(m[:r.End]), m[r.End:]), nil
	}
}

// tail is the line end that a part's body still counts as its own.
func tail(body []byte) []byte {
	if bytes.HasSuffix(body, []byte("\r\n")) {
		return []byte("\r\n")
	}
	return nil
}

func base64Lines(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		n := min(48, len(b))
		out = append(base64.StdEncoding.AppendEncode(out, b[:n]), '\r', '\n')
		b = b[n:]
	}
	return out
}

// parts changes the list of the signed multipart's parts, each with its
// header: text, then daticert.xml, then postacert.eml.
func parts(change func(parts []string) []string) bend {
	return func(_ *scene, m []byte) ([]byte, error) {
		e, err := openSigned(m)
		if err != nil {
			return nil, err
		}
		r := e.Signed.Entity
		entity, delimiter := string(m[r.Start:r.End]), "\r\n--"+e.Signed.Type.Param("boundary")
		pieces := strings.Split(entity, delimiter)
		if len(pieces) < 3 {
			return nil, fmt.Errorf("%d pieces in the signed part, want at least 3", len(pieces))
		}
		last := len(pieces) - 1
		list := slices.Concat(pieces[:1], change(slices.Clone(pieces[1:last])), pieces[last:])
		if slices.Equal(list, pieces) {
			return nil, errUnchanged
		}
		return slices.Concat(m[:r.Start], []byte(strings.Join(list, delimiter)), m[r.End:]), nil
	}
}

// without removes a part, again repeats one, add puts one at the end.
func without(i int) bend {
	return parts(func(p []string) []string { return slices.Delete(p, i, i+1) })
}

func again(i int) bend {
	return parts(func(p []string) []string { return append(p, p[i]) })
}

func add(headerAndBody string) bend {
	return parts(func(p []string) []string { return append(p, "\r\n"+headerAndBody) })
}

// signed makes changes under a good signature of the same provider.
func signed(bends ...bend) bend {
	return func(s *scene, m []byte) ([]byte, error) {
		var err error
		for i := 0; i < len(bends) && err == nil; i++ {
			m, err = bends[i](s, m)
		}
		if err != nil {
			return nil, err
		}
		return signAgain(s, m)
	}
}

// unsigned leaves nothing but the signed part, under the outer header.
func unsigned(_ *scene, m []byte) ([]byte, error) {
	e, err := openSigned(m)
	if err != nil {
		return nil, err
	}
	head, _, _ := bytes.Cut(m, []byte("MIME-Version: "))
	entity := bytes.Replace(m[e.Signed.Entity.Start:e.Signed.Entity.End], []byte("MIME-Version: 1.0\r\n"), nil, 1)
	return slices.Concat(head, []byte("MIME-Version: 1.0\r\n"), entity), nil
}

// signedTwice puts the whole signed structure into another one, signed by the
// other provider, as a relay might.
func signedTwice(s *scene, m []byte) ([]byte, error) {
	head, entity, ok := bytes.Cut(m, []byte("MIME-Version: 1.0\r\n"))
	if !ok {
		return nil, fmt.Errorf("no MIME-Version")
	}
	// Real providers write the Message-ID behind the MIME fields.
	const id = "Message-ID: "
	if i := bytes.Index(entity, []byte("\r\n"+id)); i >= 0 {
		end := i + 2 + bytes.Index(entity[i+2:], []byte("\r\n"))
		head = slices.Concat(head, entity[i+2:end], []byte("\r\n"))
		entity = slices.Concat(entity[:i], entity[end:])
	}
	relay := s.alfa
	if s.signer == s.alfa {
		relay = s.beta
	}
	var out bytes.Buffer
	err := envelope.Write(&out, &envelope.Draft{Text: "x", Time: s.at, Style: relay.style()}, relay.Signer)
	if err != nil {
		return nil, err
	}
	shell, err := openSigned(out.Bytes())
	if err != nil {
		return nil, err
	}
	r := shell.Signed.Entity
	s.signer = relay
	return signAgain(s, slices.Concat(head, out.Bytes()[:r.Start], bytes.TrimSuffix(entity, []byte("\r\n")), out.Bytes()[r.End:]))
}
