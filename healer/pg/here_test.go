package pg_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// What is free and where the log is are known of a server that is at the other end itself, over its
// socket or TCP. Through a tunnel, whatever it is called here, the same folder
// may be of another host, and nothing is known.
// hazard: 30, 32
func TestTheDiskBehindATunnelIsNotKnown(t *testing.T) {
	// Each process has its own address of the loopback, as the port is given.
	address := fmt.Sprintf("127.%d.%d.2", os.Getpid()>>8&127+1, os.Getpid()&255)
	server, err := disposable.Start(t.Context(), disposable.Options{
		Binaries: pgtest.One(t).Binaries, Settings: map[string]string{"listen_addresses": address},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := &pgtest.Server{Server: server}
	x := newSite(t, s)
	straight := func([]byte) {}
	tcp := net.JoinHostPort(address, "5432")
	port := func(address string) string {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		return "host=localhost port=" + port
	}
	folders := [2]string{t.TempDir(), t.TempDir()}
	for i, to := range []struct{ network, address string }{{"tcp", tcp}, {"unix", socketOf(s)}} {
		passOn(t, "unix", filepath.Join(folders[i], ".s.PGSQL.5432"), to.network, to.address, straight)
	}
	info, err := os.Stat(server.DataDir())
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	for name, c := range map[string]struct {
		conn  string
		known bool
	}{
		"its socket":               {"host=" + filepath.Dir(socketOf(s)) + " port=5432", true},
		"its port":                 {"host=" + address + " port=5432", true},
		"a tunnel to its port":     {port(passOn(t, "tcp", "127.0.0.1:0", "tcp", tcp, straight)), false},
		"a tunnel to its socket":   {port(passOn(t, "tcp", "127.0.0.1:0", "unix", socketOf(s), straight)), false},
		"a socket that leads away": {"host=" + folders[0] + " port=5432", false},
		// Who forwards it with the server's own user is not told from the server.
		"another's socket": {"host=" + folders[1] + " port=5432", ok && stat.Uid == uint32(os.Geteuid())}, //nolint:gosec // a user's number
	} {
		db, err := pg.Open(t.Context(), pg.Config{Observer: c.conn + " sslmode=disable dbname=" + x.name + " user=" + x.observer})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if l, err := db.Logging(t.Context()); err != nil || l.Local != c.known {
			t.Errorf("%s: the log is taken to be here: %t, %v", name, l.Local, err)
		}
		b, err := db.Budget(t.Context(), healer.Object{}, false)
		db.Close()
		if err != nil || len(b.Disks) != 2 {
			t.Fatalf("%s: %+v, %v", name, b.Disks, err)
		}
		for _, d := range b.Disks {
			if d.Known != c.known || d.Known && d.Free == 0 {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
}
