package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestNameChangesHandsInALook gives a name to another file after a look has
// listed it and before it opens it. Whatever that file is, and also when the
// process stops right then, every line is handled once.
// hazard: 50
func TestNameChangesHandsInALook(t *testing.T) {
	known := jsonLine("a.1", 1, "m0")
	for _, c := range []struct {
		what, text string
		want       []string
	}{
		{"new", jsonLine("a.1", 4, "m3"), numbered(0, 4)},
		{"copy of a known one", known, numbered(0, 3)},
	} {
		for _, stops := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stops %t", c.what, stops), func(t *testing.T) {
				dir, s := t.TempDir(), &sink{}
				cfg := Config{Path: filepath.Join(dir, "pg*.json"), FromStart: true, Store: &memory{}}
				w := begun(t, cfg, s)
				write(t, filepath.Join(dir, "pg-0.json"), known)
				lookOnce(t, w)

				path := filepath.Join(dir, "pg-1.json")
				write(t, path, jsonLine("a.1", 2, "m1")+jsonLine("a.1", 3, "m2"))
				found, err := w.cfg.look()
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(path, filepath.Join(dir, "pg-2.json")); err != nil {
					t.Fatal(err)
				}
				write(t, path, c.text)
				w.claim(found)
				if err := w.save(t.Context(), nil); err != nil {
					t.Fatal(err)
				}

				if stops {
					w = begun(t, cfg, s)
				}
				lookOnce(t, w)
				lookOnce(t, w)
				slices.Sort(s.messages)
				if !slices.Equal(s.messages, c.want) || len(s.gaps)+len(s.missing) > 0 {
					t.Errorf("got %v, want %v; gaps %v, missing %v", s.messages, c.want, s.gaps, s.missing)
				}
			})
		}
	}
}

// TestQuietFileIsRenamed renames a file that has long been quiet.
// hazard: 50
func TestQuietFileIsRenamed(t *testing.T) {
	start := func(t *testing.T) (w *Follower, s *sink, dir string) {
		dir, s = t.TempDir(), &sink{}
		w = begun(t, Config{Path: filepath.Join(dir, "pg*.json"), FromStart: true, Store: &memory{}}, s)
		write(t, filepath.Join(dir, "pg-0.json"), jsonLine("a.1", 1, "m0"))
		lookOnce(t, w)
		later := time.Now().Add(10 * w.cfg.Linger)
		w.now = func() time.Time { return later }
		return w, s, dir
	}
	rename := func(t *testing.T, dir, name string) {
		t.Helper()
		if err := os.Rename(filepath.Join(dir, "pg-0.json"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	// unlisted is a look that lists the folder while the file goes from one
	// name to the other, and finds neither.
	unlisted := func(t *testing.T, w *Follower) {
		t.Helper()
		sizes, _ := w.claim(nil)
		if err := w.read(t.Context(), sizes); err != nil {
			t.Fatal(err)
		}
	}
	check := func(t *testing.T, s *sink, n int) {
		t.Helper()
		if !slices.Equal(s.messages, numbered(0, n)) || len(s.gaps)+len(s.missing) > 0 {
			t.Errorf("got %v, want %v; gaps %v, missing %v", s.messages, numbered(0, n), s.gaps, s.missing)
		}
	}
	t.Run("while it is listed", func(t *testing.T) {
		w, s, dir := start(t)
		rename(t, dir, "pg-1.json")
		unlisted(t, w)
		write(t, filepath.Join(dir, "pg-1.json"), jsonLine("a.1", 2, "m1"))
		lookOnce(t, w)
		check(t, s, 2)
	})
	t.Run("and is found when it was given up", func(t *testing.T) {
		w, s, dir := start(t)
		rename(t, dir, "pg-1.json")
		unlisted(t, w)
		later := w.now().Add(10 * w.cfg.Linger)
		w.now = func() time.Time { return later }
		unlisted(t, w)
		if len(w.files) > 0 {
			t.Fatalf("it was not given up: %+v", w.files[0])
		}
		write(t, filepath.Join(dir, "pg-1.json"), jsonLine("a.1", 2, "m1"))
		w = begun(t, w.cfg, s)
		lookOnce(t, w)
		check(t, s, 2)
	})
	t.Run("and is written to once more", func(t *testing.T) {
		w, s, dir := start(t)
		rename(t, dir, "old") // no name that is followed
		lookOnce(t, w)
		write(t, filepath.Join(dir, "old"), jsonLine("a.1", 2, "m1"))
		lookOnce(t, w)
		check(t, s, 2)
	})
}

// begun is a follower that looks when it is told to, from where its store is.
func begun(t *testing.T, cfg Config, s *sink) *Follower {
	t.Helper()
	w := New(cfg)
	w.handle = s.handle
	t.Cleanup(func() {
		for _, f := range w.files {
			f.close()
		}
	})
	if err := w.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func lookOnce(t *testing.T, w *Follower) {
	t.Helper()
	if err := w.look(t.Context()); err != nil {
		t.Fatal(err)
	}
}
