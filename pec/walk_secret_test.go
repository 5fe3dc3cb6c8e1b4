package pec_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/smtp"
	"github.com/certmail/certmail/trust/tsp"
)

// TestPasswordsAreShownNowhere prints every exported value that can lead to a
// password, in every way that a program may print one by mistake, before,
// between and after logins; and looks through their fields at any depth.
func TestPasswordsAreShownNowhere(t *testing.T) {
	var smtpOptions *smtp.Options
	var imapOptions *imap.Options
	var clientOptions *pec.ClientOptions
	r := walk(t, func(p *plan) {
		smtpOptions, imapOptions, clientOptions = &p.smtp, &p.imap, &p.client
		p.network.Faults = []pectest.Fault{{Kind: pectest.RefuseLogin, Mailbox: anna, Times: 1}}
		p.direct = true
	})
	account := r.account(anna)
	outboxOptions := outbox.Options{Store: r.store, Blobs: r.blobs, Senders: map[string]transport.Sender{anna: r.sender}, Worker: "x"}
	other, err := remtest.NewNetwork(nil)
	require.NoError(t, err)
	registered, err := other.Account(anna)
	require.NoError(t, err)
	values := map[string]any{
		"transport/smtp.Options": smtpOptions, "transport/smtp.Sender": r.sender,
		"transport/imap.Options": imapOptions, "transport/imap.Mailbox": r.box,
		"outbox.Options": &outboxOptions, "outbox.Outbox": r.out,
		"pec.ClientOptions": clientOptions, "pec.Client": r.client,
		"pec/pectest.Account": account, "pec/pectest.Mailbox": account.Mailbox, "pec/pectest.Network": r.Network,
		"pec/pectest.NetworkOptions": &pectest.NetworkOptions{},
		"rem/remtest.Account":        registered, "rem/remtest.Mailbox": registered.Mailbox, "rem/remtest.Network": other,
		"rem/remtest.NetworkOptions": &remtest.NetworkOptions{},
		"trust/tsp.HTTPSource": &tsp.HTTPSource{Credentials: func(context.Context) (string, string, error) {
			return anna, account.Password(), nil
		}},
	}
	harmless := []string{
		"pec/pectest.Sending", "pec/pectest.Scenario", "rem/remtest.Sending", "rem/remtest.Scenario", // a script with a wrong password in it
		"transport/transporttest.Fixture", "transport/transporttest.SenderFixture", // what the caller's test has made
	}
	looked := slices.Concat(slices.Sorted(maps.Keys(values)), harmless)
	for _, typ := range holders(t) {
		require.Contains(t, looked, typ, "an exported type that leads to a credential")
	}

	secret := account.Password()
	forms := []string{secret, registered.Password(), base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("\x00" + anna + "\x00" + secret))}
	var errs []error
	// While it works, only what is the client's is printed, and not looked
	// through: goroutines of the connections, and the network, change the rest.
	look := func(when string, quiet bool) {
		t.Helper()
		for name, v := range values {
			if quiet || !strings.HasPrefix(name, "pec/pectest.") && !strings.HasPrefix(name, "rem/remtest.") {
				requireWithout(t, forms, when+": "+name, v)
			}
			if quiet {
				deep(t, forms, when+": "+name, reflect.ValueOf(v), map[uintptr]bool{}, 0)
			}
		}
		for _, err := range errs {
			for ; err != nil; err = errors.Unwrap(err) {
				requireWithout(t, forms, when+": "+err.Error(), err)
			}
		}
	}
	look("before", false)
	s := r.send("7", agreement(bruno))
	errs = append(errs, r.out.Suspended(anna), errors.New(s.Reply))
	require.Error(t, errs[0])
	look("refused", false)
	resume(r)
	r.drain("7")
	r.collect()
	require.NotEmpty(t, r.account(anna).Kinds())
	look("in use", false)
	r.ClearFaults()
	require.NoError(t, r.AddFault(pectest.Fault{Kind: pectest.RefuseLogin}))
	require.NoError(t, r.sender.Close())
	wrong, err := imap.New(imapOptions)
	require.NoError(t, err)
	_, _, err = wrong.List(r.within(), "INBOX", "", 1)
	require.ErrorIs(t, err, transport.ErrLogin)
	errs = append(errs, err, r.sender.Send(context.Background(), &transport.Message{From: anna, To: []string{bruno}, Source: strings.NewReader("x"), Size: 1}))
	require.NoError(t, errors.Join(wrong.Close(), r.box.Close(), r.servers.Close()))
	values["transport/imap.Mailbox"] = wrong
	look("refused and closed", true)
	values["transport/imap.Mailbox"] = r.box
	look("closed", true)
}

