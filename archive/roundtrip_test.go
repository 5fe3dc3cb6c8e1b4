package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/trust"
)

func TestEveryFormatVerifiesTenYearsLater(t *testing.T) {
	w := newWorld(t)
	for _, format := range archive.Formats() {
		t.Run(string(format), func(t *testing.T) {
			tx := w.transaction(t, true, "good/m1-accettazione.eml")
			v := verified(t, w.write(t, format, tx), w.verify())
			t.Log(describe(v))
			require.Equal(t, trust.Valid, v.Verdict)
			require.Equal(t, format, v.Format)
		})
	}
}
