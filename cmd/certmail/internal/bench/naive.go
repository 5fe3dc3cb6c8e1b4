package bench

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"

	"github.com/emersion/go-message"
	"go.mozilla.org/pkcs7"
)

// naive is what a Go program does today: net/mail to split, pkcs7 to verify
// with the chain, go-message to walk the parts, encoding/xml for the
// certification data.
type naive struct{ pool *x509.CertPool }

func newNaive(t *Trust) *naive {
	pool := x509.NewCertPool()
	pool.AddCert(t.CA)
	return &naive{pool}
}

func (n *naive) verify(msg []byte) error {
	content, p7s, err := splitSigned(msg)
	if err != nil {
		return err
	}
	p7, err := pkcs7.Parse(p7s)
	if err != nil {
		return err
	}
	p7.Content = content
	if err := p7.VerifyWithChain(n.pool); err != nil {
		return err
	}
	return n.parse(msg)
}

// parse walks the parts, decodes each and reads the certification data.
func (n *naive) parse(msg []byte) error {
	root, err := message.Read(bytes.NewReader(msg))
	if err != nil && !message.IsUnknownCharset(err) {
		return err
	}
	found := false
	err = root.Walk(func(path []int, part *message.Entity, err error) error {
		if err != nil && !message.IsUnknownCharset(err) {
			return err
		}
		kind, _, _ := part.Header.ContentType()
		switch {
		case strings.HasPrefix(kind, "multipart/"):
			return nil
		case kind == "application/xml" && !found:
			found = true
			decoder := xml.NewDecoder(part.Body)
			decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
			var data naiveData
			return decoder.Decode(&data)
		}
		_, err = io.Copy(io.Discard, part.Body)
		return err
	})
	if err == nil && !found {
		err = errors.New("naive-go: no certification data")
	}
	return err
}

type naiveData struct {
	Type   string `xml:"tipo,attr"`
	Error  string `xml:"errore,attr"`
	Header struct {
		Sender     string `xml:"mittente"`
		Recipients []struct {
			Type    string `xml:"tipo,attr"`
			Address string `xml:",chardata"`
		} `xml:"destinatari"`
		ReplyTo string `xml:"risposte"`
		Subject string `xml:"oggetto"`
	} `xml:"intestazione"`
	Data struct {
		Provider string `xml:"gestore-emittente"`
		Date     struct {
			Zone string `xml:"zona,attr"`
			Day  string `xml:"giorno"`
			Hour string `xml:"ora"`
		} `xml:"data"`
		Identifier string `xml:"identificativo"`
		MessageID  string `xml:"msgid"`
		Receipt    struct {
			Type string `xml:"tipo,attr"`
		} `xml:"ricevuta"`
		Deliveries []string `xml:"consegna"`
	} `xml:"dati"`
}

// splitSigned finds the bytes that are signed and the signature.
func splitSigned(msg []byte) (content, p7s []byte, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(msg))
	if err != nil {
		return nil, nil, err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return nil, nil, err
	}
	if kind != "multipart/signed" || params["boundary"] == "" {
		return nil, nil, fmt.Errorf("naive-go: %s is not a signed message", kind)
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return nil, nil, err
	}
	delimiter := []byte("\r\n--" + params["boundary"])
	parts := bytes.SplitN(append([]byte("\r\n"), body...), delimiter, 4)
	if len(parts) != 4 {
		return nil, nil, errors.New("naive-go: not two parts")
	}
	content = bytes.TrimPrefix(parts[1], []byte("\r\n"))
	_, encoded, ok := bytes.Cut(parts[2], []byte("\r\n\r\n"))
	if !ok {
		return nil, nil, errors.New("naive-go: no signature")
	}
	p7s, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(encoded)))
	return content, p7s, err
}
