//go:build ops

package pg_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// A real PgBouncer, by transaction and by session, is refused before anything
// is set through it; whoever is no healer goes through.
// hazard: 11
func TestPgBouncerIsRefused(t *testing.T) {
	root := filepath.Join(os.Getenv("PGMEND_OPS"), "pgbouncer")
	if os.Getenv("PGMEND_OPS") == "" {
		t.Fatal("PGMEND_OPS is not set; make test-ops sets it")
	}
	s := pgtest.One(t)
	x := newSite(t, s)
	servers := filepath.Dir(s.DataDir()) // where its socket is
	info, err := os.Stat(servers)
	if err != nil {
		t.Fatal(err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal("the owner of the server's folder is not known")
	}
	for _, mode := range []string{"transaction", "session"} {
		t.Run(mode, func(t *testing.T) {
			dir, err := os.MkdirTemp(servers, "bouncer")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			ini := fmt.Sprintf("[databases]\n* = host=%s port=5432\n[pgbouncer]\npool_mode = %s\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = %s\n"+
				"auth_type = trust\nauth_file = %s/users\nignore_startup_parameters = extra_float_digits\n", servers, mode, dir, dir)
			users := fmt.Sprintf("%q \"\"\n%q \"\"\n", x.observer, x.owner)
			if err := errors.Join(os.WriteFile(dir+"/ini", []byte(ini), 0o600), os.WriteFile(dir+"/users", []byte(users), 0o600),
				os.Chown(dir, int(owner.Uid), int(owner.Gid)), os.Chown(dir+"/ini", int(owner.Uid), int(owner.Gid)), os.Chown(dir+"/users", int(owner.Uid), int(owner.Gid))); err != nil {
				t.Fatal(err)
			}
			libraries, err := filepath.Glob(root + "/usr/lib/*-linux-gnu")
			if err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			cmd := exec.CommandContext(t.Context(), root+"/usr/sbin/pgbouncer", dir+"/ini")
			cmd.Env = []string{"LD_LIBRARY_PATH=" + strings.Join(libraries, ":")}
			cmd.Stdout, cmd.Stderr = &said, &said
			if os.Geteuid() == 0 { // it refuses root
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait() // it was killed
				if t.Failed() {
					t.Logf("PgBouncer said:\n%s", said.String())
				}
			})
			conn := func(user string) string {
				return "host=" + dir + " port=6432 sslmode=disable dbname=" + x.name + " user=" + user
			}
			for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				c, err := pgconn.Connect(t.Context(), conn(x.owner))
				if err == nil {
					_, err = c.Exec(t.Context(), "SELECT 1").ReadAll()
					if err := errors.Join(err, c.Close(t.Context())); err != nil {
						t.Fatal(err)
					}
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("nobody gets through: %v", err)
				}
			}
			db, err := pg.Open(t.Context(), pg.Config{Observer: conn(x.observer)})
			if err == nil {
				db.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "connection pooler") {
				t.Errorf("PgBouncer was let in: %v", err)
			}
		})
	}
}
