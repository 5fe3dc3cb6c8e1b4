package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/certmail/certmail/trust"
)

// entry is one file of a package.
type entry struct {
	path           string
	size           int64
	sha256, sha512 string
	crc            uint32
	data           []byte // of a small file
	item           *Item  // whose bytes it is
}

func newEntry(path string, data []byte) *entry {
	h2, h5 := sha256.Sum256(data), sha512.Sum512(data)
	return &entry{path: path, size: int64(len(data)), sha256: hex.EncodeToString(h2[:]), sha512: hex.EncodeToString(h5[:]), crc: crc32.ChecksumIEEE(data), data: data}
}

func (e *entry) open() io.Reader {
	if e.item != nil {
		return e.item.Source()
	}
	return bytes.NewReader(e.data)
}

// manifest is manifest.json.
type manifest struct {
	Version     int             `json:"version"`
	Format      Format          `json:"format"`
	Created     time.Time       `json:"created"`
	Application string          `json:"application"`
	AppVersion  string          `json:"application_version"`
	Transaction *Transaction    `json:"transaction"`
	RetainUntil time.Time       `json:"retain_until,omitzero"`
	Items       []manifestItem  `json:"items"`
	Findings    []trust.Finding `json:"findings,omitempty"`
}

type manifestItem struct {
	Name     string `json:"name"`
	Data     string `json:"data"`
	Metadata string `json:"metadata"`
	Role     Role   `json:"role"`
	SHA256   string `json:"sha256"`
}

// sidecar is metadata/NAME.json.
type sidecar struct {
	Version   int             `json:"version"`
	Item      *Item           `json:"item"`
	Captures  []sidecarSigner `json:"captures,omitempty"`
	TimeStamp string          `json:"time_stamp,omitempty"` // path
}

// sidecarSigner is a SignerCapture whose bytes are files.
type sidecarSigner struct {
	Of           string    `json:"of"`
	FirstSeen    time.Time `json:"first_seen"`
	Event        time.Time `json:"event"`
	Leaf         string    `json:"leaf"`
	Certificates []string  `json:"certificates,omitempty"`
	CRLs         []string  `json:"crls,omitempty"`
	OCSP         []string  `json:"ocsp,omitempty"`
}

const (
	manifestVersion = 1
	manifestName    = "manifest.json"
	dataFolder      = "data/"
	metadataFolder  = "metadata/"
	evidenceFolder  = "evidence/"
)

// layout makes the files of a package but for those that list others. The
// transaction's items are put in order and related.
func layout(ctx context.Context, t *Transaction, o *Options) (payload, rest []*entry, err error) {
	if len(t.Items) == 0 {
		return nil, nil, fmt.Errorf("%w: a transaction without items", ErrItem)
	}
	for _, it := range t.Items {
		if err := it.prepare(ctx); err != nil {
			return nil, nil, err
		}
	}
	m := manifest{Version: manifestVersion, Format: o.Format, Created: o.Created, Application: o.Application, AppVersion: o.Version, Transaction: t}
	m.Findings = t.Relate()
	m.RetainUntil = t.RetainUntil()
	id := *t
	id.ID, id.Items = transactionID(t), nil
	if id.Retention == 0 {
		id.Retention = defaultRetention
	}
	m.Transaction = &id
	names := map[string]bool{}
	for _, it := range t.Items {
		if names[it.Name] {
			return nil, nil, fmt.Errorf("%w: two items named %s", ErrItem, it.Name)
		}
		names[it.Name] = true
		data := &entry{path: dataFolder + it.Name + ".eml", size: it.Size, sha256: it.SHA256, sha512: it.SHA512, crc: it.crc, item: it}
		payload = append(payload, data)
		files, side, err := evidenceFiles(it)
		if err != nil {
			return nil, nil, err
		}
		rest = append(append(rest, files...), side)
		m.Items = append(m.Items, manifestItem{it.Name, data.path, side.path, it.Role, it.SHA256})
	}
	main, err := marshal(&m)
	if err != nil {
		return nil, nil, err
	}
	return payload, append(rest, newEntry(manifestName, main)), nil
}

// prepare makes sure that an item has digests and a safe name.
func (it *Item) prepare(ctx context.Context) error {
	switch {
	case it.source == nil:
		return fmt.Errorf("%w: %s has no bytes", ErrItem, it.Name)
	case it.FirstSeen.IsZero():
		return fmt.Errorf("%w: %s has no first-seen time", ErrItem, it.Name)
	}
	if !it.hashed {
		was := *it
		if err := it.hash(ctx); err != nil {
			return err
		}
		if was.SHA256 != "" && was.SHA256 != it.SHA256 || was.SHA512 != "" && was.SHA512 != it.SHA512 {
			return fmt.Errorf("%w: %s", ErrChanged, it.Name)
		}
	}
	if it.Name == "" {
		at := it.Time
		if at.IsZero() {
			at = it.FirstSeen
		}
		it.Name = ItemName(at, it.Kind, it.SHA256)
	}
	if !safeName(it.Name) {
		return fmt.Errorf("%w: %q cannot be a file name", ErrItem, it.Name)
	}
	return nil
}

// evidenceFiles are the files about one item: each certificate, CRL and OCSP
// response once, the token, the report and the side-car.
func evidenceFiles(it *Item) (files []*entry, side *entry, err error) {
	dir := evidenceFolder + it.Name + "/"
	paths, count := map[string]string{}, map[string]int{}
	place := func(kind string, der []byte) string {
		key := kind + string(der)
		if p, ok := paths[key]; ok {
			return p
		}
		count[kind]++
		p := fmt.Sprintf("%s%s-%02d.der", dir, kind, count[kind])
		paths[key] = p
		files = append(files, newEntry(p, der))
		return p
	}
	s := sidecar{Version: manifestVersion, Item: it}
	for i := range it.Captures {
		c := &it.Captures[i]
		if err := c.validate(); err != nil {
			return nil, nil, fmt.Errorf("archive: %s: %w", it.Name, err)
		}
		cs := sidecarSigner{Of: c.Of, FirstSeen: c.FirstSeen.UTC(), Event: c.Event.UTC(), Leaf: place("chain", c.Leaf)}
		for _, der := range c.Certificates {
			cs.Certificates = append(cs.Certificates, place("chain", der))
		}
		for _, der := range c.CRLs {
			cs.CRLs = append(cs.CRLs, place("crl", der))
		}
		for _, der := range c.OCSP {
			cs.OCSP = append(cs.OCSP, place("ocsp", der))
		}
		s.Captures = append(s.Captures, cs)
	}
	if len(it.TimeStamp) > 0 {
		s.TimeStamp = dir + "timestamp.tst"
		files = append(files, newEntry(s.TimeStamp, it.TimeStamp))
	}
	if it.Report != nil {
		report, err := marshal(it.Report)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, newEntry(dir+"report.json", report))
	}
	data, err := marshal(&s)
	if err != nil {
		return nil, nil, err
	}
	return files, newEntry(metadataFolder+it.Name+".json", data), nil
}

// marshal writes JSON for people and programs: indented, one line end at the
// end, text as it is.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return b.Bytes(), nil
}
