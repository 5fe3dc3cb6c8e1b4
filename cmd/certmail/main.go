// Command certmail reads, verifies, unpacks and reconciles certified mail: Italian
// PEC (posta elettronica certificata) and European REM (EN 319 532).
//
//	certmail show FILE…         what a message says it is, without judging it
//	certmail verify FILE…       whether it holds as proof, and why
//	certmail extract FILE       its original, attachments and certification data
//	certmail reconcile PATH…    what became of each recipient of each message
//	certmail archive make PATH… packages that prove what happened, years later
//	certmail archive verify PACKAGE…  what a package still proves
//	certmail archive report PACKAGE   the same as a page that can be filed
//	certmail send               one message, once
//	certmail fetch              what is new in a mailbox
//	certmail watch              every event as it comes
//	certmail status KEY…        what became of messages that were sent
//	certmail fixtures DIR       a signed set of every message type, quirk and tampering
//	certmail emulate            a network of providers to develop against, on this machine
//	certmail bench              the library against its yardsticks
//
// It is a thin layer over the module's public packages. Only send, fetch and
// watch use the network, archive make with --tsa, and emulate as a server on
// loopback. Beside temporary files, and the store of those that work with a
// mailbox, only extract, fixtures, archive, reconcile --html, and --to of
// fetch, watch and status, write any, where they are told to.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is what a command has to do with the world outside.
type app struct {
	stdin  io.Reader
	stdout *bufio.Writer
	stderr io.Writer
	now    func() time.Time
	colour bool // standard output is a terminal that shows colours
}

// command is one of the commands.
type command struct {
	name    string
	summary string
	help    string
	run     func(a *app, args []string) error
}

// commands lists them in the order of the help.
func commands() []command {
	return []command{
		{"show", "say what messages are, without judging them", showHelp, (*app).show},
		{"verify", "say whether messages hold as proof, and why", verifyHelp, (*app).verify},
		{"extract", "write a message's original, attachments and certification data to files", extractHelp, (*app).extract},
		{"reconcile", "say what became of each recipient of each message", reconcileHelp, (*app).reconcile},
		{"archive", "keep messages as packages that prove what happened, years later", archiveHelp, (*app).archive},
		{"send", "send one message, once", sendHelp, (*app).send},
		{"fetch", "collect what is new in a mailbox", fetchHelp, (*app).fetch},
		{"watch", "collect, send, and print every event as it comes", watchHelp, (*app).watch},
		{"status", "say what became of messages that were sent", statusHelp, (*app).status},
		{"fixtures", "write a signed set of every message type, quirk and tampering", fixturesHelp, (*app).fixtures},
		{"emulate", "run a network of providers on this machine, with a web page", emulateHelp, (*app).emulate},
		{"bench", "measure the library against its yardsticks", benchHelp, (*app).bench},
	}
}

// run is the program: it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: bufio.NewWriter(stdout), stderr: stderr, now: time.Now, colour: showsColour(stdout)}
	code := a.exitCode(a.dispatch(args))
	if err := a.stdout.Flush(); err != nil {
		fmt.Fprintf(stderr, "certmail: writing the output: %v\n", err)
		code = max(code, exitNotGood)
	}
	return code
}

func (a *app) dispatch(args []string) error {
	if len(args) == 0 {
		return usagef("a command is missing\n\n%s", overview())
	}
	name := args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		return a.helpOn(args[1:])
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(a, args[1:])
		}
	}
	return usagef("there is no command %q; see certmail --help", name)
}

func (a *app) helpOn(args []string) error {
	for _, c := range commands() {
		if len(args) > 0 && c.name == args[0] {
			return &helpError{c.help}
		}
	}
	return &helpError{overview()}
}

func overview() string {
	var b strings.Builder
	b.WriteString("usage: certmail COMMAND [FLAGS] FILE…\n\ncommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.summary)
	}
	b.WriteString(`
A file argument "-" is standard input; a folder means every message in it (.eml,
Maildir, mbox). Every command takes --json. "certmail COMMAND --help" says more.

exit codes: 0 all well; 1 something checked did not hold, or a message could not
be read; 2 wrong usage, or a file named here cannot be opened
`)
	return b.String()
}
