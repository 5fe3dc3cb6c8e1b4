package trust

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudge(t *testing.T) {
	required := []string{CheckSignature, CheckSignerChain}
	pass := func(names ...string) (list []Check) {
		for _, n := range names {
			list = append(list, Check{n, Passed, ""})
		}
		return list
	}
	with := func(list []Check, name string, s Status) []Check { return append(list, Check{name, s, ""}) }
	both := func() []Check { return pass(CheckSignature, CheckSignerChain) }
	for name, c := range map[string]struct {
		checks []Check
		want   Verdict
	}{
		"all passed":                       {both(), Valid},
		"one failed":                       {with(both(), CheckHeaders, Failed), Invalid},
		"failed beats unknown":             {with(with(both(), CheckHeaders, Unknown), CheckOriginal, Failed), Invalid},
		"required unknown":                 {with(pass(CheckSignature), CheckSignerChain, Unknown), Indeterminate},
		"required skipped":                 {with(pass(CheckSignature), CheckSignerChain, Skipped), Indeterminate},
		"required absent":                  {pass(CheckSignature), Indeterminate},
		"other skipped":                    {with(both(), CheckRevocation, Skipped), Valid},
		"other unknown":                    {with(both(), CheckRevocation, Unknown), Indeterminate},
		"one of several of a name skipped": {with(both(), CheckSignature, Skipped), Indeterminate},
		"one of several of a name failed":  {with(both(), CheckSignature, Failed), Invalid},
		"a status that does not exist":     {with(both(), CheckRevocation, "fine"), Indeterminate},
		"nothing at all":                   {nil, Indeterminate},
	} {
		require.Equal(t, c.want, Judge(c.checks, required...), name)
	}
	require.Equal(t, Indeterminate, Judge(nil))
	require.Equal(t, Indeterminate, Judge(with(nil, CheckRevocation, Skipped)))
}
