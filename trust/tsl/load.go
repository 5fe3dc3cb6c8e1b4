package tsl

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/certmail/certmail/trust"
)

// LoadOptions adjust Load. A nil pointer and the zero value load every list
// without judging how fresh it is.
type LoadOptions struct {
	// Now is the present, for the check fresh.
	Now time.Time
	// Territories are the lists wanted ("IT", "EL"); none means all.
	Territories []string
	// Grace is how long a list may be overdue.
	Grace time.Duration
	// LastSequence are the highest sequence numbers seen so far, by territory;
	// the list of lists is "EU".
	LastSequence map[string]int
	// Notice is the URL of the Official Journal notice that the anchors were
	// taken from. If the list of lists names another one, the anchors are about
	// to go out of use, which is a finding.
	Notice string
	// Parse adjusts the reading of each list.
	Parse *Options
	// Parallel is how many lists are fetched and verified at once, 4 by default.
	Parallel int
}

// Loaded is what Load found.
type Loaded struct {
	// LOTL is the list of lists.
	LOTL *Verification
	// Pivots are the earlier issues through which its signer was introduced,
	// oldest first; none when an anchor signed it.
	Pivots []*Verification
	// Lists are the lists that were wanted, in the order of the pointers.
	Lists []LoadedList
	// Set holds those of them that are believed.
	Set      *Set
	Findings []trust.Finding
}

// LoadedList is one list that the list of lists points to, or why there is
// none.
type LoadedList struct {
	Pointer *Pointer
	// Verification is nil when the list could not be fetched or read.
	Verification *Verification
	// Err is why the list is not in the set; nil when it is.
	Err error
}

// maxPivots bounds the walk over earlier issues of the list of lists.
const maxPivots = 32

// Load walks from the list of lists (LOTL) to the national ones. lotl are its
// bytes, anchors the certificates that the Official Journal prints for it; the
// national lists come from src, and each is verified with the certificates that
// the pointer to it gives. Where the list of lists is signed by a later
// certificate, the pivots it names (earlier issues, each introducing the signer
// of the next) are fetched from src too. None of them may be missing.
//
// A national list that is missing or not believed does not stop the others: it
// is in Loaded.Lists with its reason. The error is for a list of lists that
// cannot be believed, and wraps one of the Err values.
func Load(ctx context.Context, lotl []byte, anchors []*x509.Certificate, src Source, o *LoadOptions) (*Loaded, error) {
	if o == nil {
		o = &LoadOptions{}
	}
	l := &loader{ctx: ctx, src: src, o: o, found: &Loaded{}}
	list, err := Parse(lotl, o.Parse)
	if err != nil {
		return nil, fmt.Errorf("list of lists: %w", err)
	}
	if err := l.believe(list, anchors); err != nil {
		return nil, fmt.Errorf("list of lists: %w", err)
	}
	l.notice(list)
	l.national(list)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var believed []*Verification
	for i := range l.found.Lists {
		if l.found.Lists[i].Err == nil {
			believed = append(believed, l.found.Lists[i].Verification)
		}
	}
	l.found.Set, err = NewSet(believed...)
	if err != nil {
		return nil, err
	}
	return l.found, nil
}

type loader struct {
	ctx   context.Context
	src   Source
	o     *LoadOptions
	found *Loaded
}

// expect are the options for a list of a territory and kind.
func (l *loader) expect(territory, kind string) *VerifyOptions {
	return &VerifyOptions{Territory: territory, Type: kind, LastSequence: l.o.LastSequence[territory], Grace: l.o.Grace}
}

// believe verifies the list of lists, through its pivots where needed.
func (l *loader) believe(list *List, anchors []*x509.Certificate) error {
	v := list.Verify(anchors, l.o.Now, l.expect("EU", TypeListOfLists))
	if v.Check(CheckSigner).Status == trust.Failed && v.Check(trust.CheckSignature).Status == trust.Passed {
		certs, err := l.pivots(list, anchors)
		if err != nil {
			return err
		}
		v = list.Verify(certs, l.o.Now, l.expect("EU", TypeListOfLists))
	}
	if !v.Believed() {
		return fmt.Errorf("%w: %w", ErrNotVerified, v.reason())
	}
	l.found.LOTL = v
	return nil
}

