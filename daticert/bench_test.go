package daticert

import (
	"encoding/xml"
	"testing"
)

func benchmarkReader(b *testing.B, which reader) {
	document, lim := []byte(delivery), (*Options)(nil).limits()
	b.ReportAllocs()
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if _, err := parse(document, lim, which); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B)        { benchmarkReader(b, anyReader) }
func BenchmarkParseGeneral(b *testing.B) { benchmarkReader(b, generalOnly) }

func BenchmarkValidate(b *testing.B) {
	d, err := Parse([]byte(delivery), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(d.Validate()) > 0 {
			b.Fatal("findings")
		}
	}
}

func BenchmarkMarshal(b *testing.B) {
	d, err := Parse([]byte(delivery), nil)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.AppendXML(buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLimitEncodingXML is what a program without this package does.
func BenchmarkLimitEncodingXML(b *testing.B) {
	type postacert struct {
		Type    string `xml:"tipo,attr"`
		Error   string `xml:"errore,attr"`
		Heading struct {
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
			Delivery string   `xml:"consegna"`
			Taken    []string `xml:"ricezione"`
			Detail   string   `xml:"errore-esteso"`
		} `xml:"dati"`
	}
	document := []byte(delivery)
	b.ReportAllocs()
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		var p postacert
		if err := xml.Unmarshal(document, &p); err != nil {
			b.Fatal(err)
		}
	}
}
