package baseline

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/pgmend/pgmend/rules"
)

var (
	//go:embed sql/sizes.sql
	sizesSQL string

	sizesQuery = query(&sizesSQL)
)

// emptied leaves to a person the foreign keys that were lost with a table that
// came back empty: they would refuse every row that refers to what it had, old
// and new.
func (w *Watch) emptied(ctx context.Context, list []Difference, want, have Schema) error {
	declared, there := want.index(), have.index()
	parents := make(map[int]*Object)
	var oids []string
	for i, d := range list {
		if d.Kind != KindConstraint || d.What != Missing || !d.Heals() {
			continue
		}
		if parent := there[refersTo(declared[d.Key])]; parent != nil {
			parents[i] = parent
			oids = append(oids, strconv.FormatUint(uint64(parent.oid), 10), strconv.FormatUint(uint64(d.table), 10))
		}
	}
	if len(oids) == 0 {
		return nil
	}
	rows, err := ask(ctx, w.Reader, sizesQuery, rules.Values{"oids": rules.Text(strings.Join(oids, ","))})
	if err != nil {
		return fmt.Errorf("read the sizes of tables: %w", err)
	}
	size := make(map[uint32]string)
	for _, row := range rows {
		size[number(row.Text("oid"))] = row.Text("size")
	}
	for i, parent := range parents {
		d := &list[i]
		if child := size[d.table]; size[parent.oid] == "0" && child != "" && child != "0" {
			d.Manual = fmt.Sprintf("%s refers to the %s, which is empty: bring back its rows first, or it refuses every row of %s that refers to one",
				d.Key, parent.Key, qualified(d.Schema, d.Table))
		}
	}
	return nil
}

// refersTo is the table that a foreign key refers to, if that is another one.
func refersTo(o *Object) Key {
	if o == nil || o.Detail["type"] != "f" {
		return Key{}
	}
	for _, k := range o.Needs {
		if k.Kind == KindTable && (k.Schema != o.Schema || k.Name != o.Table) {
			return k
		}
	}
	return Key{}
}
