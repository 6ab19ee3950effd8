package healer

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/rules"
)

// leftover is how PostgreSQL names the index that an interrupted REINDEX
// CONCURRENTLY leaves behind (documentation of REINDEX, "Rebuilding Indexes
// Concurrently").
var leftover = regexp.MustCompile(`_cc(new|old)\d*$`)

// tidy removes what an interrupted concurrent statement of this attempt left
// on the table, and finishes a drop that was cut short. Ours is only what was
// not there before: a user may own an index of such a name. What somebody may be
// building right now is looked at again later.
func (j *job) tidy(ctx context.Context) error {
	a := j.attempt
	i := slices.IndexFunc(a.Steps, func(s StepRun) bool { return !s.Done })
	if i < 0 || a.mode() != rules.Session {
		return nil
	}
	class := a.Steps[i].Class
	if class != "create_index" && class != "reindex_index" && class != "reindex_table" && class != "drop_index" {
		return nil
	}
	var failed []error
	var tried []uint32
	for {
		// Looked up each time: a drop may wait for long, and names change meanwhile.
		now, err := j.cfg.Snapshotter.Builds(ctx, a.Plan.Finding.Object)
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("look for leftovers: %w", err))...)
		}
		at := slices.IndexFunc(now, func(index Index) bool {
			return !slices.Contains(tried, index.OID) && ours(class, index, a.Builds, a.Steps[i].SQL)
		})
		if at < 0 {
			return errors.Join(failed...)
		}
		index := now[at]
		if index.Building {
			return &Yield{Reason: fmt.Sprintf("a session may be building the index %s.%s", index.Schema, index.Name)}
		}
		tried = append(tried, index.OID)
		if err := j.drop(ctx, index, a.Steps[i].Role); err != nil {
			failed = append(failed, fmt.Errorf("an invalid index %s.%s is left: %w", index.Schema, index.Name, err))
		} else if class == "drop_index" {
			a.Steps[i].Done, a.Steps[i].Err = true, ""
		}
	}
}

// ours reports whether an index is what the interrupted statement left.
func ours(class string, index Index, before []Index, sql string) bool {
	was := slices.IndexFunc(before, func(b Index) bool { return b.OID == index.OID })
	switch {
	case index.Valid:
		return false
	case class == "drop_index":
		// A drop marks its index invalid and then dead, in two transactions.
		return was >= 0 && before[was].Valid && names(sql, before[was])
	case was >= 0:
		return false
	case class == "create_index":
		return behind(sql, index.Name) != ""
	case !leftover.MatchString(index.Name):
		return false
	}
	return slices.ContainsFunc(before, func(b Index) bool { return sameButName(b, index) })
}

// names reports whether a statement names an index.
func names(sql string, index Index) bool {
	parsed, err := parser.Inspect(sql)
	return err == nil && len(parsed) == 1 && slices.Contains(parsed[0].Targets, parser.Name{Schema: index.Schema, Name: index.Name})
}

// sameButName compares the definitions of two indexes, leaving out the name.
func sameButName(a, b Index) bool {
	rest := behind(a.Definition, a.Name)
	return rest != "" && rest == behind(b.Definition, b.Name)
}

// behind is what follows the name in the CREATE INDEX of an index, as the
// server prints it or as a rule writes it; "" where it is another's. The server
// quotes only the names that need it, and any name may hold " ON ".
func behind(definition, name string) string {
	_, rest, _ := strings.Cut(definition, " INDEX ")
	rest = strings.TrimPrefix(rest, "CONCURRENTLY ")
	for _, written := range []string{quote(name), name} {
		if after, ok := strings.CutPrefix(rest, written+" ON "); ok {
			return after
		}
	}
	return ""
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func (j *job) drop(ctx context.Context, index Index, role string) error {
	t, err := rules.ParseTemplate("DROP INDEX CONCURRENTLY IF EXISTS {schema}.{name}", 0)
	if err != nil {
		return err
	}
	sql, err := t.Inline(rules.Values{"schema": rules.Text(index.Schema), "name": rules.Text(index.Name)})
	if err != nil {
		return err
	}
	if err := rules.CheckRendered(sql, "drop_index"); err != nil {
		return err
	}
	s, err := j.cfg.Operator.Begin(ctx, Operation{
		Application: j.attempt.application(), Mode: rules.Session, Server: j.server,
	})
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, Statement{SQL: sql, Class: "drop_index", Role: role})
	return errors.Join(err, s.Close(ctx, err == nil))
}
