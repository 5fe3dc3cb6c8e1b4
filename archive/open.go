package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/certmail/certmail/trust"
)

// Package is a package that was opened. Nothing in it is verified. Close it in
// the end.
type Package struct {
	// Format as the files show it.
	Format Format
	// Transaction and Items are what the package says is in it, as far as it
	// can be read; Problems says what could not be. Items read from a package
	// can be packed again, as long as it is open.
	Transaction *Transaction
	Created     time.Time
	RetainUntil time.Time
	Application string
	Problems    []trust.Finding
	// Findings are what the writer noted: contradictions between the items.
	Findings []trust.Finding

	tree  *tree
	top   string
	src   io.ReaderAt // of a file
	size  int64
	close []func() error
	data  map[*Item]*sources
}

// sources are the paths of an item's files.
type sources struct {
	data, metadata, report, token string
	side                          *sidecar
	recorded                      [2]string // digests that the side-car has
}

// Open opens a package, a folder or a file of any format of this package. What
// it refuses as hostile is an ErrPackage or ErrLimit: names that lead elsewhere
// or mean the same, links, files to be fetched, sizes and counts beyond the
// limits. lim may be nil.
//
// Damage to the content is no error here: see Package.Verify. Only a zip file
// whose directory is damaged cannot be opened.
func Open(ctx context.Context, name string, lim *Limits) (*Package, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("archive: open: %w", err)
	}
	if !info.IsDir() {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("archive: open: %w", err)
		}
		p, err := OpenReader(ctx, f, info.Size(), lim)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		p.close = append(p.close, f.Close)
		return p, nil
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("archive: open: %w", err)
	}
	t, err := folderTree(root, lim.withDefaults())
	if err == nil {
		p := &Package{tree: t, close: []func() error{root.Close}}
		if err = p.load(ctx); err == nil {
			return p, nil
		}
	}
	root.Close()
	return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
}

// OpenReader opens a package that is one file.
func OpenReader(ctx context.Context, src io.ReaderAt, size int64, lim *Limits) (*Package, error) {
	t, err := zipTree(src, size, lim.withDefaults())
	if err != nil {
		return nil, err
	}
	p := &Package{tree: t, src: src, size: size}
	if t.files[manifestName] == nil {
		p.top = t.strip()
	}
	return p, p.load(ctx)
}

// Close lets go of the files.
func (p *Package) Close() error {
	var errs []error
	for _, c := range p.close {
		errs = append(errs, c())
	}
	p.close = nil
	return errors.Join(errs...)
}

func (p *Package) problem(code, detail string) {
	p.Problems = append(p.Problems, trust.Finding{Code: code, Detail: detail})
}

// load reads what the package says of itself.
func (p *Package) load(ctx context.Context) error {
	p.Transaction, p.data = new(Transaction), map[*Item]*sources{}
	p.Format = p.detect()
	if p.Format == "" {
		return fmt.Errorf("%w: none of %s, bagit.txt, mimetype is there", ErrPackage, manifestName)
	}
	var m manifest
	if err := p.json(manifestName, &m); err != nil {
		p.problem("manifest-not-readable", err.Error())
		return nil
	}
	if m.Version != manifestVersion {
		p.problem("manifest-version", fmt.Sprintf("%s is of version %d, want %d", manifestName, m.Version, manifestVersion))
	}
	if m.Transaction != nil {
		p.Transaction = m.Transaction
	}
	p.Created, p.RetainUntil, p.Application, p.Findings = m.Created, m.RetainUntil, m.Application, m.Findings
	if len(m.Items) > p.tree.lim.Entries {
		return fmt.Errorf("%w: %d items", ErrLimit, len(m.Items))
	}
	seen := map[string]bool{}
	for i := range m.Items {
		if err := ctx.Err(); err != nil {
			return err
		}
		if mi := &m.Items[i]; seen[mi.Data] || mi.Data != dataFolder+mi.Name+".eml" || mi.Metadata != metadataFolder+mi.Name+".json" || !safeName(mi.Name) {
			p.problem("item-not-readable", fmt.Sprintf("item %d names files that are not those of an item", i+1))
			continue
		}
		seen[m.Items[i].Data] = true
		p.loadItem(&m.Items[i])
	}
	return nil
}

