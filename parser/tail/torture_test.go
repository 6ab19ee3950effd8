package tail

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The torture of a log: events through rotations and truncations of every
// kind, while the reader, a process of its own, is killed with -9 again and
// again. TestTorture plays a sample that takes seconds; PGMEND_TORTURE=1 (make
// torture-logs) the whole: a million events, 500 rotations, 50 kills.

// readerDir names the folder that a test process follows instead of testing.
const readerDir = "PGMEND_TORTURE_READER"

// ordeal is what one run goes through.
type ordeal struct {
	name                     string
	pattern                  string // of the followed files
	kinds                    []string
	events, rotations, kills int
}

func ordeals(whole bool) []ordeal {
	list := []ordeal{
		{name: "one name", pattern: "pg.json", events: 8000, rotations: 24, kills: 4,
			kinds: []string{"rename", "compress", "copytruncate", "copycompress", "truncate", "delete", "cut"}},
		{name: "many names", pattern: "pg-%Y-%m-%d.json", events: 8000, rotations: 24, kills: 4,
			kinds: []string{"new", "new", "new", "reuse", "reuse", "compress", "rename", "copytruncate", "truncate", "delete"}},
	}
	if whole {
		for i := range list {
			list[i].events, list[i].rotations, list[i].kills = 500_000, 250, 25
		}
	}
	return list
}

func TestTorture(t *testing.T) {
	whole := os.Getenv("PGMEND_TORTURE") != ""
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	seed := uint64(1)
	if s := os.Getenv("PGMEND_TORTURE_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	for _, o := range ordeals(whole) {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			w := newTorturer(t, o, seed)
			w.run()
			w.judge()
		})
	}
}

// life is one file from its making to its destruction.
type life struct {
	first     int // event
	size      int64
	destroyed int64 // every event from this offset on was destroyed; -1: none
	path      string
}

// place is where an event was written.
type place struct {
	life   int
	offset int64
}

type torturer struct {
	ordeal
	t       *testing.T
	rng     *rand.Rand
	dir     string // followed
	work    string // the reader's checkpoint and what it handed over
	reader  *exec.Cmd
	current string
	out     *os.File
	names   []string
	count   int // of names
	lives   []life
	of      map[string]int // path to life
	places  []place
	history []string
}

func newTorturer(t *testing.T, o ordeal, seed uint64) *torturer {
	w := &torturer{
		ordeal: o, t: t, rng: rand.New(rand.NewPCG(seed, uint64(len(o.name)))), work: t.TempDir(), of: map[string]int{},
	}
	w.dir = filepath.Join(w.work, "log")
	w.start() // before the folder is there
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.open(w.name(), os.O_CREATE|os.O_EXCL)
	return w
}

func (w *torturer) name() string {
	if w.pattern == "pg.json" {
		return filepath.Join(w.dir, w.pattern)
	}
	w.count++
	return filepath.Join(w.dir, fmt.Sprintf("pg-2026-%02d-%02d.json", w.count/28+1, w.count%28+1))
}

// open begins a life at a path.
func (w *torturer) open(path string, flags int) {
	f, err := os.OpenFile(path, flags|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.out != nil {
		_ = w.out.Close()
	}
	w.out, w.current = f, path
	w.born(path)
}

func (w *torturer) born(path string) {
	w.of[path] = len(w.lives)
	w.lives = append(w.lives, life{first: len(w.places), destroyed: -1, path: path})
}

// die notes that a file was destroyed from an offset on.
func (w *torturer) die(path string, from int64) {
	if l := &w.lives[w.of[path]]; l.destroyed < 0 || from < l.destroyed {
		l.destroyed = from
	}
}

func (w *torturer) write(n int) {
	var b strings.Builder
	l := w.of[w.current]
	for range n {
		w.places = append(w.places, place{l, w.lives[l].size + int64(b.Len())})
		session := len(w.places) % 7
		b.WriteString(jsonLine(fmt.Sprintf("s.%d.%d", l, session), len(w.places), strconv.Itoa(len(w.places)-1)))
	}
	text := b.String()
	w.lives[l].size += int64(len(text))
	for len(text) > 0 { // in pieces that end anywhere
		n := min(len(text), 1+w.rng.IntN(len(text)))
		if _, err := io.WriteString(w.out, text[:n]); err != nil {
			w.t.Fatal(err)
		}
		text = text[n:]
	}
}

// run writes, rotates and kills, in an order that the seed decides.
func (w *torturer) run() {
	rotate, kill := w.moments(w.rotations), w.moments(w.kills)
	for len(w.places) < w.events {
		w.write(min(1+w.rng.IntN(1+w.events/400), w.events-len(w.places)))
		for len(kill) > 0 && len(w.places) >= kill[0] {
			kill = kill[1:]
			w.kill()
			if w.rng.IntN(2) == 0 { // it is down for some rotations
				w.write(1 + w.rng.IntN(50))
				for range w.rng.IntN(3) {
					if len(rotate) > 0 {
						rotate = rotate[1:]
						w.rotate()
						w.write(1 + w.rng.IntN(50))
					}
				}
			}
			w.start()
		}
		for len(rotate) > 0 && len(w.places) >= rotate[0] {
			rotate = rotate[1:]
			if w.rng.IntN(4) > 0 {
				w.await(len(w.places) - w.rng.IntN(w.events/100))
			}
			w.rotate()
		}
	}
}

// moments are event numbers in order.
func (w *torturer) moments(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = w.events*i/n + w.rng.IntN(w.events/n)
	}
	return out
}