// requireWithout prints a value in every way.
func requireWithout(t *testing.T, forms []string, what string, v any) {
	t.Helper()
	shown := fmt.Sprintf("%v|%+v|%#v|%s|%q", v, v, v, v, v)
	if value := reflect.ValueOf(v); value.Kind() == reflect.Pointer && !value.IsNil() {
		inner := reflect.ValueOf(v).Elem()
		if inner.CanInterface() && inner.Kind() != reflect.Struct || copyable(inner.Type()) {
			x := inner.Interface()
			shown += fmt.Sprintf("|%v|%+v|%#v", x, x, x)
		}
	}
	encoded, err := json.Marshal(v)
	shown += fmt.Sprintf("|%s|%v", encoded, err)
	for _, form := range forms {
		require.NotContains(t, shown, form, what)
	}
}

// copyable tells whether a struct may be copied to be printed: it has no lock.
func copyable(typ reflect.Type) bool {
	return typ.Kind() == reflect.Struct && (strings.HasSuffix(typ.Name(), "Options") || typ.Name() == "Account")
}

// deep looks for a secret in the strings of a value, at any depth and behind
// unexported fields: what a debugger or a dumping library prints. The buffers
// of a connection, as bytes, are no such text.
func deep(t *testing.T, forms []string, where string, v reflect.Value, met map[uintptr]bool, depth int) {
	if depth > 40 {
		return
	}
	next := func(name string, v reflect.Value) { deep(t, forms, where+name, v, met, depth+1) }
	switch v.Kind() {
	case reflect.String:
		for _, form := range forms {
			if strings.Contains(v.String(), form) {
				require.Fail(t, "a secret", "%s: %q", where, v.String())
			}
		}
	case reflect.Pointer:
		if !v.IsNil() && !met[v.Pointer()] {
			met[v.Pointer()] = true
			next("", v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
			next("", v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			next("."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k != reflect.Uint8 {
			for i := range v.Len() {
				next("[]", v.Index(i))
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			next("[key]", it.Key())
			next("[]", it.Value())
		}
	}
}

// holders are the exported types of this module's public packages that lead to
// a credential: by a field that is called so, or of a type that is or does.
// The commands have a test of their own.
func holders(t *testing.T) []string {
	t.Helper()
	fields := map[string][]string{} // type: names and types of its fields
	root := ".."
	require.NoError(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		base := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && (base == "testdata" || base == "internal" || rel == "cmd" || rel == "examples" || rel != "." && strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		at := path.Dir(rel)
		imports := map[string]string{}
		for _, i := range file.Imports {
			if in, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), "github.com/certmail/certmail/"); ok {
				imports[path.Base(in)] = in
			}
		}
		for _, decl := range file.Decls {
			general, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				typ, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				of, ok := typ.Type.(*ast.StructType)
				if !ok {
					continue
				}
				key := at + "." + typ.Name.Name
				for _, f := range of.Fields.List {
					for _, n := range f.Names {
						fields[key] = append(fields[key], "name "+n.Name)
					}
					ast.Inspect(f.Type, func(n ast.Node) bool {
						switch x := n.(type) {
						case *ast.SelectorExpr:
							if pkg, ok := x.X.(*ast.Ident); ok && imports[pkg.Name] != "" {
								fields[key] = append(fields[key], imports[pkg.Name]+"."+x.Sel.Name)
							}
							return false
						case *ast.Ident:
							fields[key] = append(fields[key], at+"."+x.Name)
						}
						return true
					})
				}
			}
		}
		return nil
	}))
	named := regexp.MustCompile(`(?i)^name (.*(password|secret|credential|passwd|apikey|accesstoken).*|dsn|conninfo)$`)
	holds := map[string]bool{
		// Behind these interfaces are the adapters, which do.
		"transport.Sender": true, "transport.Mailbox": true,
	}
	for grown := true; grown; {
		grown = false
		for typ, of := range fields {
			if !holds[typ] && slices.ContainsFunc(of, func(f string) bool { return named.MatchString(f) || holds[f] }) {
				holds[typ], grown = true, true
			}
		}
	}
	var all []string
	for typ := range holds {
		if name := typ[strings.LastIndexByte(typ, '.')+1:]; ast.IsExported(name) && fields[typ] != nil {
			all = append(all, typ)
		}
	}
	slices.Sort(all)
	return all
}
