package pg

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// The kernel says who is at the other end, over every kind of connection that
// stays on this host, and nothing of an end that is elsewhere.
func TestPeerOf(t *testing.T) {
	for network, address := range map[string]string{
		"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": filepath.Join(t.TempDir(), "s"),
	} {
		l, err := net.Listen(network, address)
		if err != nil && network == "tcp6" {
			t.Logf("there is no IPv6 here: %v", err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := net.Dial(network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		want := peer{known: true, uid: uint32(os.Geteuid())} //nolint:gosec // a user's number
		if network != "unix" {
			want.seen = server.RemoteAddr().String()
		}
		got := peerOf(c)
		if got != want {
			t.Errorf("%s: %+v, not %+v", network, got, want)
		}
		dir := t.TempDir()
		if got.owns(dir) != nil || got.owns("") == nil || got.owns(dir+"/no") == nil {
			t.Errorf("%s: which directory is its own is not told", network)
		}
		if got.uid++; got.owns(dir) == nil {
			t.Errorf("%s: it owns another's directory", network)
		}
	}
	a, b := netip.MustParseAddrPort("192.0.2.1:5432"), netip.MustParseAddrPort("192.0.2.2:40000")
	if uid, ok := ownerOf("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n   0: garbage\n   1: 0:0 0:0 01 0 0 0 0\n", a, b); ok {
		t.Errorf("garbage has the owner %d", uid)
	}
}
