package baseline

import (
	"regexp"
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// healConstraint adds a constraint without reading the table under a lock: a
// check or a foreign key NOT VALID and then validated, a key over an index that
// was built concurrently.
func healConstraint(d *Difference, o, now *Object) {
	rel, name := qualified(o.Schema, o.Table), ident(o.Name)
	add := "ALTER TABLE " + rel + " ADD CONSTRAINT " + name + " " + o.Definition
	d.Undo = []Statement{{SQL: "ALTER TABLE " + rel + " DROP CONSTRAINT " + name}}
	validate := Statement{SQL: "ALTER TABLE " + rel + " VALIDATE CONSTRAINT " + name, Lock: "ShareUpdateExclusiveLock on " + rel + ", while it is read"}
	strong := exclusive(rel)
	if o.Detail["type"] == "f" {
		strong = "ShareRowExclusiveLock on " + rel + " and on what it refers to, for a moment"
	}
	switch {
	case now != nil && now.Definition == o.Definition && o.Detail["type"] == now.Detail["type"] && o.Detail["invalid"] == "":
		d.Statements, d.Undo = []Statement{validate}, nil
		d.hazard("fails where rows break it")
	case now != nil:
		d.do(add, strong)
		d.otherwise(now, "ALTER TABLE "+rel+" DROP CONSTRAINT "+name)
	case strings.Contains(o.Definition, "NOT ENFORCED"):
		d.do(add, strong)
	case o.Detail["type"] == "c", o.Detail["type"] == "f":
		d.Apart = o.Detail["invalid"] == ""
		d.do(add+" NOT VALID", strong)
		if o.Detail["invalid"] == "" {
			d.Statements = append(d.Statements, validate)
			d.hazard("where old rows break it, it stays NOT VALID, and holds for new ones")
		}
	default:
		healKey(d, o, add)
	}
}

// keyForm is how pg_get_constraintdef prints a key that an index can be built
// for beforehand.
var keyForm = regexp.MustCompile(`^(PRIMARY KEY|UNIQUE)( NULLS NOT DISTINCT)? (\([^()]*\))( INCLUDE \([^()]*\))?( DEFERRABLE)?( INITIALLY DEFERRED)?$`)

func healKey(d *Difference, o *Object, add string) {
	rel := qualified(o.Schema, o.Table)
	m := keyForm.FindStringSubmatch(o.Definition)
	if m == nil {
		d.do(add, "AccessExclusiveLock on "+rel+", while its index is built")
		d.hazard("nobody can use the table while the index is built")
		d.Manual = "its index cannot be built beforehand: add it in a maintenance window"
		return
	}
	d.Apart = true
	// Always quoted: by its name in quotes an index is known as ours.
	index := `"` + strings.ReplaceAll(o.Name, `"`, `""`) + `"`
	d.do("CREATE UNIQUE INDEX CONCURRENTLY "+index+" ON "+rel+" USING btree "+m[3]+m[4]+m[2], "ShareUpdateExclusiveLock on "+rel+", while the index is built")
	d.do("ALTER TABLE "+rel+" ADD CONSTRAINT "+ident(o.Name)+" "+m[1]+" USING INDEX "+index+m[5]+m[6], exclusive(rel))
	d.hazard("waits for transactions that are older; fails where rows are there twice")
}

// keyColumns are the columns of a key, as pg_get_constraintdef prints it.
func keyColumns(definition string) []string {
	m := keyForm.FindStringSubmatch(definition)
	if m == nil {
		return nil
	}
	var out []string
	for _, t := range parser.Tokens(m[3]) {
		switch t.Kind {
		case parser.TokenQuoted:
			out = append(out, strings.ReplaceAll(t.Text[1:len(t.Text)-1], `""`, `"`))
		case parser.TokenWord:
			out = append(out, t.Text)
		}
	}
	return out
}

var indexHead = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX `)

func healIndex(d *Difference, o, now *Object) {
	rel, name := qualified(o.Schema, o.Table), `"`+strings.ReplaceAll(o.Name, `"`, `""`)+`"`
	drop := "DROP INDEX CONCURRENTLY " + ident(o.Schema) + "." + name
	sql, ok := concurrently(o)
	d.Apart = true
	d.do(sql, "ShareUpdateExclusiveLock on "+rel+", while the index is built")
	d.back(drop)
	d.hazard("waits for transactions that are older")
	switch {
	case !ok:
		d.Manual = "its definition is not as the server prints one"
	case o.Detail["partitioned"] != "":
		d.Statements[0].SQL = o.Definition
		d.Manual = "a partitioned table's index is made ON ONLY the table, then one concurrently on each partition, and each is attached with ALTER INDEX … ATTACH PARTITION"
	case now != nil:
		d.otherwise(now, drop)
		d.Manual = "somebody made the index another one: approve a new baseline, or build the baseline's under another name, drop this one, and rename it"
	}
}

