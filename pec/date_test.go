package pec

import (
	"net/mail"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzHeaderDate holds the fast reader against net/mail.
func FuzzHeaderDate(f *testing.F) {
	for _, s := range []string{"", "Tue, 03 Mar 2026 10:15:32 +0100", "Sat, 8 Dec 2018 12:26:18 +0100", "Tue, 31 Feb 2026 10:15:32 +0100", "Tue, 03 Mar 2026 10:15:60 -0930", "Tue, 03 anF 2026 10:15:32 +0100"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fast, ok := plainDate(s)
		if !ok {
			return
		}
		slow, err := mail.ParseDate(s)
		if err != nil {
			slow, err = time.Parse("Mon, 02 Jan 2006 15:04:05 -0700", s)
		}
		if err == nil {
			require.True(t, fast.Equal(slow), "%v %v", fast, slow)
		}
	})
}
