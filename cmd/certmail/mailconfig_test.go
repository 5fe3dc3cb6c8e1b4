package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// edited writes a configuration beside the office's with some keys changed; nil
// takes a key out.
func (o *office) edited(t *testing.T, change map[string]any) string {
	t.Helper()
	data, err := os.ReadFile(o.config)
	require.NoError(t, err)
	config := map[string]any{}
	require.NoError(t, json.Unmarshal(data, &config))
	for key, value := range change {
		if config[key] = value; value == nil {
			delete(config, key)
		}
	}
	data, err = json.Marshal(config)
	require.NoError(t, err)
	name := filepath.Join(filepath.Dir(o.config), fmt.Sprintf("edited-%d.json", time.Now().UnixNano()))
	require.NoError(t, os.WriteFile(name, data, 0o600))
	return name
}

// mailCommands are all that read the configuration, with what else they need.
func mailCommands() [][]string {
	return [][]string{{"send", "--key", "7", "--to", brunoBeta}, {"fetch"}, {"watch"}, {"status"}}
}

// What the configuration says wrong is told at once, by every command, with
// exit code 2 and without what may be a password.
func TestConfigurationIsHostile(t *testing.T) {
	o := newOffice(t)
	const secret = "Gegen-alle-Lauscher-1"
	command := []string{"echo", secret}
	for name, c := range map[string]struct {
		change map[string]any
		want   string
	}{
		"unknown key":           {map[string]any{"password": secret}, `unknown field "password"`},
		"unknown key in server": {map[string]any{"imap": map[string]any{"host": "x.example", "password": secret}}, `unknown field "password"`},
		"wrong type":            {map[string]any{"folders": secret}, "folders"},
		"password as a number":  {map[string]any{"password_env": 12345678}, "password_env"},
		"no account":            {map[string]any{"account": nil}, `"account" is missing`},
		"account is no address": {map[string]any{"account": "ufficio"}, `"account"`},
		"line end in account":   {map[string]any{"account": "a@b.example\r\nBcc: c@d.example"}, `"account"`},
		"no password":           {map[string]any{"password_env": nil}, `"password_command"`},
		"two passwords":         {map[string]any{"password_command": command}, `"password_command"`},
		"no program":            {map[string]any{"password_env": nil, "password_command": []string{""}}, "names no program"},
		"no store":              {map[string]any{"store": nil}, `"store"`},
		"no blobs":              {map[string]any{"blobs": ""}, `"blobs"`},
		"no submission":         {map[string]any{"submission": nil}, `"submission"`},
		"no imap host":          {map[string]any{"imap": map[string]any{"port": 993}}, `"imap"`},
		"unknown provider":      {map[string]any{"provider": "nobody"}, `"nobody"`},
		"security none":         {map[string]any{"imap": map[string]any{"host": "x.example", "security": "none"}}, `security "none"`},
		"security plaintext":    {map[string]any{"submission": map[string]any{"host": "x.example", "security": "plaintext"}}, `security "plaintext"`},
		"port":                  {map[string]any{"imap": map[string]any{"host": "x.example", "port": 70000}}, "port 70000"},
		"negative port":         {map[string]any{"submission": map[string]any{"host": "x.example", "port": -1}}, "port -1"},
		"host with a line end":  {map[string]any{"submission": map[string]any{"host": "x\r\ny.example"}}, "host"},
		"authorities are gone":  {map[string]any{"tls_ca": "nowhere.pem"}, "nowhere.pem"},
		"authorities are none":  {map[string]any{"tls_ca": "igpec.ldif"}, "no certificate"},
		"anchors are gone":      {map[string]any{"ca": []string{"nowhere.pem"}}, "nowhere.pem"},
		"directory is none":     {map[string]any{"directory": []string{"ca.pem"}}, "ca.pem"},
	} {
		config := o.edited(t, c.change)
		for _, args := range mailCommands() {
			r := certmail(append(args, "--config", config)...)
			require.Equal(t, exitUsage, r.code, "%s: %s: %s", name, args[0], r.stderr)
			require.Contains(t, r.stderr, c.want, "%s: %s", name, args[0])
			require.Empty(t, r.stdout, name)
			require.NotContains(t, r.stderr, secret, name)
			require.NotContains(t, r.stderr, "12345678", name)
			require.True(t, strings.HasPrefix(r.stderr, "certmail: "), r.stderr)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "no object": "[]", "two": `{"account":"a@b.example"} {"account":"c@d.example"}`, "cut off": `{"account": "a@b.`, "null": "null", "binary": "\x00\xff\x1b[31m",
	} {
		config := filepath.Join(t.TempDir(), "c.json")
		require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
		r := certmail("fetch", "--config", config)
		require.Equal(t, exitUsage, r.code, name)
		require.NotContains(t, r.stderr, "\x1b", "no terminal is told what to do")
	}
	require.Equal(t, exitUsage, certmail("fetch", "--config", filepath.Join(t.TempDir(), "nowhere.json")).code)
	require.Equal(t, exitUsage, certmail("fetch", "--config", t.TempDir()).code)
	require.Empty(t, o.network.Outcomes())
	require.Empty(t, o.network.Journeys(), "nobody was asked for anything")
}

// Where the store cannot be, it is said before anything is sent.
func TestStoreCannotBe(t *testing.T) {
	o := newOffice(t)
	for _, change := range []map[string]any{{"store": "nowhere/certmail.db"}, {"blobs": "nowhere/blobs"}, {"blobs": "ca.pem"}, {"store": "ca.pem"}, {"store": "."}} {
		r := certmail("send", "--config", o.edited(t, change), "--key", "7", "--to", brunoBeta)
		require.Equal(t, exitNotGood, r.code, "%v: %s", change, r.stderr)
		require.NotEmpty(t, r.stderr)
		require.Empty(t, r.stdout)
	}
	require.Empty(t, o.network.Journeys())
}

// A password that cannot be had is told, and what was to be sent waits.
func TestPasswordCannotBeHad(t *testing.T) {
	const secret = "Gegen-alle-Lauscher-1"
	script := func(text string) map[string]any {
		return map[string]any{"password_env": nil, "password_command": []string{"sh", "-c", text}}
	}
	t.Setenv("CERTMAIL_TEST_EMPTY", "")
	for name, c := range map[string]struct {
		change map[string]any
		want   string
	}{
		"not set":                   {map[string]any{"password_env": "CERTMAIL_TEST_UNSET"}, "environment variable CERTMAIL_TEST_UNSET is not set"},
		"empty":                     {map[string]any{"password_env": "CERTMAIL_TEST_EMPTY"}, "environment variable CERTMAIL_TEST_EMPTY is not set, or empty"},
		"the password in its place": {map[string]any{"password_env": secret}, `the environment variable that "password_env" names is not set`},
		"as a command":              {map[string]any{"password_env": nil, "password_command": []string{secret}}, "cannot be run"},
		"fails":                     {script("echo " + secret + "; exit 3"), "the password command failed: exit status 3"},
		"is killed":                 {script("echo " + secret + "; kill -9 $$"), "the password command failed: signal: killed"},
		"prints two lines":          {script("echo " + secret + "; echo user: anna"), "more than one line"},
		"prints an empty line too":  {script("echo; echo " + secret), "more than one line"},
		"prints nothing":            {script("true"), "prints nothing"},
		"prints a line end":         {script("echo"), "prints nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			config := o.edited(t, c.change)
			r := certmail("send", "--config", config, "--key", "7", "--to", brunoBeta)
			require.Equal(t, exitNotGood, r.code)
			require.Contains(t, r.stdout, "7: queued")
			require.Contains(t, r.stdout, c.want)
			require.NotContains(t, r.stdout+r.stderr, secret)
			r = certmail("fetch", "--config", config)
			require.Equal(t, exitNotGood, r.code)
			require.Contains(t, r.stderr, c.want)
			require.NotContains(t, r.stdout+r.stderr, secret)
			for _, args := range [][]string{{"status"}, {"status", "7"}, {"status", "7", "--json"}} {
				r = certmail(append(args, "--config", config)...)
				require.Equal(t, exitGood, r.code, "which asks nobody: %s", r.stderr)
				require.NotContains(t, r.stdout+r.stderr, secret)
			}
			require.Empty(t, o.network.Journeys(), "no login was tried")
			require.Equal(t, 2, o.kept(t, secret), "nor does the store have it, nor the bytes")
		})
	}
}

