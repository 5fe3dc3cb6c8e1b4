package report_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt/report"
)

// palettes returns the colours of the style sheet, light and dark.
func palettes(t testing.TB) (light, dark map[string]string, style string) {
	t.Helper()
	style = all(parse(t, write(t, &report.Page{})), "style")[0].FirstChild.Data
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(style, -1)
	require.Len(t, blocks, 2)
	read := func(block string) map[string]string {
		out := map[string]string{}
		for _, m := range regexp.MustCompile(`--([\w-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(block, -1) {
			out[m[1]] = m[2]
		}
		return out
	}
	return read(blocks[0][1]), read(blocks[1][1]), style
}

// luminance and contrast are those of WCAG 2.2.
func luminance(hex string) float64 {
	var l float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, _ := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}

func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestContrast(t *testing.T) {
	require.InDelta(t, 21, contrast("#000000", "#ffffff"), 0.001)
	require.InDelta(t, 4.48, contrast("#777777", "#ffffff"), 0.01)

	light, dark, style := palettes(t)
	require.Equal(t, len(light), len(dark))
	tones := []string{"green", "red", "amber", "grey"}
	for name, p := range map[string]map[string]string{"light": light, "dark": dark} {
		check := func(fore, back string, want float64) {
			require.Contains(t, p, fore)
			require.Contains(t, p, back)
			got := contrast(p[fore], p[back])
			require.GreaterOrEqual(t, got, want, "%s: %s on %s is %.2f", name, fore, back, got)
		}
		for _, back := range []string{"bg", "card"} {
			for _, fore := range append([]string{"text", "quiet", "link"}, tones...) {
				check(fore, back, 4.5) // WCAG 1.4.3, AA
			}
			check("edge", back, 3) // WCAG 1.4.11
		}
		for _, tone := range tones {
			check(tone, tone+"-bg", 4.5)
			check("text", tone+"-bg", 4.5) // the boxes of conflicts and remarks
		}
	}
	// No colour stands elsewhere, so no other pair is there to check.
	for _, line := range strings.Split(style, "\n") {
		if regexp.MustCompile(`(?i)#[0-9a-f]{3,8}\b|\b(rgb|hsl|lab|lch|oklch|oklab|color)\(|:\s*(black|white|red|green|gray|grey)\b`).MatchString(line) {
			require.Regexp(t, `^ +--`, line)
		}
	}
}
