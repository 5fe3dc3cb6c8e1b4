package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"slices"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
)

// PackSize is the size in bytes up to which Blobs keeps bytes in a database.
const PackSize = 64 << 10

// Blobs keeps bytes of up to PackSize in a database that has a table for them,
// and larger ones in large, where it also looks for what the database does not
// have.
type Blobs struct {
	s     *Store
	large store.Blobs
}

var _ store.PackedBlobs = (*Blobs)(nil)

// NewBlobs makes Blobs of a store.
func NewBlobs(s *Store, large store.Blobs) *Blobs { return &Blobs{s, large} }

// PackSize implements store.PackedBlobs.
func (p *Blobs) PackSize() int64 { return PackSize }

// Put implements store.Blobs.
func (p *Blobs) Put(ctx context.Context, r io.Reader) (receipt.Digest, int64, error) {
	if err := ctx.Err(); err != nil {
		return receipt.Digest{}, 0, p.s.fail(ctx, "blob", err)
	}
	head, err := io.ReadAll(io.LimitReader(&cancelled{ctx, r}, PackSize+1))
	switch {
	case err != nil:
		return receipt.Digest{}, 0, p.s.fail(ctx, "blob", err)
	case len(head) > PackSize:
		return p.large.Put(ctx, io.MultiReader(bytes.NewReader(head), r))
	}
	sums, err := p.PutAll(ctx, [][]byte{head})
	if err != nil {
		return receipt.Digest{}, 0, err
	}
	return sums[0], int64(len(head)), nil
}

// cancelled reads until the context ends.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// A blob that a disk spoilt is replaced by what is put again.
const blobAgain = ` ON CONFLICT (sha256) DO UPDATE SET data = excluded.data WHERE had.data <> excluded.data`

// PutAll implements store.PackedBlobs.
func (p *Blobs) PutAll(ctx context.Context, list [][]byte) ([]receipt.Digest, error) {
	sums := make([]receipt.Digest, len(list))
	known := make(map[receipt.Digest]bool, len(list))
	var small []int
	for i, data := range list {
		if len(data) > PackSize {
			var err error
			if sums[i], _, err = p.large.Put(ctx, bytes.NewReader(data)); err != nil {
				return nil, err
			}
			continue
		}
		if sums[i] = sha256.Sum256(data); !known[sums[i]] {
			known[sums[i]] = true
			small = append(small, i)
		}
	}
	if len(small) == 0 {
		return sums, p.s.fail(ctx, "blob", ctx.Err())
	}
	// In one order, whoever puts: nobody waits for one who waits for him.
	slices.SortFunc(small, func(a, b int) int { return bytes.Compare(sums[a][:], sums[b][:]) })
	err := p.s.do(ctx, false, func(ctx context.Context, c *conn) error {
		if c.s.d.Arrays {
			rows := make([][2][]byte, len(small))
			for j, i := range small {
				rows[j] = [2][]byte{sums[i][:], filled(list[i])}
			}
			return c.putBlobs(ctx, rows)
		}
		each, ended := quick(ctx)
		for _, i := range small {
			if err := ended(); err != nil {
				return err
			}
			if err := c.exec(each, `INSERT INTO {blob} AS had (sha256, data) VALUES ($1, $2)`+blobAgain, sums[i][:], filled(list[i])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, p.s.fail(ctx, "blob", err)
	}
	return sums, nil
}

// copyLeast is from how many on it is worth asking which are known.
const copyLeast = 8

// putBlobs copies those that are new, and puts the others: what is said of a
// statement that fails in the server's log would be a false alarm.
func (c *conn) putBlobs(ctx context.Context, rows [][2][]byte) error {
	if c.s.d.Copy == nil || len(rows) < copyLeast {
		return c.putArrays(ctx, rows)
	}
	keys := make([][]byte, len(rows))
	for i := range rows {
		keys[i] = rows[i][0]
	}
	known, err := all(ctx, c, func(rows *sql.Rows) (sum string, err error) { return sum, rows.Scan(&sum) },
		`SELECT sha256 FROM {blob} WHERE sha256 = ANY($1::bytea[])`, keys)
	if err != nil {
		return err
	}
	if len(known) > 0 {
		fresh, again := make([][2][]byte, 0, len(rows)), make([][2][]byte, 0, len(known))
		for i := range rows {
			if slices.Contains(known, string(rows[i][0])) {
				again = append(again, rows[i])
			} else {
				fresh = append(fresh, rows[i])
			}
		}
		if err := c.putArrays(ctx, again); err != nil {
			return err
		}
		rows = fresh
	}
	if len(rows) == 0 {
		return nil
	}
	if err = c.s.d.Copy(ctx, c.db, c.s.named(`{blob} (sha256, data)`), rows); err != nil && c.s.d.Known(err) {
		return c.putArrays(ctx, rows) // somebody else was faster
	}
	return err
}

func (c *conn) putArrays(ctx context.Context, rows [][2][]byte) error {
	keys, datas := make([][]byte, len(rows)), make([][]byte, len(rows))
	for i := range rows {
		keys[i], datas[i] = rows[i][0], rows[i][1]
	}
	return c.exec(ctx, `INSERT INTO {blob} AS had (sha256, data) SELECT unnest($1::bytea[]), unnest($2::bytea[])`+blobAgain, keys, datas)
}

// filled is never nil, which would be NULL.
func filled(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// Open implements store.Blobs.
func (p *Blobs) Open(ctx context.Context, sum receipt.Digest) (io.ReadCloser, error) {
	found, err := all(ctx, p.s.reader(), func(rows *sql.Rows) (data []byte, err error) { return data, rows.Scan(&data) },
		`SELECT data FROM {blob} WHERE sha256 = $1`, sum[:])
	switch {
	case err != nil:
		return nil, p.s.fail(ctx, fmt.Sprintf("blob %x", sum[:]), err)
	case len(found) == 0:
		return p.large.Open(ctx, sum)
	}
	return store.Verified(io.NopCloser(bytes.NewReader(found[0])), sum), nil
}

// ReadAll implements store.PackedBlobs.
func (p *Blobs) ReadAll(ctx context.Context, list []receipt.Digest) ([][]byte, error) {
	out := make([][]byte, len(list))
	places := make(map[receipt.Digest]int, len(list))
	keys := make([][]byte, len(list))
	for i := range list {
		places[list[i]], keys[i] = i, list[i][:]
	}
	take := func(rows *sql.Rows) (none struct{}, err error) {
		var data []byte
		if err := rows.Scan(&data); err != nil {
			return none, err
		}
		if i, ok := places[sha256.Sum256(data)]; ok {
			out[i] = filled(data)
		}
		return none, nil
	}
	read := func(ctx context.Context, c *conn) error {
		if c.s.d.Arrays {
			_, err := all(ctx, c, take, `SELECT data FROM {blob} WHERE sha256 = ANY($1::bytea[])`, keys)
			return err
		}
		each, ended := quick(ctx)
		for _, key := range keys {
			if err := ended(); err != nil {
				return err
			}
			if _, err := all(each, c, take, `SELECT data FROM {blob} WHERE sha256 = $1`, key); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		return out, p.s.fail(ctx, "blobs", ctx.Err())
	}
	if err := p.s.reading(ctx, read); err != nil {
		return nil, p.s.fail(ctx, "blobs", err)
	}
	for i := range list { // the same twice
		if j := places[list[i]]; j != i {
			out[i] = bytes.Clone(out[j])
		}
	}
	return out, nil
}
