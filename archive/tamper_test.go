package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/trust"
)

// small is a transaction of one short message that is captured in full.
func (w *world) small(t testing.TB) *archive.Transaction {
	o := w.options(true)
	tx := &archive.Transaction{ID: "urn:example:small", Items: []*archive.Item{capture(t, []byte("Message-ID: <a@b.example>\r\nSubject: a\r\n\r\nb\r\n"), o)}}
	require.NotEmpty(t, tx.Items[0].TimeStamp)
	return tx
}

// One flipped byte anywhere is found, and the file is named.
func TestPackage_EveryByteCounts(t *testing.T) {
	w := newWorld(t)
	for _, format := range []archive.Format{archive.Folder, archive.PDV} {
		t.Run(string(format), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "p")
			require.NoError(t, archive.Write(t.Context(), dir, w.small(t), &archive.Options{Format: format, Organization: "x", TimeStamp: w.tsa}))
			flips := 0
			require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(name)
				require.NoError(t, err)
				rel, err := filepath.Rel(dir, name)
				require.NoError(t, err)
				for i := range data {
					if (testing.Short() || format == archive.PDV) && i%31 != 0 {
						continue // every byte of the plain folder, some of the larger one
					}
					for _, bit := range []byte{1 << (i % 8), 0x20}[:1+(i%4+1)/4] { // 0x20: upper and lower case
						data[i] ^= bit
						require.NoError(t, os.WriteFile(name, data, 0o600))
						flips++
						v := check(t, w, dir)
						data[i] ^= bit
						require.False(t, v.Integrity.Intact, "%s: byte %d", rel, i)
						require.NotEqual(t, trust.Valid, v.Verdict)
						require.NotEmpty(t, v.Integrity.Of(filepath.ToSlash(rel)), "%s: byte %d: %+v", rel, i, v.Integrity)
						if !strings.HasSuffix(rel, ".tst") && !strings.HasPrefix(rel, "seal") {
							require.Len(t, v.Integrity.Of(filepath.ToSlash(rel)), len(v.Integrity.Alterations), "%s: byte %d: %+v", rel, i, v.Integrity)
						}
					}
				}
				return os.WriteFile(name, data, 0o600)
			}))
			t.Log(flips, "flips")
			require.Equal(t, trust.Valid, check(t, w, dir).Verdict)
		})
	}
	for _, format := range []archive.Format{archive.Zip, archive.ASiCE} {
		t.Run(string(format), func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, archive.WriteTo(t.Context(), &b, w.small(t), &archive.Options{Format: format, TimeStamp: w.tsa}))
			data := b.Bytes()
			refused := map[string]int{}
			for i := range data {
				if i%7 != 0 && (i < len(data)-1500 || testing.Short()) {
					continue // all of the directory, some of what is before it
				}
				data[i] ^= 1 << (i % 8)
				p, err := archive.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), nil)
				if err != nil {
					require.True(t, errors.Is(err, archive.ErrPackage) || errors.Is(err, archive.ErrLimit), "%v", err)
					refused[fmt.Sprintf("%.60s", err)]++
				} else {
					v, err := p.Verify(t.Context(), w.verify())
					require.NoError(t, err)
					require.False(t, v.Integrity.Intact, "byte %d", i)
					require.NotEqual(t, trust.Valid, v.Verdict, "byte %d", i)
				}
				data[i] ^= 1 << (i % 8)
			}
			t.Log(len(data), "flips; refused:", refused)
		})
	}
}

func check(t *testing.T, w *world, name string) *archive.Verification {
	t.Helper()
	p, err := archive.Open(t.Context(), name, nil)
	require.NoError(t, err)
	defer p.Close()
	v, err := p.Verify(t.Context(), w.verify())
	require.NoError(t, err)
	return v
}

// Files that are missing, added or exchanged.
func TestPackage_FilesCount(t *testing.T) {
	w := newWorld(t)
	for _, format := range []archive.Format{archive.Folder, archive.BagIt} {
		tx := w.transaction(t, true, "good/m1-accettazione.eml")
		dir := w.write(t, format, tx)
		var names []string
		require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names = append(names, name)
			}
			return err
		}))
		for _, name := range names {
			rel, err := filepath.Rel(dir, name)
			require.NoError(t, err)
			require.NoError(t, os.Rename(name, dir+".moved"))
			v := check(t, w, dir)
			require.Equal(t, trust.Invalid, v.Verdict, rel)
			require.NotEmpty(t, v.Integrity.Of(filepath.ToSlash(rel)), "%s: %+v", rel, v.Integrity)
			require.Equal(t, archive.Missing, v.Integrity.Of(filepath.ToSlash(rel))[0].Kind, rel)
			require.NoError(t, os.Rename(dir+".moved", name))
		}
		for _, extra := range []string{"data/other.eml", "evidence/x.der", "new.txt"} {
			name := filepath.Join(dir, extra)
			require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
			v := check(t, w, dir)
			require.Equal(t, []archive.Alteration{{Path: extra, Kind: archive.Extra, Detail: "there, and in no list"}}, v.Integrity.Alterations)
			require.NoError(t, os.Remove(name))
		}
		require.Equal(t, trust.Valid, check(t, w, dir).Verdict)
	}
}

// Whoever changes the lists, too, is found by the time-stamp of the package and
// by the signatures of the messages.
func TestPackage_ConsistentForgery(t *testing.T) {
	w := newWorld(t)
	genuine := w.transaction(t, true, "good/m1-accettazione.eml")
	forged := w.transaction(t, false, "tampered/altered-text.eml")
	// The genuine time-stamps on the forged message and package.
	forged.Items[0].TimeStamp = genuine.Items[0].TimeStamp
	forged.Items[0].Report = genuine.Items[0].Report
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	o := &archive.Options{Format: archive.Folder, TimeStamp: w.tsa}
	require.NoError(t, archive.Write(t.Context(), a, genuine, o))
	require.NoError(t, archive.Write(t.Context(), b, forged, &archive.Options{Format: archive.Folder, TimeStamp: w.tsa}))
	token, err := os.ReadFile(filepath.Join(a, "manifest-sha512.txt.tst"))
	require.NoError(t, err)
	v := check(t, w, b)
	require.True(t, v.Integrity.Intact)
	require.Equal(t, trust.Invalid, v.Verdict)
	require.Equal(t, trust.Failed, v.Items[0].Proof(archive.ProofTimeStamp).Status)
	require.Equal(t, trust.Failed, v.Items[0].Proof(trust.CheckSignature).Status)
	require.Equal(t, archive.SeenByPackage, v.Items[0].SeenBy, "that of the forged package proves no more")
	require.NotEmpty(t, v.Items[0].Changes)
	require.NoError(t, os.WriteFile(filepath.Join(b, "manifest-sha512.txt.tst"), token, 0o600))
	v = check(t, w, b)
	require.Equal(t, trust.Failed, v.Proof(archive.ProofPackageStamp).Status)
}
