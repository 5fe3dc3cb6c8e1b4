package report

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWordsAreComplete: no word is missing in either language, both have the
// same entries, and a sentence has as many places as in the other.
func TestWordsAreComplete(t *testing.T) {
	var walk func(path string, a, b reflect.Value)
	walk = func(path string, a, b reflect.Value) {
		switch a.Kind() {
		case reflect.String:
			require.NotEmpty(t, strings.TrimSpace(a.String()), path)
			require.NotEmpty(t, strings.TrimSpace(b.String()), path)
			require.Equal(t, strings.Count(a.String(), "%s"), strings.Count(b.String(), "%s"), path)
			require.NotContains(t, strings.ReplaceAll(a.String()+b.String(), "%s", ""), "%", path)
		case reflect.Struct:
			for i := range a.NumField() {
				walk(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		case reflect.Map:
			require.NotZero(t, a.Len(), path)
			require.Equal(t, a.Len(), b.Len(), path)
			for _, k := range a.MapKeys() {
				require.True(t, b.MapIndex(k).IsValid(), "%s[%v]", path, k)
				walk(path+"["+k.String()+"]", a.MapIndex(k), b.MapIndex(k))
			}
		case reflect.Slice, reflect.Array:
			require.Equal(t, a.Len(), b.Len(), path)
			for i := range a.Len() {
				walk(path, a.Index(i), b.Index(i))
			}
		default:
			require.Fail(t, path)
		}
	}
	walk("words", reflect.ValueOf(*italian()), reflect.ValueOf(*english()))
}

func TestPlainName(t *testing.T) {
	for s, want := range map[string]bool{
		"data/20260302T083000Z_consegna_66b0.eml": true, "": false, "-rf": false, "/etc/passwd": false, "a/../b": false, "a b": false, "$(id)": false,
		"a;b": false, "a\nb": false, "è": false, "a'b": false, "a*": false, "~x": false,
	} {
		require.Equal(t, want, plainName(s), s)
	}
}