// pivots walks over the earlier issues that the list of lists names in its
// SchemeInformationURI, newest first, and returns the certificates that the
// last of them gives for the list of lists. Each has to be signed by a
// certificate believed so far.
func (l *loader) pivots(list *List, anchors []*x509.Certificate) ([]*x509.Certificate, error) {
	trusted := anchors
	for _, url := range slices.Backward(pivotURLs(list)) {
		data, err := l.fetch(url)
		if err != nil {
			return nil, fmt.Errorf("%w: pivot: %w", ErrAnchors, err)
		}
		pivot, err := Parse(data, l.o.Parse)
		if err != nil {
			return nil, fmt.Errorf("%w: pivot %s: %w", ErrAnchors, url, err)
		}
		// Old by nature: neither its age nor its sequence number counts.
		v := pivot.Verify(trusted, time.Time{}, &VerifyOptions{Territory: "EU", Type: TypeListOfLists})
		if errors.Is(v.Err, ErrSigner) && len(l.found.Pivots) == 0 {
			continue // from before the anchors
		}
		if !v.Believed() {
			return nil, fmt.Errorf("%w: pivot %s: %w", ErrAnchors, url, v.reason())
		}
		if pivot.Sequence > list.Sequence {
			return nil, fmt.Errorf("%w: pivot %s: sequence %d is after %d", ErrAnchors, url, pivot.Sequence, list.Sequence)
		}
		l.found.Pivots = append(l.found.Pivots, v)
		trusted = selfCertificates(pivot)
	}
	if len(l.found.Pivots) == 0 {
		return nil, fmt.Errorf("%w, nor by the pivots that it names", ErrAnchors)
	}
	return trusted, nil
}

// pivotURLs are the references to earlier issues among the
// SchemeInformationURI: those to XML documents, each once. The other references
// are to texts.
func pivotURLs(list *List) []string {
	var found []string
	for _, u := range list.InformationURIs {
		if strings.HasSuffix(strings.ToLower(u.Value), ".xml") && !slices.Contains(found, u.Value) && len(found) < maxPivots {
			found = append(found, u.Value)
		}
	}
	return found
}

// selfCertificates are those that a list of lists gives for itself.
func selfCertificates(list *List) []*x509.Certificate {
	var certs []*x509.Certificate
	for i := range list.Pointers {
		if p := &list.Pointers[i]; p.Type == TypeListOfLists && p.isXML() {
			found, _ := p.Parsed()
			certs = append(certs, found...)
		}
	}
	return certs
}

// isXML tells a pointer to a list from one to its copy for people.
func (p *Pointer) isXML() bool {
	if p.MediaType == "" {
		return !strings.HasSuffix(strings.ToLower(p.Location), ".pdf")
	}
	return strings.EqualFold(p.MediaType, MediaTypeXML)
}

func (l *loader) notice(list *List) {
	if l.o.Notice == "" || slices.ContainsFunc(list.InformationURIs, func(u URI) bool { return u.Value == l.o.Notice }) {
		return
	}
	l.found.Findings = append(l.found.Findings, trust.Finding{Code: "lotl-other-notice",
		Detail: "the list of lists does not name the Official Journal notice " + l.o.Notice + " that its trusted certificates were taken from"})
}

// national fetches and verifies the lists that are wanted.
func (l *loader) national(lotl *List) {
	wanted := l.o.Territories
	for i := range lotl.Pointers {
		p := &lotl.Pointers[i]
		if p.Type != TypeGeneric || !p.isXML() ||
			len(wanted) > 0 && !slices.ContainsFunc(wanted, func(t string) bool { return strings.EqualFold(t, p.Territory) }) {
			continue
		}
		l.found.Lists = append(l.found.Lists, LoadedList{Pointer: p})
	}
	for _, t := range wanted {
		if !slices.ContainsFunc(l.found.Lists, func(have LoadedList) bool { return strings.EqualFold(have.Pointer.Territory, t) }) {
			l.found.Findings = append(l.found.Findings, trust.Finding{Code: "no-such-list", Detail: "the list of lists points to no list of " + t})
		}
	}
	parallel := l.o.Parallel
	if parallel <= 0 {
		parallel = 4
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i := range l.found.Lists {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			l.one(&l.found.Lists[i])
		})
	}
	group.Wait()
}

func (l *loader) one(into *LoadedList) {
	p := into.Pointer
	certs, _ := p.Parsed()
	data, err := l.fetch(p.Location)
	if err != nil {
		into.Err = err
		return
	}
	list, err := Parse(data, l.o.Parse)
	if err != nil {
		into.Err = err
		return
	}
	into.Verification = list.Verify(certs, l.o.Now, l.expect(p.Territory, p.Type))
	if !into.Verification.Believed() {
		into.Err = fmt.Errorf("%w: %w", ErrNotVerified, into.Verification.reason())
	}
}

func (l *loader) fetch(url string) ([]byte, error) {
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	if l.src == nil {
		return nil, fmt.Errorf("%w: %s: no source given", ErrFetch, url)
	}
	data, err := l.src.Fetch(l.ctx, url)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFetch, url, err)
	}
	return data, nil
}
