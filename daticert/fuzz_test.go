package daticert

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func addSeeds(f *testing.F) {
	f.Add([]byte(delivery))
	for _, c := range [][2]string{
		{"<mittente>", "<mittente><!-- x -->"}, {"mario.rossi", "<![CDATA[x]]>"}, {"mario.rossi", "&#65;\r\n"}, {` errore="nessuno"`, ""},
		{`"UTF-8"?>`, `"ISO-8859-1"?><!DOCTYPE postacert SYSTEM "x">`}, {"    </dati>", "<ricezione>a</ricezione><errore-esteso>5.1.1 - a - b</errore-esteso></dati>"},
		{"    </dati>", "<nuovo a='1'>x</nuovo></dati>"}, {"10:15:40", "10:15:60"}, {"+0100", "+01:00"}, {"perché", "perch\xe9"}, {`"completa" />`, `"completa"/>`},
		{"&amp; spedire", "&amp;&amp;&lt;&gt;&apos;&quot;&#38;"},
	} {
		f.Add([]byte(with(f, c[0], c[1])))
	}
	f.Add([]byte("<postacert/>"))
	f.Add([]byte("\xff\xfe<\x00p\x00/\x00>\x00"))
}

func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, document []byte) {
		before := bytes.Clone(document)
		d, err := Parse(document, nil)
		require.Equal(t, before, document)
		if err != nil {
			require.Nil(t, d)
			var e *Error
			require.True(t, errors.As(err, &e))
			require.NotNil(t, e.Kind)
			return
		}
		require.True(t, string(document) == d.Raw)
		require.LessOrEqual(t, len(d.Findings), maxFindings+1)
		require.LessOrEqual(t, len(d.Recipients), DefaultMaxRecipients)
		out, err := d.Marshal()
		if len(d.Validate()) > 0 {
			return
		}
		require.Empty(t, d.Unknown)
		require.NoError(t, err, "Validate found nothing")
		back, err := Parse(out, nil)
		require.NoError(t, err)
		require.Equal(t, withoutBytes(d), withoutBytes(back))
	})
}

func FuzzFastEqualsGeneral(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, document []byte) {
		requireReadersAgree(t, document, nil)
	})
}

// FuzzFastEqualsGeneralInValues puts any bytes where the scanner expects values, so
// that most documents keep the shape that it takes.
func FuzzFastEqualsGeneralInValues(f *testing.F) {
	f.Add("accettazione", "a@b", "oggetto &amp; altro", "+0100", "&lt;id&gt;", "\n    ")
	f.Add(" x ", "é", "", "Z", "]]>", "\r\n")
	f.Add("&quot;", "&#38;", "\t&apos;\r", "\t", "\uFFFE\xff", " <!-- -->")
	f.Fuzz(func(t *testing.T, typ, address, subject, zone, id, space string) {
		requireReadersAgree(t, []byte(xmlDeclaration+space+`<postacert tipo="`+typ+`" errore="`+typ+`">`+space+
			`<intestazione><mittente>`+address+`</mittente><destinatari tipo="`+typ+`">`+address+`</destinatari>`+space+
			`<risposte>`+address+`</risposte><oggetto>`+subject+`</oggetto></intestazione>`+space+
			`<dati><gestore-emittente>`+subject+`</gestore-emittente><data zona="`+zone+`"><giorno>`+zone+`</giorno><ora>`+subject+`</ora></data>`+
			`<identificativo>`+id+`</identificativo><msgid>`+id+`</msgid><ricevuta tipo="`+typ+`"/><consegna>`+address+`</consegna>`+space+
			`<ricezione>`+address+`</ricezione><errore-esteso>`+subject+`</errore-esteso></dati></postacert>`+space), nil)
	})
}

func FuzzMarshal(f *testing.F) {
	f.Add("accettazione", "virus", "a@b", "oggetto\r\n<&>\"", "01/01/2026", "10:00:00", "+0100", "<id>", "5.1.1 - a - b")
	f.Add("", "", "", "", "", "", "", "", "")
	f.Fuzz(func(t *testing.T, typ, errore, address, subject, day, hour, zone, id, detail string) {
		d := &Data{Type: Type(typ), Error: ErrorKind(errore), Sender: address, Recipients: []Recipient{{address, RecipientExternal}},
			ReplyTo: address, Subject: subject, HasSubject: true, Provider: subject, Date: Date{day, hour, zone}, Identifier: id,
			MessageID: id, Deliveries: []string{address}, ErrorDetail: detail}
		out, err := d.Marshal()
		if err != nil {
			var e *Error
			require.True(t, errors.As(err, &e))
			require.Empty(t, out)
			return
		}
		back, err := Parse(out, &Options{MaxSize: len(out)})
		require.NoError(t, err)
		require.Empty(t, back.Unknown)
		require.Empty(t, back.Findings)
		for _, s := range []*string{&d.Sender, &d.Recipients[0].Address, &d.ReplyTo, &d.Subject, &d.Provider, &d.Identifier, &d.MessageID, &d.Deliveries[0], &d.ErrorDetail} {
			*s = trimSpace(*s)
		}
		if d.Error == "" {
			d.Error = ErrorNone
		}
		at, err := d.Date.Time()
		require.NoError(t, err)
		again, err := back.Date.Time()
		require.NoError(t, err)
		require.True(t, at.Equal(again))
		d.Date = back.Date
		require.Equal(t, *d, withoutBytes(back))
	})
}

func FuzzDate(f *testing.F) {
	f.Add("03/03/2026", "10:15:40", "+0100")
	f.Add("3 / 3/2026", "23:59:60", "z")
	f.Fuzz(func(t *testing.T, day, hour, zone string) {
		d := Date{day, hour, zone}
		at, err := d.Time()
		if err != nil {
			require.ErrorIs(t, err, ErrDate)
			require.True(t, at.IsZero())
			return
		}
		again, err := NewDate(at).Time()
		if at.Year() == 10000 { // a leap second at the end of the last year
			return
		}
		require.NoError(t, err)
		require.True(t, at.Equal(again))
	})
}
