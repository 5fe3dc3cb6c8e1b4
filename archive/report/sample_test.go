package report_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
)

func TestSample(t *testing.T) {
	w := newWorld(t)
	name := w.write(archive.Folder, w.sent(w.contract(), true))
	x := w.examine(name)
	t.Log(x.Summary())
	require.NoError(t, os.WriteFile("/tmp/lw/sample.html", []byte(w.page(x, "it")), 0o644))
	require.NoError(t, os.WriteFile("/tmp/lw/sample-en.html", []byte(w.page(x, "en")), 0o644))
}
