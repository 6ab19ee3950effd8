package baseline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// healWhole makes an object that stands by itself, with its parts.
func (c *comparison) healWhole(d *Difference, o, now *Object) {
	rel := qualified(o.Schema, o.Name)
	switch o.Kind {
	case KindSchema:
		d.do("CREATE SCHEMA "+ident(o.Name), "")
		d.Manual = "a schema is made by who may do that in the database"
	case KindExtension:
		healExtension(d, o, now)
	case KindAggregate, KindForeignTable:
		d.Manual = "pgmend does not keep its whole definition: make it from your migrations"
	case KindType:
		d.do(typeSQL(o), "")
		d.back("DROP " + typeWord(o) + " " + rel)
		d.changed(now)
	case KindSequence:
		d.do("CREATE SEQUENCE "+rel+" "+o.Definition, "")
		d.Undo = []Statement{{SQL: "DROP SEQUENCE " + rel, Assert: "SELECT 'it gave numbers by now' FROM " + rel + " AS s WHERE s.is_called"}}
		d.Loses = "the number it had come to: it begins anew, and sequence/behind moves it past what its column holds"
		d.changed(now)
	case KindFunction, KindProcedure:
		c.healFunction(d, o, now)
	case KindTable:
		c.healTable(d, o, now)
		return
	case KindView:
		healView(d, o, now)
	case KindMaterializedView:
		d.do(viewSQL(o), "")
		d.back("DROP MATERIALIZED VIEW " + rel)
		d.Loses = "its rows, which matview/unpopulated computes again"
		d.changed(now)
	}
	if now == nil {
		c.comeWith(d, o)
	}
}

// changed leaves to a person what is there in another form.
func (d *Difference) changed(now *Object) {
	if now == nil {
		return
	}
	d.Statements, d.Undo, d.Loses = nil, nil, ""
	d.Manual = fmt.Sprintf("somebody made the %s another one, and PostgreSQL has no CREATE OR REPLACE for it: approve a new baseline, or bring it back with a migration", d.Kind)
}

func typeSQL(o *Object) string {
	if o.Detail["type"] == "d" {
		return "CREATE DOMAIN " + qualified(o.Schema, o.Name) + " AS " + o.Definition
	}
	return "CREATE TYPE " + qualified(o.Schema, o.Name) + " AS " + o.Definition
}

func typeWord(o *Object) string {
	if o.Detail["type"] == "d" {
		return "DOMAIN"
	}
	return "TYPE"
}

func (c *comparison) healFunction(d *Difference, o, now *Object) {
	rel := qualified(o.Schema, o.Detail["name"]) + "(" + o.Detail["types"] + ")"
	d.do(strings.TrimRight(o.Definition, "\n"), "")
	d.hazard("its code runs with the rights of who calls it")
	if o.Detail["untrusted"] != "" {
		d.Manual = "only a superuser may make a function in the language " + o.Detail["untrusted"]
	}
	if now == nil {
		// Whom nothing was granted must not call it because it is new.
		if c.want[Key{KindFunctionGrant, o.Schema, o.Name, "PUBLIC"}] == nil {
			d.do("REVOKE ALL ON ROUTINE "+rel+" FROM PUBLIC", "")
		}
		d.back("DROP ROUTINE " + rel)
		return
	}
	d.back(strings.TrimRight(now.Definition, "\n"))
	keeper, kept := c.keeps(o.Key)
	switch {
	case head(o.Definition) != head(now.Definition):
		d.changed(now)
		d.Manual = fmt.Sprintf("PostgreSQL replaces no %s whose arguments or result are others: was \"%s\", is \"%s\"; approve a new baseline, or bring it back with a migration",
			d.Kind, plain(head(o.Definition)), plain(head(now.Definition)))
	case kept:
		d.Manual = fmt.Sprintf("the %s keeps what it gave, and would be wrong after CREATE OR REPLACE: run that yourself, and then rebuild or check what it keeps", keeper)
	}
}

// keeps finds what in the database keeps what a function gave: an index, a
// check, a computed column, a partition key.
func (c *comparison) keeps(function Key) (Key, bool) {
	var by []Key
	for k, o := range c.have {
		switch k.Kind {
		case KindIndex, KindConstraint, KindColumn, KindTable:
			if slices.Contains(o.Needs, function) {
				by = append(by, k)
			}
		}
	}
	if len(by) == 0 {
		return Key{}, false
	}
	return slices.MinFunc(by, Key.compare), true
}

