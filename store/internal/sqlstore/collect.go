package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/transport"
)

// Cursor implements store.Store.
func (s *Store) Cursor(ctx context.Context, account, folder string) (transport.Cursor, error) {
	found, err := all(ctx, s.reader(), func(rows *sql.Rows) (place string, err error) {
		if err := rows.Scan(&place); err != nil {
			return "", err
		}
		return original(place)
	}, `SELECT place FROM {cursor} WHERE account = $1 AND folder = $2`, text(account), text(folder))
	if err != nil || len(found) == 0 {
		return "", s.fail(ctx, "cursor", err)
	}
	return transport.Cursor(found[0]), nil
}

// Collect implements store.Store. The cursor's row is locked first, so that one
// collector of a folder is faster than the others; the row that numbers events
// last, until the end, so that they are seen in the order of their numbers.
func (s *Store) Collect(ctx context.Context, b store.Batch) ([]store.Recorded, error) {
	if err := b.Check(); err != nil {
		return nil, s.fail(ctx, "collect", err)
	}
	messages, events := messagesOf(&b), eventsOf(&b)
	var fresh []store.Recorded
	err := s.do(ctx, true, func(ctx context.Context, c *conn) error {
		fresh = nil
		if err := c.moveCursor(ctx, &b); err != nil {
			return err
		}
		if err := c.keepMessages(ctx, &b, messages); err != nil || len(events) == 0 {
			return err
		}
		last, err := all(ctx, c, number, `UPDATE {counter} SET n = n + $1 WHERE name = 'event' RETURNING n`, len(events))
		if err != nil {
			return err
		}
		first := last[0] - int64(len(events)) + 1
		taken, err := c.keepEvents(ctx, &b, first, events)
		if err != nil {
			return err
		}
		slices.Sort(taken)
		for _, seq := range taken {
			e := *events[seq-first].event
			e.Time, e.Recipients = e.Time.UTC(), slices.Clone(e.Recipients)
			fresh = append(fresh, store.Recorded{Seq: seq, Account: b.Account, At: b.At.UTC(), Event: e})
		}
		return nil
	})
	if err != nil {
		return nil, s.fail(ctx, "collect", err)
	}
	return fresh, nil
}

func (c *conn) moveCursor(ctx context.Context, b *store.Batch) error {
	query := `UPDATE {cursor} SET place = $3, moved = $4 WHERE account = $1 AND folder = $2 AND place = $5`
	args := []any{text(b.Account), text(b.Folder), text(string(b.Cursor)), when(b.At)}
	if b.Was == "" {
		query = `INSERT INTO {cursor} AS had (account, folder, place, moved) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account, folder) DO UPDATE SET place = $3, moved = $4 WHERE had.place = ''`
	} else {
		args = append(args, text(string(b.Was)))
	}
	n, err := c.changed(ctx, query, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("folder %q: %w", b.Folder, store.ErrMoved)
	}
	return err
}

// messagesOf lists the messages of a batch, each once, the last for each.
func messagesOf(b *store.Batch) []*store.Collected {
	var list []*store.Collected
	places := make(map[string]int, len(b.Messages))
	for i := range b.Messages {
		m := &b.Messages[i]
		if j, ok := places[identity(m)]; ok {
			list[j] = m
			continue
		}
		places[identity(m)] = len(list)
		list = append(list, m)
	}
	return list
}

// identity is what a message is known by in its folder.
func identity(m *store.Collected) string {
	if m.SHA256.IsZero() {
		return indexed("id " + string(m.ID))
	}
	return m.SHA256.String()
}

const (
	messageColumns = `account, folder, identity, id, sha256, size, kind, verdict, finding, collected`
	messageAgain   = ` ON CONFLICT (account, folder, identity) DO UPDATE SET
		id = excluded.id, size = excluded.size, kind = excluded.kind, verdict = excluded.verdict, finding = excluded.finding`
	eventColumns = `seq, account, id, collected, message_id, reference, identifier, kind, recipient, record`
	eventAgain   = ` ON CONFLICT (account, id) DO NOTHING`
)

