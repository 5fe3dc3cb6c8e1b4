package house

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const maxLines = 500

// unwanted are lines that do not belong in what is committed.
var unwanted = []struct {
	what  string
	line  *regexp.Regexp
	only  func(f string) bool
	allow []string // files, or folders with a trailing slash
}{
	{what: "something left for later", line: regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b|panic\("(todo|not implemented|unimplemented)`), only: isCode},
	{what: "a path of one machine", line: regexp.MustCompile(`(^|[^A-Za-z0-9_.])/(work|root|farm)/|/tmp/[a-z]+\.[A-Za-z0-9]{6,}`), only: anyFile},
	{what: "an init function", line: regexp.MustCompile(`^func init\(`), only: isGo},
	{what: "a private key", line: regexp.MustCompile(`BEGIN ((RSA|EC|ENCRYPTED|OPENSSH) )?PRIVATE` + ` KEY`), only: anyFile},
}

func anyFile(string) bool { return true }
func isGo(f string) bool  { return path.Ext(f) == ".go" }
func isCode(f string) bool {
	return path.Ext(f) != ".md"
}

func TestNothingUnwantedIsCommitted(t *testing.T) {
	tree := load(t)
	check := func(name string, text []string) {
		for _, u := range unwanted {
			if !u.only(name) || slices.ContainsFunc(u.allow, func(a string) bool { return a == name || strings.HasSuffix(a, "/") && strings.HasPrefix(name, a) }) {
				continue
			}
			for i, line := range text {
				if u.line.MatchString(line) {
					t.Errorf("%s:%d: %s: %s", name, i+1, u.what, strings.TrimSpace(line))
				}
			}
		}
	}
	for _, p := range tree.Packages {
		for _, f := range p.Files {
			check(f.Path, f.Lines)
		}
	}
	for _, name := range tree.Texts {
		data, err := os.ReadFile(filepath.Join(tree.Root, filepath.FromSlash(name)))
		require.NoError(t, err)
		check(name, lines(data))
	}
}

func TestUnwantedPatterns(t *testing.T) {
	for _, c := range []struct {
		line string
		want string
	}{
		{"// TO" + "DO: later", "something left for later"},
		{"// METO" + "DO di firma", ""},
		{`panic("not ` + `implemented")`, "something left for later"},
		{`dir := "/wo` + `rk/main"`, "a path of one machine"},
		{`url := "https://host.example/wo` + `rk/x"`, ""},
		{"func in" + "it() {", "an init function"},
		{"-----BEGIN PRIVATE" + " KEY-----", "a private key"},
		{"-----BEGIN RSA PRIVATE" + " KEY-----", "a private key"},
	} {
		got := ""
		for _, u := range unwanted {
			if u.line.MatchString(c.line) {
				got = u.what
			}
		}
		require.Equal(t, c.want, got, c.line)
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, p := range load(t).Packages {
		for _, f := range p.Files {
			if len(f.Lines) > maxLines {
				t.Errorf("%s has %d lines, more than %d: is it one idea?", f.Path, len(f.Lines), maxLines)
			}
		}
	}
}

// A test may be skipped only by internal/reftest (which refuses to in
// continuous integration) or in -short mode, which it runs without as well.
func TestSkipsAreAccountedFor(t *testing.T) {
	skip := regexp.MustCompile(`\b[tbf]b?\.Skip(f|Now)?\(`)
	for _, p := range load(t).Packages {
		if p.Path == "internal/reftest" {
			continue
		}
		for _, f := range p.Files {
			for i, line := range f.Lines {
				if skip.MatchString(line) && !strings.Contains(line, "testing.Short()") && (i == 0 || !strings.Contains(f.Lines[i-1], "testing.Short()")) {
					t.Errorf("%s:%d: a skip that is neither of internal/reftest nor of testing.Short(): %s", f.Path, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	for _, p := range load(t).Packages {
		if !p.Source() {
			continue
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = ""
		}
		var docs []string
		for _, f := range p.Files {
			if !f.Test && f.Doc != "" {
				docs = append(docs, f.Path)
				if !strings.HasPrefix(f.Doc, want) {
					t.Errorf("%s: the package comment does not begin with %q", f.Path, want)
				}
			}
		}
		if len(docs) != 1 {
			t.Errorf("package %s has %d package comments %v, want one", p.Path, len(docs), docs)
		}
	}
}

func TestPublicPackagesHaveExamples(t *testing.T) {
	for _, p := range load(t).Packages {
		if !p.Public() || !p.Source() {
			continue
		}
		examples := slices.ContainsFunc(p.Files, func(f *File) bool {
			return f.Test && slices.ContainsFunc(f.Funcs, func(name string) bool { return strings.HasPrefix(name, "Example") })
		})
		if !examples {
			t.Errorf("public package %s has no Example", p.Path)
		}
	}
}

func TestNoCatchAllPackages(t *testing.T) {
	for _, p := range load(t).Packages {
		if slices.Contains([]string{"util", "utils", "common", "types", "helpers", "misc", "shared"}, p.Name) {
			t.Errorf("package %s: its name says nothing about its job", p.Path)
		}
	}
}

func TestReadmeListsDependencies(t *testing.T) {
	root := load(t).Root
	modules, err := DirectRequirements(root)
	require.NoError(t, err)
	require.Contains(t, modules, testify)
	require.NotContains(t, modules, "go.yaml.in/yaml/v3", "an indirect requirement")

	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatalf("README.md cannot be read (%v): it must have a table of dependencies", err)
	}
	// The first cells of the tables name the modules, each module once.
	var named []string
	for _, cell := range regexp.MustCompile(`(?m)^\|([^|]*)\|`).FindAllStringSubmatch(string(readme), -1) {
		module := regexp.MustCompile(`\b(github\.com|golang\.org|filippo\.io|modernc\.org|go\.[a-z]+\.[a-z]+)/[\w./-]+`).FindString(cell[1])
		if module != "" && !matches(Module+"/...", module) {
			named = append(named, module)
		}
	}
	require.ElementsMatch(t, modules, named, "the rows of README.md's table of dependencies, and what go.mod requires directly")
}
