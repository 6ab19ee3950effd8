package pg

import (
	"os"
	"path/filepath"
	"syscall"
)

// free asks a file system for its device and for the bytes that are left to
// others than root.
func free(path string) (device uint64, bytes int64, known bool) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0, 0, false
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	var fs syscall.Statfs_t
	if !ok || syscall.Statfs(path, &fs) != nil {
		return 0, 0, false
	}
	return stat.Dev, int64(fs.Bavail) * fs.Bsize, true //nolint:gosec // sizes of a real file system
}
