package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// destinations are those of log_destination that are files, the best first.
var destinations = []string{"jsonlog", "csvlog", "stderr"}

// CurrentLogfiles reads which file the logging collector writes for each
// destination. The server keeps that file in its data directory:
// https://www.postgresql.org/docs/current/storage-file-layout.html
func CurrentLogfiles(dataDir string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, "current_logfiles"))
	if err != nil {
		return nil, fmt.Errorf("read current_logfiles: %w (it exists while logging_collector is on)", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(text)) {
		destination, path, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if !ok {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(dataDir, path)
		}
		files[destination] = path
	}
	return files, nil
}

// list returns the paths to follow now.
func (c *Config) list() ([]string, error) {
	pattern := c.Path
	if c.DataDir != "" {
		files, err := CurrentLogfiles(c.DataDir)
		if err != nil {
			return nil, err
		}
		current := files[c.Destination]
		for _, d := range destinations {
			if c.Destination == "" && current == "" {
				current = files[d]
			}
		}
		if current == "" {
			return nil, fmt.Errorf("current_logfiles names no file for %q; set log_destination", c.Destination)
		}
		// The siblings too: those that were current between two looks.
		if ext := filepath.Ext(current); ext != "" {
			pattern = filepath.Join(escapeGlob(filepath.Dir(current)), "*"+ext)
		} else {
			pattern = escapeGlob(current)
		}
	}
	if _, err := os.Stat(pattern); err == nil && c.DataDir == "" { // a name may hold what a pattern would interpret
		return []string{pattern}, nil
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return paths, nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// stat is a file that was found.
type stat struct {
	path string
	info os.FileInfo
}

// look lists the files with what they are now.
func (c *Config) look() ([]stat, error) {
	paths, err := c.list()
	if err != nil {
		return nil, err
	}
	var found []stat
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("look at %s: %w", p, err)
		case info.Mode().IsRegular():
			found = append(found, stat{p, info})
		}
	}
	return found, nil
}

// renamed looks for a file beside its old name: rotation by renaming.
func renamed(path string, id Identity) (string, bool) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return "", false
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !inode(info).sameInode(id) {
			continue
		}
		name := filepath.Join(filepath.Dir(path), e.Name())
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		same, err := id.check(f)
		_ = f.Close() // only read
		if err == nil && same {
			return name, true
		}
	}
	return "", false
}
