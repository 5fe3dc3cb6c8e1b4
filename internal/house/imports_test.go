package house

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	bigmod    = "filippo.io/bigmod"
	digitorus = "github.com/digitorus/timestamp"
	etree     = "github.com/beevik/etree"
	goXMLDSig = "github.com/russellhaering/goxmldsig"
	goSQLite  = "modernc.org/sqlite"
	pgx       = "github.com/jackc/pgx/v5"
	goIMAP    = "github.com/emersion/go-imap/v2"
	goMessage = "github.com/emersion/go-message"
	goSASL    = "github.com/emersion/go-sasl"
	goSMTP    = "github.com/emersion/go-smtp"
	pkcs7     = "go.mozilla.org/pkcs7"
	testify   = "github.com/stretchr/testify"
	xCrypto   = "golang.org/x/crypto"
	xNet      = "golang.org/x/net"
	xText     = "golang.org/x/text"
)

// A rule says what the non-test files of a package may import. A name that
// ends in /... stands for everything below it; the longest matching row counts.
type rule struct {
	pkg   string
	own   []string // packages of this module
	third []string // modules of others
	std   []string // exceptions from noStd below
}

// rules is the design's table of rooms. Imports point one way, downward. A new
// package needs a row: deciding what it may know is part of making it.
var rules = []rule{
	{pkg: "daticert", third: []string{xText}},

	{pkg: "internal/...", own: []string{"internal/..."}, third: []string{goMessage, xCrypto, xNet, xText}},
	{pkg: "internal/cms", own: []string{"internal/..."}, third: []string{pkcs7, xCrypto}},
	{pkg: "internal/rsakey", third: []string{bigmod}},
	{pkg: "internal/house", std: []string{"os"}},
	{pkg: "internal/reftest", std: []string{"testing", "os/exec", "net"}},

	{pkg: "trust", own: []string{"internal/..."}, third: []string{xCrypto, xNet, xText}},
	{pkg: "trust/tsp", own: []string{"trust", "internal/..."}, third: []string{xCrypto}, std: []string{"net/http"}}, // the client is the caller's
	{pkg: "trust/tsp/tsptest", own: []string{"trust", "trust/tsp", "internal/..."}, third: []string{xCrypto}, std: []string{"net/http"}},

	{pkg: "archive", own: []string{"daticert", "envelope", "receipt", "trust", "trust/...", "pec", "rem", "rem/evidence"}, third: []string{xText}},
	{pkg: "archive/report", own: []string{"archive", "envelope", "pec", "receipt", "rem", "trust", "trust/tsp", "internal/htmlpage"}},

	{pkg: "trust/tsl", own: []string{"trust", "internal/..."}, std: []string{"net/http"}}, // the client is the caller's
	{pkg: "trust/tsl/tsltest", own: []string{"trust/tsl", "internal/..."}},

	{pkg: "rem/csi", own: []string{"trust", "trust/tsl", "internal/..."}},
	{pkg: "rem/evidence", own: []string{"trust", "trust/tsp", "internal/..."}}, // knows nothing of mail

	{pkg: "envelope", own: []string{"daticert", "trust", "internal/..."}, third: []string{goMessage, xNet, xText}},

	{pkg: "receipt", own: []string{"daticert", "envelope", "internal/..."}, third: []string{xNet, xText}},
	{pkg: "receipt/report", own: []string{"receipt", "internal/htmlpage"}},

	{pkg: "rem", own: []string{"daticert", "envelope", "receipt", "rem/evidence", "trust", "trust/...", "internal/..."}},

	{pkg: "pec", own: []string{"daticert", "envelope", "receipt", "trust", "transport", "store", "outbox", "internal/..."}, third: []string{goMessage, xNet, xText}},
	{pkg: "transport"},
	{pkg: "store", own: []string{"daticert", "receipt", "transport"}},
	{pkg: "outbox", own: []string{"receipt", "store", "transport"}},
	{pkg: "store/storetest", own: []string{"receipt", "store", "transport"}, std: []string{"testing"}},
	{pkg: "transport/maildir", own: []string{"transport"}},
	{pkg: "transport/memory", own: []string{"transport"}},
	{pkg: "transport/transporttest", own: []string{"transport"}, std: []string{"testing"}},
	{pkg: "transport/presets"},
	{pkg: "transport/smtp", own: []string{"transport"}, third: []string{goSASL, goSMTP}, std: []string{"net"}},
	{pkg: "transport/imap", own: []string{"transport"}, third: []string{goIMAP, goSASL}, std: []string{"net"}},
	{pkg: "store/internal/...", own: []string{"daticert", "receipt", "store", "transport"}},
	{pkg: "store/internal/crashtest", own: []string{"receipt", "store", "transport"}, std: []string{"testing", "os/exec"}}, // tests only, as the next two
	{pkg: "store/internal/pgtest", own: []string{"internal/reftest"}, std: []string{"testing", "os/exec"}},
	{pkg: "store/internal/sendbench", own: []string{"receipt", "store", "transport", "transport/smtp", "outbox", "pec/pectest", "internal/reftest"}, third: []string{goSASL, goSMTP}, std: []string{"net", "testing"}},
	{pkg: "store/internal/storebench", own: []string{"receipt", "store", "transport"}, std: []string{"testing"}},
	{pkg: "store/sqlite", own: []string{"store", "store/internal/sqlstore"}, third: []string{goSQLite}},
	{pkg: "store/postgres", own: []string{"store", "store/internal/sqlstore"}, third: []string{pgx}},
	{pkg: "pec/pectest", own: []string{"daticert", "envelope", "receipt", "receipt/report", "trust", "pec", "transport", "internal/..."},
		third: []string{goMessage, xNet, xText}, std: []string{"net", "testing"}},
	{pkg: "pec/pectest/pecserve", own: []string{"envelope", "pec/pectest"}, third: []string{goIMAP, goMessage, goSASL, goSMTP}, std: []string{"net"}},

	{pkg: "pec/pectest/pecweb", own: []string{"daticert", "envelope", "receipt", "trust", "pec", "pec/pectest"}, std: []string{"net", "net/http"}}, // a web site

	{pkg: "rem/remtest", own: []string{"envelope", "receipt", "trust", "trust/...", "pec", "pec/pectest", "rem", "rem/...", "transport", "transport/memory", "internal/..."}},
	{pkg: "sdi", own: []string{"daticert", "envelope", "receipt", "trust", "pec", "internal/..."}, third: []string{xNet, xText}},
	{pkg: "sdi/sditest", own: []string{"sdi", "internal/..."}},

	// The command line holds no logic of its own: public packages and its own rooms.
	{pkg: "cmd/certmail", own: []string{"PUBLIC", "cmd/certmail/internal/..."}, std: []string{"net/http", "os/exec"}}, // archive make --tsa, and the command that gives a password
	{pkg: "cmd/certmail/internal/...", own: []string{"PUBLIC", "cmd/certmail/internal/..."}},
	{pkg: "cmd/certmail/internal/bench", third: []string{goMessage, pkcs7}, std: []string{"os/exec"}}, // its yardsticks

	{pkg: "examples/...", own: []string{"PUBLIC"}},
	{pkg: "examples/gateway", own: []string{"PUBLIC"}, std: []string{"net", "net/http"}}, // a transport over HTTP
}