func (w *torturer) must(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

func (w *torturer) rotate() {
	kind := w.kinds[w.rng.IntN(len(w.kinds))]
	if kind == "cut" && w.reader == nil {
		kind = "truncate"
	}
	path, id := w.current, len(w.lives)
	aside := fmt.Sprintf("%s.%d", path, id)
	l := w.of[path]
	w.note(kind, path)
	switch kind {
	case "rename":
		w.must(os.Rename(path, aside))
		w.open(path, os.O_CREATE|os.O_EXCL)
	case "compress":
		w.must(os.Rename(path, aside))
		w.open(path, os.O_CREATE|os.O_EXCL)
		w.pack(aside)
		w.must(os.Remove(aside))
	case "copytruncate", "copycompress":
		w.copy(path, aside)
		copied := w.lives[l].size
		w.write(w.rng.IntN(3)) // these are lost by the nature of it
		w.die(path, copied)
		w.must(os.Truncate(path, 0))
		w.born(path)
		if kind == "copycompress" {
			w.pack(aside)
			w.must(os.Remove(aside))
		}
	case "truncate":
		w.die(path, 0)
		w.must(os.Truncate(path, 0))
		w.born(path)
	case "cut": // only the end goes
		w.cut(path, l)
	case "delete":
		w.die(path, 0)
		w.must(os.Remove(path))
		w.open(path, os.O_CREATE|os.O_EXCL) // most file systems give it the same inode
	case "new":
		w.names = append(w.names, path)
		w.open(w.name(), os.O_CREATE|os.O_EXCL)
	case "reuse":
		if len(w.names) == 0 {
			return
		}
		i := w.rng.IntN(len(w.names))
		old := w.names[i]
		w.names[i] = path
		w.die(old, 0)
		w.open(old, os.O_TRUNC)
	}
}

// cut truncates a file in its middle. What nobody can tell is when it has
// grown again past the place where the reader was: so that is awaited.
func (w *torturer) cut(path string, l int) {
	if w.lives[l].size < 4*headSize {
		return
	}
	w.await(len(w.places))
	to := w.lives[l].size / 2
	w.die(path, to)
	n := len(w.gaps())
	w.must(os.Truncate(path, to))
	w.born(path)
	w.lives[w.of[path]].size = to
	w.awaitThat("the cut to be seen", func() bool { return len(w.gaps()) > n })
	_, err := io.WriteString(w.out, "\n") // the server goes on at the end of what is left
	w.must(err)
	w.lives[w.of[path]].size++
}

// note keeps what was done, for who looks into a failure.
func (w *torturer) note(what, path string) {
	w.history = append(w.history, fmt.Sprintf("event %d, life %d: %s %s", len(w.places), w.of[path], what, filepath.Base(path)))
}

// story is what was done, what is there, and what the reader knows.
func (w *torturer) story() string {
	lines := slices.Clone(w.history)
	entries, err := os.ReadDir(w.dir)
	w.must(err)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			lines = append(lines, fmt.Sprintf("%s: %d bytes, %s, %v", e.Name(), info.Size(), info.ModTime().Format("05.000000"), inode(info).Inode))
		}
	}
	if c, err := onDisk(filepath.Join(w.work, "checkpoint")).Load(context.Background()); err == nil {
		text, err := json.MarshalIndent(c, "", " ")
		w.must(err)
		lines = append(lines, string(text))
	}
	for _, g := range w.gaps() {
		lines = append(lines, fmt.Sprintf("%+v", g))
	}
	return strings.Join(lines, "\n")
}

func (w *torturer) copy(from, to string) {
	text, err := os.ReadFile(from)
	w.must(err)
	w.must(os.WriteFile(to, text, 0o600))
}

func (w *torturer) pack(path string) {
	text, err := os.ReadFile(path)
	w.must(err)
	info, err := os.Stat(path)
	w.must(err)
	f, err := os.OpenFile(path+".gz", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	w.must(err)
	z := gzip.NewWriter(f)
	_, err = z.Write(text)
	w.must(errors.Join(err, z.Close(), f.Close(), os.Chtimes(path+".gz", info.ModTime(), info.ModTime())))
}

func (w *torturer) start() {
	w.reader = exec.Command(os.Args[0]) //nolint:gosec // this test
	w.reader.Env = append(os.Environ(), readerDir+"="+w.work, "PGMEND_TORTURE_PATTERN="+w.pattern)
	w.reader.Stderr = os.Stderr
	w.must(w.reader.Start())
	w.note("start", w.current)
	w.t.Cleanup(func() {
		if w.reader != nil {
			w.kill()
		}
	})
}

func (w *torturer) kill() {
	w.note("kill", w.current)
	w.must(w.reader.Process.Kill())
	_ = w.reader.Wait() // it was killed
	w.reader = nil
}

// await waits until the last of so many events was handed over, or can not be
// any more.
func (w *torturer) await(n int) {
	if n <= 0 {
		return
	}
	p := w.places[n-1]
	if d := w.lives[p.life].destroyed; d >= 0 && p.offset >= d {
		return
	}
	want := "." + strconv.Itoa(n-1) + ".\n"
	w.awaitThat("event "+strconv.Itoa(n-1), func() bool { return strings.Contains(w.tailOfOutput(), want) })
}

func (w *torturer) awaitThat(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("not in time: %s\n%s", what, w.story())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (w *torturer) outputPath() string { return filepath.Join(w.work, "handled") }

// tailOfOutput is the last MiB of what was handed over.
func (w *torturer) tailOfOutput() string {
	f, err := os.Open(w.outputPath())
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	w.must(err)
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-1<<20), 1<<20))
	w.must(err)
	return string(text)
}
