package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// shared returns the good rule with its guard, a part of a query and its last
// step moved into fragments, and these.
func shared(t *testing.T) (string, fstest.MapFS) {
	t.Helper()
	fragments := make(fstest.MapFS)
	src := good
	for name, text := range map[string]string{
		"test/guard":   "-- guard: amcheck says so\nSELECT {ext:amcheck}.bt_index_check(@oid)\n",
		"test/where":   " WHERE c.relpages >= @min_size AND c.relpages > @share AND (@event.table IS NULL OR c.relname = @event.table);\n",
		"other/step-2": "-- as: owner\nDROP INDEX CONCURRENTLY {schema}.{name}; -- the end\n",
	} {
		if strings.Count(src, text) != 1 {
			t.Fatalf("the file does not hold %q", text)
		}
		src = strings.Replace(src, text, "-- include: "+name+"\n", 1)
		fragments[name+fragmentSuffix] = &fstest.MapFile{Data: []byte(text)}
	}
	return src, fragments
}

// With its fragments a rule is what it would be if all of it stood in one file.
func TestARuleIsWholeWithItsFragments(t *testing.T) {
	want, err := Parse("test/good.sql", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	src, fragments := shared(t)
	for name, windows := range map[string]bool{"as they are": false, "with CRLF and a BOM": true} {
		if windows {
			for _, f := range fragments {
				f.Data = []byte("\ufeff" + strings.ReplaceAll(string(f.Data), "\n", "\r\n"))
			}
		}
		got, err := parse("test/good.sql", []byte(src), fragments)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Source != want.Source || got.Hash != want.Hash || len(got.rules[14].Guards) != 2 || len(got.rules[14].Repair.Steps) != 2 {
			t.Errorf("%s it is\n%s", name, got.Source)
		}
	}
	fragments["test/guard"+fragmentSuffix].Data = []byte("-- guard: amcheck says so\nSELECT {ext:amcheck}.bt_index_check(@oid, true)\n")
	if other, err := parse("test/good.sql", []byte(src), fragments); err != nil || other.Hash == want.Hash {
		t.Errorf("another fragment leaves the rule's hash as it was: %v", err)
	}
}

// What is wrong with a fragment is said where it stands, with the rule that
// includes it.
func TestMistakesInFragmentsAreRefusedWithFileAndLine(t *testing.T) {
	guard := "test/guard" + fragmentSuffix
	for _, c := range []struct {
		name     string
		old, new string // in the rule
		file     string // that is another one then; "": none
		data     string
		at       string
		message  string
	}{
		{"missing", "include: test/guard", "include: test/gard", "", "", "test/good.sql:29", `there is no fragment test/gard_part.sql; did you mean "test/guard_part.sql"?`},
		{"out of the folder", "include: test/guard", "include: ../test/guard", "", "", "test/good.sql:29", "includes nothing"},
		{"an absolute path", "include: test/guard", "include: /etc/passwd", "", "", "test/good.sql:29", "includes nothing"},
		{"deeper", "include: test/guard", "include: a/test/guard", "", "", "test/good.sql:29", "includes nothing"},
		{"no name", "include: test/guard", "include:", "", "", "test/good.sql:29", "includes nothing"},
		{"two names", "include: test/guard", "include: test/guard, test/where", "", "", "test/good.sql:29", "includes nothing"},
		{"in another spelling", "-- include: test/guard", "--Include: test/guard", "", "", "test/good.sql:29", "includes nothing"},
		{"indented", "-- include: test/guard", "  -- include: test/guard", "", "", "test/good.sql:29", "includes nothing"},
		{"itself", "", "", guard, "-- guard: more\nSELECT 'no'\n-- include: test/guard\n", guard + ":3", "a fragment includes nothing (included by test/good.sql:29)"},
		{"another one", "", "", guard, "-- include: test/where\n", guard + ":1", "a fragment includes nothing"},
		{"a folder", "", "", guard + "/x", "x", "test/good.sql:29", "the fragment cannot be read"},
		{"empty", "", "", guard, " \n\n", guard + ":1", "the fragment is empty"},
		{"NUL", "", "", guard, "-- guard: x\nSELECT 'a\x00'", guard + ":1", "holds a NUL byte"},
		{"too long", "", "", guard, strings.Repeat("-- much\n", maxText/8+1), "test/good.sql:29", "with its fragments the rule is longer than"},
		{"a header", "-- cooldown: 24h", "-- include: test/guard", guard, "-- cooldown: 1h\n", guard + ":1", "a fragment has no headers"},
		{"a mistake", "", "", guard, "-- guard: no\n\nSELECT 'no' FROM app.orders\n", guard + ":3", "the relation app.orders is not in pg_catalog; rows are read under reads: rows, outside of detect (included by test/good.sql:29)"},
		{"a section that is there", "", "", guard, "-- guard: nothing else is going on\nSELECT 'no'\n", guard + ":1", "the section guard is already there, in line 26"},
		{"a section that comes again", "-- include: test/guard", "-- include: test/guard\n-- guard: amcheck says so\nSELECT 'no'", "", "", "test/good.sql:30", "already there, in line 1 of " + guard},
		{"what no hazard permits", "", "", "other/step-2" + fragmentSuffix, "DROP TABLE {schema}.{name};\n", "other/step-2_part.sql:1", "no declared hazard permits drop_table"},
		{"what waits for locks in detect", "", "", "test/where" + fragmentSuffix, "\n WHERE pg_catalog.pg_relation_size(c.oid) > @min_size AND @share > 0", "test/good.sql:16", "opens a relation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, fragments := shared(t)
			if !strings.Contains(src, c.old) {
				t.Fatalf("the file does not hold %q", c.old)
			}
			src = strings.Replace(src, c.old, c.new, 1)
			if c.file != "" {
				delete(fragments, strings.TrimSuffix(c.file, "/x"))
				fragments[c.file] = &fstest.MapFile{Data: []byte(c.data)}
			}
			_, err := parse("test/good.sql", []byte(src), fragments)
			var list Mistakes
			if !errors.As(err, &list) {
				t.Fatalf("it was let through: %v", err)
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				if strings.HasPrefix(line, c.at+": ") && strings.Contains(line, c.message) {
					return
				}
			}
			t.Errorf("want %s: … %s, got\n%v", c.at, c.message, err)
		})
	}
}

