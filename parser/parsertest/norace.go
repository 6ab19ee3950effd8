//go:build !race

package parsertest

// RaceDetector is off.
const RaceDetector = false
