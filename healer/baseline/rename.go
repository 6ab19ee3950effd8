package baseline

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/rules"
)

var digits = regexp.MustCompile(`[0-9]+`)

// renames notes where what is missing may be there under another name: a near
// one, or with the same definition. Making it again would then be wrong.
func (c *comparison) renames(list []Difference) {
	for i := range list {
		d := &list[i]
		if d.What != Missing {
			continue
		}
		for _, e := range list {
			if e.What == Extra && e.Kind == d.Kind && e.Table == d.Table && (e.Schema == d.Schema && c.alike(d.Key, e.Key) || c.moved(d.Key, e.Key)) {
				d.Renamed = e.String()
				break
			}
		}
	}
}

// alike reports whether one object may be another under a new name.
func (c *comparison) alike(missing, extra Key) bool {
	switch missing.Kind {
	case KindTable, KindColumn, KindView, KindMaterializedView, KindSequence, KindFunction, KindProcedure:
	case KindIndex, KindConstraint, KindTrigger:
		return Near(missing.Name, extra.Name) && sameButName(c.want[missing], c.have[extra])
	default:
		return false
	}
	if Near(plainOf(missing), plainOf(extra)) || callable(missing) && plainOf(missing) == plainOf(extra) {
		return true // a function may have got other arguments
	}
	return missing.Kind == KindTable && c.sameColumns(missing, extra)
}

// moved reports whether one object may be another that was put into another
// schema: a function with the same arguments, a table with the same columns, an
// extension, which is there once.
func (c *comparison) moved(missing, extra Key) bool {
	return missing.Schema != extra.Schema && missing.Name == extra.Name &&
		(callable(missing) || missing.Kind == KindExtension || missing.Kind == KindTable && c.sameColumns(missing, extra))
}

// callable reports whether it is a function or the like.
func callable(k Key) bool {
	return k.Kind == KindFunction || k.Kind == KindProcedure || k.Kind == KindAggregate
}

// plainOf is the name without a function's types.
func plainOf(k Key) string {
	name, _, _ := strings.Cut(k.Name, "(")
	return name
}

func sameButName(a, b *Object) bool {
	return strings.ReplaceAll(a.Definition, ident(a.Name), "") == strings.ReplaceAll(b.Definition, ident(b.Name), "")
}

// sameColumns reports whether two tables have the same columns, at least two.
func (c *comparison) sameColumns(missing, extra Key) bool {
	want := columnList(c.want, missing)
	return len(want) > 1 && slices.Equal(want, columnList(c.have, extra))
}

func columnList(index map[Key]*Object, table Key) []string {
	var out []string
	for k, o := range index {
		if k.Kind == KindColumn && k.Schema == table.Schema && k.Table == table.Name {
			out = append(out, k.Name+" "+o.Definition)
		}
	}
	slices.Sort(out)
	return out
}

// Near reports whether one name may be another with a slip of the finger: at
// most two letters are wrong, missing or exchanged, and of a short name one.
func Near(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if digits.ReplaceAllString(a, "") == digits.ReplaceAllString(b, "") {
		return false // a name that counts, as orders_2026
	}
	most := 2
	if min(len(a), len(b)) < 6 {
		most = 1
	}
	return a != b && rules.Distance(a, b) <= most
}
