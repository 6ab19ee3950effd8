package logic

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// byPlace orders rows by where they are in the table.
const byPlace = "ctid"

// duplicateRows makes the SQL by which the rows that keep a unique index from
// being built are told from those that stay: what indexKeys gives, which of
// several rows with one key comes first, and what refers to them.
func duplicateRows(f Facts) (Facts, error) {
	out, err := indexKeys(f)
	if err != nil {
		return nil, err
	}
	if out["precedence"], out["policy"], err = precedence(f); err != nil {
		return nil, err
	}
	out["referrer"], out["free"], err = referred(f["referrers"], "t")
	return out, err
}

// indexKeys makes SQL of what an index is about: its keys, and among which rows
// it asks for uniqueness. The parts of the key and the predicate are as the
// server prints them.
func indexKeys(f Facts) (Facts, error) {
	var parts []string
	if err := json.Unmarshal([]byte(f["key_parts"]), &parts); err != nil || len(parts) == 0 {
		return nil, fmt.Errorf("read the parts of the key: %w", err)
	}
	names, among := make([]string, len(parts)), []string{}
	if p := f["predicate"]; p != "" {
		among = append(among, "("+p+")")
	}
	for i, part := range parts {
		names[i] = fmt.Sprintf("k%d", i+1)
		if f["nulls_distinct"] != "f" {
			// IS NOT NULL would also ask the fields of a composite value.
			among = append(among, "("+part+") IS DISTINCT FROM NULL")
		}
	}
	if len(among) == 0 {
		among = []string{"true"}
	}
	list, err := json.Marshal(names)
	return Facts{"keys": strings.Join(parts, ", "), "key_names": string(list), "among": strings.Join(among, " AND ")}, err
}

// precedence orders rows of which one stays, the first, by the parameters keep
// and by, and says so in words. Of the columns that by names, the first that
// the table has decides; ctid, the place in the table, it always has.
func precedence(f Facts) (sql, policy string, err error) {
	direction, word := "ASC", "lowest"
	switch f["keep"] {
	case "oldest", "lowest":
	case "newest", "highest":
		direction, word = "DESC", "highest"
	default:
		return "", "", fmt.Errorf("keep=%s is neither oldest nor newest", f["keep"])
	}
	var columns []string
	if err := json.Unmarshal([]byte(f["columns"]), &columns); err != nil {
		return "", "", fmt.Errorf("read the columns: %w", err)
	}
	for _, by := range strings.Split(f["by"], ",") {
		switch by = strings.TrimSpace(by); {
		case by == byPlace:
			return "t.ctid " + direction, "of the rows with one key the one with the " + word + " ctid stays", nil
		case slices.Contains(columns, by):
			return "t." + quoted(by) + " " + direction + " NULLS LAST, t.ctid " + direction,
				"of the rows with one key the one with the " + word + " " + quoted(by) + " stays, and of those that are equal in it the one with the " + word + " ctid", nil
		}
	}
	return "", "", fmt.Errorf("by=%s names no column of the table; end it with ctid", f["by"])
}

// quoted quotes a name.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// orphanRows makes the SQL that tells which rows a foreign key asks for a
// parent, what makes a row of the parent theirs, and what refers to them: t is
// the table, p its parent.
func orphanRows(f Facts) (Facts, error) {
	var keys, parents []string
	if err := errors.Join(json.Unmarshal([]byte(f["keys"]), &keys), json.Unmarshal([]byte(f["parent_keys"]), &parents)); err != nil {
		return nil, fmt.Errorf("read the columns of the foreign key: %w", err)
	}
	if len(keys) == 0 || len(keys) != len(parents) {
		return nil, errors.New("the foreign key has another number of columns than its parent")
	}
	keyed, match := make([]string, len(keys)), make([]string, len(keys))
	for i := range keys {
		keyed[i] = "t." + quoted(keys[i]) + " IS DISTINCT FROM NULL"
		match[i] = "p." + quoted(parents[i]) + " = t." + quoted(keys[i])
	}
	referrer, free, err := referred(f["referrers"], "t")
	return Facts{"keyed": strings.Join(keyed, " AND "), "match": strings.Join(match, " AND "), "referrer": referrer, "free": free}, err
}
