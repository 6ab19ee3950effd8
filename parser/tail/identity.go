package tail

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// headSize is how much of a file's beginning is part of what it is.
const headSize = 1024

// Identity is which file it is, whatever its name.
type Identity struct {
	ID       string `json:"id"` // stays, also while the head grows
	Device   uint64 `json:"device"`
	Inode    uint64 `json:"inode"`
	HeadSize int64  `json:"head_size"` // bytes hashed, up to 1 KiB
	HeadHash string `json:"head_hash"`
}

// identify reads who an open file is. It gets its ID from what it is now.
func identify(f *os.File, info os.FileInfo) (Identity, error) {
	id := inode(info)
	var err error
	if id.HeadSize, id.HeadHash, err = head(f, headSize); err != nil {
		return id, err
	}
	id.name(info)
	return id, nil
}

// name gives the ID: two files with the same inode and head, one after the
// other, differ by their times.
func (id *Identity) name(info os.FileInfo) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %d %s %d %d", id.Device, id.Inode, id.HeadSize, id.HeadHash, info.ModTime().UnixNano(), info.Size()))
	id.ID = hex.EncodeToString(sum[:16])
}

func inode(info os.FileInfo) Identity {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return Identity{Device: uint64(st.Dev), Inode: st.Ino} //nolint:unconvert // the type differs by platform
	}
	return Identity{}
}

func (id Identity) sameInode(other Identity) bool {
	return id.Device == other.Device && id.Inode == other.Inode
}

// check says whether a file still begins as it did, and takes in more of its
// head while that grows.
func (id *Identity) check(f io.ReaderAt) (same bool, err error) {
	n, hash, err := head(f, id.HeadSize)
	if err != nil || n != id.HeadSize || hash != id.HeadHash {
		return false, err
	}
	if id.HeadSize < headSize {
		id.HeadSize, id.HeadHash, err = head(f, headSize)
	}
	return err == nil, err
}

// startsAs says that a text begins as the file did.
func (id *Identity) startsAs(begin []byte) bool {
	if id.HeadSize == 0 || int64(len(begin)) < id.HeadSize {
		return false
	}
	sum := sha256.Sum256(begin[:id.HeadSize])
	return hex.EncodeToString(sum[:]) == id.HeadHash
}

// head hashes the first bytes of a file, up to limit of them.
func head(f io.ReaderAt, limit int64) (n int64, hash string, err error) {
	return headOf(io.NewSectionReader(f, 0, limit))
}

func headOf(r io.Reader) (n int64, hash string, err error) {
	var buf [headSize]byte
	read, err := fill(r, buf[:])
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, "", fmt.Errorf("read the head: %w", err)
	}
	sum := sha256.Sum256(buf[:read])
	return int64(read), hex.EncodeToString(sum[:]), nil
}
