package disposable

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func TestServerLivesAndLeavesNothing(t *testing.T) {
	b, err := Newest(99)
	if err != nil {
		t.Skip(err)
	}
	s, err := Start(t.Context(), Options{Binaries: b, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(s.dir, ".s.PGSQL.5432")
	if _, err := os.Stat(socket); err != nil {
		t.Error(err)
	}
	if err := s.Kill9(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Errorf("after a crash: %v", err)
	}
	pid := s.proc.pid
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
	if _, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid))); err == nil {
		t.Error("the server is left")
	}
}

func TestABrokenSettingIsAnError(t *testing.T) {
	b, err := Newest(99)
	if err != nil {
		t.Skip(err)
	}
	s, err := Start(t.Context(), Options{Binaries: b, Settings: map[string]string{"shared_buffers": "lots"}})
	if err == nil {
		t.Error("the server started with a broken setting")
		_ = s.Stop(t.Context())
	}
}

// Servers that share an initdb are servers of their own, and what they were
// copied from is gone in the end.
func TestCopiesAreServersOfTheirOwn(t *testing.T) {
	b, err := Newest(99)
	if err != nil {
		t.Skip(err)
	}
	end := Reuse()
	known := make(map[string]bool)
	for range 3 {
		s, err := Start(t.Context(), Options{Binaries: b})
		if err != nil {
			t.Fatal(err)
		}
		control, err := os.ReadFile(filepath.Join(s.DataDir(), "global", "pg_control"))
		if err != nil {
			t.Error(err)
		}
		known[string(control[:8])] = true
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if len(known) != 3 {
		t.Errorf("3 servers have %d system identifiers", len(known))
	}
	mould := moulds.made[b.Dir]
	if err := end(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(mould); mould == "" || !os.IsNotExist(err) {
		t.Errorf("%q is left: %v", mould, err)
	}
}