// concurrently is the index's statement with CONCURRENTLY in it, and the name in
// quotes, by which what it leaves behind is known as ours.
func concurrently(o *Object) (string, bool) {
	head := indexHead.FindString(o.Definition)
	rest, ok := strings.CutPrefix(o.Definition[len(head):], ident(o.Name)+" ON ")
	quoted := `"` + strings.ReplaceAll(o.Name, `"`, `""`) + `"`
	if !ok {
		rest, ok = strings.CutPrefix(o.Definition[len(head):], quoted+" ON ")
	}
	return head + "CONCURRENTLY " + quoted + " ON " + rest, ok && head != ""
}

func (c *comparison) healTrigger(d *Difference, o, now *Object) {
	rel, name := qualified(o.Schema, o.Table), ident(o.Name)
	lock := "ShareRowExclusiveLock on " + rel + ", for a moment"
	if now != nil && now.Definition == o.Definition {
		d.do(triggerState(rel, name, o.Detail["enabled"]), lock)
		d.Manual = "somebody " + enabled(now.Detail["enabled"]) + " it, and may have meant it: run the statement yourself"
		return
	}
	d.do(o.Definition, lock)
	if o.Detail["enabled"] != "O" {
		d.do(triggerState(rel, name, o.Detail["enabled"]), lock)
	}
	d.back("DROP TRIGGER " + name + " ON " + rel)
	d.hazard("rows that were written without it stay as they are")
	d.otherwise(now, "DROP TRIGGER "+name+" ON "+rel)
}

func triggerState(rel, name, state string) string {
	word := map[string]string{"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}[state]
	if word == "" {
		word = "ENABLE"
	}
	return "ALTER TABLE " + rel + " " + word + " TRIGGER " + name
}

// commentSQL sets a comment; "" takes it away.
func commentSQL(o *Object, text string) string {
	on := strings.ToUpper(o.Detail["on"]) + " "
	switch {
	case o.Detail["types"] != "" || o.Detail["name"] != "":
		on += qualified(o.Schema, o.Detail["name"]) + "(" + o.Detail["types"] + ")"
	case o.Name != "":
		on += qualified(o.Schema, o.Table) + "." + ident(o.Name)
	default:
		on += qualified(o.Schema, o.Table)
	}
	if text == "" {
		return "COMMENT ON " + on + " IS NULL"
	}
	return "COMMENT ON " + on + " IS " + literal(text)
}

// privileges compares what is granted: a difference for what is missing, and
// one for what is too much. now is nil where nothing is granted.
func (c *comparison) privileges(o, now *Object) []Difference {
	want, have := privileges(o), []string{}
	if now != nil {
		have = privileges(now)
	}
	on, to := grantee(o)
	var out []Difference
	if add := without(want, have); len(add) > 0 {
		d := Difference{What: Different, Owner: c.owner(o), Want: strings.Join(want, ", "), Have: strings.Join(have, ", ")}
		for _, p := range add {
			d.grant(p, on, to, o.Detail["column"])
		}
		d.hazard("who has the role may do so at once")
		out = append(out, d)
	}
	if more := without(have, want); len(more) > 0 {
		d := Difference{What: Extra, Owner: c.owner(o), Want: strings.Join(want, ", "), Have: strings.Join(have, ", ")}
		for _, p := range more {
			d.do(revoke(p, on, to, o.Detail["column"]), "")
		}
		d.Manual = "somebody granted it, and statements may need it: revoke it yourself, or approve a new baseline"
		out = append(out, d)
	}
	return out
}

func privileges(o *Object) []string { return strings.Split(o.Definition, ", ") }

// without lists what the other list does not have.
func without(list, other []string) []string {
	known := make(map[string]bool)
	for _, s := range other {
		known[s] = true
	}
	var out []string
	for _, s := range list {
		if !known[s] {
			out = append(out, s)
		}
	}
	return out
}

// grantee says on what and to whom.
func grantee(o *Object) (on, to string) {
	name := o.Name
	switch o.Kind {
	case KindSchemaGrant:
		on = "SCHEMA " + ident(o.Schema)
	case KindSequenceGrant:
		on = "SEQUENCE " + qualified(o.Schema, o.Table)
	case KindFunctionGrant:
		on = "ROUTINE " + qualified(o.Schema, o.Detail["name"]) + "(" + o.Detail["types"] + ")"
	case KindColumnGrant:
		on, name = "TABLE "+qualified(o.Schema, o.Table), o.Detail["grantee"]
	default:
		on = "TABLE " + qualified(o.Schema, o.Table)
	}
	if o.Detail["public"] != "" {
		return on, "PUBLIC"
	}
	return on, ident(name)
}

func (d *Difference) grant(privilege, on, to, column string) {
	d.do(grantSQL(privilege, on, to, column), "")
	d.back(revoke(privilege, on, to, column))
}

func grantSQL(privilege, on, to, column string) string {
	plain, option := strings.CutSuffix(privilege, " WITH GRANT OPTION")
	sql := "GRANT " + plain + columns(column) + " ON " + on + " TO " + to
	if option {
		sql += " WITH GRANT OPTION"
	}
	return sql
}

func revoke(privilege, on, to, column string) string {
	plain, _ := strings.CutSuffix(privilege, " WITH GRANT OPTION")
	return "REVOKE " + plain + columns(column) + " ON " + on + " FROM " + to
}

func columns(column string) string {
	if column == "" {
		return ""
	}
	return " (" + ident(column) + ")"
}