// kept looks for a secret in all files beside the configuration but those that
// the test wrote itself, and counts the databases.
func (o *office) kept(t *testing.T, secret string) (stores int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(filepath.Dir(o.config), func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".json") {
			return err
		}
		data, err := os.ReadFile(name)
		require.NotContains(t, string(data), secret, name)
		require.NotContains(t, string(data), base64.StdEncoding.EncodeToString([]byte(secret)), name)
		if strings.HasSuffix(name, ".db") {
			stores++
		}
		return err
	}))
	return stores
}

// Paths are relative to the configuration, wherever the program runs and
// however the configuration is named.
func TestPathsOfTheConfiguration(t *testing.T) {
	o := newOffice(t)
	dir := filepath.Dir(o.config)
	run := func(where, config string) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "send", "--config", config, "--key", where+config, "--to", brunoBeta)
		cmd.Dir, cmd.Env = where, append(os.Environ(), asProgram+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "sent")
	}
	run(dir, "config.json")
	run(filepath.Dir(dir), filepath.Join(filepath.Base(dir), "config.json"))
	run(filepath.Join(dir, "blobs"), filepath.Join("..", "config.json"))
	run(t.TempDir(), o.config)
	require.Len(t, o.network.Outcomes(), 4)
	all, err := filepath.Glob(filepath.Join(dir, "*.db"))
	require.NoError(t, err)
	require.Len(t, all, 1, "one store")
}

