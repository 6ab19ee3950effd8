package baseline

import (
	"fmt"
	"regexp"
	"strings"
)

// heal fills in the statements that bring an object back, and what is to be
// said of them. now is the object as it is; nil where it is missing.
func (c *comparison) heal(d *Difference, o, now *Object) {
	rel := qualified(o.Schema, o.Table)
	switch o.Kind {
	case KindSequence, KindType, KindFunction, KindProcedure, KindTable, KindView, KindMaterializedView, KindSchema, KindExtension, KindAggregate, KindForeignTable:
		c.healWhole(d, o, now)
	case KindColumn:
		c.healColumn(d, o, now)
	case KindDefault:
		c.healDefault(d, o, now)
	case KindNotNull:
		healNotNull(d, o)
	case KindSequenceOwner:
		d.do("ALTER SEQUENCE "+qualified(o.Schema, o.Name)+" OWNED BY "+o.Definition, "ShareRowExclusiveLock on the sequence")
		by := "NONE"
		if now != nil {
			by = now.Definition
		}
		d.back("ALTER SEQUENCE " + qualified(o.Schema, o.Name) + " OWNED BY " + by)
	case KindConstraint:
		healConstraint(d, o, now)
	case KindIndex:
		healIndex(d, o, now)
	case KindStatistics:
		d.do(o.Definition, "ShareUpdateExclusiveLock on "+rel)
		d.back("DROP STATISTICS " + qualified(o.Schema, o.Name))
		d.otherwise(now, "DROP STATISTICS "+qualified(o.Schema, o.Name))
	case KindTrigger:
		c.healTrigger(d, o, now)
	case KindPolicy:
		d.do("CREATE POLICY "+ident(o.Name)+" ON "+rel+" "+o.Definition, exclusive(rel))
		d.back("DROP POLICY " + ident(o.Name) + " ON " + rel)
		d.hazard("whom it names sees and writes the rows it lets through, and no others where it is RESTRICTIVE, at once")
		d.otherwise(now, "DROP POLICY "+ident(o.Name)+" ON "+rel)
	case KindRowSecurity:
		d.do("ALTER TABLE "+rel+" "+o.Definition+" ROW LEVEL SECURITY", exclusive(rel))
		d.Manual = "rows would vanish for those whom no policy lets see them: run it yourself"
	case KindComment:
		d.do(commentSQL(o, o.Definition), "ShareUpdateExclusiveLock on "+rel)
		if now == nil {
			d.back(commentSQL(o, ""))
		} else {
			d.back(commentSQL(o, now.Definition))
		}
	default:
		for _, one := range c.privileges(o, nil) {
			key, what := d.Key, d.What
			table := d.table
			*d = one
			d.Key, d.What, d.table = key, what, table
		}
	}
	d.locks()
}

// do adds a statement, with the strongest lock it takes.
func (d *Difference) do(sql, lock string) {
	d.Statements = append(d.Statements, Statement{SQL: sql, Lock: lock})
}

// back adds a statement of the undo.
func (d *Difference) back(sql string) { d.Undo = append(d.Undo, Statement{SQL: sql}) }

// hazard adds what a person has to know.
func (d *Difference) hazard(format string, args ...any) {
	d.Hazards = append(d.Hazards, fmt.Sprintf(format, args...))
}

// locks says as the first hazards which locks the statements take.
func (d *Difference) locks() {
	out := []string{}
	seen := make(map[string]bool)
	for _, s := range d.Statements {
		if s.Lock != "" && !seen[s.Lock] {
			seen[s.Lock] = true
			out = append(out, s.Lock)
		}
	}
	d.Hazards = append(out, d.Hazards...)
}

// otherwise is what to say of an object that is there in another form, and can
// only be made again by taking it away first.
func (d *Difference) otherwise(now *Object, drop string) {
	if now == nil {
		return
	}
	d.Statements = append([]Statement{{SQL: drop}}, d.Statements...)
	d.Undo = nil
	d.Manual = fmt.Sprintf("somebody made the %s another one: approve a new baseline, or run the statements yourself, in one transaction", d.Kind)
}

func exclusive(rel string) string { return "AccessExclusiveLock on " + rel + ", for a moment" }

// constant is a default that costs no rewrite and means the same each time:
// a literal, with casts to a type.
var constant = regexp.MustCompile(`^(\(?-?\d+(\.\d+)?\)?|'([^']|'')*'|true|false|NULL)(::[a-z_"][\w ."]*(\(\d+(,\d+)?\))?(\[\])*)*$`)

