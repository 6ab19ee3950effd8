package ledger

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
)

func opened(t *testing.T, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func entry(subject, body string) healer.Entry {
	return healer.Entry{Kind: healer.KindFinding, Subject: subject, Action: "finding.opened", Actor: "daemon", Body: json.RawMessage(body)}
}

func appended(t *testing.T, l *Ledger, subject, body string) {
	t.Helper()
	if _, err := l.Append(t.Context(), entry(subject, body)); err != nil {
		t.Fatal(err)
	}
}

func TestCurrentIsTheNewestOfEachSubject(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?#%", "state")
	l := opened(t, dir)
	appended(t, l, "F1", `{"n":1}`)
	appended(t, l, "F2", `{"n":2}`)
	appended(t, l, "F1", `{"n":3}`)
	reader, err := OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got, err := reader.Current(t.Context(), healer.KindFinding, time.Time{})
	if err != nil || len(got) != 2 || string(got[0].Body) != `{"n":3}` || got[1].Subject != "F2" {
		t.Errorf("Current = %v, %v", got, err)
	}
	if got, err = reader.Current(t.Context(), healer.KindFinding, time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("nothing happened since then: %v, %v", got, err)
	}
	history, err := reader.History(t.Context(), "F1")
	if err != nil || len(history) != 2 || history[1].Seq != 3 {
		t.Errorf("History = %v, %v", history, err)
	}
	if _, err := reader.Append(t.Context(), entry("F3", "{}")); err == nil {
		t.Error("a reader can write")
	}
}

// hazard: 10
func TestOnlyOneProcessWrites(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, dir)
	if _, err := Open(dir); !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second writer: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	opened(t, dir)
}

func TestReadingMakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := OpenReadOnly(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking made the directory")
	}
}

// A ledger that somebody is about to make is none yet, and one can follow it
// from there.
func TestFollowing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReadOnly(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty file: %v", err)
	}
	l := opened(t, dir)
	reader, err := OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if seq, err := reader.Last(t.Context()); seq != 0 || err != nil {
		t.Errorf("the last of none is %d: %v", seq, err)
	}
	for i := range followed + 5 {
		appended(t, l, fmt.Sprint("F", i), "{}")
	}
	first, err := reader.After(t.Context(), 2)
	if err != nil || len(first) != followed || first[0].Seq != 3 {
		t.Fatalf("%d entries: %v", len(first), err)
	}
	rest, err := reader.After(t.Context(), first[len(first)-1].Seq)
	if last, _ := reader.Last(t.Context()); err != nil || len(rest) != 3 || rest[2].Seq != last {
		t.Errorf("%d entries up to %d: %v", len(rest), last, err)
	}
}

func TestTheHistoryIsAppendOnlyAndItsChainShowsChanges(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, dir)
	for i := range 5 {
		appended(t, l, fmt.Sprint("F", i), fmt.Sprintf(`{"n":%d}`, i))
	}
	if n, err := l.Verify(t.Context()); n != 5 || err != nil {
		t.Fatalf("Verify = %d, %v", n, err)
	}
	for _, change := range []string{"UPDATE history SET actor = 'x'", "DELETE FROM history"} {
		if _, err := l.db.ExecContext(t.Context(), change); err == nil {
			t.Errorf("%s was let through", change)
		}
	}
	// Whoever opens the file with sqlite3 can drop the triggers; then it shows.
	for _, c := range []struct{ change, want string }{
		{"UPDATE history SET body = '{\"n\":9}' WHERE seq = 3", "entry 3"},
		{"DELETE FROM history WHERE seq = 2", "entry 2"},
	} {
		copied := t.TempDir()
		if _, err := l.db.ExecContext(t.Context(), "VACUUM INTO ?", filepath.Join(copied, File)); err != nil {
			t.Fatal(err)
		}
		forged := opened(t, copied)
		for _, sql := range []string{"DROP TRIGGER history_keeps", "DROP TRIGGER history_stays", c.change} {
			if _, err := forged.db.ExecContext(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := forged.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("after %s: %v", c.change, err)
		}
	}
}

func TestConcurrentAppendsKeepTheChain(t *testing.T) {
	l := opened(t, t.TempDir())
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 20 {
				if _, err := l.Append(t.Context(), entry(fmt.Sprint(w, "-", i), "{}")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if n, err := l.Verify(t.Context()); n != 160 || err != nil {
		t.Errorf("Verify = %d, %v", n, err)
	}
}

func TestANewerOrForeignFileIsRefused(t *testing.T) {
	for name, sqls := range map[string][]string{
		"newer":   {"PRAGMA application_id = 1885826404", "PRAGMA user_version = 99"},
		"foreign": {"CREATE TABLE t (x)", "PRAGMA user_version = 3"},
	} {
		dir := t.TempDir()
		db, err := sql.Open("sqlite3", filepath.Join(dir, File))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sqls {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil {
			t.Errorf("%s: the file was taken", name)
		}
		if _, err := OpenReadOnly(dir); err == nil {
			t.Errorf("%s: the file was read", name)
		}
	}
}

// A process that is killed while it appends loses nothing that it was told is
// durable.
func TestKilledWhileAppending(t *testing.T) {
	if dir := os.Getenv("PGMEND_LEDGER_CHILD"); dir != "" {
		l, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for {
			e, err := l.Append(context.Background(), entry("F", "{}"))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println("durable", e.Seq)
		}
	}
	dir := t.TempDir()
	for round := range 5 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileAppending$") //nolint:gosec // this test itself
		child.Env = append(os.Environ(), "PGMEND_LEDGER_CHILD="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		var last int64
		lines := bufio.NewScanner(out)
		for i := 0; i < 10+7*round && lines.Scan(); i++ {
			_, _ = fmt.Sscanf(lines.Text(), "durable %d", &last)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			_, _ = fmt.Sscanf(lines.Text(), "durable %d", &last)
		}
		_ = child.Wait() // it was killed
		l, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := l.Verify(t.Context()); err != nil || n < last || last == 0 {
			t.Errorf("round %d: %d entries are there, %d were durable: %v", round, n, last, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestState(t *testing.T) {
	l := opened(t, t.TempDir())
	if _, found, err := l.Get(t.Context(), "k"); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	for _, v := range []string{"1", "2"} {
		if err := l.Put(t.Context(), "k", v); err != nil {
			t.Fatal(err)
		}
	}
	if v, _, err := l.Get(t.Context(), "k"); v != "2" || err != nil {
		t.Errorf("Get = %q, %v", v, err)
	}
	if err := l.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := l.Get(t.Context(), "k"); found {
		t.Error("it is still there")
	}
}