// head is what CREATE OR REPLACE cannot change: name, arguments and result.
func head(definition string) string {
	before, _, _ := strings.Cut(definition, "\n LANGUAGE ")
	return before
}

// healTable makes a table with its columns, keys, checks, indexes, triggers and
// policies in one transaction, and lets others at it last of all.
func (c *comparison) healTable(d *Difference, o, now *Object) {
	rel := qualified(o.Schema, o.Name)
	if now != nil {
		d.changed(now)
		d.Manual = "how the table is stored or partitioned was changed: was \"" + o.Definition + "\", is \"" + now.Definition + "\"; approve a new baseline, or bring it back with a migration"
		return
	}
	parts := c.parts[o.Key]
	for _, p := range parts {
		if p.Kind == KindSequence && c.have[p.Key] == nil {
			d.do("CREATE SEQUENCE "+qualified(p.Schema, p.Name)+" "+p.Definition, "")
			d.With = append(d.With, p.Key)
		}
	}
	d.do(c.tableSQL(o), "")
	d.hazard("the table comes back empty, and statements that failed begin to succeed")
	for _, k := range c.referring[o.Key] {
		d.hazard("the %s refers to it: where its table has rows, it comes back only when their parents are there", k)
	}
	d.Loses = "all rows that the dropped table had; take them from a backup before anybody writes new ones"
	c.comeWith(d, o)
	d.Undo = []Statement{
		{SQL: "LOCK TABLE " + rel + " IN ACCESS EXCLUSIVE MODE"},
		{SQL: "DROP TABLE " + rel, Assert: "SELECT 'it holds rows by now' FROM " + rel + " AS r LIMIT 1"},
	}
	switch {
	case o.Detail["unlogged"] != "":
		d.Manual = "it is unlogged: a server that is killed before that is committed does not start again at once, so it is left to you when to make it"
	case o.Detail["partition"] != "":
		d.Manual = "it is a partition: make it as a table of its own, fill it from a backup, then ALTER TABLE … ATTACH PARTITION, which reads a DEFAULT partition under a lock"
	case o.Detail["parents"] != "":
		d.Manual = "it inherits from other tables: bring it back with a migration"
	case o.Detail["tablespace"] != "":
		d.hazard("it is made in the tablespace %s", o.Detail["tablespace"])
	}
}

// tableSQL is the table with its columns.
func (c *comparison) tableSQL(o *Object) string {
	var cols []*Object
	for _, p := range c.parts[o.Key] {
		if p.Kind == KindColumn {
			cols = append(cols, p)
		}
	}
	slices.SortFunc(cols, func(a, b *Object) int { return position(a) - position(b) })
	var lines []string
	for _, col := range cols {
		line := "    " + ident(col.Name) + " " + col.Definition
		if def := c.want[Key{KindDefault, col.Schema, col.Table, col.Name}]; def != nil {
			line += " DEFAULT " + def.Definition
		}
		if c.want[Key{KindNotNull, col.Schema, col.Table, col.Name}] != nil && col.Detail["identity"] == "" {
			line += " NOT NULL"
		}
		lines = append(lines, line)
	}
	sql := "CREATE "
	definition, unlogged := strings.CutPrefix(o.Definition, "UNLOGGED")
	if unlogged {
		sql += "UNLOGGED "
	}
	sql += "TABLE " + qualified(o.Schema, o.Name)
	if o.Detail["partition"] == "" {
		sql += " (\n" + strings.Join(lines, ",\n") + "\n)"
	}
	if definition = strings.TrimSpace(definition); definition != "" {
		sql += " " + definition
	}
	return sql
}

func position(o *Object) int {
	n, err := strconv.Atoi(o.Detail["position"])
	if err != nil {
		return 0
	}
	return n
}

