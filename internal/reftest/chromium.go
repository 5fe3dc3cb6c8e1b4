package reftest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// ChromiumFlags make Chromium run without a window, without a profile of anybody's
// and without looking for anything outside.
func ChromiumFlags(profile string) []string {
	return []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir=" + profile}
}

// Chromium shows a file to Chromium and returns what that prints: with --dump-dom
// the document after the scripts.
func Chromium(tb testing.TB, file string, more ...string) []byte {
	tb.Helper()
	chromium := Tool(tb, "chromium")
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(profile) }) // its helpers may still write there
	cmd := exec.CommandContext(ctx, chromium, append(append(ChromiumFlags(profile), more...), "file://"+filepath.ToSlash(file))...)
	cmd.WaitDelay = 5 * time.Second
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("chromium: %v: %s", err, errors.String())
	}
	return out
}
