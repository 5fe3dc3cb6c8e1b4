package sqlite

import "github.com/certmail/certmail/store/internal/sqlstore"

var dialect = sqlstore.Dialect{
	Name:      "sqlite",
	OneWriter: true,
	Temporary: isBusy,
	Exists:    `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'version'`,
	Migrations: [][]string{{
		`CREATE TABLE version (version INTEGER NOT NULL) STRICT`,
		`CREATE TABLE submission (
			ord        INTEGER PRIMARY KEY,
			account    TEXT NOT NULL,
			key        TEXT NOT NULL,
			message_id TEXT NOT NULL,
			state      TEXT NOT NULL,
			priority   INTEGER NOT NULL,
			not_before TEXT NOT NULL,
			attempts   INTEGER NOT NULL,
			worker     TEXT NOT NULL,
			lease      TEXT NOT NULL,
			reply      TEXT NOT NULL,
			sent_time  TEXT NOT NULL,
			size       INTEGER NOT NULL,
			enqueued   TEXT NOT NULL,
			changed    TEXT NOT NULL,
			record     BLOB NOT NULL,
			UNIQUE (account, key),
			UNIQUE (account, message_id)) STRICT`,
		`CREATE INDEX submission_state ON submission (state, ord)`,
		`CREATE INDEX submission_queue ON submission (priority DESC, ord) WHERE state = 'queued'`,
		`CREATE INDEX submission_account_queue ON submission (account, priority DESC, ord) WHERE state = 'queued'`,
		`CREATE INDEX submission_lease ON submission (lease) WHERE state = 'sending'`,
		`CREATE TABLE cursor (
			account TEXT NOT NULL,
			folder  TEXT NOT NULL,
			place   TEXT NOT NULL,
			moved   TEXT NOT NULL,
			PRIMARY KEY (account, folder)) STRICT, WITHOUT ROWID`,
		`CREATE TABLE message (
			ord       INTEGER PRIMARY KEY,
			account   TEXT NOT NULL,
			folder    TEXT NOT NULL,
			identity  TEXT NOT NULL,
			id        TEXT NOT NULL,
			sha256    TEXT NOT NULL,
			size      INTEGER NOT NULL,
			kind      TEXT NOT NULL,
			verdict   INTEGER NOT NULL,
			finding   TEXT NOT NULL,
			collected TEXT NOT NULL,
			UNIQUE (account, folder, identity)) STRICT`,
		`CREATE INDEX message_unreadable ON message (account, ord) WHERE finding <> ''`,
		`CREATE TABLE event (
			seq        INTEGER PRIMARY KEY,
			account    TEXT NOT NULL,
			id         BLOB NOT NULL,
			collected  TEXT NOT NULL,
			message_id TEXT NOT NULL,
			reference  TEXT NOT NULL,
			identifier TEXT NOT NULL,
			kind       TEXT NOT NULL,
			recipient  TEXT NOT NULL,
			record     BLOB NOT NULL,
			UNIQUE (account, id)) STRICT`,
		`CREATE INDEX event_account ON event (account, seq)`,
		`CREATE INDEX event_message ON event (account, message_id) WHERE message_id <> ''`,
		`CREATE INDEX event_reference ON event (account, reference) WHERE reference <> ''`,
		`CREATE INDEX event_identifier ON event (account, identifier) WHERE identifier <> ''`,
		`CREATE TABLE counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
		`INSERT INTO counter (name, n) VALUES ('event', 0)`,
	}, {
		// No index that every step of every message has to move in.
		`DROP INDEX submission_state`,
		`CREATE INDEX submission_uncertain ON submission (account, ord) WHERE state = 'uncertain'`,
	}},
}

// blobDialect is for the file of small bytes: rows in the order in which they
// came, and their digests.
var blobDialect = sqlstore.Dialect{
	Name:      "sqlite blobs",
	OneWriter: true,
	Temporary: isBusy,
	Exists:    dialect.Exists,
	Migrations: [][]string{{
		`CREATE TABLE version (version INTEGER NOT NULL) STRICT`,
		`CREATE TABLE blob (ord INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, data BLOB NOT NULL) STRICT`,
	}},
}
