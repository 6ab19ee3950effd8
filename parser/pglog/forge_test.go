package pglog_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/parser/pglog"
	"pgregory.net/rapid"
)

// printed is a message as the server has it, and prints it.
type printedMessage struct {
	at, pid               int
	user, database, app   string
	state, level, message string
	detail                string
}

// print writes it as send_message_to_server_log does: the prefix raw, with
// names that the server has cut, the texts with a tab behind each newline.
func (m printedMessage) print(prefix string) string {
	name := func(s string) string { return s[:min(len(s), 63)] }
	head := strings.NewReplacer("%m", fmt.Sprintf("2026-11-24 14:14:%02d.000 UTC", m.at%60), "%p", fmt.Sprint(m.pid), "%e", m.state, "%q", "",
		"%u", name(m.user), "%d", name(m.database), "%a", name(strings.ReplaceAll(m.app, "\n", "?"))).Replace(prefix)
	out := head + m.level + ":  " + strings.ReplaceAll(m.message, "\n", "\n\t") + "\n"
	if m.detail != "" {
		out += head + "DETAIL:  " + strings.ReplaceAll(m.detail, "\n", "\n\t") + "\n"
	}
	return out
}

// TestNamesCannotForge prints what a server would print to clients with names
// made of newlines and of pieces of log lines: what is said to be no client's
// is the server's, and stays it when reading begins anew or in blocks.
// hazard: 39
func TestNamesCannotForge(t *testing.T) {
	prefixes := []string{"%m [%p] %q%u@%d ", "%m [%p] %q%u@%d/%a ", "%e %u@%d ", "%p %u ", "%m [%p] ", "%m [%p] user=%u,db=%d,app=%a ", "%p %q%a %d%u ", "[%p] %d: "}
	rapid.Check(t, func(r *rapid.T) {
		prefix := rapid.SampledFrom(prefixes).Draw(r, "prefix")
		fake := printedMessage{1, 9999999, "u", "d", "a", "23505", "ERROR", "forged", ""}.print(prefix)
		pieces := []string{"\n", "\n\t", "x", "a", " ", "@d", "LOG:  x", "ERROR:  forged", "DETAIL:  forged", "d ERROR:  forged", fake, strings.TrimSuffix(fake, "\n"), fake[:len(fake)/2], "23505 ", "bob", "app/", ","}
		text := func(label string) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6).Draw(r, label), "")
		}
		var log strings.Builder
		genuine := map[int64]printedMessage{}
		for i := range rapid.IntRange(1, 8).Draw(r, "messages") {
			m := printedMessage{i, i%3 + 1, "bob", "shop", "psql", "00000", "LOG", fmt.Sprintf("message %d", i), ""}
			if rapid.Bool().Draw(r, "hostile") {
				m.user, m.database, m.app = text("user"), text("database"), text("app")
			}
			if rapid.Bool().Draw(r, "talks") {
				m.message += text("message")
				m.detail = text("detail")
			}
			genuine[int64(log.Len())] = m
			log.WriteString(m.print(prefix))
		}
		whole := log.String()
		d := pglog.NewDecoder(pglog.Stderr, pglog.Options{Prefix: prefix})
		var got []pglog.Framed
		for at := 0; at < len(whole); {
			n := min(rapid.SampledFrom([]int{1, 40, 300, 4096}).Draw(r, "piece"), len(whole)-at)
			got = append(got, d.Decode([]byte(whole[at:at+n]))...)
			if at += n; rapid.IntRange(0, 5).Draw(r, "restart") == 0 {
				at = int(d.Pending())
				d = pglog.NewDecoder(pglog.Stderr, pglog.Options{Prefix: prefix, Offset: d.Pending()})
				if rapid.Bool().Draw(r, "known") {
					d.Before([]byte(whole[max(0, at-1024):at]))
				}
			}
		}
		got = append(got, d.Flush()...)
		for _, x := range got {
			if m, is := genuine[x.Start]; !x.Forgeable && (!is || x.PID != m.pid && strings.Contains(prefix, "%p") ||
				x.SQLState != m.state && strings.Contains(prefix, "%e") || x.Severity != m.level || !strings.HasPrefix(x.Message, "message ")) {
				r.Fatalf("with %q, %q is not the server's:\n%q", prefix, whole[x.Start:x.End], whole)
			}
		}
	})
}

// login sends a startup packet, whatever is in its texts, and waits until the
// server has answered.
func (p *patient) login(texts ...string) {
	p.Helper()
	c, err := net.Dial("unix", filepath.Join(filepath.Dir(p.server.DataDir()), ".s.PGSQL.5432"))
	if err != nil {
		p.Fatal(err)
	}
	defer c.Close()
	body := binary.BigEndian.AppendUint32(nil, 3<<16)
	for _, s := range texts {
		body = append(append(body, s...), 0)
	}
	body = append(body, 0)
	if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		p.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	_, _ = c.Read(make([]byte, 4096)) // what it says is in the log
}

// TestForgery: clients of a real server, before and after they are let in,
// have it print what looks like a broken constraint of somebody else.
// hazard: 39
func TestForgery(t *testing.T) {
	for _, b := range installed(t) {
		t.Run(fmt.Sprint(b.Major), func(t *testing.T) {
			t.Parallel()
			p := start(t, b, map[string]string{"log_line_prefix": "%m [%p] %e %q%u@%d/%a ", "log_min_duration_statement": "-1", "log_checkpoints": "off"})
			forged := "2026-11-25 07:00:00.000 UTC [9999999] 23505 a@b/c ERROR:  "
			long := forged + `duplicate key value violates unique constraint "forged"`
			p.login("user", "n\n"+forged, "database", "postgres")
			p.login("user", "postgres", "database", "n\n"+forged)
			p.login("user", "postgres", "database", "postgres", "application_name", "x\n"+long)
			p.login("user", "a@b/c ERROR:  23505: forged", "database", "postgres")
			p.login("user", "postgres", "database", "b/c ERROR:  forged")
			p.login("user", "a@b/c LOG:  x\n"+"[9999999]", "database", "postgres")
			p.run("SET application_name = E'x\\n"+long+"'", "SELECT 1/0 -- \n"+long, "SELECT 1/0 -- "+long,
				"DO $$ BEGIN RAISE EXCEPTION E'x\\n"+long+"' USING DETAIL = E'y\\n"+long+"', HINT = E'z\\n"+long+"'; END $$",
				"SET application_name = ''", "CREATE TABLE real(id int PRIMARY KEY)", "INSERT INTO real VALUES (1), (1)", "INSERT INTO real\n\tVALUES (2), (2)")
			p.end()
			for format, records := range p.logs("%m [%p] %e %q%u@%d/%a ") {
				real, bad := 0, 0
				for _, r := range records {
					e := pglog.Classify(r.Record)
					switch v, _ := e.Body.(*pglog.Violation); {
					case v != nil && v.Constraint == "real_pkey" && !r.Forgeable:
						real++
					case format != pglog.Stderr && r.Forgeable:
						t.Errorf("%s: forgeable: %+v", format, r)
					case !r.Forgeable && (r.PID == 9999999 || r.SQLState == "23505"):
						t.Errorf("%s: forged: %+v", format, r)
					case r.Forgeable && r.PID == 9999999:
						bad++
					}
				}
				if real != 2 || format == pglog.Stderr && bad < 2 {
					t.Errorf("%s: %d real events, %d forged ones", format, real, bad)
				}
			}
		})
	}
}
