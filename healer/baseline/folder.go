package baseline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/pgmend/pgmend/rules"
)

// WriteFolder writes a schema as SQL, and beside it the snapshot, so that the
// folder can be read again without a server. What an earlier baseline left there
// is removed; a file that is none of ours is an error before anything is written.
func WriteFolder(dir string, s Schema) error {
	content, err := Encode(s)
	if err != nil {
		return err
	}
	files := append(SQL(s), File{snapshotFile, string(content)})
	old, err := sqlFiles(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(old) > 0 {
		if _, err := os.Stat(filepath.Join(dir, snapshotFile)); err != nil {
			return fmt.Errorf("%s holds SQL files that are no baseline of pgmend (there is no %s); name an empty folder", dir, snapshotFile)
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // for a repository, which others read
			return err
		}
		if err := renameio.WriteFile(path, []byte(f.Text), 0o644); err != nil {
			return err
		}
	}
	for _, path := range old {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Path == path }) {
			if err := os.Remove(filepath.Join(dir, filepath.FromSlash(path))); err != nil {
				return err
			}
		}
	}
	return nil
}

// ErrEdited says that the SQL of a folder is not what its snapshot gives.
var ErrEdited = errors.New("the SQL was edited")

// ReadFolder reads a folder that WriteFolder wrote. Where somebody wrote or
// changed SQL in it, only a server knows what it means.
func ReadFolder(dir string) (Schema, error) {
	content, err := os.ReadFile(filepath.Join(dir, snapshotFile)) //nolint:gosec // the person names it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Schema{}, fmt.Errorf("%s has no %s: %w; --scratch names a server where it may be loaded", dir, snapshotFile, ErrEdited)
	case err != nil:
		return Schema{}, err
	}
	s, err := Decode(bytes.NewReader(content))
	if err != nil {
		return Schema{}, fmt.Errorf("%s: %w", filepath.Join(dir, snapshotFile), err)
	}
	paths, err := sqlFiles(dir)
	if err != nil {
		return Schema{}, err
	}
	want := make(map[string]string)
	for _, f := range SQL(s) {
		want[f.Path] = f.Text
	}
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path))) //nolint:gosec // below the folder
		if err != nil {
			return Schema{}, err
		}
		if string(text) != want[path] {
			return Schema{}, fmt.Errorf("%s is not what %s gives: %w; --scratch names a server where it may be loaded", path, snapshotFile, ErrEdited)
		}
		delete(want, path)
	}
	for path := range want {
		return Schema{}, fmt.Errorf("%s is missing: %w; --scratch names a server where the rest may be loaded", path, ErrEdited)
	}
	return s, nil
}

// Scripts are the statements of a folder, file by file: in the order of all.sql
// where there is one, else of the files' paths.
func Scripts(dir string) ([]File, error) {
	paths, err := sqlFiles(dir)
	if err != nil {
		return nil, err
	}
	if i := slices.Index(paths, OrderFile); i >= 0 {
		text, err := os.ReadFile(filepath.Join(dir, OrderFile)) //nolint:gosec // the person names it
		if err != nil {
			return nil, err
		}
		listed := []string{}
		for line := range strings.Lines(string(text)) {
			if path, ok := strings.CutPrefix(strings.TrimSpace(line), `\ir `); ok {
				listed = append(listed, path)
			}
		}
		// What was added and is not in the order yet comes last.
		for _, path := range slices.Delete(paths, i, i+1) {
			if !slices.Contains(listed, path) {
				listed = append(listed, path)
			}
		}
		paths = listed
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s has no SQL files", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // it is only read
	var out []File
	for _, path := range paths {
		text, err := root.ReadFile(filepath.FromSlash(path))
		if err != nil {
			return nil, err
		}
		out = append(out, File{path, string(text)})
	}
	return out, nil
}

// Statements splits the file's text.
func (f File) Statements() []string { return rules.Statements(f.Text) }

// sqlFiles lists the SQL files below a folder, by their paths.
func sqlFiles(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != dir {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, ".sql") {
			relative, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			out = append(out, filepath.ToSlash(relative))
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}