func (c *conn) keepMessages(ctx context.Context, b *store.Batch, list []*store.Collected) error {
	if len(list) == 0 {
		return nil
	}
	account, folder, at := text(b.Account), text(b.Folder), when(b.At)
	if !c.s.d.Arrays {
		ctx, ended := quick(ctx)
		for _, m := range list {
			if err := ended(); err != nil {
				return err
			}
			if err := c.exec(ctx, `INSERT INTO {message} (`+messageColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`+messageAgain,
				account, folder, identity(m), text(string(m.ID)), m.SHA256.String(), m.Size, text(m.Kind), int64(m.Verdict), text(m.Finding), at); err != nil {
				return err
			}
		}
		return nil
	}
	var ids, names, sums, kinds, findings []string
	var sizes, verdicts []int64
	for _, m := range list {
		ids, names, sums = append(ids, identity(m)), append(names, text(string(m.ID))), append(sums, m.SHA256.String())
		sizes, kinds = append(sizes, m.Size), append(kinds, text(m.Kind))
		verdicts, findings = append(verdicts, int64(m.Verdict)), append(findings, text(m.Finding))
	}
	return c.exec(ctx, `INSERT INTO {message} (`+messageColumns+`)
		SELECT $1, $2, m.identity, m.id, m.sha256, m.size, m.kind, m.verdict, m.finding, $3
		FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[], $10::text[])
			WITH ORDINALITY AS m (identity, id, sha256, size, kind, verdict, finding, place)
		ORDER BY m.place`+messageAgain,
		account, folder, at, ids, names, sums, sizes, kinds, verdicts, findings)
}

// quick is for many small statements: their context does not end, which for each
// costs a goroutine, and between them ended tells whether theirs did.
func quick(ctx context.Context) (each context.Context, ended func() error) {
	return context.WithoutCancel(ctx), ctx.Err
}

// taking is an event to be taken in.
type taking struct {
	event *receipt.Event
	id    []byte
}

// eventsOf lists the events of a batch, each once.
func eventsOf(b *store.Batch) []taking {
	var list []taking
	seen := map[string]bool{}
	for i := range b.Messages {
		for j := range b.Messages[i].Events {
			e := &b.Messages[i].Events[j]
			id := e.ID()
			if seen[id] {
				continue
			}
			seen[id] = true
			raw, _ := hex.DecodeString(id) // it is hexadecimal
			list = append(list, taking{e, raw})
		}
	}
	return list
}

// keepEvents numbers the events from first on, takes in those that are new and
// returns their numbers.
func (c *conn) keepEvents(ctx context.Context, b *store.Batch, first int64, list []taking) (taken []int64, err error) {
	account, at := text(b.Account), when(b.At)
	var seqs []int64
	var ids, records [][]byte
	var messages, references, identifiers, kinds, recipients []string
	each, ended := quick(ctx)
	for i := range list {
		e, seq := list[i].event, first+int64(i)
		if !c.s.d.Arrays {
			if err := ended(); err != nil {
				return nil, err
			}
			n, err := c.changed(each, `INSERT INTO {event} (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`+eventAgain,
				seq, account, list[i].id, at, messageID(e.MessageID), messageID(e.Reference), indexed(e.Identifier),
				indexed(string(e.Kind)), indexed(e.Recipient), recordEvent(e))
			if err != nil {
				return nil, err
			}
			if n == 1 {
				taken = append(taken, seq)
			}
			continue
		}
		seqs, ids, records = append(seqs, seq), append(ids, list[i].id), append(records, recordEvent(e))
		messages, references = append(messages, messageID(e.MessageID)), append(references, messageID(e.Reference))
		identifiers, kinds = append(identifiers, indexed(e.Identifier)), append(kinds, indexed(string(e.Kind)))
		recipients = append(recipients, indexed(e.Recipient))
	}
	if !c.s.d.Arrays {
		return taken, nil
	}
	return all(ctx, c, number, `INSERT INTO {event} (`+eventColumns+`)
		SELECT e.seq, $1, e.id, $2, e.message_id, e.reference, e.identifier, e.kind, e.recipient, e.record
		FROM unnest($3::bigint[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[])
			AS e (seq, id, message_id, reference, identifier, kind, recipient, record)`+eventAgain+` RETURNING seq`,
		account, at, seqs, ids, messages, references, identifiers, kinds, recipients, records)
}

// Unreadable implements store.Store.
func (s *Store) Unreadable(ctx context.Context, account string) ([]store.Collected, error) {
	query, args := `SELECT id, sha256, size, kind, verdict, finding FROM {message} WHERE finding <> ''`, []any(nil)
	if account != "" {
		query, args = query+` AND account = $1`, []any{text(account)}
	}
	list, err := all(ctx, s.reader(), message, query+` ORDER BY ord`, args...)
	if err != nil {
		return nil, s.fail(ctx, "unreadable", err)
	}
	return list, nil
}

func message(rows *sql.Rows) (store.Collected, error) {
	var m store.Collected
	var id, sum, kind, finding string
	if err := rows.Scan(&id, &sum, &m.Size, &kind, &m.Verdict, &finding); err != nil {
		return m, err
	}
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != 0 && len(raw) != len(m.SHA256) {
		return m, fmt.Errorf("message: digest %q: %w", sum, store.ErrCorrupt)
	}
	copy(m.SHA256[:], raw)
	if id, err = original(id); err != nil {
		return m, err
	}
	m.ID = transport.ID(id)
	if m.Kind, err = original(kind); err != nil {
		return m, err
	}
	m.Finding, err = original(finding)
	return m, err
}

const recorded = `SELECT seq, account, collected, record FROM {event} `

func event(rows *sql.Rows) (store.Recorded, error) {
	var r store.Recorded
	var account, at string
	var record []byte
	err := rows.Scan(&r.Seq, &account, &at, &record)
	if err != nil {
		return r, err
	}
	if r.Account, err = original(account); err != nil {
		return r, err
	}
	if r.At, err = parseTime(at); err != nil {
		return r, err
	}
	r.Event, err = readEvent(record)
	return r, err
}

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, account string, after int64, limit int) ([]store.Recorded, error) {
	where, args := `WHERE seq > $1`, []any{after, limited(limit)}
	if account != "" {
		where, args = where+` AND account = $3`, append(args, text(account))
	}
	list, err := all(ctx, s.reader(), event, recorded+where+` ORDER BY seq LIMIT $2`, args...)
	if err != nil {
		return nil, s.fail(ctx, "events", err)
	}
	return list, nil
}

// EventsAbout implements store.Store.
func (s *Store) EventsAbout(ctx context.Context, account, id string) ([]store.Recorded, error) {
	const ours = `SELECT seq, identifier FROM {event} WHERE account = $1 AND message_id = $2 AND message_id <> ''
		UNION SELECT seq, identifier FROM {event} WHERE account = $1 AND reference = $2 AND reference <> ''`
	list, err := all(ctx, s.reader(), event, `WITH ours AS (`+ours+`) `+recorded+`WHERE seq IN (SELECT seq FROM ours
		UNION SELECT e.seq FROM {event} AS e JOIN ours ON e.identifier = ours.identifier WHERE e.account = $1 AND e.identifier <> '')
		ORDER BY seq`, text(account), messageID(id))
	if err != nil {
		return nil, s.fail(ctx, "events", err)
	}
	return list, nil
}
