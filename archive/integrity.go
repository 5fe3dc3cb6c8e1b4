package archive

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Alteration is one thing in a package that is not as it was written.
type Alteration struct {
	// Path is the file; empty for the zip file around all.
	Path string `json:"path"`
	// Kind is "altered", "missing", "extra" or "container".
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

// The kinds of Alteration.
const (
	Altered   = "altered"
	Missing   = "missing"
	Extra     = "extra"
	Container = "container" // around the files: headers and directory of the zip file
)

// Integrity is what comparing every byte of a package with its own lists found.
// It proves that nothing was changed by accident or by somebody who did not
// change the lists, too; who wrote them is for a time-stamp to say.
type Integrity struct {
	Intact      bool         `json:"intact"`
	Files       int          `json:"files"`
	Bytes       int64        `json:"bytes"`
	Alterations []Alteration `json:"alterations,omitempty"`
}

// Of returns the alterations of one file.
func (r *Integrity) Of(path string) []Alteration {
	var list []Alteration
	for _, a := range r.Alterations {
		if a.Path == path {
			list = append(list, a)
		}
	}
	return list
}

func (r *Integrity) add(path, kind, format string, args ...any) {
	a := Alteration{path, kind, fmt.Sprintf(format, args...)}
	if !slices.Contains(r.Alterations, a) {
		r.Alterations = append(r.Alterations, a)
	}
}

// digests of a file as it is.
type digests struct{ sha256, sha512 string }

// list is a list of digests, as it is and as it should be read.
type list struct {
	path  string
	long  bool // SHA-512
	data  []byte
	lines map[string]string // path to digest
	order []string
	bad   string // the first line that is none
}

func (d digests) by(l *list) string {
	if l.long {
		return d.sha512
	}
	return d.sha256
}

// integrity compares everything.
func (p *Package) integrity(ctx context.Context) (*Integrity, map[string]digests, error) {
	r := &Integrity{Files: len(p.tree.order), Bytes: p.tree.total}
	have := make(map[string]digests, len(p.tree.order))
	buf := make([]byte, 256<<10)
	for _, path := range p.tree.order {
		d, err := digestFile(ctx, p.tree.files[path], buf)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			r.add(path, Altered, "cannot be read: %v", err)
			continue
		}
		have[path] = d
	}
	prefix := ""
	if p.Format.bag() {
		prefix = "tag"
		p.compareLists(r, have, "", func(path string) bool { return strings.HasPrefix(path, dataFolder) })
	}
	p.compareLists(r, have, prefix, func(path string) bool {
		return !(p.Format.bag() && strings.HasPrefix(path, dataFolder)) && !p.outside(path, prefix)
	})
	p.compareSeal(r, have, prefix)
	p.compareContainer(r, have)
	if p.src != nil && !slices.ContainsFunc(r.Alterations, func(a Alteration) bool { return a.Kind == Altered && strings.HasPrefix(a.Detail, "cannot be read") }) {
		where, err := canonicalZip(p.src, p.size, p.tree, p.top)
		if err != nil {
			return nil, nil, fmt.Errorf("archive: %w", err)
		}
		if where != "" {
			r.add("", Container, "the zip file is not as it was written, at %s", where)
		}
	}
	r.Intact = len(r.Alterations) == 0
	return r, have, nil
}

// outside tells the files that no list but the seal has.
func (p *Package) outside(path, prefix string) bool {
	switch path {
	case prefix + listSHA256, prefix + listSHA512, prefix + listSHA512 + ".tst", sealName:
		return true
	case mimetypeName, asicManifest, asicTimestamp:
		return p.Format == ASiCE
	}
	return false
}

func digestFile(ctx context.Context, f *file, buf []byte) (digests, error) {
	r, err := f.open()
	if err != nil {
		return digests{}, err
	}
	defer r.Close()
	a, b := sha256.New(), sha512.New()
	n, err := io.CopyBuffer(io.MultiWriter(a, b), &cancelled{ctx, io.LimitReader(r, f.size+1)}, buf)
	if err == nil && n != f.size {
		err = fmt.Errorf("%d bytes, want %d", n, f.size)
	}
	return digests{hex.EncodeToString(a.Sum(nil)), hex.EncodeToString(b.Sum(nil))}, err
}

// readList reads a list of digests: nil when there is none.
func (p *Package) readList(path string) *list {
	data, err := p.tree.small(path)
	if err != nil {
		return nil
	}
	l := &list{path: path, long: strings.Contains(path, "sha512"), data: data, lines: map[string]string{}}
	want := 2 * sha256.Size
	if l.long {
		want = 2 * sha512.Size
	}
	text := string(data)
	for line := range strings.Lines(text) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || len(sum) != want || strings.Trim(sum, "0123456789abcdef") != "" || name == "" || !strings.HasSuffix(line, "\n") || l.lines[name] != "" {
			if l.bad == "" {
				l.bad = fmt.Sprintf("%.200q", line)
			}
			continue
		}
		l.lines[name] = sum
		l.order = append(l.order, name)
	}
	if l.bad == "" && !slices.IsSorted(l.order) {
		l.bad = "the order of the lines"
	}
	return l
}

