package folder

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

const sep = "From a@b.example Tue Mar 03 10:15:32 2026\n"

func TestMboxIsSplit(t *testing.T) {
	for name, c := range map[string]struct {
		box  string
		want []string
	}{
		"one":                {sep + "A: 1\n\nx\n\n", []string{"A: 1\n\nx\n"}},
		"two":                {sep + "A: 1\n\nx\n\n" + sep + "A: 2\n\ny\n\n", []string{"A: 1\n\nx\n", "A: 2\n\ny\n"}},
		"CRLF":               {strings.ReplaceAll(sep+"A: 1\n\nx\n\n"+sep+"A: 2\n\ny\n\n", "\n", "\r\n"), []string{"A: 1\r\n\r\nx\r\n", "A: 2\r\n\r\ny\r\n"}},
		"no last line end":   {sep + "A: 1\n\nx", []string{"A: 1\n\nx"}},
		"no last empty line": {sep + "A: 1\n\nx\n", []string{"A: 1\n\nx\n"}},
		"empty lines kept":   {sep + "A: 1\n\nx\n\n\n\n" + sep + "A: 2\n", []string{"A: 1\n\nx\n\n\n", "A: 2\n"}},
		"bare separators":    {"From \nA: 1\n\n\nFrom -\nA: 2\n", []string{"A: 1\n\n", "A: 2\n"}},
		"first line odd":     {"From someone\nA: 1\n", []string{"A: 1\n"}},
		"zone and RFC date":  {"From 17@xxx Tue Mar 03 10:15:32 +0000 2026\nA: 1\n\nFrom x 3 Mar 2026 10:15:32 +0100\nA: 2\n", []string{"A: 1\n", "A: 2\n"}},
		"not after text":     {sep + "A: 1\n\nx\n" + sep + "A: 2\n", []string{"A: 1\n\nx\n" + sep + "A: 2\n"}},
		"prose":              {sep + "A: 1\n\nx\n\nFrom today on:\nNote: y\n", []string{"A: 1\n\nx\n\nFrom today on:\nNote: y\n"}},
		"dated prose":        {sep + "A: 1\n\nx\n\nFrom 10:15 of 3 March 2026\nit is ours\n", []string{"A: 1\n\nx\n\nFrom 10:15 of 3 March 2026\nit is ours\n"}},
		"mboxrd":             {sep + "A: 1\n\n>From x\n>>From y\n> From z\n>Fromage\n", []string{"A: 1\n\nFrom x\n>From y\n> From z\n>Fromage\n"}},
		"quoted separator":   {sep + "A: 1\n\nx\n\n>" + sep + "B: 2\n\n" + sep + "A: 2\n", []string{"A: 1\n\nx\n\n" + sep + "B: 2\n", "A: 2\n"}},
		"long lines":         {sep + "A: 1\n\n" + strings.Repeat("x", 200_000) + "\n\n" + sep + "A: 2\n", []string{"A: 1\n\n" + strings.Repeat("x", 200_000) + "\n", "A: 2\n"}},
		"long, then From":    {sep + "A: 1\n\n" + strings.Repeat("x", 64<<10) + sep + "A: 2\n", []string{"A: 1\n\n" + strings.Repeat("x", 64<<10) + sep + "A: 2\n"}},
		"only a separator":   {sep, []string{""}},
		"separator at end":   {sep + "A: 1\n\n" + sep, []string{"A: 1\n\n" + sep}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := collect(t, "", []string{"-"}, iotest.OneByteReader(strings.NewReader(c.box)))
			require.NoError(t, err)
			var contents []string
			for i, m := range got {
				require.Equal(t, fmt.Sprintf("-#%d", i+1), m.name)
				contents = append(contents, m.content)
			}
			require.Equal(t, c.want, contents)
		})
	}
}

func TestMboxVerbatim(t *testing.T) {
	box := sep + "A: 1\n\nx\n\n" + sep + "A: 2\n\n>From y\n"
	var quoted []bool
	var stored []string
	require.NoError(t, Walk([]string{"-"}, strings.NewReader(box), func(m Message) error {
		quoted = append(quoted, m.Quoted)
		f, err := m.OpenVerbatim()
		require.NoError(t, err)
		defer f.Close()
		data, err := io.ReadAll(f)
		stored = append(stored, string(data))
		return err
	}))
	require.Equal(t, []bool{false, true}, quoted)
	require.Equal(t, []string{"A: 1\n\nx\n", "A: 2\n\n>From y\n"}, stored)
}

func TestFromHeaderIsNoMbox(t *testing.T) {
	for _, message := range []string{"From : a@b.example\nSubject: x\n", "From: a@b.example\n", "from a\n", ""} {
		got, err := collect(t, "", []string{"-"}, strings.NewReader(message))
		require.NoError(t, err)
		require.Equal(t, []seen{{"-", message}}, got)
	}
}

// FuzzMbox: the messages are in order, do not overlap, and together with the
// separators and single empty lines between them are the whole file.
func FuzzMbox(f *testing.F) {
	f.Add(sep + "A: 1\n\nx\n\n" + sep + "A: 2\n\n>From y\n\n")
	f.Add(sep)
	f.Add("From \r\nA: 1\r\n\r\nFrom -\r\nB: 2")
	f.Fuzz(func(t *testing.T, box string) {
		if !strings.HasPrefix(box, "From ") {
			return
		}
		at, n := int64(0), 0
		err := split(strings.NewReader(box), func(start, end int64, quoted bool) error {
			n++
			if start < at || end < start || end > int64(len(box)) {
				t.Fatalf("message %d is %d-%d after %d of %d", n, start, end, at, len(box))
			}
			between := strings.TrimLeft(box[at:start], "\r\n")
			if !strings.HasPrefix(between, "From ") || strings.Count(strings.TrimSuffix(between, "\n"), "\n") > 0 {
				t.Fatalf("lost between messages: %q", box[at:start])
			}
			if hasQuoted := strings.Contains("\n"+box[start:end], "\n>"); quoted && !hasQuoted {
				t.Fatal("quoted without a quoted line")
			}
			at = end
			return nil
		})
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		if rest := box[at:]; strings.Trim(rest, "\r\n") != "" {
			t.Fatalf("lost at the end: %q", rest)
		}
	})
}
