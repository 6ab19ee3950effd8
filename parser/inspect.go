package parser

import (
	"maps"
	"slices"
	"strings"
)

// Inspect parses a text and says of each of its statements what a judge of
// it must know. It refuses text that the C parser cannot be trusted with.
func Inspect(sql string) ([]Inspection, error) {
	if err := safe(sql, Tokens(sql)); err != nil {
		return nil, err
	}
	list, err := parse(sql)
	if err != nil {
		return nil, err
	}
	out := make([]Inspection, 0, len(list))
	for _, r := range list {
		i := inspector{Inspection: Inspection{Class: class(r)}}
		i.statement(r)
		i.walk(r.node, nil)
		slices.Sort(i.Params)
		i.Params = slices.Compact(i.Params)
		out = append(out, i.Inspection)
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
	case "VacuumStmt":
		i.options(n.list("options"))
		for _, v := range n.list("rels") {
			_, rel := open(v)
			i.target(rel.child("relation"))
		}
	case "ReindexStmt":
		i.options(n.list("params"))
		i.Concurrently = slices.Contains(i.Options, "concurrently")
	case "AlterTableStmt":
		for _, v := range n.list("cmds") {
			_, cmd := open(v)
			i.Options = append(i.Options, snake(strings.TrimPrefix(cmd.str("subtype"), "AT_")))
		}
	case "AlterSeqStmt":
		i.options(n.list("options"))
		i.target(n.child("sequence"))
	case "DropStmt":
		for _, v := range n.list("objects") {
			kind, o := open(v)
			switch kind {
			case "List":
				i.Targets = append(i.Targets, name(texts(o.list("items"))))
			case "String":
				i.Targets = append(i.Targets, Name{Name: o.str("sval")})
			}
		}
	case "CommentStmt":
		if kind, o := open(n["object"]); kind == "List" {
			i.Targets = append(i.Targets, name(texts(o.list("items"))))
		}
	case "TruncateStmt", "LockStmt":
		for _, v := range n.list("relations") {
			_, rel := open(v)
			i.target(rel)
		}
	}
	if r.kind != "SelectStmt" {
		i.target(n.child("relation"))
	}
}

func (i *inspector) target(rel node) {
	if rel != nil {
		i.Targets = append(i.Targets, Name{rel.str("schemaname"), rel.str("relname")})
	}
}

func (i *inspector) options(list []any) {
	for _, v := range list {
		if _, o := open(v); o != nil {
			i.Options = append(i.Options, o.str("defname"))
		}
	}
}

// outputs names the columns of a select list as the server does.
func (i *inspector) outputs(sel node) {
	// The names of a set operation are those of its leftmost part.
	for sel.child("larg") != nil {
		sel = sel.child("larg")
	}
	for _, v := range sel.list("targetList") {
		_, target := open(v)
		kind, val := open(target["val"])
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
		k, arg := open(n["arg"])
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
	if with := n.child("withClause"); with != nil {
		ctes = i.with(with, ctes)
	}
	for _, field := range slices.Sorted(maps.Keys(n)) {
		if field == "withClause" {
			continue
		}
		i.field(field, n[field], ctes)
	}
}

// with visits a WITH clause and returns the names in sight after it. Without
// RECURSIVE a query sees only those before it.
func (i *inspector) with(with node, ctes []string) []string {
	ctes = slices.Clone(ctes)
	var own []string
	for _, v := range with.list("ctes") {
		_, cte := open(v)
		own = append(own, cte.str("ctename"))
	}
	if with.flag("recursive") {
		ctes = append(ctes, own...)
	}
	for k, v := range with.list("ctes") {
		_, cte := open(v)
		kind, _ := open(cte["ctequery"])
		i.ModifyingCTE = i.ModifyingCTE || kind != "SelectStmt"
		i.walk(cte, ctes)
		if !with.flag("recursive") {
			ctes = append(ctes, own[k])
		}
	}
	return ctes
}

func (i *inspector) field(field string, v any, ctes []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			i.field(field, e, ctes)
		}
	case map[string]any:
		if kind, n := open(v); kind != "" {
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
			i.Casts = append(i.Casts, name(texts(node(v).list("names"))))
		case "intoClause":
			i.Into = true
		case "funccall": // of CALL
			i.function(node(v).list("funcname"))
		}
		i.walk(v, ctes)
	}
}

func (i *inspector) relation(n node, ctes []string) {
	r := Name{n.str("schemaname"), n.str("relname")}
	if r.Schema == "" && slices.Contains(ctes, r.Name) {
		return
	}
	i.Relations = append(i.Relations, r)
}

func (i *inspector) function(parts []any) {
	i.Functions = append(i.Functions, name(texts(parts)))
}

// visit notes what a node by itself says.
func (i *inspector) visit(kind string, n node) {
	switch kind {
	case "FuncCall":
		i.function(n.list("funcname"))
	case "RangeTableSample":
		i.function(n.list("method"))
	case "SortBy":
		if op := n.list("useOp"); len(op) > 0 {
			i.Operators = append(i.Operators, name(texts(op)))
		}
	case "A_Expr":
		i.Operators = append(i.Operators, name(texts(n.list("name"))))
	case "SubLink":
		if op := n.list("operName"); len(op) > 0 {
			i.Operators = append(i.Operators, name(texts(op)))
		}
	case "ParamRef":
		if f, ok := n["number"].(float64); ok {
			i.Params = append(i.Params, int(f))
		}
	case "A_Star":
		i.Star = true
	case "LockingClause":
		i.Locking = true
	}
}
