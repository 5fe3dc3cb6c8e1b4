// Package tsltest makes throw-away trusted lists (ETSI TS 119 612) for tests,
// fixtures and emulation: a list is described by the types of package tsl,
// Write makes its XML, and an Operator signs it.
//
// What is made validates against the schema of TS 119 612 V2.2.1. It protects
// nothing: the operator's key follows from a seed.
package tsltest
