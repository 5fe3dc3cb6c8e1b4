package catalogue

// rows is the table. Prefixes and marker values: RFC 6109 §3.1-3.3 and
// appendix A. Which parts: the clause of the row and RFC 6109 §4.3. It is
// never written to after the program's start, and never handed out.
var rows = [...]Row{
	{
		ID: Acceptance, Message: "M1",
		Italian: "ricevuta di accettazione", English: "server-user acceptance PEC notification",
		Marker:        Field{HeaderReceipt, "accettazione"},
		SubjectPrefix: "ACCETTAZIONE:",
		Type:          "accettazione", Error: "nessuno",
		Title: "Ricevuta di accettazione",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) il messaggio
"{oggetto}" proveniente da "{mittente}"
ed indirizzato a:
{dest_1} ("posta certificata")
{dest_2} ("posta ordinaria")
è stato accettato dal sistema ed inoltrato.
Identificativo messaggio: {id}`,
		Evidence: Seen,
		XML:      true, Original: OriginalNone,
		SignedBy: SenderProvider, To: Sender, Clause: "RFC 6109 §3.1.4",
	},
	{
		ID: NonAcceptance, Message: "M2",
		Italian: "avviso di non accettazione per eccezioni formali", English: "server-user non-acceptance PEC notification due to formal exceptions",
		Marker:        Field{HeaderReceipt, "non-accettazione"},
		SubjectPrefix: "AVVISO DI NON ACCETTAZIONE:",
		Type:          "non-accettazione", Error: "altro",
		Title: "Errore nell'accettazione del messaggio",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) nel messaggio
"{oggetto}" proveniente da "{mittente}"
ed indirizzato a:
{dest_1}
{dest_n}
è stato rilevato un problema che ne impedisce l'accettazione a causa di {descrizione errore}.
Il messaggio non è stato accettato.
Identificativo messaggio: {id}`,
		Evidence: Reconstructed,
		Elements: Elements{ErrorDetail: true},
		XML:      true, Original: OriginalForbidden,
		SignedBy: SenderProvider, To: Sender, Clause: "RFC 6109 §3.1.2",
	},
	{
		ID: NonAcceptanceVirus, Message: "M3",
		Italian: "avviso di non accettazione per virus informatico", English: "server-user non-acceptance PEC notification due to virus detection",
		Marker: Field{HeaderReceipt, "non-accettazione"}, Extra: Field{HeaderSecurity, SecurityError},
		SubjectPrefix: "AVVISO DI NON ACCETTAZIONE PER VIRUS:",
		Type:          "non-accettazione", Error: "virus",
		Title: "Errore nell'accettazione del messaggio per presenza di virus",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) nel messaggio
"{oggetto}" proveniente da "{mittente}"
ed indirizzato a:
{dest_1}
{dest_n}
è stato rilevato un problema di sicurezza {identificativo del tipo di contenuto rilevato}.
Il messaggio non è stato accettato.
Identificativo messaggio: {id}`,
		Evidence: Reconstructed,
		Elements: Elements{ErrorDetail: true},
		XML:      true, Original: OriginalForbidden,
		SignedBy: SenderProvider, To: Sender, Clause: "RFC 6109 §3.1.3",
	},
	{
		ID: TransportEnvelope, Message: "M4",
		Italian: "busta di trasporto", English: "transport envelope",
		Marker: Field{HeaderTransport, "posta-certificata"}, Extra: Field{HeaderReceiptType, ""},
		SubjectPrefix: "POSTA CERTIFICATA:",
		Type:          "posta-certificata", Error: "nessuno",
		Title: "Messaggio di posta certificata",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) il messaggio
"{oggetto}" è stato inviato da "{mittente}"
indirizzato a:
{dest_1}
{dest_n}
Il messaggio originale è incluso in allegato.
Identificativo messaggio: {id}`,
		Evidence: Seen,
		Elements: Elements{ReceiptType: true},
		XML:      true, Original: OriginalWhole,
		SignedBy: SenderProvider, To: Recipients, Clause: "RFC 6109 §3.1.5",
	},
	{
		ID: TakeCharge, Message: "M5",
		Italian: "ricevuta di presa in carico", English: "server-server acceptance PEC notification",
		Marker:        Field{HeaderReceipt, "presa-in-carico"},
		SubjectPrefix: "PRESA IN CARICO:",
		Type:          "presa-in-carico", Error: "nessuno",
		Title: "Ricevuta di presa in carico",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) il messaggio