// compareLists compares the two lists of one scope with what is there. Where
// only one of them disagrees with a file, it is the list that was altered.
func (p *Package) compareLists(r *Integrity, have map[string]digests, prefix string, within func(string) bool) {
	var lists []*list
	for _, path := range [...]string{prefix + listSHA256, prefix + listSHA512} {
		l := p.readList(path)
		if l == nil {
			if p.tree.files[path] == nil {
				r.add(path, Missing, "the list is not there")
			} else {
				r.add(path, Altered, "the list cannot be read")
			}
			continue
		}
		if l.bad != "" {
			r.add(path, Altered, "not a list as it was written: %s", l.bad)
		}
		lists = append(lists, l)
	}
	names := map[string]bool{}
	for path := range have {
		if within(path) {
			names[path] = true
		}
	}
	for _, l := range lists {
		for path := range l.lines {
			names[path] = true
		}
	}
	for _, path := range slices.Sorted(mapKeys(names)) {
		d, there := have[path]
		if !there && p.tree.files[path] != nil {
			continue // it could not be read: said before
		}
		agree, differ, silent := 0, 0, 0
		for _, l := range lists {
			switch sum, listed := l.lines[path]; {
			case !listed:
				silent++
			case there && sum == d.by(l):
				agree++
			default:
				differ++
			}
		}
		if agree == len(lists) && agree > 0 {
			continue
		}
		if agree > 0 { // one list knows the file as it is
			for _, l := range lists {
				if sum, listed := l.lines[path]; !listed || sum != d.by(l) {
					r.add(l.path, Altered, "its line for %s is not what it was", path)
				}
			}
			continue
		}
		switch {
		case !there && silent > 0: // only one list has ever heard of it
			for _, l := range lists {
				if _, listed := l.lines[path]; listed {
					r.add(l.path, Altered, "it names %s, which is not there and in no other list", path)
				}
			}
		case !there:
			r.add(path, Missing, "listed, and not there")
		case differ == 0:
			r.add(path, Extra, "there, and in no list")
		default:
			r.add(path, Altered, "its digest is not the one listed: SHA-256 is %s", d.sha256)
		}
	}
}

func mapKeys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// compareSeal compares the list of the lists, which is known to the byte.
func (p *Package) compareSeal(r *Integrity, have map[string]digests, prefix string) {
	seal := p.readList(sealName)
	if seal == nil {
		kind := Altered
		if p.tree.files[sealName] == nil {
			kind = Missing
		}
		r.add(sealName, kind, "the list of the lists cannot be read")
		return
	}
	names := []string{prefix + listSHA256, prefix + listSHA512}
	token := prefix + listSHA512 + ".tst"
	if seal.lines[token] != "" || p.tree.files[token] != nil {
		names = append(names, token)
	}
	if seal.bad != "" {
		r.add(sealName, Altered, "not a list as it was written: %s", seal.bad)
	}
	for _, name := range seal.order {
		if !slices.Contains(names, name) {
			r.add(sealName, Altered, "it names %.200q, which it never does", name)
		}
	}
	for _, name := range names {
		d, there := have[name]
		switch sum := seal.lines[name]; {
		case there && sum == d.sha512 || len(r.Of(name)) > 0: // or known to be wrong
		case !there && p.tree.files[name] == nil:
			r.add(name, Missing, "listed in %s, and not there", sealName)
		case name == token && sum == "" && len(r.Of(sealName)) == 0:
			r.add(name, Extra, "there, and not in %s", sealName)
		case name == token && sum != "": // nothing tells which of the two it is
			r.add(name, Altered, "it, or its line in %s, is not what it was", sealName)
			r.add(sealName, Altered, "its line for %s, or that file, is not what it was", name)
		default: // nothing else is wrong with the list
			r.add(sealName, Altered, "its line for %s is not what it was", name)
		}
	}
}

// compareContainer compares what only an ASiC-E container has.
func (p *Package) compareContainer(r *Integrity, have map[string]digests) {
	if p.Format != ASiCE {
		return
	}
	if data, err := p.tree.small(mimetypeName); err != nil {
		r.add(mimetypeName, Missing, "%v", err)
	} else if string(data) != asiceMimetype {
		r.add(mimetypeName, Altered, "%.100q, want %q", data, asiceMimetype)
	}
	if p.tree.files[asicTimestamp] == nil {
		r.add(asicTimestamp, Missing, "the container has no time-stamp")
	}
	data, err := p.tree.small(asicManifest)
	if err != nil {
		r.add(asicManifest, Missing, "%v", err)
		return
	}
	var files []*entry
	for _, path := range p.tree.order {
		if path != mimetypeName && path != asicManifest && path != asicTimestamp {
			files = append(files, &entry{path: path, sha512: have[path].sha512})
		}
	}
	if len(r.Alterations) == 0 && string(asicManifestXML(files)) != string(data) {
		r.add(asicManifest, Altered, "it is not the manifest of the files that are there")
	}
}
