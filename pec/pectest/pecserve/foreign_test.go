package pecserve_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// Clients that are not Go's: whatever the library's own client forgives, these
// do not.

// tool runs a program and returns what it writes.
func tool(t testing.TB, name string, args ...string) (out, trouble string, err error) {
	t.Helper()
	cmd := exec.Command(reftest.Tool(t, name), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

func file(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestCurl(t *testing.T) {
	w := start(t, nil)
	ca, e := file(t, "ca.pem", w.servers.CA()), w.endpoint(anna)
	curl := func(args ...string) (string, string, error) {
		return tool(t, "curl", append([]string{"--silent", "--show-error", "--max-time", "60", "--cacert", ca}, args...)...)
	}
	user := anna + ":" + w.account(anna).Password()
	message := file(t, "m.eml", []byte(letter(anna, bruno, "by curl", "Così.\r\n.")))
	for _, url := range []string{"smtps://" + e.Submission.String(), "smtp://" + e.StartTLS.String()} {
		for _, login := range []string{"AUTH=PLAIN", "AUTH=LOGIN"} {
			_, trouble, err := curl(url, "--ssl-reqd", "--user", user, "--login-options", login, "--mail-from", anna, "--mail-rcpt", bruno, "--upload-file", message)
			require.NoError(t, err, trouble)
		}
	}
	w.Settle()
	require.Len(t, w.kinds(bruno), 4)

	_, trouble, err := curl("smtps://"+e.Submission.String(), "--user", anna+":wrong", "--mail-from", anna, "--mail-rcpt", bruno, "--upload-file", message)
	require.Error(t, err)
	require.Contains(t, trouble, "Login denied")
	_, trouble, err = curl("smtp://"+e.StartTLS.String(), "--mail-from", anna, "--mail-rcpt", bruno, "--upload-file", message)
	require.Error(t, err)
	require.Contains(t, trouble, "530")
	_, trouble, err = tool(t, "curl", "--silent", "--show-error", "imaps://"+e.IMAP.String(), "--user", user)
	require.Error(t, err)
	require.Contains(t, trouble, "certificate", "without the authority")
	require.NoError(t, w.AddFault(pectest.Fault{Kind: pectest.CutAfterDot, Times: 1}))
	_, _, err = curl("smtps://"+e.Submission.String(), "--user", user, "--mail-from", anna, "--mail-rcpt", bruno, "--upload-file", message)
	require.Error(t, err, "cut")

	imap := "imaps://" + e.IMAP.String()
	for i, stored := range w.account(anna).Messages() {
		out, trouble, err := curl(imap+"/INBOX;UID="+strconv.Itoa(int(stored.UID)), "--user", user)
		require.NoError(t, err, trouble)
		require.Equal(t, string(stored.Data), out, i)
		reftest.OpenSSLVerify(t, []byte(out), w.servers.CA())
	}
	out, trouble, err := curl(imap, "--user", user)
	require.NoError(t, err, trouble)
	require.Equal(t, "* LIST () \"/\" INBOX\r\n* LIST (\\Sent) \"/\" \"Sent\"\r\n", out)
	out, trouble, err = curl(imap+"/INBOX?SUBJECT%20ACCETTAZIONE", "--user", user)
	require.NoError(t, err, trouble)
	require.Regexp(t, `^\* SEARCH( \d+){4}\r\n$`, out)
	_, trouble, err = curl(imap+"/Sent", "--user", user, "--upload-file", message)
	require.NoError(t, err, trouble)
	sent, err := w.account(anna).List(pectest.Sent)
	require.NoError(t, err)
	require.Len(t, sent, 1)
	require.Equal(t, letter(anna, bruno, "by curl", "Così.\r\n."), string(sent[0].Data))
	_, trouble, err = curl(imap, "--user", anna+":wrong")
	require.Error(t, err)
	require.Contains(t, trouble, "Login denied")
}

// What Python's smtplib and imaplib do, in the two halves between which the
// network settles.
const pythonSends = `
import smtplib, ssl, sys
ca, host, tls, starttls, user, password, message = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
data = open(message, "rb").read()
s = smtplib.SMTP_SSL(host, int(tls), context=context)
try: s.login(user, "wrong"); sys.exit("wrong password taken")
except smtplib.SMTPAuthenticationError as e: assert e.smtp_code == 535, e
s.login(user, password)
assert s.has_extn("pipelining") and s.has_extn("8bitmime") and s.esmtp_features["size"] == "60000000", s.esmtp_features
try: s.sendmail("bruno@beta.example", ["bruno@beta.example"], data); sys.exit("sender taken")
except smtplib.SMTPSenderRefused as e: assert e.smtp_code == 553, e
assert s.sendmail(user, ["bruno@beta.example"], data) == {}
s.quit()
s = smtplib.SMTP(host, int(starttls))
s.ehlo()
assert not s.has_extn("auth"), s.esmtp_features
s.starttls(context=context)
s.login(user, password)
s.sendmail(user, ["bruno@beta.example"], data, mail_options=["BODY=8BITMIME"])
s.quit()
`

const pythonReads = `
import imaplib, ssl, sys, email, email.policy, hashlib, time
ca, host, port, user, password, sums = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]
def refused(call):
    try: answer = call()
    except imaplib.IMAP4.error: return
    assert answer[0] == "NO", answer
m = imaplib.IMAP4_SSL(host, int(port), ssl_context=context)
refused(lambda: m.login(user, "wrong"))
ok(m.authenticate("PLAIN", lambda _: b"\0" + user.encode() + b"\0" + password.encode()))
assert {"IDLE", "UIDPLUS", "MOVE"} <= set(ok(m.capability())[0].decode().split())
ok(m.select("INBOX", readonly=True))
numbers = ok(m.search(None, "ALL"))[0].split()
assert ok(m.search("UTF-8", "SUBJECT", "CONSEGNA"))[0].split() == numbers[2:], numbers
seen = []
for n in numbers:
    data = ok(m.fetch(n, "(RFC822.SIZE INTERNALDATE FLAGS ENVELOPE BODYSTRUCTURE BODY[])"))
    raw = data[0][1]
    seen.append(hashlib.sha256(raw).hexdigest())
    assert b"RFC822.SIZE %d " % len(raw) in data[0][0], data[0][0]
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert [p.get_filename() for p in parsed.walk() if p.get_filename()][:1] == ["daticert.xml"], list(parsed.walk())
assert ",".join(seen) == sums, (seen, sums)
refused(lambda: m.store("1", "+FLAGS", r"(\Seen)"))
ok(m.close())
ok(m.select("INBOX"))
validity = m.response("UIDVALIDITY")[1]
ok(m.fetch("1", "(BODY[TEXT])"))
assert b"Seen" in ok(m.fetch("1", "(FLAGS)"))[0]
assert b"Seen" not in ok(m.fetch("2", "(FLAGS)"))[0]
ok(m.uid("STORE", "2", "+FLAGS.SILENT", r"(\Deleted $Done)"))
ok(m.create("Archivio"))
ok(m.uid("COPY", "1:2", "Archivio"))
ok(m.expunge())
ok(m.uid("MOVE", "1", "Archivio"))
assert m.status("Archivio", "(MESSAGES UNSEEN)")[1] == [b'"Archivio" (MESSAGES 3 UNSEEN 1)'], m.status("Archivio", "(MESSAGES UNSEEN)")
big = b"Subject: x\r\n\r\n" + b"y" * 70_000_000
refused(lambda: m.append("Sent", None, None, big[:60_000_001]))
ok(m.append("Sent", r"(\Seen)", imaplib.Time2Internaldate(time.time()), b"Subject: x\r\n\r\ny\r\n"))
assert {l.decode().split()[-1] for l in ok(m.list())} == {"INBOX", '"Sent"', '"Archivio"'}
ok(m.unselect())
m.logout()
`

func TestPython(t *testing.T) {
	w := start(t, nil)
	e, ca := w.endpoint(anna), file(t, "ca.pem", w.servers.CA())
	password := w.account(anna).Password()
	message := file(t, "m.eml", []byte(letter(anna, bruno, "by Python", "Così.\r\n.")))
	out, trouble, err := tool(t, "python3", "-c", pythonSends, ca, "localhost", strconv.Itoa(e.Submission.Port), strconv.Itoa(e.StartTLS.Port), anna, password, message)
	require.NoError(t, err, out+trouble)
	w.Settle()
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindAcceptance, pec.KindDelivery, pec.KindDelivery}, w.kinds(anna))

	var sums []string
	for _, m := range w.account(anna).Messages() {
		sums = append(sums, sum(m.Data))
	}
	out, trouble, err = tool(t, "python3", "-c", pythonReads, ca, "127.0.0.1", strconv.Itoa(e.IMAP.Port), anna, password, strings.Join(sums, ","))
	require.NoError(t, err, out+trouble)
	require.Len(t, w.account(anna).Messages(), 2)
	archived, err := w.account(anna).List("Archivio")
	require.NoError(t, err)
	require.Equal(t, []string{`\Deleted`, "$Done"}, archived[1].Flags)
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}
