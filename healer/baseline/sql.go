package baseline

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// File is one file of SQL.
type File struct {
	Path string // below the folder, with slashes
	Text string
}

// OrderFile is the file of a folder of SQL that runs the others, in order.
const OrderFile = "all.sql"

// snapshotFile is beside them, and holds what Encode writes.
const snapshotFile = "baseline.jsonl"

// SQL writes a schema as SQL that a person can read and psql can run: a file for
// each table, view, function, type and sequence with all its parts, and one that
// runs them in order. The same schema always gives the same files.
func SQL(s Schema) []File {
	c := newComparison(s, Schema{})
	list := c.ordered(Compare(s, Schema{}))
	files := make(map[string]*strings.Builder)
	var paths []string
	add := func(path, text string) {
		if files[path] == nil {
			files[path] = new(strings.Builder)
			paths = append(paths, path)
		} else {
			files[path].WriteString("\n")
		}
		files[path].WriteString(text)
	}
	done := make(map[Key]bool)
	for _, d := range list {
		add(path(d.Key), c.section(d))
		done[d.Key] = true
		for _, k := range d.With {
			done[k] = true
		}
	}
	// Foreign keys of tables that refer to each other come when both are there.
	for _, o := range s.Objects {
		if o.Kind == KindConstraint && !done[o.Key] {
			add(path(Key{"foreign key", o.Schema, "", o.Table}),
				fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s;\n", qualified(o.Schema, o.Table), ident(o.Name), o.Definition))
		}
	}
	var order strings.Builder
	order.WriteString("-- Everything, in an order in which it can be made: psql -f " + OrderFile + "\n")
	// A body may name what is made after it.
	order.WriteString("SET check_function_bodies = off;\n")
	out := make([]File, 0, len(paths)+1)
	for _, p := range paths {
		order.WriteString(`\ir ` + p + "\n")
		out = append(out, File{p, files[p].String()})
	}
	return append(out, File{OrderFile, order.String()})
}

// section is one object's text.
func (c *comparison) section(d Difference) string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s", plain(d.String()))
	if o := c.want[d.Key]; o != nil && o.Owner != "" {
		fmt.Fprintf(&b, ", owned by %s", plain(o.Owner))
	}
	b.WriteString("\n")
	if len(d.Statements) == 0 {
		fmt.Fprintf(&b, "-- %s: %s\n", plain(d.Manual), plain(d.Want))
	}
	for i, s := range d.Statements {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(strings.TrimRight(s.SQL, " \n;") + ";\n")
	}
	return b.String()
}

// plain keeps a text on the line of its comment.
func plain(s string) string { return strings.Join(strings.Fields(s), " ") }

// ordered puts what is needed before what needs it; otherwise the order stays.
func (c *comparison) ordered(list []Difference) []Difference {
	at := make(map[Key]int)
	for i, d := range list {
		at[d.Key] = i
	}
	seen := make([]bool, len(list))
	var out []Difference
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		needs := c.requires(list[i].Key)
		slices.SortFunc(needs, Key.compare)
		for _, k := range needs {
			if j, ok := at[k]; ok {
				visit(j)
			}
		}
		out = append(out, list[i])
	}
	for i := range list {
		visit(i)
	}
	return out
}

var unsafePath = regexp.MustCompile(`[^A-Za-z0-9_.,()-]`)

// longestPath is how many bytes of a name stand in a file's.
const longestPath = 100

// path is where an object is written. Whatever its name is, the file stays in
// the folder.
func path(k Key) string {
	safe := func(name string) string {
		name = unsafePath.ReplaceAllStringFunc(strings.ReplaceAll(name, ", ", ","), func(s string) string {
			out := ""
			for _, b := range []byte(s) {
				out += fmt.Sprintf("%%%02X", b)
			}
			return out
		})
		if name = strings.ReplaceAll(name, "..", "%2E%2E"); strings.HasPrefix(name, ".") {
			name = "%2E" + name[1:]
		}
		if len(name) > longestPath {
			name = name[:longestPath] + "-" + digest([]byte(name))[:8]
		}
		return name
	}
	if k.Kind == KindSchema || k.Kind == KindExtension {
		return strings.ReplaceAll(string(k.Kind), " ", "_") + "/" + safe(k.Name) + ".sql"
	}
	return safe(k.Schema) + "/" + strings.ReplaceAll(string(k.Kind), " ", "_") + "/" + safe(cmp.Or(k.Table, k.Name)) + ".sql"
}