// A file that is read by itself has no fragments; one of a folder has that folder's.
func TestFragmentsAreOfTheSameFolder(t *testing.T) {
	src, fragments := shared(t)
	if _, err := Parse("test/good.sql", []byte(src)); err == nil || !strings.Contains(err.Error(), "there is no fragment test/where_part.sql") {
		t.Errorf("without a folder: %v", err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, f := range fragments {
		write(name, string(f.Data))
	}
	file := write("test/good.sql", src)
	write("test/alone.sql", strings.ReplaceAll(good, "test/good", "test/alone"))
	if f, err := LoadFile(file); err != nil || !strings.Contains(f.Source, "guard: amcheck") {
		t.Errorf("by its file: %v", err)
	}
	if set, errs := Load(dir); len(errs) > 0 || len(set.Files()) != 2 {
		t.Errorf("%d rules, %v", len(set.Files()), errs)
	}
	part := write("test/guard_part.sql", "-- guard: broken\nSELECT\n  FROM\n")
	if set, errs := Load(dir); len(set.Files()) != 1 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "test/guard_part.sql:2: ") {
		t.Errorf("a broken fragment leaves %d rules, %v", len(set.Files()), errs)
	}
	if _, err := LoadFile(part); err == nil || !strings.Contains(err.Error(), "a fragment is no rule") {
		t.Errorf("by itself: %v", err)
	}
}

// What only one rule has stands in that rule.
func TestFragmentsAreShared(t *testing.T) {
	parts, err := fs.Glob(catalog, "catalog/*/*"+fragmentSuffix)
	if err != nil || len(parts) == 0 {
		t.Fatalf("%d fragments, %v", len(parts), err)
	}
	used := make(map[string]int)
	err = fs.WalkDir(catalog, "catalog", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(catalog, path)
		for _, part := range parts {
			name := strings.TrimSuffix(strings.TrimPrefix(part, "catalog/"), fragmentSuffix)
			used[part] += min(1, strings.Count(string(text), fmt.Sprintf("-- include: %s\n", name)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if used[part] < 2 {
			t.Errorf("%s is included by %d rules", part, used[part])
		}
	}
}
