package daticert

// The limits that Parse keeps when [Options] do not say otherwise. The
// largest real document seen is under 2 KiB.
const (
	DefaultMaxSize       = 1 << 20 // bytes
	DefaultMaxDepth      = 32      // nested elements; the DTD needs 4
	DefaultMaxElements   = 1 << 15 // elements and attributes together
	DefaultMaxRecipients = 10000   // in each of destinatari, consegna, ricezione
)

// Options are the limits of [Parse]. Nil, zero and negative values mean the
// default: no value switches a limit off.
type Options struct {
	// MaxSize is the largest document, in bytes as received ([ErrTooLarge]).
	MaxSize int
	// MaxDepth is the deepest nesting of elements ([ErrTooDeep]).
	MaxDepth int
	// MaxElements is the number of elements and attributes together ([ErrTooManyElements]).
	MaxElements int
	// MaxRecipients is the number of addresses in each of Recipients, Deliveries and
	// TakenInCharge ([ErrTooManyRecipients]).
	MaxRecipients int
}

// limits are Options with the defaults filled in.
type limits struct {
	size, depth, elements, recipients int
}

func (o *Options) limits() limits {
	l := limits{DefaultMaxSize, DefaultMaxDepth, DefaultMaxElements, DefaultMaxRecipients}
	if o == nil {
		return l
	}
	if o.MaxSize > 0 {
		l.size = o.MaxSize
	}
	if o.MaxDepth > 0 {
		l.depth = o.MaxDepth
	}
	if o.MaxElements > 0 {
		l.elements = o.MaxElements
	}
	if o.MaxRecipients > 0 {
		l.recipients = o.MaxRecipients
	}
	return l
}
