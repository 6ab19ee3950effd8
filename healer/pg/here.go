package pg

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// peer is who is at the other end of a connection, as this host knows it. What
// is called localhost, and the folder of a socket, may be a tunnel to another
// host, whose data are in a directory of the same name.
type peer struct {
	known bool
	uid   uint32 // of the process at the other end
	seen  string // how that process sees this end: an address and port; "": a socket of the file system
}

// peerOf asks the kernel. It knows only ends on this host, in this network
// namespace.
func peerOf(c net.Conn) peer {
	if s, ok := c.(*net.UnixConn); ok {
		return peerOfSocket(s)
	}
	near, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		return peer{}
	}
	far, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return peer{}
	}
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue // without IPv6 there is no second one
		}
		if uid, ok := ownerOf(string(text), plain(far), plain(near)); ok {
			return peer{true, uid, plain(near).String()}
		}
	}
	return peer{}
}

func peerOfSocket(s *net.UnixConn) (p peer) {
	raw, err := s.SyscallConn()
	if err != nil {
		return peer{}
	}
	err = raw.Control(func(fd uintptr) {
		if who, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil { //nolint:gosec // a descriptor
			p = peer{known: who.Pid > 0, uid: who.Uid} // 0 is a process that this namespace does not have
		}
	})
	if err != nil {
		return peer{}
	}
	return p
}

// ownerOf finds the user of a TCP connection's end in the kernel's table of
// those of this host (man 5 proc_pid_net).
func ownerOf(table string, local, remote netip.AddrPort) (uid uint32, ok bool) {
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 8 || endpoint(f[1]) != local || endpoint(f[2]) != remote {
			continue
		}
		n, err := strconv.ParseUint(f[7], 10, 32)
		return uint32(n), err == nil
	}
	return 0, false
}

// endpoint reads an address as that table has it: words in the order of this
// machine's bytes, and a port.
func endpoint(text string) netip.AddrPort {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	n, wrong := strconv.ParseUint(port, 16, 16)
	if err != nil || wrong != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, _ := netip.AddrFromSlice(raw)
	return plain(netip.AddrPortFrom(ip, uint16(n)))
}

// plain writes an IPv4 address as one also where it came as IPv6.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// peer is who is at the other end of a session, if that is the server itself:
// it sees this end where this end is.
func (s *session) peer() peer {
	p := peerOf(s.conn.Conn())
	p.known = p.known && p.seen == s.client
	return p
}

// The reasons why a directory here is not the server's.
var (
	errElsewhere = errors.New("the server is not at the other end of the connection")
	errAnothers  = errors.New("the directory is not of the server's user")
)

// owns says why the data directory of a server is not the directory of that
// name on this host; nil where it is. A server starts only in one of its own.
func (p peer) owns(directory string) error {
	if !p.known {
		return errElsewhere
	}
	info, err := os.Stat(directory)
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Uid != p.uid {
		return errAnothers
	}
	return nil
}
