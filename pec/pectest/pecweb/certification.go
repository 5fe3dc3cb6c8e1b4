package pecweb

import "github.com/certmail/certmail/daticert"

// dataRow is an element of the certification data (dati di certificazione).
type dataRow struct{ Name, Italian, Value string }

func dataRows(d *daticert.Data) []dataRow {
	var rows []dataRow
	add := func(name, italian, value string) {
		if value != "" {
			rows = append(rows, dataRow{name, italian, value})
		}
	}
	add("type", "tipo", string(d.Type))
	add("error", "errore", string(d.Error))
	add("sender", "mittente", d.Sender)
	for i, r := range d.Recipients {
		if i == maxRows {
			add("recipients", "destinatari", "and "+count(len(d.Recipients)-i, "more", "more"))
			break
		}
		add("recipient", "destinatari", r.Address+" ("+string(r.Type)+")")
	}
	add("answers to", "risposte", d.ReplyTo)
	add("subject", "oggetto", d.Subject)
	add("provider", "gestore-emittente", d.Provider)
	add("date", "data", d.Date.Day+" "+d.Date.Hour+" "+d.Date.Zone)
	add("identifier", "identificativo", d.Identifier)
	add("message id", "msgid", d.MessageID)
	add("receipt", "ricevuta", string(d.ReceiptType))
	for _, r := range d.Deliveries {
		add("about", "consegna", r)
	}
	for _, r := range d.TakenInCharge {
		add("taken in charge", "ricezione", r)
	}
	add("error detail", "errore-esteso", d.ErrorDetail)
	return rows
}
