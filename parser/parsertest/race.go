//go:build race

package parsertest

// RaceDetector is on: all is many times as slow, and a sync.Pool then drops things at random, so nothing can
// be said about allocations.
const RaceDetector = true
