package report

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/certmail/certmail/internal/htmlpage"
	"github.com/certmail/certmail/trust"
)

// stepView is one step of the check with OpenSSL.
type stepView struct {
	Title []span
	Parts []stepPart
}

// stepPart is a paragraph, a file to save, or a command with its answer.
type stepPart struct {
	Text       []span
	Save, File string // what to save, and under which name
	Command    string
	Answer     string
	Contains   bool // the answer contains it, and more
}

// openssl writes the commands.
type openssl struct {
	t     *words
	x     *Examination
	names map[[32]byte]string
	cas   []*x509.Certificate // in the order of their names
	links [][2]*x509.Certificate
	at    []int64 // of the links
}

func (x *Examination) openssl(t *words) []stepView {
	o := &openssl{t: t, x: x, names: map[[32]byte]string{}}
	for _, iv := range x.Items {
		if f := x.facts[iv.Item]; f != nil {
			o.path(f.path, f.at.Unix())
			if f.stamp != nil {
				o.path(f.stamp.path, f.stamp.at.Unix())
			}
		}
	}
	for _, s := range x.stamps {
		o.path(s.path, s.at.Unix())
	}
	var steps []stepView
	for _, step := range []stepView{o.digests(), o.authorities(), o.chains(), o.signatures(), o.lists(), o.timeStamps()} {
		if len(step.Parts) > 0 {
			steps = append(steps, step)
		}
	}
	return steps
}

// plainName tells that a shell reads a name as nothing but a name, and that it
// leads nowhere but down.
func plainName(s string) bool {
	if s == "" || len(s) > 400 || s[0] == '-' || s[0] == '/' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '.', c == '_', c == '-', c == '/':
		default:
			return false
		}
	}
	return true
}

// path gives names to the authorities of a path.
func (o *openssl) path(path []*x509.Certificate, at int64) {
	if len(path) == 0 {
		return
	}
	above := path[1:]
	if len(above) == 0 {
		above = path // trusted by itself
	}
	for i, c := range above {
		if sum := sha256.Sum256(c.Raw); o.names[sum] == "" {
			o.cas = append(o.cas, c)
			o.names[sum] = "ca-" + strconv.Itoa(len(o.cas)) + ".pem"
		}
		if i > 0 && !slices.ContainsFunc(o.links, func(l [2]*x509.Certificate) bool { return l[0].Equal(above[i-1]) && l[1].Equal(c) }) {
			o.links, o.at = append(o.links, [2]*x509.Certificate{above[i-1], c}), append(o.at, at)
		}
	}
}

func (o *openssl) name(c *x509.Certificate) string { return o.names[sha256.Sum256(c.Raw)] }

// issuer is the name of the authority right above a signer.
func (o *openssl) issuer(path []*x509.Certificate) string { return o.name(path[min(1, len(path)-1)]) }

func text(s string, args ...string) stepPart { return stepPart{Text: fill(s, args...)} }

func (o *openssl) odd(name string) stepPart {
	return text(o.t.Steps.OddName, htmlpage.Named(name))
}

func (o *openssl) digests() stepView {
	s := stepView{Title: fill(o.t.Steps.Digests)}
	var command, answer []string
	for _, iv := range o.x.Items {
		switch {
		case !iv.Intact:
		case !plainName(iv.Path):
			s.Parts = append(s.Parts, o.odd(iv.Path))
		default:
			command = append(command, "openssl dgst -sha256 -r "+iv.Path)
			answer = append(answer, iv.Item.SHA256+" *"+iv.Path)
		}
	}
	if len(command) > 0 {
		s.Parts = append(s.Parts, text(o.t.Steps.DigestsSay), stepPart{Command: strings.Join(command, "\n"), Answer: strings.Join(answer, "\n")})
	}
	return s
}

func (o *openssl) authorities() stepView {
	s := stepView{Title: fill(o.t.Steps.Authorities)}
	for _, c := range o.cas {
		sum := sha256.Sum256(c.Raw)
		name := o.names[sum]
		s.Parts = append(s.Parts, text(o.t.Steps.Authority, htmlpage.Named(c.Subject.String())))
		if key := sha256.Sum256(c.RawSubjectPublicKeyInfo); key == trust.AgIDCA1().SPKI {
			s.Parts = append(s.Parts, text(o.t.Steps.AgID))
		}
		if file := o.x.files[sum]; plainName(file) {
			s.Parts = append(s.Parts, text(o.t.Steps.FromFile, file), stepPart{Command: "openssl x509 -inform DER -in " + file + " -out " + name})
		} else {
			block := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
			s.Parts = append(s.Parts, text(o.t.Steps.Save, name), stepPart{Save: block, File: name})
		}
		s.Parts = append(s.Parts, stepPart{Command: "openssl x509 -in " + name + " -noout -fingerprint -sha256", Answer: fingerprint(sum[:]), Contains: true})
	}
	return s
}

