package pg_test

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// A transaction pooler gives each client a process id of its own (BackendKeyData)
// and each statement any server process: settings, roles and locks of a session
// would be somebody else's. This one is honest otherwise.
// hazard: 11
func TestAPoolerIsRefused(t *testing.T) {
	s := pgtest.One(t)
	x := newSite(t, s)
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	socket := filepath.Join(filepath.Dir(s.DataDir()), ".s.PGSQL.5432")
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { pool(client, socket) })
		}
	})
	_, err = pg.Open(t.Context(), pg.Config{Observer: "host=" + dir + " port=5432 sslmode=disable dbname=" + x.name + " user=" + x.observer})
	if err == nil || !strings.Contains(err.Error(), "connection pooler") {
		t.Errorf("a pooler was let in: %v", err)
	}
}

// pool passes bytes on both ways, and tells the client another process id.
func pool(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	var ways sync.WaitGroup
	ways.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			break
		}
		// BackendKeyData: 'K', a length of 12, the process id, the key.
		if i := bytes.Index(buf[:n], []byte{'K', 0, 0, 0, 12}); i >= 0 && i+9 <= n {
			buf[i+8] ^= 1
		}
		if _, err := client.Write(buf[:n]); err != nil {
			break
		}
	}
	_ = client.Close()
	ways.Wait()
}
