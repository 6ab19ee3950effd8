package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// Two processes on one cluster, each with its own state directory and its own
// logins: one repairs, the other one says why it does not, and takes over when
// the first one is gone.
// hazard: 10
func TestTwoDaemonsOnOneCluster(t *testing.T) {
	if config := os.Getenv(runEnv); config != "" {
		child(config)
	}
	h := newHost(t, `CREATE TABLE app.t (id int, v int); INSERT INTO app.t SELECT g, g FROM generate_series(1, 100) AS g;
		CREATE INDEX one ON app.t (v)`)
	spoil := func() {
		(&pgtest.Server{Server: h.server}).Exec(t, h.stage.Name, "postgres", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.one'::regclass")
	}
	spoil()
	second := h.twin(t)
	first, endFirst := h.run(t)
	eventually(t, "the first one has repaired", patience, func() bool { return h.verified(t, "index/invalid") })
	said := new(output)
	c := exec.Command(os.Args[0], "-test.run=^TestTwoDaemonsOnOneCluster$")
	c.Env = append(os.Environ(), runEnv+"="+second.config)
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			t.Errorf("the second one: %v\n%s", err, said)
		}
	}()
	eventually(t, "the second one says that the first one leads", patience, func() bool {
		return strings.Contains(said.String(), "PGM-6002") && strings.Contains(said.String(), " of "+h.stage.Name+"_healer (pgmend/lead) holds the healer's lock")
	})
	spoil()
	if n := len(second.attempts(t)); n != 0 {
		t.Errorf("the second one made %d repairs beside the first one", n)
	}
	if code := endFirst(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, first)
	}
	eventually(t, "the second one repairs", patience, func() bool { return second.verified(t, "index/invalid") })
}

// twin is another daemon for the same server.
func (h *host) twin(t *testing.T) *host {
	t.Helper()
	out := *h
	out.dir = t.TempDir()
	out.config = filepath.Join(out.dir, "config.yaml")
	name := h.stage.Name
	grants, err := pg.SetupSQL(pg.SetupRequest{
		Version: h.server.Major * 10000, Observer: name + "_observer2", Healer: name + "_healer2",
		Owners: []string{name + "_owner"}, Databases: []string{name},
	})
	if err != nil {
		t.Fatal(err)
	}
	(&pgtest.Server{Server: h.server}).Exec(t, "postgres", "postgres", grants)
	text, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.NewReplacer(h.dir, out.dir, name+"_observer}", name+"_observer2}", name+"_healer}", name+"_healer2}").Replace(string(text)))
	if err := os.WriteFile(out.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &out
}
