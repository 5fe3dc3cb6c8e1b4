package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/archive/report"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// examined is a package as "certmail archive verify --json" writes it. Names are
// the contract: they are added to, never changed.
type examined struct {
	File        string            `json:"file"`
	Format      string            `json:"format"`
	ID          string            `json:"id"`
	Created     string            `json:"created"`
	RetainUntil string            `json:"retain_until"` // empty for ever
	Now         string            `json:"now"`
	Verdict     string            `json:"verdict"`
	Integrity   integrity         `json:"integrity"`
	Proofs      []proof           `json:"proofs"`
	Items       []examinedItem    `json:"items"`
	Messages    []receipt.Message `json:"messages"` // as in reconcile
	Orphans     []receipt.Orphan  `json:"orphans"`
	Findings    []finding         `json:"findings"`
	// Unreadable says why it could not be opened.
	Unreadable string `json:"unreadable,omitempty"`
}

type integrity struct {
	Intact      bool                 `json:"intact"`
	Files       int                  `json:"files"`
	Bytes       int64                `json:"bytes"`
	Alterations []archive.Alteration `json:"alterations"`
}

// proof is one thing that holds or does not, and by which files.
type proof struct {
	Code   string   `json:"code"`
	Status string   `json:"status"`
	Why    string   `json:"why"`
	At     string   `json:"at"`
	By     []string `json:"by"`
	Detail string   `json:"detail"`
}

type examinedItem struct {
	Path    string           `json:"path"`
	Role    string           `json:"role"`
	System  string           `json:"system"`
	Kind    string           `json:"kind"`
	SHA256  string           `json:"sha256"`
	Size    int64            `json:"size"`
	Intact  bool             `json:"intact"`
	Verdict string           `json:"verdict"`
	Seen    string           `json:"seen"`
	SeenBy  string           `json:"seen_by"`
	Proofs  []proof          `json:"proofs"`
	Changes []archive.Change `json:"changes"`
}

func (a *app) archiveVerify(f *archiveFlags, paths []string) error {
	o, err := f.options(a)
	if err != nil {
		return err
	}
	out := &jsonArray{w: a.stdout}
	good := true
	for _, name := range paths {
		x, done, err := examine(name, o)
		var usage *usageError
		if errors.As(err, &usage) {
			return err
		}
		good = good && err == nil && x.Verdict == trust.Valid
		switch {
		case f.json && err != nil:
			err = out.add(&examined{File: name, Now: stamp(o.Now), Verdict: string(trust.Indeterminate), Integrity: integrity{Alterations: []archive.Alteration{}}, Proofs: []proof{}, Items: []examinedItem{},
				Messages: []receipt.Message{}, Orphans: []receipt.Orphan{}, Findings: []finding{{"unreadable", err.Error()}}, Unreadable: err.Error()})
		case f.json:
			err = out.add(newExamined(name, x))
		case err != nil:
			a.complain(err)
			err = nil
		default:
			a.archiveText(name, x)
		}
		if done != nil {
			err = errors.Join(err, done())
		}
		if err != nil {
			return err
		}
	}
	return out.end(f.json, good)
}

// examine opens and verifies a package; done closes it.
func examine(name string, o *report.Options) (x *report.Examination, done func() error, err error) {
	ctx := context.Background()
	p, err := archive.Open(ctx, name, nil)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil, usagef("%v", err)
	}
	if err != nil {
		return nil, nil, err
	}
	x, err = report.Examine(ctx, p, o)
	return x, p.Close, err
}

func newExamined(name string, x *report.Examination) *examined {
	out := &examined{
		File: name, Format: string(x.Format), ID: x.ID, Created: stamp(x.Created), RetainUntil: stamp(x.RetainUntil), Now: stamp(x.Now), Verdict: string(x.Verdict),
		Integrity: integrity{x.Integrity.Intact, x.Integrity.Files, x.Integrity.Bytes, append([]archive.Alteration{}, x.Integrity.Alterations...)},
		Proofs:    proofs(x.Verification.Proofs), Items: []examinedItem{}, Findings: []finding{},
		Messages: append([]receipt.Message{}, x.Journey.Messages...), Orphans: append([]receipt.Orphan{}, x.Journey.Orphans...),
	}
	for _, iv := range x.Items {
		said := x.Said(iv)
		out.Items = append(out.Items, examinedItem{
			Path: iv.Path, Role: string(said.Role), System: said.System, Kind: said.Kind, SHA256: said.SHA256, Size: said.Size, Intact: iv.Intact, Verdict: string(iv.Verdict),
			Seen: stamp(iv.Seen), SeenBy: iv.SeenBy, Proofs: proofs(iv.Proofs), Changes: append([]archive.Change{}, iv.Changes...),
		})
	}
	for _, f := range x.Verification.Findings {
		out.Findings = append(out.Findings, finding{f.Code, f.Detail})
	}
	return out
}

func proofs(list []archive.Proof) []proof {
	out := []proof{}
	for _, p := range list {
		out = append(out, proof{p.Code, string(p.Status), p.Why, stamp(p.At), append([]string{}, p.By...), p.Detail})
	}
	return out
}

// archiveText writes it for people.
func (a *app) archiveText(name string, x *report.Examination) {
	p := a.page()
	v := verdictWords[x.Verdict]
	p.line(p.paint(bold, title(name)), ": ", p.paint(v.style, v.text))
	p.row("Judged at", when(x.Now))
	p.row("Package (fascicolo)", x.ID, string(x.Format)+", "+count(x.Integrity.Files, "file", "files")+", "+size(x.Integrity.Bytes))
	until := "for ever"
	if !x.RetainUntil.IsZero() {
		until = when(x.RetainUntil)
	}
	p.row("To be kept until", until)
	for _, al := range x.Integrity.Alterations {
		p.line("  ", p.paint(red, pad(al.Kind, nameWidth)), " ", plain(al.Path), " ", plain(al.Detail))
	}
	for _, m := range x.Journey.Messages {
		for _, r := range m.Recipients {
			state := string(r.Status)
			if !r.Verified {
				state += ", by proofs that are not verified"
			}
			p.row(r.Address, state+", "+when(r.Time))
		}
	}
	a.proofText(p, x.Verification.Proofs)
	for _, iv := range x.Items {
		v := verdictWords[iv.Verdict]
		said := x.Said(iv)
		p.line("  ", p.paint(bold, plain(iv.Path)), ": ", p.paint(v.style, v.text), " ", plain(string(said.Role)))
		a.proofText(p, iv.Proofs)
	}
	for _, f := range x.Verification.Findings {
		p.line("  ", p.paint(yellow, plain(f.Code)), " ", plain(f.Detail))
	}
	p.line()
}

func (a *app) proofText(p *page, list []archive.Proof) {
	for _, one := range list {
		if one.Status == trust.Skipped && one.Why != archive.WhyNotCaptured {
			continue
		}
		name := checkNames[one.Code]
		if name == "" {
			name = one.Code
		}
		why := one.Why
		if why != "" {
			why = " (" + why + ")"
		}
		p.line("    ", pad(name, nameWidth-2), " ", p.paint(statusStyles[one.Status], pad(string(one.Status), 7)), " ", plain(one.Detail)+plain(why))
	}
}
