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
	passOn(t, "unix", filepath.Join(dir, ".s.PGSQL.5432"), "unix", socketOf(s), func(answer []byte) {
		// BackendKeyData: 'K', a length of 12, the process id, the key.
		if i := bytes.Index(answer, []byte{'K', 0, 0, 0, 12}); i >= 0 && i+9 <= len(answer) {
			answer[i+8] ^= 1
		}
	})
	_, err := pg.Open(t.Context(), pg.Config{Observer: "host=" + dir + " port=5432 sslmode=disable dbname=" + x.name + " user=" + x.observer})
	if err == nil || !strings.Contains(err.Error(), "connection pooler") {
		t.Errorf("a pooler was let in: %v", err)
	}
}

func socketOf(s *pgtest.Server) string {
	return filepath.Join(filepath.Dir(s.DataDir()), ".s.PGSQL.5432")
}

// passOn listens at an address, and passes on to a server's what comes there,
// and what it answers, which is altered. It returns where it listens.
func passOn(t *testing.T, network, address, serverNetwork, server string, alter func([]byte)) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { pass(client, serverNetwork, server, alter) })
		}
	})
	return l.Addr().String()
}

// pass passes bytes on both ways.
func pass(client net.Conn, network, address string, alter func([]byte)) {
	defer client.Close()
	server, err := net.Dial(network, address)
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
		alter(buf[:n])
		if _, err := client.Write(buf[:n]); err != nil {
			break
		}
	}
	_ = client.Close()
	ways.Wait()
}
