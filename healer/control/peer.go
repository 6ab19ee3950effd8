package control

import (
	"context"
	"fmt"
	"net"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

type peerKey struct{}

// peer asks the kernel who is at the other end; -1 says that it does not know.
func peer(c net.Conn) int64 {
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return -1
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1
	}
	uid := int64(-1)
	err = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid = int64(cred.Uid)
		}
	})
	if err != nil {
		return -1
	}
	return uid
}

// actor is who asks, as it is recorded. The name is looked up for each request
// and not where connections are accepted, because a directory service may be
// slow.
func actor(ctx context.Context) string {
	uid, ok := ctx.Value(peerKey{}).(int64)
	if !ok || uid < 0 {
		return "unknown"
	}
	if u, err := user.LookupId(strconv.FormatInt(uid, 10)); err == nil {
		return fmt.Sprintf("%s (uid %d)", u.Username, uid)
	}
	return fmt.Sprintf("uid %d", uid)
}
