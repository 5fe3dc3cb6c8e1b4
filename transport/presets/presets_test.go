package presets_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport/presets"
)

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)

// The table is whole: every entry says who, where, how, how well known and
// since when, and no two claim the same.
func TestTableHasItsShape(t *testing.T) {
	all := presets.All()
	require.GreaterOrEqual(t, len(all), 15)
	seen := map[string]string{}
	claim := func(what, id string) {
		require.Empty(t, seen[what], "%s is claimed by %s and %s", what, seen[what], id)
		seen[what] = id
	}
	for _, p := range all {
		require.Regexp(t, `^[a-z][a-z-]*$`, p.ID)
		require.NotEmpty(t, p.Name)
		claim("name "+strings.ToLower(p.Name), p.ID)
		if !strings.EqualFold(p.ID, p.Name) {
			claim("name "+p.ID, p.ID)
		}
		for _, d := range p.Domains {
			require.Regexp(t, hostName, d)
			claim("domain "+d, p.ID)
		}
		require.Regexp(t, `^20\d\d-(0[1-9]|1[0-2])$`, p.Date, p.ID)
		require.Contains(t, []presets.UserName{presets.UserAddress, presets.UserCode, presets.UserAccount, presets.UserUnknown}, p.User, p.ID)
		require.True(t, p.SMTP.Known(), "%s: how is anything sent?", p.ID)
		for port, s := range map[int]presets.Server{993: p.IMAP, 995: p.POP3, 465: p.SMTP} {
			if !s.Known() {
				require.Zero(t, s, p.ID)
				require.Equal(t, "unknown", s.String())
				continue
			}
			require.Equal(t, port, s.Port, p.ID)
			require.Contains(t, []presets.Mark{presets.Official, presets.Several, presets.Single}, s.Mark, p.ID)
			require.Equal(t, fmt.Sprintf("%s:%d", s.Host, port), s.String())
			for _, h := range append([]string{s.Host}, s.Others...) {
				require.Regexp(t, hostName, h, p.ID)
			}
			require.NotContains(t, s.Others, s.Host)
		}
		for _, text := range append(slices.Clone(p.Notes), p.TwoStep) {
			require.Equal(t, strings.TrimSpace(text), text)
			require.True(t, text == "" || strings.HasSuffix(text, "."), "%s: %q is no sentence", p.ID, text)
		}
		l := p.Limits
		require.True(t, l.MaxLoad == 0 || l.MaxLoad >= 30_000_000, "%s: less than the decree grants", p.ID)
		require.True(t, l.MaxRecipients == 0 || l.MaxRecipients >= 50, "%s: less than the decree grants", p.ID)
		require.GreaterOrEqual(t, l.MaxSize, int64(0))
	}
	require.True(t, slices.IsSortedFunc(all, func(a, b presets.Preset) int { return strings.Compare(a.ID, b.ID) }))
}

func TestLookup(t *testing.T) {
	for _, want := range presets.All() {
		for _, name := range []string{want.ID, want.Name, " " + strings.ToUpper(want.Name) + "\n"} {
			got, ok := presets.ByName(name)
			require.True(t, ok, name)
			require.Equal(t, want, got)
		}
		for _, d := range want.Domains {
			for _, given := range []string{d, strings.ToUpper(d)} {
				got, ok := presets.ByDomain(given)
				require.True(t, ok, given)
				require.Equal(t, want, got)
			}
			got, ok := presets.ByAddress(`"a@b"@` + d)
			require.True(t, ok)
			require.Equal(t, want.ID, got.ID)
			// Only exactly this domain.
			for _, other := range []string{"x." + d, "x" + d, d + ".", d + ".example", strings.SplitN(d, ".", 2)[1], " " + d} {
				if p, ok := presets.ByDomain(other); ok {
					require.Contains(t, p.Domains, other, "guessed from %s", d)
				}
			}
		}
	}
	for _, unknown := range []string{"", "ditta.example", "pec.ditta.example", "it", "."} {
		_, ok := presets.ByDomain(unknown)
		require.False(t, ok, unknown)
		_, ok = presets.ByName(unknown)
		require.False(t, ok, unknown)
		_, ok = presets.ByAddress(unknown)
		require.False(t, ok, unknown)
		_, ok = presets.ByAddress("@" + unknown)
		require.False(t, ok, unknown)
	}
}

// What is returned is the caller's own.
func TestCallersMayChangeWhatTheyGet(t *testing.T) {
	p, ok := presets.ByName("aruba")
	require.True(t, ok)
	q := p
	domain := p.Domains[0]
	p.Domains[0], p.Notes[0], p.SMTP.Host = "changed.example", "changed", "changed.example"
	again, ok := presets.ByDomain(domain)
	require.True(t, ok)
	require.NotEqual(t, p, again)
	require.NotEqual(t, q.Domains, again.Domains, "q shares them with p")
	_, ok = presets.ByDomain("changed.example")
	require.False(t, ok)
}

func Example() {
	p, ok := presets.ByAddress("ditta@pec.it")
	if !ok {
		fmt.Println("ask for the servers")
		return
	}
	fmt.Println(p.Name)
	fmt.Println(p.SMTP, p.SMTP.Mark, p.Date)
	fmt.Println("user name:", p.User)
	p.SMTP.Host = "smtp.relay.example" // a preset is a starting point
	fmt.Println(p.SMTP)
	// Output:
	// Aruba PEC
	// smtps.pec.aruba.it:465 P 2026-11
	// user name: address
	// smtp.relay.example:465
}

func ExampleByDomain() {
	_, ok := presets.ByDomain("pec.ditta.example") // a customer's own: any provider may keep it
	fmt.Println(ok)
	// Output: false
}
