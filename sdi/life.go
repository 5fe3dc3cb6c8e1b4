package sdi

// Key is what a notification was linked to an invoice by.
type Key string

// The keys.
const (
	ByFileName      Key = "file-name"      // NomeFile
	ByArchive       Key = "archive"        // NomeFile inside the archive of RiferimentoArchivio
	ByIdentifier    Key = "pec-identifier" // PecMessageId is the PEC identifier
	ByPECMessageID  Key = "pec-message-id" // PecMessageId is the Message-ID
	ByHash          Key = "hash"           // Hash, over the file as transmitted
	ByPayloadHash   Key = "payload-hash"   // Hash, over what its signature covers
	BySDIIdentifier Key = "sdi-identifier" // IdentificativoSdI, known from another notification
)

// State is how far an invoice has come at SDI: the second level.
type State string

// The states.
const (
	StateWaiting       State = "waiting"       // nothing heard from SDI
	StateRejected      State = "rejected"      // NS: as if it had never been sent
	StateDelivered     State = "delivered"     // RC
	StateUndeliverable State = "undeliverable" // MC: not delivered yet, or (private) made available in the tax portal
	StateAttested      State = "attested"      // AT: delivery is impossible, transmission attested
	StateAccepted      State = "accepted"      // NE, EC01
	StateRefused       State = "refused"       // NE, EC02
	StateMixed         State = "mixed"         // NE of both kinds about different invoices of a lot
	StateExpired       State = "expired"       // DT: the public body did not answer in time
	StateConflict      State = "conflict"      // what counts contradicts itself
)

// Conflict is a contradiction. Code is kebab-case and stable.
type Conflict struct{ Code, Detail string }

// Life is all that is known about one invoice file.
type Life struct {
	// FileName of the invoice, and the Archive that it was sent in, if so.
	FileName, Archive string
	Sent              Sent
	// Carriage is what certified mail did: the first level.
	Carriage []Carriage
	// ID is IdentificativoSdI, empty when it is not known or contradictory.
	ID string
	// State is what SDI said, by the notifications that count: the second level.
	State State
	// Notices linked to the invoice, those that do not count included.
	Notices []Linked
	// Conflicts of what counts.
	Conflicts []Conflict
}

// Linked is a notification with what it was linked by.
type Linked struct {
	Notice
	Keys []Key
	// Hash says whether the hash in it is the file's.
	Hash HashMatch
	// Counts tells that the notification decides about State. Why says why not.
	Counts bool
	Why    string
	// Conflicts between the notification and the invoice.
	Conflicts []Conflict
}

// Links is what Link finds.
type Links struct {
	// Lives of the invoices sent, sorted by file name.
	Lives []Life
	// Orphans are notifications of which no invoice is known.
	Orphans []Notice
	// Unused is the carriage of messages without any invoice that is known.
	Unused []Carriage
}

// settle decides about the state, once all notices are there.
func (l *Life) settle() {
	counted := map[Type]bool{}
	results := map[string]map[InvoiceRef]bool{ResultAccepted: {}, ResultRefused: {}}
	ids := map[string]bool{}
	for i := range l.Notices {
		n := &l.Notices[i]
		if n.Verified && !n.Simulation && !n.Broken {
			l.Conflicts = append(l.Conflicts, n.Conflicts...)
		}
		if !n.Counts {
			continue
		}
		counted[n.Type] = true
		if n.ID != "" {
			ids[n.ID] = true
		}
		if n.Type == NE && n.Outcome != nil && results[n.Outcome.Result] != nil {
			ref := InvoiceRef{}
			if n.Outcome.Invoice != nil {
				ref = *n.Outcome.Invoice
			}
			results[n.Outcome.Result][ref] = true
		}
	}
	if l.Sent.ID != "" && l.Archive == "" {
		ids[l.Sent.ID] = true
	}
	if len(ids) == 1 {
		for id := range ids {
			l.ID = id
		}
	} else if len(ids) > 1 {
		l.conflict("sdi-identifiers-differ", "SDI gave the file more than one number: "+listOf(ids))
	}
	accepted, refused := len(results[ResultAccepted]) > 0, len(results[ResultRefused]) > 0
	for ref := range results[ResultAccepted] {
		if results[ResultRefused][ref] || results[ResultRefused][InvoiceRef{}] || ref == (InvoiceRef{}) && refused {
			l.conflict("outcomes-contradict", "the public body is said both to accept and to refuse the same invoice")
			break
		}
	}
	for _, pair := range [][2]Type{{NS, RC}, {NS, MC}, {NS, NE}, {NS, DT}, {NS, AT}, {RC, AT}, {NE, AT}, {DT, AT}} {
		if counted[pair[0]] && counted[pair[1]] {
			l.conflict("notifications-contradict", "SDI is said to have sent both "+string(pair[0])+" and "+string(pair[1]))
		}
	}
	// A DT speaks of the invoices that were not answered: of a lot, perhaps.
	if counted[NE] && counted[DT] && !l.lot() {
		l.conflict("notifications-contradict", "SDI is said to have sent both NE and DT")
	}
	switch {
	case len(l.Conflicts) > 0:
		l.State = StateConflict
	case counted[NS]:
		l.State = StateRejected
	case accepted && refused, (accepted || refused) && counted[DT]:
		l.State = StateMixed
	case accepted:
		l.State = StateAccepted
	case refused:
		l.State = StateRefused
	case counted[DT]:
		l.State = StateExpired
	case counted[AT]:
		l.State = StateAttested
	case counted[RC], counted[NE]:
		l.State = StateDelivered
	case counted[MC]:
		l.State = StateUndeliverable
	default:
		l.State = StateWaiting
	}
}

// lot tells whether every counted NE and DT names the invoice it is about.
func (l *Life) lot() bool {
	for i := range l.Notices {
		n := &l.Notices[i]
		ref := n.Invoice
		if n.Type == NE && n.Outcome != nil {
			ref = n.Outcome.Invoice
		}
		if n.Counts && (n.Type == NE || n.Type == DT) && ref == nil {
			return false
		}
	}
	return true
}

func (l *Life) conflict(code, detail string) {
	l.Conflicts = append(l.Conflicts, Conflict{code, detail})
}
