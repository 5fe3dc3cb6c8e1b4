// Package sditest plays the Sistema di Interscambio for tests: it writes
// e-invoices, and notifications with the signature that SDI puts on them, under
// a throw-away authority. Together with pec/pectest, which carries them, an
// invoice's whole life can be tested without leaving the process.
//
// Everything follows from the seed. Nothing made here is worth protecting.
package sditest