func (c *comparison) healColumn(d *Difference, o, now *Object) {
	rel, col := qualified(o.Schema, o.Table), ident(o.Name)
	if now != nil {
		c.changedColumn(d, o, now, rel)
		return
	}
	sql := "ALTER TABLE " + rel + " ADD COLUMN " + col + " " + o.Definition
	def, null := c.want[Key{KindDefault, o.Schema, o.Table, o.Name}], c.want[Key{KindNotNull, o.Schema, o.Table, o.Name}]
	if def != nil {
		sql += " DEFAULT " + def.Definition
	}
	if null != nil && o.Detail["identity"] == "" {
		sql += " NOT NULL"
	}
	d.do(sql, exclusive(rel))
	d.Loses = "the values that the dropped column had; take them from a backup"
	d.Undo = []Statement{
		{SQL: "LOCK TABLE " + rel + " IN ACCESS EXCLUSIVE MODE"},
		{SQL: "ALTER TABLE " + rel + " DROP COLUMN " + col, Assert: unused(rel, col, def)},
	}
	c.comeWith(d, o)
	switch {
	case strings.Contains(o.Detail["generated"], "s") || o.Detail["identity"] != "":
		d.hazard("rewrites the table while nobody can use it")
		d.Manual = "it is computed for each row, which rewrites the table: add it in a maintenance window"
		d.Loses = ""
	case c.domain(o.Detail["type"]):
		d.hazard("rewrites or reads the whole table while nobody can use it, because its type is a domain")
		d.Manual = "a domain's checks run for each row: add it in a maintenance window"
	case def != nil && !constant.MatchString(def.Definition):
		d.hazard("a default that is no constant may rewrite the table, and gives old rows values that they never had")
		d.Manual = fmt.Sprintf("add the column without its default, fill it in batches, then ALTER COLUMN %s SET DEFAULT %s", col, def.Definition)
	case null != nil && def == nil:
		d.hazard("fails where the table has rows, because they would have no value")
		d.Manual = fmt.Sprintf("add the column as nullable, fill it in batches, then make it NOT NULL as pgmend plans it for %s", col)
	}
}

// unused asks whether rows have got values of their own in a column since it
// was added.
func unused(rel, col string, def *Object) string {
	than := "r." + col + " IS NOT NULL"
	if def != nil {
		than = "r." + col + " IS DISTINCT FROM " + def.Definition
	}
	return "SELECT 'rows have values in it by now' FROM " + rel + " AS r WHERE " + than + " LIMIT 1"
}

// domain reports whether a type, as format_type prints it, is a domain of the
// baseline.
func (c *comparison) domain(typ string) bool {
	for _, o := range c.want {
		if o.Kind == KindType && o.Detail["type"] == "d" && (typ == qualified(o.Schema, o.Name) || typ == qualified(o.Schema, o.Name)+"[]") {
			return true
		}
	}
	return false
}

// changedColumn plans a change of type in words: it is never run.
func (c *comparison) changedColumn(d *Difference, o, now *Object, rel string) {
	col := ident(o.Name)
	if o.Detail["type"] == now.Detail["type"] {
		d.hazard("what is computed or counted for each row cannot be changed online")
		d.Manual = fmt.Sprintf("the type %s is the same, and how its values are made is not: was %s, is %s; approve a new baseline, or change it in a maintenance window",
			o.Detail["type"], o.Definition, now.Definition)
		return
	}
	d.do(fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::%s", rel, col, o.Definition, col, o.Detail["type"]),
		"AccessExclusiveLock on "+rel+", for as long as it takes to rewrite it")
	d.hazard("rewrites the table and its indexes, while nobody can read it")
	d.hazard("values that do not fit into %s are an error or are cut", o.Detail["type"])
	d.Manual = fmt.Sprintf("the type was %s and is %s. Without standing still: (1) add a column %s of the type %s; (2) a trigger fills it in every write; "+
		"(3) fill the old rows in batches; (4) build its indexes concurrently, its constraints NOT VALID and then validate them; "+
		"(5) in one short transaction rename both columns and drop the trigger; (6) drop the old column when nobody misses it",
		o.Detail["type"], now.Detail["type"], ident(o.Name+"_new"), o.Detail["type"])
}

func (c *comparison) healDefault(d *Difference, o, now *Object) {
	rel, col := qualified(o.Schema, o.Table), ident(o.Name)
	d.do("ALTER TABLE "+rel+" ALTER COLUMN "+col+" SET DEFAULT "+o.Definition, exclusive(rel))
	if now == nil {
		d.back("ALTER TABLE " + rel + " ALTER COLUMN " + col + " DROP DEFAULT")
	} else {
		d.back("ALTER TABLE " + rel + " ALTER COLUMN " + col + " SET DEFAULT " + now.Definition)
	}
	d.hazard("rows that were inserted meanwhile keep what they got")
}

// healNotNull reads the table under its lock, and gives up where anyone waits
// for that longer than the lock budget. What does it without is said.
func healNotNull(d *Difference, o *Object) {
	rel, col := qualified(o.Schema, o.Table), ident(o.Name)
	d.do("ALTER TABLE "+rel+" ALTER COLUMN "+col+" SET NOT NULL", "AccessExclusiveLock on "+rel+", while it is read")
	d.back("ALTER TABLE " + rel + " ALTER COLUMN " + col + " DROP NOT NULL")
	d.hazard("fails where there are nulls")
	d.hazard("for a large table: ADD CONSTRAINT … CHECK (%s IS NOT NULL) NOT VALID, VALIDATE it, then SET NOT NULL reads nothing, then drop the check", col)
}
