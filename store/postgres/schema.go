package postgres

import "github.com/certmail/certmail/store/internal/sqlstore"

func dialect(schema string) sqlstore.Dialect {
	return sqlstore.Dialect{
		Name:      "postgres",
		Prefix:    schema + ".",
		Arrays:    true,
		Temporary: undone,
		Lists:     true,
		Rows:      rows,
		Copy:      copyRows,
		Known:     known,
		Lock:      `SELECT pg_advisory_xact_lock(hashtextextended('certmail ` + schema + `', 0))`,
		// A query and not to_regclass, which may remember from before the lock.
		Exists: `SELECT true FROM pg_catalog.pg_tables WHERE schemaname = '` + schema + `' AND tablename = 'version'`,
		Migrations: [][]string{append([]string{
			// The right to make schemas is needed only where there is none.
			`DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '` + schema + `') THEN CREATE SCHEMA ` + schema + `; END IF; END $$`,
		}, first...), second, third, fourth},
	}
}

// first makes the tables. Texts sort by their bytes: times depend on it, and
// nothing else is worth the cost of a language.
var first = []string{
	`CREATE TABLE {version} (version integer NOT NULL)`,
	`CREATE TABLE {submission} (
		ord        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		account    text COLLATE "C" NOT NULL,
		key        text COLLATE "C" NOT NULL,
		message_id text COLLATE "C" NOT NULL,
		state      text COLLATE "C" NOT NULL,
		priority   bigint NOT NULL,
		not_before text COLLATE "C" NOT NULL,
		attempts   bigint NOT NULL,
		worker     text COLLATE "C" NOT NULL,
		lease      text COLLATE "C" NOT NULL,
		reply      text COLLATE "C" NOT NULL,
		sent_time  text COLLATE "C" NOT NULL,
		size       bigint NOT NULL,
		enqueued   text COLLATE "C" NOT NULL,
		changed    text COLLATE "C" NOT NULL,
		record     bytea NOT NULL,
		UNIQUE (account, key),
		UNIQUE (account, message_id))`,
	`CREATE INDEX submission_state ON {submission} (state, ord)`,
	`CREATE INDEX submission_queue ON {submission} (priority DESC, ord) WHERE state = 'queued'`,
	`CREATE INDEX submission_account_queue ON {submission} (account, priority DESC, ord) WHERE state = 'queued'`,
	`CREATE INDEX submission_lease ON {submission} (lease) WHERE state = 'sending'`,
	`CREATE TABLE {cursor} (
		account text COLLATE "C" NOT NULL,
		folder  text COLLATE "C" NOT NULL,
		place   text COLLATE "C" NOT NULL,
		moved   text COLLATE "C" NOT NULL,
		PRIMARY KEY (account, folder))`,
	`CREATE TABLE {message} (
		ord       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		account   text COLLATE "C" NOT NULL,
		folder    text COLLATE "C" NOT NULL,
		identity  text COLLATE "C" NOT NULL,
		id        text COLLATE "C" NOT NULL,
		sha256    text COLLATE "C" NOT NULL,
		size      bigint NOT NULL,
		kind      text COLLATE "C" NOT NULL,
		verdict   bigint NOT NULL,
		finding   text COLLATE "C" NOT NULL,
		collected text COLLATE "C" NOT NULL,
		UNIQUE (account, folder, identity))`,
	`CREATE INDEX message_unreadable ON {message} (account, ord) WHERE finding <> ''`,
	`CREATE TABLE {event} (
		seq        bigint PRIMARY KEY,
		account    text COLLATE "C" NOT NULL,
		id         bytea NOT NULL,
		collected  text COLLATE "C" NOT NULL,
		message_id text COLLATE "C" NOT NULL,
		reference  text COLLATE "C" NOT NULL,
		identifier text COLLATE "C" NOT NULL,
		kind       text COLLATE "C" NOT NULL,
		recipient  text COLLATE "C" NOT NULL,
		record     bytea NOT NULL,
		UNIQUE (account, id))`,
	`CREATE INDEX event_account ON {event} (account, seq)`,
	`CREATE INDEX event_message ON {event} (account, message_id) WHERE message_id <> ''`,
	`CREATE INDEX event_reference ON {event} (account, reference) WHERE reference <> ''`,
	`CREATE INDEX event_identifier ON {event} (account, identifier) WHERE identifier <> ''`,
	`CREATE TABLE {counter} (name text COLLATE "C" PRIMARY KEY, n bigint NOT NULL)`,
	`INSERT INTO {counter} (name, n) VALUES ('event', 0)`,
}

// second keeps small bytes, many of which become durable at once, uncompressed:
// mail is base64 and signatures. It drops the index that every step of every
// message had to move in.
var second = []string{
	`CREATE TABLE {blob} (sha256 bytea PRIMARY KEY, data bytea NOT NULL)`,
	`ALTER TABLE {blob} ALTER COLUMN data SET STORAGE EXTERNAL`,
	`DROP INDEX {submission_state}`,
	`CREATE INDEX submission_uncertain ON {submission} (account, ord) WHERE state = 'uncertain'`,
}

// third puts first in each index what tells rows apart: while the server takes
// the table to be small, an index that begins with the account alone looks as
// good to it for finding one row, and goes through all that the account ever
// sent. Bytes of up to a page stay in their row.
var third = []string{
	`ALTER TABLE {submission} DROP CONSTRAINT submission_account_key_key`,
	`ALTER TABLE {submission} DROP CONSTRAINT submission_account_message_id_key`,
	`ALTER TABLE {submission} ADD UNIQUE (key, account)`,
	`ALTER TABLE {submission} ADD UNIQUE (message_id, account)`,
	`ALTER TABLE {blob} SET (toast_tuple_target = 8160)`,
}

// fourth lists what is not at its end in narrow tables, so that no index of the
// wide one holds what changes: with room in its pages, a row changes where it is
// (HOT), and none of its indexes with it. That each is listed once is up to the
// statements: an index that asks for it would cost, and stop all for the sake of one.
var fourth = []string{
	`CREATE TABLE {queue} (
		ord        bigint NOT NULL,
		account    text COLLATE "C" NOT NULL,
		priority   bigint NOT NULL,
		not_before text COLLATE "C" NOT NULL)`,
	`INSERT INTO {queue} (ord, account, priority, not_before) SELECT ord, account, priority, not_before FROM {submission} WHERE state = 'queued'`,
	`CREATE INDEX queue_account ON {queue} (account, priority DESC, ord)`,
	`CREATE INDEX queue_all ON {queue} (priority DESC, ord)`,
	`CREATE TABLE {sending} (ord bigint NOT NULL)`,
	`INSERT INTO {sending} (ord) SELECT ord FROM {submission} WHERE state = 'sending'`,
	`CREATE INDEX sending_ord ON {sending} (ord)`,
	`CREATE TABLE {uncertain} (account text COLLATE "C" NOT NULL, ord bigint NOT NULL)`,
	`INSERT INTO {uncertain} (account, ord) SELECT account, ord FROM {submission} WHERE state = 'uncertain'`,
	`CREATE INDEX uncertain_account ON {uncertain} (account, ord)`,
	`DROP INDEX {submission_queue}, {submission_account_queue}, {submission_lease}, {submission_uncertain}`,
	`ALTER TABLE {submission} SET (fillfactor = 50)`,
}
