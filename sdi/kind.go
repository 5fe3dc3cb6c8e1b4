package sdi

import "slices"

// Kind is what a file is, by its content.
type Kind string

// The kinds.
const (
	// KindInvoice is an e-invoice (FatturaElettronica), with one document or a
	// lot of them; KindSimplifiedInvoice one of the short form
	// (FatturaElettronicaSemplificata).
	KindInvoice           Kind = "invoice"
	KindSimplifiedInvoice Kind = "simplified-invoice"
	// KindNotification is a notification (notifica, ricevuta) of SDI or to it,
	// or the metadata that travel with an invoice: see Type.
	KindNotification Kind = "notification"
	// KindArchive is a zip archive with at least one file in it that has the
	// name of an invoice. It was not unpacked.
	KindArchive Kind = "archive"
	// KindOther is everything else, and what could not be read.
	KindOther Kind = "other"
)

// IsInvoice tells an invoice of either form.
func (k Kind) IsInvoice() bool { return k == KindInvoice || k == KindSimplifiedInvoice }

// Type is a type of notification, by the two letters that SDI puts into the
// names of files.
type Type string

// The types. To says who gets it.
const (
	RC Type = "RC" // ricevuta di consegna: delivered to the recipient
	NS Type = "NS" // notifica (ricevuta) di scarto: rejected by SDI
	MC Type = "MC" // mancata consegna, impossibilità di recapito: could not be delivered
	NE Type = "NE" // notifica di esito: the public body accepted or refused it
	DT Type = "DT" // decorrenza termini: the time for that passed
	AT Type = "AT" // attestazione: transmitted, and delivery is impossible
	MT Type = "MT" // metadati: what travels with an incoming invoice, unsigned
	EC Type = "EC" // esito committente: the public body's answer, to SDI
	SE Type = "SE" // scarto esito: SDI refuses that answer
)

// Types lists all types.
func Types() []Type { return []Type{RC, NS, MC, NE, DT, AT, MT, EC, SE} }

// Known tells whether it is one of the nine.
func (t Type) Known() bool { return slices.Contains(Types(), t) }

// Signed tells whether SDI signs notifications of the type: all that it issues
// but the metadata.
func (t Type) Signed() bool { return t != MT && t != EC }

// Channel is the kind of customer, told apart by the namespace of notifications.
type Channel string

// The channels.
const (
	ChannelPA      Channel = "pa"      // to public bodies (pubblica amministrazione)
	ChannelPrivate Channel = "private" // between businesses and to consumers (B2B, B2C)
)

// Namespaces of notifications, and of invoices, the last two historical.
const (
	NamespacePA         = "http://www.fatturapa.gov.it/sdi/messaggi/v1.0"
	NamespacePrivate    = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fattura/messaggi/v1.0"
	NamespaceInvoice    = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"
	NamespaceSimplified = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.0"
	NamespaceInvoice10  = "http://www.fatturapa.gov.it/sdi/fatturapa/v1.0"
	NamespaceInvoice11  = "http://www.fatturapa.gov.it/sdi/fatturapa/v1.1"
)

// root is what the root element of a document says.
type root struct {
	kind     Kind
	typ      Type
	channel  Channel
	versions []string // known values of versione
}

// rootOf recognises a root element. found is false for any other, and known
// tells that its local name is one of SDI's in another namespace.
func rootOf(space, local string) (r root, found, known bool) {
	switch local {
	case "FatturaElettronica":
		switch space {
		case NamespaceInvoice:
			return root{kind: KindInvoice, versions: []string{"FPA12", "FPR12"}}, true, true
		case NamespaceInvoice10:
			return root{kind: KindInvoice, versions: []string{"1.0"}}, true, true
		case NamespaceInvoice11:
			return root{kind: KindInvoice, versions: []string{"1.1"}}, true, true
		}
		return root{}, false, true
	case "FatturaElettronicaSemplificata":
		if space == NamespaceSimplified {
			return root{kind: KindSimplifiedInvoice, versions: []string{"FSM10"}}, true, true
		}
		return root{}, false, true
	}
	for _, n := range notificationRoots() {
		if n.local == local {
			known = true
			if n.space == space {
				return root{KindNotification, n.typ, n.channel(), []string{"1.0"}}, true, true
			}
		}
	}
	return root{}, false, known
}

type notificationRoot struct {
	space, local string
	typ          Type
}

func (n notificationRoot) channel() Channel {
	if n.space == NamespacePA {
		return ChannelPA
	}
	return ChannelPrivate
}

func notificationRoots() []notificationRoot {
	return []notificationRoot{
		{NamespacePA, "RicevutaConsegna", RC},
		{NamespacePA, "NotificaScarto", NS},
		{NamespacePA, "NotificaMancataConsegna", MC},
		{NamespacePA, "NotificaEsito", NE},
		{NamespacePA, "NotificaDecorrenzaTermini", DT},
		{NamespacePA, "AttestazioneTrasmissioneFattura", AT},
		{NamespacePA, "MetadatiInvioFile", MT},
		{NamespacePA, "NotificaEsitoCommittente", EC},
		{NamespacePA, "ScartoEsitoCommittente", SE},
		{NamespacePrivate, "RicevutaConsegna", RC},
		{NamespacePrivate, "RicevutaScarto", NS},
		{NamespacePrivate, "RicevutaImpossibilitaRecapito", MC},
		{NamespacePrivate, "FileMetadati", MT},
	}
}