// noStd lists what no package of a library imports, and why.
var noStd = map[string]string{
	"C":        "the module is pure Go",
	"log":      "a library does not log",
	"log/slog": "a library does not log",
	"net":      "nothing here uses the network by itself",
	"net/http": "nothing here uses the network by itself",
	"os/exec":  "a library runs no programs",
	"plugin":   "the module is pure Go",
	"testing":  "test code stays in test files",
	"unsafe":   "memory safety is part of the promise",
}

// onlyTests lists modules and packages that only test files import.
var onlyTests = []string{testify, Module + "/internal/reftest", Module + "/internal/house",
	Module + "/store/internal/crashtest", Module + "/store/internal/pgtest", Module + "/store/internal/storebench", Module + "/store/internal/sendbench"}

func TestImportsFollowTheDesign(t *testing.T) {
	tree := load(t)
	public := map[string]bool{}
	for _, p := range tree.Packages {
		public[p.Path] = p.Public()
	}
	for _, p := range tree.Packages {
		if !p.Source() {
			continue
		}
		row, ok := ruleFor(p.Path)
		if !ok {
			t.Errorf("package %s has no row in the table of internal/house/imports_test.go: say there what it may import", p.Path)
			continue
		}
		for _, f := range p.Files {
			for _, imported := range f.Imports {
				if why := refusal(row, f, imported, public); why != "" {
					t.Errorf("%s imports %s: %s", f.Path, imported, why)
				}
			}
		}
	}
}

