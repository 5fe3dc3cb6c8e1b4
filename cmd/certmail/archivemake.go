package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/cmd/certmail/internal/folder"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
)

// made is what "certmail archive make --json" writes.
type made struct {
	Packages   []madePackage    `json:"packages"`
	Unreadable []unreadableFile `json:"unreadable"`
}

// madePackage is one package. Existed says that it was there, complete, before.
type madePackage struct {
	ID      string     `json:"id"`
	Path    string     `json:"path"`
	Format  string     `json:"format"`
	Existed bool       `json:"existed"`
	Items   []madeItem `json:"items"`
}

type madeItem struct {
	File    string `json:"file"`
	Name    string `json:"name"`
	Role    string `json:"role"`
	SHA256  string `json:"sha256"`
	Verdict string `json:"verdict"`
}

func (a *app) archiveMake(f *archiveFlags, paths []string) error {
	ctx := context.Background()
	m, err := a.newMaker(f)
	if err != nil {
		return err
	}
	defer m.files.close()
	out := &made{Packages: []madePackage{}, Unreadable: []unreadableFile{}}
	var items []*archive.Item
	err = a.messages(paths, func(in *input) error {
		it, err := m.capture(ctx, in)
		if err != nil {
			in.before()
			out.Unreadable = append(out.Unreadable, unreadableFile{in.name, err.Error()})
			return nil
		}
		if it.Role == archive.RoleUnreadable {
			in.before()
			out.Unreadable = append(out.Unreadable, unreadableFile{in.name, "kept as it is, and not readable: " + whyUnreadable(in, it)})
		}
		items = append(items, it)
		return nil
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.to, 0o700); err != nil {
		return usagef("--to %v", err)
	}
	for _, t := range archive.Collate(items) {
		p, err := m.write(ctx, t)
		if err != nil {
			return err
		}
		out.Packages = append(out.Packages, *p)
	}
	if f.json {
		err = writeJSON(a.stdout, out)
	} else {
		a.madeText(out)
	}
	if err == nil && len(out.Unreadable) > 0 {
		err = errNotGood
	}
	return err
}

func whyUnreadable(in *input, it *archive.Item) string {
	if in.err != nil || len(it.Findings) == 0 {
		return fmt.Sprint(in.err)
	}
	return it.Findings[0].Detail
}

// maker makes packages.
type maker struct {
	f            *archiveFlags
	now          func() time.Time
	pec, foreign *trust.Store
	capturing    archive.CaptureOptions
	writing      archive.Options
	files        placed
	origin       map[*archive.Item]string
}

func (a *app) newMaker(f *archiveFlags) (*maker, error) {
	m := &maker{f: f, now: f.present(a), origin: map[*archive.Item]string{}}
	var err error
	if _, m.pec, err = f.believe.italian(a, m.now); err != nil {
		return nil, err
	}
	mail, stamps, lists, err := f.believe.foreign(a, m.now)
	if err != nil {
		return nil, err
	}
	if m.foreign, err = trust.NewStore(mail, f.believe.policy()); err != nil {
		return nil, usagef("%v", err)
	}
	m.capturing = archive.CaptureOptions{Now: m.now, Lists: lists}
	if m.capturing.TimeStamps, err = trust.NewStore(stamps, f.believe.policy()); err != nil {
		return nil, usagef("%v", err)
	}
	if m.capturing.Snapshots, err = f.believe.snapshots(); err != nil {
		return nil, err
	}
	m.writing = archive.Options{Format: archive.Format(f.format), Organization: f.owner}
	if f.tsa != "" {
		source := &tsp.HTTPSource{URL: f.tsa, Client: &http.Client{Timeout: time.Minute}}
		m.capturing.Source, m.writing.TimeStamp = source, source
	}
	switch {
	case m.writing.Format == "":
		m.writing.Format = archive.Folder
	case m.writing.Format == archive.ASiCE && f.tsa == "":
		return nil, usagef("archive make: --format asice needs --tsa")
	case (m.writing.Format == archive.PDV || m.writing.Format == archive.PDVZip) && f.owner == "":
		return nil, usagef("archive make: --format %s needs --organization", m.writing.Format)
	}
	return m, nil
}

// snapshots name the directories and lists that are used.
func (t *trustFlags) snapshots() ([]archive.Snapshot, error) {
	var out []archive.Snapshot
	for _, of := range []struct {
		kind, flag string
		names      []string
	}{{"provider-directory", "--directory", t.directory}, {"trusted-list", "--tsl", t.tsl}} {
		for _, name := range of.names {
			data, err := readFile(of.flag, name)
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(data)
			out = append(out, archive.Snapshot{Kind: of.kind, Name: filepath.Base(name), SHA256: hex.EncodeToString(sum[:])})
		}
	}
	return out, nil
}

// capture takes in one message. One that is quoted in its mbox is taken by the
// reading under which its signature holds.
func (m *maker) capture(ctx context.Context, in *input) (*archive.Item, error) {
	if in.file == nil {
		if in.from.Err != nil || in.err == nil {
			return nil, in.err
		}
		return m.captureAs(ctx, in, false) // bytes that are no message are kept as they are
	}
	it, err := m.captureAs(ctx, in, false)
	if err != nil || !in.from.Quoted || it.Report.Check(trust.CheckSignature).Status != trust.Failed {
		return it, err
	}
	if other, err := m.captureAs(ctx, in, true); err == nil && other.Report.Check(trust.CheckSignature).Status == trust.Passed {
		return other, nil
	}
	return it, nil
}

func (m *maker) captureAs(ctx context.Context, in *input, verbatim bool) (*archive.Item, error) {
	place := in.from.Place()
	first, err := place.Open(verbatim)
	if err != nil {
		return nil, err
	}
	size := first.Size()
	if err := first.Close(); err != nil {
		return nil, err
	}
	o := m.capturing
	o.Origin = archive.Origin{Source: in.name}
	if o.Trust = m.pec; in.rem != nil {
		o.Trust = m.foreign
	}
	it, err := archive.Capture(ctx, &placedFile{&m.files, place, verbatim}, size, &o)
	if err == nil {
		m.origin[it] = in.name
	}
	return it, err
}

// write makes the package of a transaction. A package of the same name that
// holds all of it is the one; beside one that holds less, to which receipts
// were added since, another one is made that holds everything.
func (m *maker) write(ctx context.Context, t *archive.Transaction) (*madePackage, error) {
	t.Retention = m.f.retention
	o := m.writing
	out := &madePackage{Format: string(o.Format), Items: []madeItem{}}
	name := archive.PackageName(t)
	for n := 1; ; n++ {
		out.Path = filepath.Join(m.f.to, name+o.Format.Ext())
		if n > 1 {
			out.Path = filepath.Join(m.f.to, name+"-"+strconv.Itoa(n)+o.Format.Ext())
		}
		err := archive.Write(ctx, out.Path, t, &o)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if out.Existed, err = holdsAll(ctx, out.Path, t); err != nil {
			return nil, fmt.Errorf("%s is in the way: %w", out.Path, err)
		}
		if out.Existed {
			break
		}
	}
	p, err := archive.Open(ctx, out.Path, nil)
	if err != nil {
		return nil, err
	}
	out.ID = p.Transaction.ID
	if err := p.Close(); err != nil {
		return nil, err
	}
	for _, it := range t.Items {
		i := madeItem{File: m.origin[it], Name: it.Name, Role: string(it.Role), SHA256: it.SHA256, Verdict: string(trust.Indeterminate)}
		if it.Report != nil {
			i.Verdict = string(it.Report.Verdict)
		}
		out.Items = append(out.Items, i)
	}
	return out, nil
}

// holdsAll tells whether a package has all items of a transaction, by their bytes.
func holdsAll(ctx context.Context, name string, t *archive.Transaction) (bool, error) {
	p, err := archive.Open(ctx, name, nil)
	if err != nil {
		return false, err
	}
	defer p.Close()
	have := map[string]bool{}
	for _, it := range p.Transaction.Items {
		src := it.Source()
		if src == nil {
			continue
		}
		h := sha256.New()
		if _, err := io.Copy(h, src); err != nil {
			return false, err
		}
		have[hex.EncodeToString(h.Sum(nil))] = true
	}
	for _, it := range t.Items {
		if !have[it.SHA256] {
			return false, nil
		}
	}
	return true, nil
}

// placed keeps the one file open that is being read.
type placed struct {
	of   *placedFile
	file *folder.File
}

func (p *placed) close() {
	if p.file != nil {
		p.file.Close()
		p.file, p.of = nil, nil
	}
}

// placedFile is a message where it was found.
type placedFile struct {
	in       *placed
	place    *folder.Place
	verbatim bool
}

// ReadAt is io.ReaderAt's.
func (f *placedFile) ReadAt(b []byte, off int64) (int, error) {
	if f.in.of != f {
		f.in.close()
		file, err := f.place.Open(f.verbatim)
		if err != nil {
			return 0, err
		}
		f.in.of, f.in.file = f, file
	}
	return f.in.file.ReadAt(b, off)
}

func (a *app) madeText(m *made) {
	p := a.page()
	for _, pkg := range m.Packages {
		state := "made"
		if pkg.Existed {
			state = "was there"
		}
		p.line(p.paint(bold, plain(pkg.Path)), ": ", state)
		for _, it := range pkg.Items {
			p.line("  ", pad(it.Role, 12), " ", pad(it.Verdict, 13), " ", plain(it.File))
		}
	}
	for _, u := range m.Unreadable {
		a.complain(fmt.Errorf("%s: %s", u.File, u.Error))
	}
	fmt.Fprintf(a.stdout, "%s.\n", count(len(m.Packages), "package", "packages"))
}
