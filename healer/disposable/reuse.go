package disposable

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// To make a cluster takes twenty times as long as to copy one. The tests of a
// package start many, so they may share what initdb made: each gets a copy, and
// a system identifier of its own.

// moulds are the clusters that are copied, by the folder of their binaries.
var moulds struct {
	mu    sync.Mutex
	reuse bool
	made  map[string]string // the folder of each
}

// Reuse makes the servers that this process starts copies of one cluster for each
// version, until it is ended.
func Reuse() (end func() error) {
	moulds.mu.Lock()
	defer moulds.mu.Unlock()
	moulds.reuse, moulds.made = true, make(map[string]string)
	return func() (err error) {
		moulds.mu.Lock()
		defer moulds.mu.Unlock()
		for _, dir := range moulds.made {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		moulds.reuse, moulds.made = false, nil
		return err
	}
}

// fill makes the server's cluster.
func (s *Server) fill(ctx context.Context) error {
	moulds.mu.Lock()
	defer moulds.mu.Unlock()
	if !moulds.reuse {
		return s.initdb(ctx, s.DataDir())
	}
	mould, ok := moulds.made[s.Dir]
	if !ok {
		var err error
		if mould, err = s.as.folder(); err != nil {
			return err
		}
		if err := s.initdb(ctx, filepath.Join(mould, "data")); err != nil {
			return errors.Join(err, os.RemoveAll(mould))
		}
		moulds.made[s.Dir] = mould
	}
	if err := s.run(ctx, "cp", "-a", filepath.Join(mould, "data"), s.DataDir()); err != nil {
		return err
	}
	return distinguish(s.DataDir())
}

func (s *Server) initdb(ctx context.Context, dir string) error {
	return s.run(ctx, filepath.Join(s.Dir, "initdb"), "--pgdata", dir, "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-sync", "--data-checksums")
}

// run runs a program as whom the server runs as.
func (s *Server) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // our own arguments
	s.as.drop(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, out)
	}
	return nil
}

// sysidInWAL is where the system identifier stands in the first page of a WAL
// segment (src/include/access/xlog_internal.h, XLogLongPageHeaderData).
const sysidInWAL = 24

// distinguish gives a copied cluster that was never started a system identifier
// of its own. It stands first in the control file, whose CRC-32C is its last
// field (src/include/catalog/pg_control.h), and in each segment of the WAL.
func distinguish(dir string) error {
	// As initdb makes one: the time in seconds, and what tells two of a second apart.
	id := binary.NativeEndian.AppendUint64(nil, uint64(time.Now().Unix())<<32|uint64(rand.Uint32())) //nolint:gosec // a time after 1970
	control := filepath.Join(dir, "global", "pg_control")
	text, err := os.ReadFile(control)
	if err != nil {
		return err
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	end := len(id)
	for ; end+4 <= len(text) && binary.NativeEndian.Uint32(text[end:]) != crc32.Checksum(text[:end], table); end += 4 {
	}
	if end+4 > len(text) {
		return fmt.Errorf("%s: its checksum is not found", control)
	}
	was := bytes.Clone(text[:len(id)])
	copy(text, id)
	binary.NativeEndian.PutUint32(text[end:], crc32.Checksum(text[:end], table))
	if err := os.WriteFile(control, text, 0o600); err != nil {
		return err
	}
	segments, err := filepath.Glob(filepath.Join(dir, "pg_wal", "0000*"))
	if err != nil || len(segments) == 0 {
		return errors.Join(err, fmt.Errorf("%s has no WAL", dir))
	}
	for _, name := range segments {
		if err := patch(name, was, id); err != nil {
			return err
		}
	}
	return nil
}

// patch replaces the system identifier in a segment of the WAL.
func patch(name string, was, id []byte) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	found := make([]byte, len(was))
	if _, err = f.ReadAt(found, sysidInWAL); err == nil && !bytes.Equal(found, was) {
		err = fmt.Errorf("%s is of another cluster", name)
	}
	if err == nil {
		_, err = f.WriteAt(id, sysidInWAL)
	}
	return errors.Join(err, f.Close())
}
