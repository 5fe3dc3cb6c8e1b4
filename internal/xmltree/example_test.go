package xmltree_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/certmail/certmail/internal/xmltree"
)

func ExampleParse() {
	doc, err := xmltree.Parse([]byte(`<e:Evidence xmlns:e="urn:evidence" Id="e1"><Time>2026-01-15<!-- noon --></Time></e:Evidence>`), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	when := doc.Root.First("", "Time")
	fmt.Println(doc.Root.Space, doc.Root.Local, when.Text(), when.Remarks())
	fmt.Printf("%s\n", when.Bytes())

	_, err = xmltree.Parse([]byte(`<!DOCTYPE e [<!ENTITY x "y">]><e>&x;</e>`), nil)
	fmt.Println(errors.Is(err, xmltree.ErrDoctype), err)
	// Output:
	// urn:evidence Evidence 2026-01-15 true
	// <Time>2026-01-15<!-- noon --></Time>
	// true xml: line 1, column 1: document type declaration refused: remove it
}

func ExampleDocument_WriteCanonical() {
	doc, err := xmltree.Parse([]byte("<r xmlns:u='urn:u' b='2' a='1'><c/><!-- left out --><sig/></r>"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	form := xmltree.Canon{Exclusive: true, Without: func(e *xmltree.Element) bool { return e.Local == "sig" }}
	if err := doc.WriteCanonical(os.Stdout, nil, form); err != nil {
		fmt.Println(err)
	}
	// Output: <r a="1" b="2"><c></c></r>
}