// What every provider need not take is said, and sent.
func TestSendWarns(t *testing.T) {
	o := newOffice(t)
	args := []string{"--key", "7"}
	for i := range 51 {
		args = append(args, "--to", fmt.Sprintf("ditta%d@mail.test", i))
	}
	r := o.run(t, "send", args...)
	require.Equal(t, exitGood, r.code, r.stderr)
	require.Contains(t, r.stderr, "7: over-guaranteed-recipients")
	require.Len(t, o.network.Outcomes(), 1)
}

// All that a newcomer has is the line that "certmail emulate" prints.
func TestMailCommandsAgainstEmulate(t *testing.T) {
	e := startEmulator(t, "--web", "off", "--fault", "cut-after-dot,skip=1,times=1")
	anna := e.Accounts[0]
	config, err := json.Marshal(map[string]any{
		"account": anna.Address, "user": anna.User, "password_command": []string{"printenv", "CERTMAIL_TEST_PASSWORD"}, "tls_ca": e.CA, "ca": []string{e.CA}, "builtin_trust": false,
		"submission": map[string]any{"host": e.Providers[0].StartTLS.Host, "port": e.Providers[0].StartTLS.Port, "security": "starttls"},
		"imap":       e.Providers[0].IMAP, "store": "certmail.db", "blobs": "blobs",
	})
	require.NoError(t, err)
	o := &office{config: filepath.Join(t.TempDir(), "config.json"), password: anna.Password}
	require.NoError(t, os.WriteFile(o.config, config, 0o600))
	t.Setenv("CERTMAIL_TEST_PASSWORD", anna.Password)

	r := o.run(t, "send", "--key", "1", "--to", brunoBeta, "--wait", "30s")
	require.Equal(t, exitGood, r.code, r.stdout+r.stderr)
	require.Contains(t, r.stdout, "delivered")
	r = o.run(t, "send", "--key", "2", "--to", brunoBeta)
	require.Equal(t, exitNotGood, r.code)
	require.Contains(t, r.stdout, "2: uncertain")
	require.Contains(t, o.run(t, "status").stdout, "2: uncertain")
	require.Eventually(t, func() bool {
		require.Equal(t, exitGood, o.run(t, "fetch").code)
		return strings.Contains(o.run(t, "status", "2").stdout, "delivered")
	}, 30*time.Second, 100*time.Millisecond)
	require.Contains(t, o.run(t, "status").stdout, "all is well")

	watch := exec.CommandContext(t.Context(), os.Args[0], "watch", "--config", o.config, "--after", "2", "--json")
	watch.Env = append(os.Environ(), asProgram+"=1")
	out, err := watch.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, watch.Start())
	for lines := json.NewDecoder(out); ; {
		var event struct {
			Seq     int64
			Verdict string
		}
		require.NoError(t, lines.Decode(&event))
		require.Greater(t, event.Seq, int64(2), "behind that one")
		require.Equal(t, "valid", event.Verdict)
		if event.Seq == 4 {
			break
		}
	}
	require.NoError(t, watch.Process.Signal(os.Interrupt))
	require.NoError(t, watch.Wait())
	e.end(t, os.Interrupt)
}
