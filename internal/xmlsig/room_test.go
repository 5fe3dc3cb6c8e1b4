package xmlsig

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmltree"
)

// FuzzDecoded: base64 read in one go is base64 read by the standard library, and
// what the room held before or holds after does not matter.
func FuzzDecoded(f *testing.F) {
	for _, s := range []string{"", "QQ==", "QUJD", "QUJDREVGRw==", " QUJD RA== ", "QUJD\nREVG\nRw==\n", "QUJDRB==", "QUJD=", "QUJD*", "QUJDREVGR0hJSktM\tTU4="} {
		f.Add([]byte(s), 20)
	}
	f.Fuzz(func(t *testing.T, text []byte, most int) {
		most = 1 + max(most, -most-1)%100
		m := new(room)
		before := m.take(5)
		copy(before, "first")
		want, wantErr := decodedText(string(text), "part", most)
		if got, ok := m.regular(string(text), most); ok {
			require.Nil(t, wantErr)
			require.Equal(t, string(want), string(got))
			m.regular("QUJDREVGR0hJSktM", 100)
			require.Equal(t, string(want), string(got))
			require.Equal(t, len(got), cap(got))
		}
		require.Equal(t, "first", string(before))
	})
}

// TestRoomLeavesNothing: what a verification tells does not change when its room
// is used again, and an Intern that gives something else is not listened to.
func TestRoomLeavesNothing(t *testing.T) {
	v := &verifier{p: &Policy{}, result: &Signature{}, room: new(room)}
	a, b := v.room.take(4), v.room.take(4)
	copy(a, "aaaa")
	copy(b, "bbbb")
	v.result.Certificates = [][]byte{a, b}
	named := v.keep(b)
	copy(a, "xxxx")
	copy(b, "xxxx")
	require.Equal(t, [][]byte{[]byte("aaaa"), []byte("bbbb")}, v.result.Certificates)
	require.Equal(t, [][]byte{[]byte("bbbb")}, named)

	held := [][]byte{[]byte("aaaa"), []byte("bbbb")}
	for _, c := range []struct {
		own  string
		list [][]byte
		held bool
	}{
		{"bbbb", held, true}, {"aaaa", held, false}, {"", nil, false}, {"bbbb", held[:1], false}, {"bbbb", [][]byte{held[1], held[0]}, false},
	} {
		v.p.Intern = func([]byte, [][]byte) ([]byte, [][]byte) { return []byte(c.own), c.list }
		v.result.Certificates = [][]byte{bytes.Clone(held[0]), bytes.Clone(held[1])}
		named := v.keep(v.result.Certificates[1])
		require.Equal(t, [][]byte{[]byte("bbbb")}, named)
		require.Equal(t, held, v.result.Certificates)
		require.Equal(t, c.held, &v.result.Certificates[0][0] == &held[0][0])
	}
}

// TestDecodedAsBefore: the errors are those of the slow way.
func TestDecodedAsBefore(t *testing.T) {
	for text, why := range map[string]string{"QUJ": "illegal base64", "": "0 octets", "QUJDREVG": "6 octets, 1 to 5"} {
		d, err := xmltree.Parse([]byte("<a>"+text+"</a>"), nil)
		require.NoError(t, err)
		_, e := new(room).decoded(d.Root, 5)
		require.NotNil(t, e)
		require.ErrorIs(t, e, ErrStructure)
		require.Contains(t, e.Error(), why)
	}
}
