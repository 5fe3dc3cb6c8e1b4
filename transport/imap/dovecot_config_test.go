package imap_test

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
)

// dovecotConfig returns the configuration that the installed version reads: the
// syntax of 2.4 is another than that of 2.3, and neither reads the other's.
// Started by somebody else than root, all its processes are theirs.
func dovecotConfig(t testing.TB, program string) *template.Template {
	t.Helper()
	out, err := exec.Command(program, "--version").Output()
	require.NoError(t, err)
	var major, minor int
	_, err = fmt.Sscanf(string(out), "%d.%d", &major, &minor)
	require.NoError(t, err, "dovecot --version says %q", out)
	text := dovecot23
	if major > 2 || minor >= 4 {
		text = dovecot24
	}
	return template.Must(template.New("").Parse(strings.Replace(text, "COMMON", dovecotCommon, 1)))
}

// dovecotCommon is what both versions read.
const dovecotCommon = `base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/run
log_path = {{.Dir}}/log
listen = 127.0.0.1
ssl = required
{{if not .Root}}
default_internal_user = {{.User}}
default_internal_group = {{.Group}}
default_login_user = {{.User}}
{{end}}
mail_uid = {{.MailUser}}
mail_gid = {{.MailGroup}}
first_valid_uid = 1
mail_max_userip_connections = 100
maildir_very_dirty_syncs = no
auth_failure_delay = 0
auth_mechanisms = plain login
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = create
  }
}
service imap-login {
  chroot =
  process_min_avail = 1
  inet_listener imap {
    port = {{.StartTLS}}
  }
  inet_listener imaps {
    port = {{.IMAPS}}
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
`

const dovecot23 = `COMMON
protocols = imap
ssl_cert = <{{.Dir}}/cert.pem
ssl_key = <{{.Dir}}/key.pem
mail_home = {{.Dir}}/home/%n
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = {{.Dir}}/users
}
userdb {
  driver = static
  args = uid={{.MailUser}} gid={{.MailGroup}} home={{.Dir}}/home/%n
}
namespace public {
  type = public
  separator = /
  prefix = Public/
  location = maildir:{{.Dir}}/public
  subscriptions = no
  list = yes
}
mail_plugins = acl
protocol imap {
  mail_plugins = acl imap_acl
  imap_capability = {{.Capability}}
}
plugin {
  acl = vfile
}
`

const dovecot24 = `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
COMMON
protocols {
  imap = yes
}
ssl_server_cert_file = {{.Dir}}/cert.pem
ssl_server_key_file = {{.Dir}}/key.pem
mail_home = {{.Dir}}/home/%{user | username}
mail_driver = maildir
mail_path = ~/Maildir
passdb passwd-file {
  passwd_file_path = {{.Dir}}/users
}
userdb static {
  fields {
    uid = {{.MailUser}}
    gid = {{.MailGroup}}
    home = {{.Dir}}/home/%{user | username}
  }
}
namespace public {
  type = public
  separator = /
  prefix = Public/
  mail_driver = maildir
  mail_path = {{.Dir}}/public
  subscriptions = no
  list = yes
}
mail_plugins {
  acl = yes
}
acl_driver = vfile
protocol imap {
  mail_plugins {
    imap_acl = yes
  }
{{if .Capability}}
  imap_capability = {{.Capability}}
{{end}}
}
`

// A port that somebody takes between the choice and the start costs another
// try, and is not taken for the server.
func TestDovecotFindsOtherPorts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	tries := 0
	d := startDovecotAt(t, "", func() []int {
		at := freePorts(t, 2)
		if tries++; tries < 3 {
			at[tries-1] = taken.Addr().(*net.TCPAddr).Port
		}
		return at
	})
	require.Equal(t, 3, tries)
	require.NoError(t, list(t, open(t, d.options("anna"))))
}
