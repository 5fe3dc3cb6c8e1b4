package htmlpage

import _ "embed"

// shapes has the templates "shapes", which defines the lights once, and
// "shape", which shows one of them: green, red, amber, grey or step. A light is a
// colour and a shape, and stands beside a word.
//
//go:embed shapes.tmpl
var shapes string
