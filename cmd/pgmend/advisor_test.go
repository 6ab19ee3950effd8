package main

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The budget holds over processes and days, and a damaged file begins anew.
func TestBudget(t *testing.T) {
	now := time.Date(2026, 1, 1, 23, 59, 0, 0, time.UTC)
	b := budget{file: filepath.Join(t.TempDir(), "state", "budget"), most: 5, clock: func() time.Time { return now }}
	var allowed atomic.Int32
	var working sync.WaitGroup
	for range 20 {
		working.Go(func() {
			ok, err := b.take(t.Context())
			if err != nil {
				t.Error(err)
			}
			if ok {
				allowed.Add(1)
			}
		})
	}
	working.Wait()
	if n := allowed.Load(); n != 5 {
		t.Errorf("%d requests were allowed on a budget of 5", n)
	}
	now = now.Add(time.Minute)
	if ok, err := b.take(t.Context()); !ok || err != nil {
		t.Errorf("a new day: %v, %v", ok, err)
	}
	b.file = t.TempDir() // a folder
	if ok, err := b.take(t.Context()); ok || err == nil {
		t.Error("what cannot be counted is allowed")
	}
}
