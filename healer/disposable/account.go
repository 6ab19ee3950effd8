package disposable

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is whom the server runs as; nil credentials: as ourselves.
type account struct {
	credential *syscall.Credential
}

// unprivileged returns who may run a server: PostgreSQL refuses root.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return &account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
}

func (a *account) drop(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	cmd.Dir = "/"
	// Nothing of the caller's environment, such as PGDATA, may steer it.
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}

// socketPath is the longest path of a socket's folder: sun_path has 107
// bytes, and /.s.PGSQL.5432 is to follow.
const socketPath = 107 - 14

// folder makes the server's folder, private to whom it runs as.
func (a *account) folder() (string, error) {
	parent := os.TempDir()
	if len(parent) > socketPath-20 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "pgmend-")
	if err != nil {
		return "", err
	}
	if a.credential == nil {
		return dir, nil
	}
	if err := os.Chown(dir, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}
