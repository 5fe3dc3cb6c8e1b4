// Package reftest finds what a test needs from outside the module: the folder
// of reference data beside the project and the programs that act as oracles
// (OpenSSL, xmllint and the like).
//
// A missing folder or program skips the test, except in continuous
// integration (CI=true), where it fails it: a check that did not run there
// must not look like one that passed.
package reftest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the path of a folder of the reference data, relative names
// below ../shared/ref of the project's root, for instance Dir(t, "pec").
func Dir(tb testing.TB, elem ...string) string {
	tb.Helper()
	_, self, _, ok := runtime.Caller(0)
	if !ok {
		tb.Fatal("reftest: cannot find the source tree")
	}
	root := filepath.Dir(filepath.Dir(filepath.Dir(self)))
	dir := filepath.Join(append([]string{root, "..", "shared", "ref"}, elem...)...)
	if _, err := os.Stat(dir); err != nil {
		missing(tb, "reference data "+filepath.Join(elem...)+" is not beside the project")
	}
	return dir
}

// File returns the bytes of one reference file.
func File(tb testing.TB, elem ...string) []byte {
	tb.Helper()
	data, err := os.ReadFile(Dir(tb, elem...))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// Tool returns the path of a program that a test compares us with.
func Tool(tb testing.TB, name string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(tb, "the program "+name+" is not installed")
	}
	return path
}

func missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatal(what + ", and a skip is not allowed in continuous integration")
	}
	tb.Skip(what)
}
