package pectest_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// mailboxes is everything that a network of a seed holds after a day of mail.
func mailboxes(t *testing.T, seed uint64) (all [][]byte) {
	n := network(t, &pectest.NetworkOptions{Seed: seed, Faults: []pectest.Fault{{Kind: pectest.Delay, Message: pec.KindDelivery, For: 30 * hour, Times: 1}}})
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno, "nessuno@beta.example"), Cc: pec.Addresses("carla@alfa.example"), Subject: "Uno",
		Attachments: []pec.File{pec.FileBytes("contratto.bin", "", []byte{1, 2, 3})}})
	send(t, n, bruno, &pec.Draft{To: pec.Addresses(anna), Subject: "Due"})
	require.NoError(t, n.Inject("ditta@mail.test", []string{bruno}, plain("ditta@mail.test", bruno)))
	n.Advance(40 * hour)
	for _, m := range n.Mailboxes() {
		for _, s := range m.Messages() {
			all = append(all, s.Data)
		}
	}
	require.Greater(t, len(all), 10)
	signed, err := n.SignedLDIF()
	require.NoError(t, err)
	return append(all, n.LDIF(), signed, n.Authority().PEM(), []byte(account(t, n, anna).Password()))
}

// TestSameSeedSameMailboxes: byte for byte.
func TestSameSeedSameMailboxes(t *testing.T) {
	first := mailboxes(t, 1)
	require.Equal(t, first, mailboxes(t, 1))
	require.NotEqual(t, first, mailboxes(t, 2))
}

const otherMachine = "CERTMAIL_OTHER_MACHINE"

// TestSameSeedOtherMachine does the same in another process: another time
// zone, another locale, one processor, no tuned code for this one's.
func TestSameSeedOtherMachine(t *testing.T) {
	sum := sha256.New()
	for _, data := range mailboxes(t, 7) {
		fmt.Fprintf(sum, "%d\n%s", len(data), data)
	}
	digest := fmt.Sprintf("digest %x", sum.Sum(nil))
	if os.Getenv(otherMachine) != "" {
		fmt.Println(digest, time.Local, runtime.GOMAXPROCS(0))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestSameSeedOtherMachine$", "-test.count=1")
	cmd.Env = append(os.Environ(), otherMachine+"=1", "TZ=Asia/Tokyo", "LC_ALL=C", "GOMAXPROCS=1", "GODEBUG=cpu.all=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), digest+" Asia/Tokyo 1\n")
}