func fingerprint(sum []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

func (o *openssl) chains() stepView {
	s := stepView{Title: fill(o.t.Steps.Chain)}
	for i, l := range o.links {
		child, parent := o.name(l[0]), o.name(l[1])
		s.Parts = append(s.Parts, stepPart{
			Command: fmt.Sprintf("openssl verify -no-CApath -no-CAstore -partial_chain -purpose any -attime %d -CAfile %s %s", o.at[i], parent, child), Answer: child + ": OK",
		})
	}
	return s
}

func (o *openssl) signatures() stepView {
	s := stepView{Title: fill(o.t.Steps.SignaturesTitle)}
	var hasREM bool
	for _, iv := range o.x.Items {
		f := o.x.facts[iv.Item]
		if f == nil || f.said.System == "mail" {
			continue
		}
		switch {
		case !iv.Proof(trust.CheckSignature).Holds() || !iv.Proof(trust.CheckSignerChain).Holds() || len(f.path) == 0 || !iv.Intact:
			s.Parts = append(s.Parts, text(o.t.Steps.NoSignature, htmlpage.Named(iv.Path)))
		case !plainName(iv.Path):
			s.Parts = append(s.Parts, o.odd(iv.Path))
		default:
			hasREM = hasREM || f.said.System == "rem"
			s.Parts = append(s.Parts, text(o.t.Steps.Signatures, iv.Path), stepPart{
				Command: fmt.Sprintf("openssl cms -verify -in %s -CAfile %s -no-CApath -no-CAstore -partial_chain -purpose any -attime %d -out check.txt", iv.Path, o.issuer(f.path), f.at.Unix()),
				Answer:  "CMS Verification successful", Contains: true,
			})
		}
	}
	if slices.ContainsFunc(s.Parts, func(p stepPart) bool { return p.Command != "" }) {
		s.Parts = slices.Insert(s.Parts, 0, text(o.t.Steps.SignaturesSay))
	}
	if hasREM {
		s.Parts = append(s.Parts, text(o.t.Steps.REM))
	}
	return s
}

func (o *openssl) lists() stepView {
	s := stepView{Title: fill(o.t.Steps.Lists)}
	seen := map[string]bool{}
	for _, iv := range o.x.Items {
		f := o.x.facts[iv.Item]
		if f == nil || !iv.Proof(trust.CheckRevocation).Holds() {
			continue
		}
		for _, der := range f.crls {
			crl, err := x509.ParseRevocationList(der)
			file := o.x.files[sha256.Sum256(der)]
			if err != nil || !plainName(file) {
				continue
			}
			for i := 1; i < len(f.path); i++ {
				ca, serial := f.path[i], serialOf(f.path[i-1])
				if !bytes.Equal(crl.RawIssuer, ca.RawSubject) || crl.CheckSignatureFrom(ca) != nil || seen[file+serial] {
					continue
				}
				seen[file+serial] = true
				s.Parts = append(s.Parts,
					stepPart{Command: "openssl crl -inform DER -in " + file + " -CAfile " + o.name(ca) + " -no-CApath -no-CAstore -noout -lastupdate -nextupdate", Answer: "verify OK", Contains: true},
					text(o.t.Steps.ListsSay, serial), stepPart{Command: "openssl crl -inform DER -in " + file + " -noout -text"})
			}
		}
	}
	return s
}

// serialOf is a serial number as OpenSSL prints it in a list.
func serialOf(c *x509.Certificate) string {
	if c.SerialNumber == nil {
		return ""
	}
	s := strings.ToUpper(c.SerialNumber.Text(16))
	if len(s)%2 != 0 {
		s = "0" + s
	}
	return s
}

func (o *openssl) timeStamps() stepView {
	s := stepView{Title: fill(o.t.Steps.StampsTitle)}
	add := func(f *stampFact) {
		if !plainName(f.token) || !plainName(f.over) {
			s.Parts = append(s.Parts, o.odd(f.token))
			return
		}
		s.Parts = append(s.Parts, text(o.t.Steps.Stamps, f.over), stepPart{
			Command: fmt.Sprintf("openssl ts -verify -in %s -token_in -data %s -CAfile %s -partial_chain -attime %d", f.token, f.over, o.issuer(f.path), f.at.Unix()),
			Answer:  "Verification: OK", Contains: true,
		}, text(o.t.Steps.StampsSay, o.t.when(f.at)))
	}
	for _, iv := range o.x.Items {
		if f := o.x.facts[iv.Item]; f != nil && f.stamp != nil {
			add(f.stamp)
		}
	}
	for i := range o.x.stamps {
		add(&o.x.stamps[i])
	}
	return s
}
