package remtest

import "github.com/certmail/certmail/rem"

// Kind is what a message is (EN 319 532-1 §3), or "ordinary".
type Kind string

// The kinds.
const (
	KindDispatch     Kind = "dispatch"     // original and evidence
	KindPayload      Kind = "payload"      // original without evidence
	KindReceipt      Kind = "receipt"      // evidence without original
	KindNotification Kind = "notification" // reference to a content that waits for acceptance
	KindOrdinary     Kind = "ordinary"
)

// A maker writes and reads the messages of a network and judges them: the
// simulation decides what is said, the maker how.
type maker interface {
	// prepare returns the digest of a submitted message as it will be
	// dispatched (EN 319 532-3 §4.2 note 2). The error says why it cannot be.
	prepare(t *transaction, submitted []byte) (digest []byte, err error)
	// evidence writes and signs the document of a fact.
	evidence(of *node, t *transaction, f *Fact) ([]byte, error)
	// message writes and signs a message; spoilt by a fault, if one is given.
	message(of *node, d *draft, spoilt *fault) ([]byte, error)
	// read returns what a provider acts on. A message of no provider is
	// ordinary, whatever it says.
	read(data []byte) (*content, error)
	// judge tells what a provider would object to; nil for nothing. It is a
	// *refusal.
	judge(of *node, data []byte) error
	// relayable makes the checks before relaying (EN 319 532-4 §C.2.3.3.3,
	// §D.4.2): trusted list, capabilities and TLS of another provider.
	relayable(of, to *node) error
}

// draft is a message to be written.
type draft struct {
	kind Kind
	t    *transaction
	// facts are what its evidence attests, documents the evidence itself.
	facts     []*Fact
	documents [][]byte
	// submitted is the original as it was submitted.
	submitted []byte
	// to is whom a receipt goes to.
	to []string
	// id is its own Message-ID, without angle brackets.
	id string
	// link is where a recipient accepts or rejects.
	link string
	// toOrdinary marks a dispatch with recipients outside REM, fromOrdinary one
	// around ordinary mail.
	toOrdinary, fromOrdinary bool
	// frame changes what all messages of a provider have in common.
	frame func(*rem.Frame)
}

// content is what was read out of a message.
type content struct {
	kind Kind
	// identifier is the MessageIdentifier, t the rest of what evidence says; nil
	// without any.
	identifier string
	t          *transaction
	facts      []*Fact
	documents  [][]byte
}

// refusal is why a provider does not take a message: the code of its
// RelayRejection, and why in words.
type refusal struct{ code, detail string }

func (r *refusal) Error() string { return r.code + ": " + r.detail }
