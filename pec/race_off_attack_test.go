//go:build !race

package pec_test

const raceDetector = false
