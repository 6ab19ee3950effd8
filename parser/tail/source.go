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

// list returns the paths to follow now, and the pattern that they match.
func (c *Config) list() (paths []string, pattern string, err error) {
	pattern = strftimeGlob(c.Path)
	if c.DataDir != "" {
		if pattern, err = c.current(); err != nil {
			return nil, "", err
		}
	} else if _, err := os.Stat(c.Path); err == nil || !strings.ContainsAny(c.Path, `*?[\%`) {
		return []string{c.Path}, escapeGlob(c.Path), nil // a name may hold what a pattern would interpret
	}
	if paths, err = filepath.Glob(pattern); err != nil {
		return nil, "", fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return paths, pattern, nil
}

// current is the pattern of the file that current_logfiles names, and of its
// siblings: those that were current between two looks.
func (c *Config) current() (string, error) {
	files, err := CurrentLogfiles(c.DataDir)
	if err != nil {
		return "", err
	}
	current := files[c.Destination]
	for _, d := range destinations {
		if c.Destination == "" && current == "" {
			current = files[d]
		}
	}
	if current == "" {
		return "", fmt.Errorf("current_logfiles names no file for %q; set log_destination", c.Destination)
	}
	if ext := filepath.Ext(current); ext != "" {
		return filepath.Join(escapeGlob(filepath.Dir(current)), "*"+ext), nil
	}
	return escapeGlob(current), nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// stat is a file that was found.
type stat struct {
	path        string
	info        os.FileInfo
	predecessor bool // its name is that of a followed file with a number, a date or a compressor's suffix behind it
}

// look lists the files with what they are now.
func (c *Config) look() ([]stat, error) {
	paths, pattern, err := c.list()
	if err != nil {
		return nil, err
	}
	var found []stat
	add := func(paths []string, predecessor bool) error {
		for _, p := range paths {
			info, err := os.Stat(p)
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return fmt.Errorf("look at %s: %w", p, err)
			case info.Mode().IsRegular():
				found = append(found, stat{p, info, predecessor})
			}
		}
		return nil
	}
	if err := add(paths, false); err != nil {
		return nil, err
	}
	older, err := predecessors(pattern)
	if err != nil {
		return nil, err
	}
	return found, add(older, true)
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