// comeWith adds the statements of an object's parts, in the order in which they
// can be made: who may use it comes last.
func (c *comparison) comeWith(d *Difference, o *Object) {
	for _, p := range c.parts[o.Key] {
		rel := qualified(p.Schema, p.Table)
		switch p.Kind {
		case KindColumn, KindDefault, KindNotNull, KindSequence:
			// In the statement itself, but for what is about them.
			c.comeWith(d, p)
			continue
		case KindSequenceOwner:
			if r := relation(c.have, p.Detail["schema"], p.Detail["table"]); r == nil && o.Kind == KindSequence && d.Kind != KindTable {
				continue // of a table that is missing too, and comes later
			}
			d.do("ALTER SEQUENCE "+qualified(p.Schema, p.Name)+" OWNED BY "+p.Definition, "")
		case KindConstraint:
			if c.later(o, p) {
				continue
			}
			sql := "ALTER TABLE " + rel + " ADD CONSTRAINT " + ident(p.Name) + " " + p.Definition
			if p.Detail["invalid"] != "" {
				sql += " NOT VALID"
			}
			d.do(sql, "")
		case KindIndex, KindStatistics:
			d.do(p.Definition, "")
		case KindTrigger:
			d.do(p.Definition, "")
			if p.Detail["enabled"] != "O" {
				d.do(triggerState(rel, ident(p.Name), p.Detail["enabled"]), "")
			}
		case KindPolicy:
			d.do("CREATE POLICY "+ident(p.Name)+" ON "+rel+" "+p.Definition, "")
		case KindRowSecurity:
			d.do("ALTER TABLE "+rel+" ENABLE ROW LEVEL SECURITY", "")
			if p.Definition == "FORCE" {
				d.do("ALTER TABLE "+rel+" FORCE ROW LEVEL SECURITY", "")
			}
		case KindComment:
			d.do(commentSQL(p, p.Definition), "")
		default:
			on, to := grantee(p)
			for _, one := range privileges(p) {
				undo := d.Undo
				d.grant(one, on, to, p.Detail["column"])
				d.Undo = undo // it goes with the object
			}
		}
		d.With = append(d.With, p.Key)
	}
}

// later reports whether a foreign key of a missing table has to wait, because
// what it refers to is missing too, and waits for this table.
func (c *comparison) later(o, p *Object) bool {
	return p.Detail["type"] == "f" && slices.ContainsFunc(p.Needs, func(k Key) bool {
		return k != o.Key && c.missing[k] && c.reaches(k, o.Key, nil)
	})
}

// surplus says how what the baseline does not have could be taken away. It is
// never run.
func (c *comparison) surplus(d *Difference, o *Object) {
	rel, name := qualified(o.Schema, o.Table), ident(o.Name)
	whole := qualified(o.Schema, o.Name)
	d.Manual = "nothing is ever dropped: drop it yourself, or approve a new baseline"
	switch o.Kind {
	case KindSchema:
		d.do("DROP SCHEMA "+name, "")
	case KindExtension:
		d.do("DROP EXTENSION "+name, "")
	case KindType:
		d.do("DROP "+typeWord(o)+" "+whole, "")
	case KindFunction, KindProcedure:
		d.do("DROP ROUTINE "+qualified(o.Schema, o.Detail["name"])+"("+o.Detail["types"]+")", "")
	case KindTable, KindForeignTable, KindMaterializedView, KindSequence:
		d.do("DROP "+strings.ToUpper(string(o.Kind))+" "+whole, exclusive(whole))
		d.hazard("its data are lost")
	case KindView:
		d.do("DROP VIEW "+whole, exclusive(whole))
	case KindColumn:
		d.do("ALTER TABLE "+rel+" DROP COLUMN "+name, exclusive(rel))
		d.hazard("its data are lost")
	case KindDefault:
		d.do("ALTER TABLE "+rel+" ALTER COLUMN "+name+" DROP DEFAULT", exclusive(rel))
	case KindNotNull:
		d.do("ALTER TABLE "+rel+" ALTER COLUMN "+name+" DROP NOT NULL", exclusive(rel))
	case KindSequenceOwner:
		d.do("ALTER SEQUENCE "+whole+" OWNED BY NONE", "")
	case KindConstraint:
		d.do("ALTER TABLE "+rel+" DROP CONSTRAINT "+name, exclusive(rel))
	case KindIndex:
		d.Apart = true
		d.do("DROP INDEX CONCURRENTLY "+whole, "ShareUpdateExclusiveLock on "+rel)
	case KindStatistics:
		d.do("DROP STATISTICS "+whole, "")
	case KindTrigger:
		d.do("DROP TRIGGER "+name+" ON "+rel, exclusive(rel))
	case KindPolicy:
		d.do("DROP POLICY "+name+" ON "+rel, exclusive(rel))
	case KindRowSecurity:
		d.do("ALTER TABLE "+rel+" DISABLE ROW LEVEL SECURITY", exclusive(rel))
		d.hazard("everybody who may read the table then sees all rows")
	case KindComment:
		d.do(commentSQL(o, ""), "")
	case KindAggregate:
	default:
		on, to := grantee(o)
		for _, one := range privileges(o) {
			d.do(revoke(one, on, to, o.Detail["column"]), "")
		}
	}
	d.locks()
}
