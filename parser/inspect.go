package parser

import (
	"iter"
	"slices"
	"strings"
)

// Inspect parses a text and says of each of its statements what a judge of
// it must know. It refuses text that the C parser cannot be trusted with.
func Inspect(sql string) ([]Inspection, error) {
	if err := safe(sql); err != nil {
		return nil, err
	}
	out := []Inspection{}
	err := parse(sql, func(list []raw) {
		for _, r := range list {
			i := inspector{Inspection: Inspection{Class: class(r)}}
			i.statement(r)
			i.walk(r.node, nil)
			slices.Sort(i.Params)
			i.Params = slices.Compact(i.Params)
			out = append(out, i.Inspection)
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type inspector struct {
	Inspection
}

// statement reads what stands at the top of a statement.
func (i *inspector) statement(r raw) {
	n := r.node
	i.Concurrently = n.flag("concurrent")
	switch r.kind {
	case "SelectStmt":
		i.outputs(n)
	case "CreateTrigStmt":
		i.function(n.list("funcname"))
	case "IndexStmt":
		i.Index = n.str("idxname")
		if n.flag("if_not_exists") {
			i.Options = append(i.Options, "if_not_exists")
		}
	case "CreateStmt", "CreateSeqStmt":
		for _, made := range []string{"relation", "sequence"} {
			if n.child(made).str("relpersistence") == "u" {
				i.Options = append(i.Options, "unlogged")
			}
		}
	case "VacuumStmt":
		i.options(n.list("options"))
		for v := range n.list("rels") {
			i.target(v.inner().child("relation"))
		}
	case "ReindexStmt":
		i.options(n.list("params"))
		i.Concurrently = slices.Contains(i.Options, "concurrently")
	case "AlterTableStmt":
		for v := range n.list("cmds") {
			i.Options = append(i.Options, snake(strings.TrimPrefix(v.inner().str("subtype"), "AT_")))
		}
	case "AlterSeqStmt":
		i.options(n.list("options"))
		i.target(n.child("sequence"))
	case "DropStmt":
		for v := range n.list("objects") {
			switch kind, o := v.open(); kind {
			case "List":
				i.Targets = append(i.Targets, name(texts(o.list("items"))))
			case "String":
				i.Targets = append(i.Targets, Name{Name: o.str("sval")})
			}
		}
	case "CommentStmt":
		if kind, o := n.field("object").open(); kind == "List" {
			i.Targets = append(i.Targets, name(texts(o.list("items"))))
		}
	case "TruncateStmt", "LockStmt":
		for v := range n.list("relations") {
			i.target(v.inner())
		}
	}
	if r.kind != "SelectStmt" {
		i.target(n.child("relation"))
	}
}

func (i *inspector) target(rel node) {
	if rel.ok() {
		i.Targets = append(i.Targets, Name{rel.str("schemaname"), rel.str("relname")})
	}
}

func (i *inspector) options(list iter.Seq[node]) {
	for v := range list {
		if o := v.inner(); o.ok() {
			i.Options = append(i.Options, o.str("defname"))
		}
	}
}

// outputs names the columns of a select list as the server does.
func (i *inspector) outputs(sel node) {
	// The names of a set operation are those of its leftmost part.
	for sel.child("larg").ok() {
		sel = sel.child("larg")
	}
	for v := range sel.list("targetList") {
		target := v.inner()
		kind, val := target.field("val").open()
		o := Output{Name: target.str("name")}
		if kind == "FuncCall" {
			fn := name(texts(val.list("funcname")))
			o.Function = strings.TrimPrefix(fn.Schema+"."+fn.Name, ".")
		}
		if o.Name == "" {
			o.Name = outputName(kind, val)
		}
		i.Outputs = append(i.Outputs, o)
	}
}

// outputName follows FigureColname of PostgreSQL's parse_target.c, as far as
// rules use it.
func outputName(kind string, n node) string {
	switch kind {
	case "ColumnRef":
		if p := texts(n.list("fields")); len(p) > 0 {
			return p[len(p)-1]
		}
	case "FuncCall":
		return name(texts(n.list("funcname"))).Name
	case "TypeCast":
		k, arg := n.field("arg").open()
		if s := outputName(k, arg); s != "?column?" {
			return s
		}
		return name(texts(n.child("typeName").list("names"))).Name
	}
	return "?column?"
}

// walk visits a node and all below it. ctes are the names in sight that
// stand for WITH queries.
func (i *inspector) walk(n node, ctes []string) {
	if with := n.child("withClause"); with.ok() {
		ctes = i.with(with, ctes)
	}
	for field, v := range n.fields() {
		if field != "withClause" && v.nests() {
			i.field(field, v, ctes)
		}
	}
}

// with visits a WITH clause and returns the names in sight after it. Without
// RECURSIVE a query sees only those before it.
func (i *inspector) with(with node, ctes []string) []string {
	ctes = slices.Clone(ctes)
	recursive := with.flag("recursive")
	if recursive {
		for v := range with.list("ctes") {
			ctes = append(ctes, v.inner().str("ctename"))
		}
	}
	for v := range with.list("ctes") {
		cte := v.inner()
		kind, _ := cte.field("ctequery").open()
		i.ModifyingCTE = i.ModifyingCTE || kind != "SelectStmt"
		i.walk(cte, ctes)
		if !recursive {
			ctes = append(ctes, cte.str("ctename"))
		}
	}
	return ctes
}

func (i *inspector) field(field string, v node, ctes []string) {
	if v.isList() {
		for e := range v.elements() {
			if e.nests() {
				i.field(field, e, ctes)
			}
		}
		return
	}
	if kind, n := v.open(); kind != "" {
		i.visit(kind, n)
		if kind == "RangeVar" {
			i.relation(n, ctes)
			return
		}
		i.walk(n, ctes)
		return
	}
	switch field {
	case "typeName":
		i.Casts = append(i.Casts, name(texts(v.list("names"))))
	case "intoClause":
		i.Into = true
	case "funccall": // of CALL
		i.function(v.list("funcname"))
	}
	i.walk(v, ctes)
}

func (i *inspector) relation(n node, ctes []string) {
	r := Name{n.str("schemaname"), n.str("relname")}
	if r.Schema == "" && slices.Contains(ctes, r.Name) {
		return
	}
	i.Relations = append(i.Relations, r)
}

func (i *inspector) function(parts iter.Seq[node]) {
	i.Functions = append(i.Functions, name(texts(parts)))
}

// visit notes what a node by itself says.
func (i *inspector) visit(kind string, n node) {
	switch kind {
	case "FuncCall":
		i.function(n.list("funcname"))
	case "SQLValueFunction":
		i.Values = append(i.Values, strings.ToLower(strings.TrimPrefix(n.str("op"), "SVFOP_")))
	case "RangeTableSample":
		i.function(n.list("method"))
	case "SortBy":
		if n.has("useOp") {
			i.Operators = append(i.Operators, name(texts(n.list("useOp"))))
		}
	case "A_Expr":
		i.Operators = append(i.Operators, name(texts(n.list("name"))))
	case "SubLink":
		if n.has("operName") {
			i.Operators = append(i.Operators, name(texts(n.list("operName"))))
		}
	case "ParamRef":
		if number, ok := n.number("number"); ok {
			i.Params = append(i.Params, number)
		}
	case "A_Star":
		i.Star = true
	case "LockingClause":
		i.Locking = true
	}
}
