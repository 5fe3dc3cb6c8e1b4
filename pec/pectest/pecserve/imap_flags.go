package pecserve

import (
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/certmail/certmail/pec/pectest"
)

// systemFlags are those of RFC 3501 §2.3.2 that clients may set.
var systemFlags = []imap.Flag{imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft}

// hasFlag tells whether a flag is set; case does not matter.
func hasFlag(flags []string, flag imap.Flag) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, string(flag)) })
}

// flagNames brings flags into the form in which mailboxes keep them: each
// once, system flags in their usual case, and no \Recent, which is the
// server's.
func flagNames(flags []imap.Flag) (names []string) {
	for _, f := range flags {
		if i := slices.IndexFunc(systemFlags, func(s imap.Flag) bool { return strings.EqualFold(string(s), string(f)) }); i >= 0 {
			f = systemFlags[i]
		}
		if !hasFlag(names, f) && !strings.EqualFold(string(f), `\Recent`) {
			names = append(names, string(f))
		}
	}
	return names
}

func imapFlags(names []string) []imap.Flag {
	flags := make([]imap.Flag, len(names))
	for i, n := range names {
		flags[i] = imap.Flag(n)
	}
	return flags
}

// changed is what STORE makes of flags.
func changed(old []string, store *imap.StoreFlags) []string {
	names := flagNames(store.Flags)
	switch store.Op {
	case imap.StoreFlagsAdd:
		return flagNames(imapFlags(append(old, names...)))
	case imap.StoreFlagsDel:
		return slices.DeleteFunc(old, func(f string) bool { return hasFlag(names, imap.Flag(f)) })
	}
	return names
}

// allFlags lists the system flags and the keywords in use.
func allFlags(messages []pectest.Stored) []imap.Flag {
	names := append([]imap.Flag(nil), systemFlags...)
	for i := range messages {
		names = append(names, imapFlags(messages[i].Flags)...)
	}
	return imapFlags(flagNames(names))
}
