//go:build race

package parser

// raceDetector is on: a sync.Pool then drops things at random, so nothing can
// be said about allocations.
const raceDetector = true
