package remtest_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/rem/remtest"
)

// everything is all that a network of a seed holds after a day of mail.
func everything(t *testing.T, seed uint64) (all [][]byte) {
	n := network(t, &remtest.NetworkOptions{Seed: seed, Faults: []remtest.Fault{
		{Kind: remtest.Delay, Event: evidence.ContentConsignment, For: 30 * hour, Times: 1},
		{Kind: remtest.WrongSigner, Event: evidence.ContentConsignment, Skip: 1, Times: 1},
		{Kind: remtest.ServiceWithdrawn, Provider: "gamma.example"},
	}})
	send := func(from string, to ...string) {
		_, err := account(t, n, from).Send(context.Background(), &pec.Draft{To: pec.Addresses(to...), Subject: "Uno", Text: "testo\n"})
		require.NoError(t, err)
	}
	send(anna, bruno, "nessuno@beta.example", "carla@alfa.example", "anna@gamma.example", "ditta@mail.test")
	send(bruno, anna)
	require.NoError(t, n.Inject(context.Background(), "ditta@mail.test", []string{bruno}, plain("ditta@mail.test", bruno)))
	n.Advance(40 * hour)
	for _, m := range n.Mailboxes() {
		for _, s := range m.Messages() {
			all = append(all, s.Data)
		}
	}
	require.Greater(t, len(all), 10)
	list, signer, err := n.TrustedList("IT")
	require.NoError(t, err)
	return append(all, list, signer.Raw, n.Authority().PEM(), []byte(account(t, n, anna).Password()))
}

func plain(from, to string) []byte {
	return []byte("From: " + from + "\r\nTo: " + to + "\r\nSubject: Comunicazione\r\nDate: Mon, 02 Mar 2026 09:30:00 +0100\r\nMessage-ID: <1@mail.test>\r\n\r\nciao\r\n")
}

// TestSameSeedSameBytes: byte for byte.
func TestSameSeedSameBytes(t *testing.T) {
	first := everything(t, 1)
	require.Equal(t, first, everything(t, 1))
	require.NotEqual(t, first, everything(t, 2))
}

const otherMachine = "CERTMAIL_OTHER_MACHINE"

// TestSameSeedOtherMachine does the same in another process: another time
// zone, another locale, one processor, no tuned code for this one's.
func TestSameSeedOtherMachine(t *testing.T) {
	sum := sha256.New()
	for _, data := range everything(t, 1) {
		fmt.Fprintf(sum, "%d\n%s", len(data), data)
	}
	digest := fmt.Sprintf("digest %x", sum.Sum(nil))
	if os.Getenv(otherMachine) != "" {
		fmt.Println(digest, runtime.GOMAXPROCS(0))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestSameSeedOtherMachine$", "-test.count=1")
	cmd.Env = append(os.Environ(), otherMachine+"=1", "TZ=Asia/Tokyo", "LC_ALL=C", "GOMAXPROCS=1", "GODEBUG=cpu.all=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), digest+" 1\n")
}