"{oggetto}" proveniente da "{mittente}"
ed indirizzato a:
{dest_1}
{dest_n}
è stato accettato dal sistema.
Identificativo messaggio: {id}`,
		Evidence: Transcribed,
		Elements: Elements{TakenInCharge: true},
		XML:      true, Original: OriginalNone,
		SignedBy: RecipientProvider, To: ServiceMailbox, Clause: "RFC 6109 §3.2.1",
	},
	{
		ID: AnomalyEnvelope, Message: "M6",
		Italian: "busta di anomalia", English: "anomaly envelope",
		Marker:        Field{HeaderTransport, "errore"},
		SubjectPrefix: "ANOMALIA MESSAGGIO:",
		Title:         "Anomalia nel messaggio",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) è stato ricevuto
il messaggio "{oggetto}" proveniente da "{mittente}"
ed indirizzato a:
{dest_1}
{dest_n}
Tali dati non sono stati certificati per il seguente errore:
{descrizione sintetica errore riscontrato}
Il messaggio originale è incluso in allegato.`,
		Evidence: Transcribed,
		Original: OriginalWhole,
		SignedBy: RecipientProvider, To: Recipients, Clause: "RFC 6109 §3.2.2",
	},
	{
		ID: VirusDetection, Message: "M7",
		Italian: "avviso di rilevazione virus informatico", English: "virus detection PEC notification",
		Marker: Field{HeaderReceipt, "rilevazione-virus"}, Extra: Field{HeaderSender, ""},
		SubjectPrefix: "PROBLEMA DI SICUREZZA:",
		Type:          "rilevazione-virus", Error: "virus",
		Title: "Avviso di rilevazione virus informatico",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) nel messaggio
"{oggetto}" proveniente da "{mittente}"
e destinato all'utente "{dest}"
è stato rilevato un problema di sicurezza {identificativo del tipo di contenuto rilevato}.
Identificativo messaggio: {id}`,
		Evidence: Reconstructed,
		Elements: Elements{Delivery: true, ErrorDetail: true},
		XML:      true, Original: OriginalForbidden,
		SignedBy: RecipientProvider, To: ServiceMailbox, Clause: "RFC 6109 §3.2.3",
	},
	{
		ID: NonDeliveryVirus, Message: "M8",
		Italian: "avviso di mancata consegna per virus informatico", English: "delivery error PEC notification due to virus",
		Marker: Field{HeaderReceipt, "errore-consegna"}, Extra: Field{HeaderSecurity, SecurityError},
		SubjectPrefix: "AVVISO DI MANCATA CONSEGNA PER VIRUS:",
		Type:          "errore-consegna", Error: "virus",
		Title: "Avviso di mancata consegna per virus",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) nel messaggio
"{oggetto}" destinato all'utente "{dest}"
è stato rilevato un problema di sicurezza {identificativo del tipo di contenuto rilevato}.
Il messaggio non è stato consegnato.
Identificativo messaggio: {id}`,
		Evidence: Reconstructed, Note: "the sender is not named in this text",
		Elements: Elements{Delivery: true, ErrorDetail: true},
		XML:      true, Original: OriginalNone,
		SignedBy: SenderProvider, To: Sender, Clause: "RFC 6109 §3.2.4",
	},
	{
		ID: DeliveryComplete, Message: "M9", Form: "completa",
		Italian: "ricevuta completa di avvenuta consegna", English: "complete delivery PEC notification",
		Marker:        Field{HeaderReceipt, "avvenuta-consegna"},
		SubjectPrefix: "CONSEGNA:",
		Type:          "avvenuta-consegna", Error: "nessuno",
		Title: "Ricevuta di avvenuta consegna", Text: deliveryText,
		Evidence: Seen,
		Elements: Elements{ReceiptType: true, Delivery: true},
		XML:      true, Original: OriginalWhole,
		SignedBy: RecipientProvider, To: Sender, Clause: "RFC 6109 §3.3.2.1",
	},
	{
		ID: DeliveryBrief, Message: "M9", Form: "breve",
		Italian: "ricevuta di avvenuta consegna breve", English: "brief delivery PEC notification",
		Marker:        Field{HeaderReceipt, "avvenuta-consegna"},
		SubjectPrefix: "CONSEGNA:",
		Type:          "avvenuta-consegna", Error: "nessuno",
		Title: "Ricevuta breve di avvenuta consegna", Text: deliveryText,
		Evidence: Reconstructed, Note: "the title is reconstructed; the text below it was seen",
		Elements: Elements{ReceiptType: true, Delivery: true},
		XML:      true, Original: OriginalBrief,
		SignedBy: RecipientProvider, To: Sender, Clause: "RFC 6109 §3.3.2.2",
	},
	{
		ID: DeliveryConcise, Message: "M9", Form: "sintetica",
		Italian: "ricevuta di avvenuta consegna sintetica", English: "concise delivery PEC notification",
		Marker:        Field{HeaderReceipt, "avvenuta-consegna"},
		SubjectPrefix: "CONSEGNA:",
		Type:          "avvenuta-consegna", Error: "nessuno",
		Title: "Ricevuta sintetica di avvenuta consegna", Text: deliveryText,
		Evidence: Reconstructed, Note: "the title is reconstructed; the text below it was seen",
		Elements: Elements{ReceiptType: true, Delivery: true},
		XML:      true, Original: OriginalNone,
		SignedBy: RecipientProvider, To: Sender, Clause: "RFC 6109 §3.3.2.3",
	},
	{
		ID: NonDelivery, Message: "M10",
		Italian: "avviso di mancata consegna", English: "non-delivery PEC notification",
		Marker:        Field{HeaderReceipt, "errore-consegna"},
		SubjectPrefix: "AVVISO DI MANCATA CONSEGNA:",
		Type:          "errore-consegna", Error: "altro",
		Title: "Avviso di mancata consegna",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) nel messaggio