// detect tells the format from the files.
func (p *Package) detect() Format {
	has := func(name string) bool { return p.tree.files[name] != nil }
	bag := has("bagit.txt") || has("tag"+listSHA256) || has("tag"+listSHA512)
	file := p.src != nil
	pick := func(folder, one Format) Format {
		if file {
			return one
		}
		return folder
	}
	switch {
	case has(mimetypeName) || has(asicManifest):
		return ASiCE
	case bag && has(indexName):
		return pick(PDV, PDVZip)
	case bag:
		return pick(BagIt, BagItZip)
	case has(manifestName) || has(sealName) || has(listSHA256):
		return pick(Folder, Zip)
	}
	return ""
}

func (p *Package) json(path string, v any) error {
	data, err := p.tree.small(path)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrPackage, path, err)
	}
	return nil
}

// loadItem reads the side-car of an item and its evidence.
func (p *Package) loadItem(mi *manifestItem) {
	s := &sources{data: mi.Data, metadata: mi.Metadata, report: evidenceFolder + mi.Name + "/report.json"}
	side := sidecar{Item: new(Item)}
	if err := p.json(mi.Metadata, &side); err != nil || side.Item == nil {
		p.problem("item-not-readable", fmt.Sprintf("%s: %v", mi.Metadata, err))
		side = sidecar{Item: &Item{Role: mi.Role, SHA256: mi.SHA256}}
	}
	it := side.Item
	s.side, s.recorded = &side, [2]string{it.SHA256, it.SHA512}
	it.Name = mi.Name // the manifest decides
	dir := evidenceFolder + mi.Name + "/"
	read := func(path string) []byte {
		if !strings.HasPrefix(path, dir) {
			p.problem("evidence-not-readable", fmt.Sprintf("%s: %q is not below %s", mi.Metadata, path, dir))
			return nil
		}
		data, err := p.tree.small(path)
		if err != nil {
			p.problem("evidence-not-readable", err.Error())
		}
		return data
	}
	all := func(paths []string) (list [][]byte) {
		for i, path := range paths {
			if i == 1000 {
				break
			}
			if data := read(path); data != nil {
				list = append(list, data)
			}
		}
		return list
	}
	for i := range side.Captures {
		c := &side.Captures[i]
		kept := SignerCapture{Of: c.Of, Capture: trust.Capture{Version: 1, FirstSeen: c.FirstSeen, Event: c.Event, MessageSHA256: it.SHA256, Leaf: read(c.Leaf),
			Certificates: all(c.Certificates), CRLs: all(c.CRLs), OCSP: all(c.OCSP)}}
		if err := kept.Validate(); err != nil {
			p.problem("evidence-not-readable", mi.Metadata+": "+err.Error())
			continue
		}
		it.Captures = append(it.Captures, kept)
	}
	if side.TimeStamp != "" {
		s.token = side.TimeStamp
		it.TimeStamp = read(side.TimeStamp)
	}
	if f := p.tree.files[mi.Data]; f != nil {
		it.source = io.NewSectionReader(&lazy{f: f, t: p.tree}, 0, f.size)
	}
	p.data[it] = s
	p.Transaction.Items = append(p.Transaction.Items, it)
}

// Files lists the names of all files, sorted as they are kept.
func (p *Package) Files() []string { return append([]string(nil), p.tree.order...) }

// OpenFile opens one of the files.
func (p *Package) OpenFile(name string) (io.ReadCloser, error) {
	f := p.tree.files[name]
	if f == nil {
		return nil, fmt.Errorf("archive: %s: %w", name, os.ErrNotExist)
	}
	return f.open()
}

// lazy opens a file for each access: a package of many messages keeps none of
// them open. What is compressed, which is never by this package, is kept in
// memory, up to Limits.Small.
type lazy struct {
	f    *file
	t    *tree
	once sync.Once
	data *bytes.Reader
	err  error
}

func (l *lazy) ReadAt(b []byte, off int64) (int, error) {
	if l.f.at == nil {
		l.once.Do(func() {
			var all []byte
			all, l.err = l.t.small(l.f.path)
			l.data = bytes.NewReader(all)
		})
		if l.err != nil {
			return 0, l.err
		}
		return l.data.ReadAt(b, off)
	}
	r, done, err := l.f.at()
	if err != nil {
		return 0, err
	}
	n, err := r.ReadAt(b, off)
	if e := done(); err == nil {
		err = e
	}
	return n, err
}

func crcOf(f *file) (uint32, error) {
	r, done, err := f.at()
	if err != nil {
		return 0, err
	}
	h := crc32.NewIEEE()
	_, err = io.Copy(h, io.NewSectionReader(r, 0, f.size))
	if e := done(); err == nil {
		err = e
	}
	return h.Sum32(), err
}
