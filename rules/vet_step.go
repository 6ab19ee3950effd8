package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// action judges the steps of a repair or an undo and notes their classes.
func (v *vetter) action(section string, a *Action, facts known) {
	for i := range a.Steps {
		step := &a.Steps[i]
		k := facts
		if step.Gives != "" {
			v.declared(section, a, *step, k)
			continue
		}
		section := section
		if step.AsOwner && a.Mode != Session {
			section += inSandbox
		}
		if step.If != nil {
			v.query(section+": if", step.If, k, readRows)
		}
		if step.Each != nil {
			k = k.with("each.", v.query(section+": each", step.Each, k, readRows))
		}
		for i := range step.Let {
			k = k.with("", v.query(section+": let", &step.Let[i], k, readRows))
		}
		for i := range step.Assert {
			v.query(section+": assert", &step.Assert[i], k, readRows)
		}
		inspection, ok := v.inspect(section, step.Template, k)
		if !ok {
			continue
		}
		step.Class, step.Signals = inspection.Class, signals(inspection)
		if why := v.step(a, inspection); why != "" {
			v.mistakef(step.Line, "%s: %s", section, why)
		}
		if why := misplaced(a, *step); why != "" {
			v.mistakef(step.Line, "%s: %s", section, why)
		}
		if len(step.Let) > 0 && a.Mode == Session {
			v.mistakef(step.Line, "%s: let reads under locks already held, so it needs a transaction", section)
		}
	}
	for _, step := range a.Steps {
		if a.Signals() && !step.Signals {
			v.mistakef(step.Line, "%s: an action that signals sessions does nothing else: it runs as the signaller", section)
		}
	}
}

// misplaced says why a step does not fit into its action's mode: "" where it does.
func misplaced(a *Action, step Step) string {
	switch {
	case step.Repeat && a.Mode != Batches:
		return "repeat: rows is for batches; any other statement runs once"
	case step.Repeat && step.Class != "insert" && step.Class != "delete":
		return "repeat: rows is for INSERT and DELETE, which say how many rows they changed"
	case a.Mode == Batches && !step.AsOwner:
		return "what moves rows runs as: owner"
	}
	return ""
}

// signals reports whether a statement cancels or ends a session.
func signals(i parser.Inspection) bool {
	for _, h := range hazards {
		for _, f := range i.Functions {
			if h.signals && slices.Contains(h.functions, qualified(f)) {
				return true
			}
		}
	}
	return false
}

// step says why a statement is not allowed: "" where it is.
func (v *vetter) step(a *Action, i parser.Inspection) string {
	if !v.permitted(i) {
		return fmt.Sprintf("no declared hazard permits %s, %s; declared: %s", describe(i), v.takes(i), strings.Join(v.rule.Hazards, ", "))
	}
	for _, t := range i.Targets {
		// An extension's name is one of the database.
		if t.Schema == "" && i.Class != "drop_extension" {
			return fmt.Sprintf("%s is not qualified", t.Name)
		}
	}
	switch i.Class {
	case "create_index", "drop_index", "reindex_index", "reindex_table":
		if !i.Concurrently {
			return fmt.Sprintf("%s without CONCURRENTLY stops writers", i.Class)
		}
		if slices.Contains(i.Options, "if_not_exists") {
			return "CREATE INDEX IF NOT EXISTS succeeds over an invalid index, or over another one of that name"
		}
	case "create_table", "create_sequence":
		// Its abort removes the init fork at once and the main fork later, and what it wrote about that
		// may be lost with the server; recovery then meets a file that it is about to make. Seen on 13 to 18.
		if slices.Contains(i.Options, "unlogged") {
			return "a server that is killed before an unlogged relation is committed does not start again at once"
		}
	case "vacuum":
		if slices.Contains(i.Options, "full") {
			return "VACUUM FULL locks everybody out and is never run"
		}
	}
	if a.Mode != Session && v.needsSession(i) {
		return fmt.Sprintf("%s cannot run inside a transaction; the mode has to be session", describe(i))
	}
	return ""
}

// permitted reports whether one of the rule's hazards covers the statement.
func (v *vetter) permitted(i parser.Inspection) bool {
	return slices.ContainsFunc(v.rule.Hazards, func(name string) bool { return v.permits(name, i) })
}

// permits reports whether a hazard covers the statement.
func (v *vetter) permits(name string, i parser.Inspection) bool {
	h := hazards[name]
	return slices.Contains(h.classes, i.Class) && subset(i.Options, h.options) ||
		i.Class == "select" && len(h.functions) > 0 && v.acts(i, h)
}

// takes says which hazards would cover the statement.
func (v *vetter) takes(i parser.Inspection) string {
	names := slices.DeleteFunc(hazardNames(), func(name string) bool { return !v.permits(name, i) })
	if len(names) == 0 {
		return "and no other does"
	}
	return "it takes " + strings.Join(names, " or ")
}

// subset reports whether the options are allowed; no list allows any.
func subset(options, allowed []string) bool {
	for _, o := range options {
		if len(allowed) > 0 && !slices.Contains(allowed, o) {
			return false
		}
	}
	return true
}

// acts reports whether a repairing SELECT calls the hazard's function and
// otherwise only reads.
func (v *vetter) acts(i parser.Inspection, h hazard) bool {
	acting := false
	for _, f := range i.Functions {
		if slices.Contains(h.functions, qualified(f)) {
			acting = true
		} else if v.function(f, readRows) != "" {
			return false
		}
	}
	for _, rel := range i.Relations {
		if rel.Schema != "pg_catalog" {
			return false
		}
	}
	return acting && !i.ModifyingCTE && !i.Into
}

func (v *vetter) needsSession(i parser.Inspection) bool {
	for _, name := range slices.Sorted(maps.Keys(hazards)) {
		if h := hazards[name]; h.session && slices.Contains(h.classes, i.Class) {
			return true
		}
	}
	return false
}

// describe names a statement with what decides about it.
func describe(i parser.Inspection) string {
	if strings.HasPrefix(i.Class, "alter_") && len(i.Options) > 0 {
		return i.Class + " " + strings.Join(i.Options, ", ")
	}
	return i.Class
}