"{oggetto}" proveniente da "{mittente}"
e destinato all'utente "{dest}"
è stato rilevato un errore {descrizione sintetica errore}.
Il messaggio è stato rifiutato dal sistema.
Identificativo messaggio: {id}`,
		Evidence: Seen,
		Elements: Elements{Delivery: true, ErrorDetail: true},
		XML:      true, Original: OriginalNone,
		SignedBy: EitherProvider, To: Sender, Clause: "RFC 6109 §3.3.3",
	},
	{
		ID: TimeoutFirst, Message: "M11", Form: "12h",
		Italian: "avviso di mancata consegna per superamento dei tempi massimi (primo, 12 ore)", English: "delivery error PEC notification for exceeding the maximum time, first (12 h)",
		Marker:        Field{HeaderReceipt, "preavviso-errore-consegna"},
		SubjectPrefix: "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO:",
		Type:          "preavviso-errore-consegna",
		Title:         "Avviso di mancata consegna",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) il messaggio
"{oggetto}" proveniente da "{mittente}"
e destinato all'utente "{dest}"
non è stato consegnato nelle prime dodici ore dal suo invio.
Non escludendo che questo possa avvenire in seguito, si ritiene utile considerare
che l'invio potrebbe non andare a buon fine.
Il sistema provvederà comunque ad inviare un ulteriore avviso di mancata consegna se nelle prossime
dodici ore non vi sarà la conferma della ricezione da parte del destinatario.
Identificativo messaggio: {id}`,
		Evidence: Reconstructed, Note: "the value of errore is not confirmed",
		Elements: Elements{Delivery: true, ErrorDetail: true},
		XML:      true, Original: OriginalForbidden,
		SignedBy: SenderProvider, To: Sender, Clause: "RFC 6109 §3.1.6",
	},
	{
		ID: TimeoutSecond, Message: "M11", Form: "24h",
		Italian: "avviso di mancata consegna per superamento dei tempi massimi (secondo, 24 ore)", English: "delivery error PEC notification for exceeding the maximum time, second (24 h)",
		Marker:        Field{HeaderReceipt, "preavviso-errore-consegna"},
		SubjectPrefix: "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO:",
		Type:          "preavviso-errore-consegna",
		Title:         "Avviso di mancata consegna",
		Text: `Il giorno {giorno} alle ore {ora} ({zona}) il messaggio
"{oggetto}" proveniente da "{mittente}"
e destinato all'utente "{dest}"
` + TimeoutSecondSentence + `
Si ritiene che la spedizione debba considerarsi non andata a buon fine.
Identificativo messaggio: {id}`,
		Evidence: Quoted, Note: "the two central sentences are quoted, the frame is reconstructed; the value of errore is not confirmed",
		Elements: Elements{Delivery: true, ErrorDetail: true},
		XML:      true, Original: OriginalForbidden,
		SignedBy: SenderProvider, To: Sender, Clause: "RFC 6109 §3.1.6",
	},
}

// TimeoutSecondSentence is the sentence of the second time-out notice that
// providers also put into errore-esteso.
const TimeoutSecondSentence = "non è stato consegnato nelle ventiquattro ore successive al suo invio."

const deliveryText = `Il giorno {giorno} alle ore {ora} ({zona}) il messaggio
"{oggetto}" proveniente da "{mittente}"
ed indirizzato a "{dest}"
è stato consegnato nella casella di destinazione.
Identificativo messaggio: {id}`