// refusal says why the rule does not let the file import it; empty when it does.
func refusal(r rule, f *File, imported string, public map[string]bool) string {
	if own, ok := strings.CutPrefix(imported, Module+"/"); ok {
		switch {
		case f.Test:
			return "" // the compiler refuses cycles
		case slices.Contains(onlyTests, imported) && !slices.Contains(onlyTests, Module+"/"+r.pkg):
			return "only tests may"
		case slices.ContainsFunc(r.own, func(pattern string) bool {
			return matches(pattern, own) || pattern == "PUBLIC" && public[own]
		}):
			return ""
		}
		return "the table of rooms does not allow it for " + r.pkg
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		if why, ok := noStd[imported]; ok && !f.Test && !slices.Contains(r.std, imported) {
			return why
		}
		return ""
	}
	allowed := r.third
	if f.Test {
		allowed = []string{testify, bigmod, digitorus, etree, goIMAP, goMessage, goSASL, goSMTP, goSQLite, goXMLDSig, pgx, pkcs7, xCrypto, xNet, xText}
	}
	if slices.ContainsFunc(allowed, func(module string) bool { return matches(module+"/...", imported) }) {
		return ""
	}
	return "the table of rooms does not allow that module for " + r.pkg
}

func ruleFor(pkg string) (rule, bool) {
	best, ok := rule{}, false
	for _, r := range rules {
		if matches(r.pkg, pkg) && (!ok || len(r.pkg) > len(best.pkg) || r.pkg == pkg) {
			best, ok = r, true
		}
	}
	return best, ok
}

func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == prefix || strings.HasPrefix(name, prefix+"/")
	}
	return name == pattern
}

// The guard itself: each of these must be told apart.
func TestImportGuard(t *testing.T) {
	public := map[string]bool{"pec": true, "receipt": true}
	for _, c := range []struct {
		pkg, file, imported string
		allowed             bool
	}{
		{"daticert", "a.go", "encoding/xml", true},
		{"daticert", "a.go", xText + "/encoding/charmap", true},
		{"daticert", "a.go", xText + "ual", false},
		{"daticert", "a.go", Module + "/internal/mime", false},
		{"daticert", "a.go", goMessage, false},
		{"daticert", "a_test.go", testify + "/require", true},
		{"daticert", "a.go", testify + "/require", false},
		{"daticert", "a.go", "unsafe", false},
		{"trust", "a.go", Module + "/internal/cms", true},
		{"trust", "a.go", Module + "/envelope", false},
		{"trust", "a.go", "net/http", false},
		{"trust", "a.go", "net/mail", true},
		{"trust", "a.go", Module + "/internal/reftest", false},
		{"envelope", "a.go", pkcs7, false},
		{"envelope", "a_test.go", pkcs7, true},
		{"internal/cms", "a.go", pkcs7, true},
		{"internal/mime", "a.go", pkcs7, false},
		{"internal/mime", "a.go", Module + "/daticert", false},
		{"receipt", "a.go", "database/sql", true},
		{"receipt", "a.go", goIMAP, false},
		{"pec/pectest", "a.go", goSMTP, false},
		{"pec/pectest/pecserve", "a.go", goIMAP + "/imapserver", true},
		{"receipt", "a.go", goSQLite, false},
		{"receipt", "a_test.go", "modernc.org/libc", false},
		{"store", "a.go", goSQLite, false},
		{"store/internal/pgtest", "a.go", Module + "/internal/reftest", true},
		{"store/postgres", "a.go", Module + "/store/internal/pgtest", false},
		{"store", "a.go", Module + "/store/sqlite", false},
		{"store/sqlite", "a.go", goSQLite, true},
		{"store/sqlite", "a.go", pgx + "/stdlib", false},
		{"store/postgres", "a.go", pgx + "/stdlib", true},
		{"cmd/certmail", "a.go", Module + "/pec", true},
		{"cmd/certmail", "a.go", Module + "/internal/cms", false},
		{"cmd/certmail", "a.go", Module + "/cmd/certmail/internal/folder", true},
		{"cmd/certmail/internal/bench", "a.go", pkcs7, true},
		{"cmd/certmail/internal/folder", "a.go", pkcs7, false},
		{"examples/quickstart", "a.go", Module + "/receipt", true},
		{"examples/quickstart", "a.go", Module + "/cmd/certmail/internal/folder", false},
	} {
		row, ok := ruleFor(c.pkg)
		require.True(t, ok, c.pkg)
		f := &File{Path: c.pkg + "/" + c.file, Test: strings.HasSuffix(c.file, "_test.go")}
		require.Equal(t, c.allowed, refusal(row, f, c.imported, public) == "", "%s imports %s", f.Path, c.imported)
	}
	_, ok := ruleFor("util")
	require.False(t, ok)
}

func load(t *testing.T) *Tree {
	t.Helper()
	_, self, _, ok := runtime.Caller(0)
	require.True(t, ok)
	tree, err := Load(filepath.Dir(filepath.Dir(filepath.Dir(self))))
	require.NoError(t, err)
	require.NotEmpty(t, tree.Packages)
	slices.SortFunc(tree.Packages, func(a, b *Package) int { return strings.Compare(a.Path, b.Path) })
	return tree
}
