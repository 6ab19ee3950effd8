package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The disk is full, then somebody makes room: what was refused is not there,
// and what is appended afterwards follows what was durable before.
// hazard: 48
func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("a small file system cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	appended(t, l, "F0", "{}")
	ballast := filepath.Join(dir, "ballast")
	if err := fill(ballast); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk did not fill: %v", err)
	}
	body := `{"text":"` + strings.Repeat("x", 4000) + `"}`
	var durable int64 = 1
	for range 1000 {
		var e error
		if _, e = l.Append(t.Context(), entry("F", body)); e == nil {
			durable++
			continue
		}
		err = e
		break
	}
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Fatalf("after %d entries: %v", durable, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	appended(t, l, "F1", "{}")
	if n, err := l.Verify(t.Context()); err != nil || n != durable+1 {
		t.Errorf("%d entries, %d were durable: %v", n, durable+1, err)
	}
}

func fill(path string) error {
	f, err := os.Create(path) //nolint:gosec // in the test's own directory
	if err != nil {
		return err
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	return errors.Join(err, f.Close())
}

// A file that is damaged is neither taken nor read, and the error says what to
// do with it.
func TestADamagedFile(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, dir)
	for i := range 200 {
		appended(t, l, fmt.Sprint("F", i), `{"text":"`+strings.Repeat("x", 500)+`"}`)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, File)
	whole, err := os.ReadFile(path) //nolint:gosec // in the test's own directory
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte){
		"the head": func(b []byte) { copy(b, strings.Repeat("\xff", 100)) },
		"the rest": func(b []byte) { copy(b[4096:], strings.Repeat("\xff", len(b)-4096)) },
	} {
		broken := append([]byte(nil), whole...)
		damage(broken)
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := Open(dir); err == nil {
			_ = l.Close()
			t.Errorf("%s: the file was taken", name)
		} else if !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What SQLite keeps beside the file is as private as the file, also where the
// directory is not.
func TestTheFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, dir)
	appended(t, l, "F", "{}")
	for _, name := range []string{File, File + "-wal", File + "-shm", "lock"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s is %o", name, mode)
		}
	}
}

// An archived copy is read where nobody can write, and nothing is made beside
// it.
// What root makes in the daemon's folder belongs to the daemon, and a link
// there leads root nowhere.
func TestRootLocksTheDaemonNotOut(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can try this")
	}
	const daemon = 65534
	dir := t.TempDir()
	if err := os.Chown(dir, daemon, daemon); err != nil {
		t.Fatal(err)
	}
	l := opened(t, dir)
	appended(t, l, "F1", `{}`)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != daemon || owner.Gid != daemon {
			t.Errorf("%s belongs to %d:%d", f.Name(), owner.Uid, owner.Gid)
		}
	}
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if err := errors.Join(os.Chown(other, daemon, daemon), os.Symlink(victim, filepath.Join(other, "lock"))); err != nil {
		t.Fatal(err)
	}
	if l, err := Open(other); err == nil {
		t.Errorf("a link is followed: %v", l.Close())
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "kept" {
		t.Errorf("the link's target has %q, %v", text, err)
	}
}

func TestReadingACopyThatNobodyCanWrite(t *testing.T) {
	if dir := os.Getenv("PGMEND_LEDGER_COPY"); dir != "" {
		l, err := OpenReadOnly(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if n, err := l.Verify(t.Context()); n != 3 || err != nil {
			t.Errorf("Verify = %d, %v", n, err)
		}
		if err := l.Put(t.Context(), "k", "v"); err == nil {
			t.Error("a reader can write")
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	dir, err := os.MkdirTemp("/tmp", "pgmend-ledger")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l := opened(t, dir)
	for range 3 {
		appended(t, l, "F", "{}")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"": 0o555, File: 0o444} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil { //nolint:gosec // others must read it
			t.Fatal(err)
		}
	}
	exe := filepath.Join(dir, "..", filepath.Base(dir)+".test")
	copyFile(t, os.Args[0], exe)
	child := exec.Command(exe, "-test.run=^TestReadingACopyThatNobodyCanWrite$") //nolint:gosec // this test itself
	child.Dir, child.Env = "/", append(os.Environ(), "PGMEND_LEDGER_COPY="+dir)
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 {
		t.Errorf("%v, %v", names, err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o755) //nolint:gosec // another user runs it
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(to) })
}

// A context that ends in the middle of an append leaves the chain whole: the
// entry is there or it is not, and the next one follows.
func TestAppendsThatAreCancelled(t *testing.T) {
	l := opened(t, t.TempDir())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 60 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*20)*time.Microsecond)
				_, err := l.Append(ctx, entry(strconv.Itoa(w), "{}"))
				cancel()
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	appended(t, l, "last", "{}")
	if _, err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// A row that somebody else put in is not overwritten; the next append goes on
// behind it, and the chain shows which row is not ours.
func TestARowThatSomebodyPutIn(t *testing.T) {
	l := opened(t, t.TempDir())
	appended(t, l, "F", "{}")
	if _, err := l.db.ExecContext(t.Context(), `INSERT INTO history VALUES (2, '2026-01-01T00:00:00Z', 'finding', 'F', 'x', 'x', '{}', 'x')`); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), entry("F", "{}")); err == nil {
		t.Error("the row was taken for ours")
	}
	appended(t, l, "F", "{}")
	if n, err := l.Verify(t.Context()); n != 1 || err == nil || !strings.Contains(err.Error(), "entry 2") {
		t.Errorf("Verify = %d, %v", n, err)
	}
}
