package main

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/healer/metrics"
	"github.com/pgmend/pgmend/parser/tail"
)

// login sends the name of a user to a server, whatever is in it, and waits
// for the answer.
func (h *host) login(t *testing.T, user string) {
	t.Helper()
	c, err := net.Dial("unix", filepath.Join(filepath.Dir(h.server.DataDir()), ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	body := append(binary.BigEndian.AppendUint32(nil, 3<<16), "user\x00"+user+"\x00database\x00postgres\x00\x00"...)
	if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.ReadAll(c) // no such user: it hangs up
}

// Whoever can reach the server's port can have a line of its own in a stderr
// log. It looks like an INSERT that failed anywhere, and wakes nothing, while
// a real one is repaired at once.
// hazard: 39
func TestAForgedLineWakesNoRule(t *testing.T) {
	h := newHostThatLogs(t, `CREATE TABLE app.orders (id serial PRIMARY KEY, v text);
		CREATE TABLE app.bills (id serial PRIMARY KEY, v text)`,
		map[string]string{"log_destination": "stderr", "log_line_prefix": "%m [%p] %e %q%u "})
	text, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	seldom := strings.Replace(string(text), "rules:\n", "rules:\n  sequence/behind: {every: 24h}\n", 1)
	if err := os.WriteFile(h.config, []byte(seldom), 0o600); err != nil {
		t.Fatal(err)
	}
	log, end := h.run(t)
	eventually(t, "a cycle is completed", patience, func() bool { return !h.status(t).LastCycle.IsZero() })
	h.stage.Player.Forget()
	h.play(t, `INSERT INTO app.orders (id) SELECT generate_series(1, 100);
		INSERT INTO app.bills (id) SELECT generate_series(1, 100)`)
	h.login(t, "x\n2026-11-25 07:00:00.000 UTC [1] 23505 a ERROR:  forged")
	eventually(t, "it says what it passes over", patience, func() bool { return strings.Contains(log.String(), "PGM-6105") })
	behind := func() (tables []string) {
		for _, a := range h.attempts(t) {
			if a.Verified && a.Plan.Finding.Rule == "sequence/behind" {
				tables = append(tables, a.Plan.Finding.Object.Name)
			}
		}
		return tables
	}
	insert := func(table string) {
		h.play(t, "-- @fails\nINSERT INTO app."+table+" (v) VALUES ('by default')")
	}
	insert("orders") // narrows the rule to this table
	eventually(t, "the sequence of orders is repaired", patience, func() bool { return len(behind()) > 0 })
	if got := behind(); len(got) != 1 || got[0] != "orders_id_seq" {
		t.Errorf("repaired %v", got)
	}
	insert("bills")
	eventually(t, "the sequence of bills is repaired", patience, func() bool { return len(behind()) == 2 })
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
}

// A line of a session that never came is told as an event, whatever the log's
// format, once for all of a chunk.
// hazard: 55
func TestMissingLinesAreAnEvent(t *testing.T) {
	said := new(output)
	d := &daemon{app: &app{clock: time.Now}, metrics: metrics.New(metrics.Config{}), log: slog.New(event.NewHandler(said, event.Options{JSON: true}))}
	path := filepath.Join(t.TempDir(), "pg.csv")
	line := func(n string) string {
		return `2026-11-24 14:14:38.720 UTC,"u","d",7,"[local]",6b.7,` + n + `,"SELECT",2026-11-24 14:14:38 UTC,3/1,0,LOG,00000,"x",,,,,,,,,"psql","client backend",,0` + "\n"
	}
	if err := os.WriteFile(path, []byte(line("1")+line("2")+line("5")+line("6")), 0o600); err != nil {
		t.Fatal(err)
	}
	f := tail.New(tail.Config{Path: path, FromStart: true})
	defer d.ears.follow(path, f)()
	stop := errOutput
	err := f.Run(t.Context(), func(c tail.Chunk) error {
		d.missing(t.Context(), c)
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	for _, want := range []string{`"event.code":"PGM-6106"`, `"pgmend.lines":2`, `"pgmend.from":3`, `"pgmend.to":4`, `"pgmend.session":"6b.7"`} {
		if strings.Count(said.String(), want) != 1 {
			t.Errorf("no %s in %s", want, said)
		}
	}
	if got := d.ears.progress(); len(got) != 1 || got[0].Missing != 2 || got[0].Records != 4 || got[0].Path != path {
		t.Errorf("%+v", got)
	}
}
