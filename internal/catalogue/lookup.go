package catalogue

import "strings"

// Rows returns the whole catalogue in the order of the rules, as a copy.
func Rows() []Row {
	out := rows
	return out[:]
}

// ByID returns the row of an id, or, given the number of a message type alone
// ("M9", "M11"), its first form.
func ByID(id ID) (Row, bool) {
	for i := range rows {
		if rows[i].ID == id {
			return rows[i], true
		}
	}
	for i := range rows {
		if rows[i].Message == string(id) {
			return rows[i], true
		}
	}
	return Row{}, false
}

// ByTrasporto returns the row that a value of X-Trasporto stands for. White
// space around the value and its case do not count.
func ByTrasporto(value string) (Row, bool) { return byMarker(HeaderTransport, value, false) }

// ByRicevuta returns the row that a value of X-Ricevuta stands for; virus says
// that X-VerificaSicurezza carries its value too, which matters for the two
// types that have a virus form and is ignored for the others. The forms of a
// delivery receipt and of a time-out notice do not differ in the header: their
// first form is returned. Whole values are compared: "non-accettazione" is no
// "accettazione".
func ByRicevuta(value string, virus bool) (Row, bool) { return byMarker(HeaderReceipt, value, virus) }

// ByType returns the row of a value of postacert/@tipo in the same manner.
// Here virus says that postacert/@errore is "virus".
func ByType(tipo string, virus bool) (Row, bool) {
	tipo = strings.TrimSpace(tipo)
	if tipo == "" {
		return Row{}, false
	}
	return pick(virus, func(r *Row) bool { return r.Type == tipo })
}

// ByForm returns the row of the delivery receipt (ricevuta di avvenuta
// consegna) of a form: "completa", "breve" or "sintetica".
func ByForm(form string) (Row, bool) {
	for i := range rows {
		if rows[i].Message == "M9" && strings.EqualFold(rows[i].Form, strings.TrimSpace(form)) {
			return rows[i], true
		}
	}
	return Row{}, false
}

func byMarker(name, value string, virus bool) (Row, bool) {
	value = strings.TrimSpace(value)
	return pick(virus, func(r *Row) bool {
		return r.Marker.Name == name && strings.EqualFold(r.Marker.Value, value)
	})
}

// pick returns the first row that matches and has the wanted virus form, else
// the first that matches at all.
func pick(virus bool, match func(*Row) bool) (Row, bool) {
	first := -1
	for i := range rows {
		if !match(&rows[i]) {
			continue
		}
		if rows[i].Virus() == virus {
			return rows[i], true
		}
		if first < 0 {
			first = i
		}
	}
	if first < 0 {
		return Row{}, false
	}
	return rows[first], true
}
