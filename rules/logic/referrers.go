package logic

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// referrer is a foreign key by which rows of a table refer to others.
type referrer struct {
	Schema  string   `json:"schema"`
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Keys    []string `json:"keys"` // of the table that is referred to
}

// referred makes SQL of the foreign keys that refer to a table, a JSON array:
// which of them refers to a row that an alias names, by its place in the array,
// and that none does.
func referred(list, alias string) (referrer, free string, err error) {
	keys, err := referrers(list)
	if err != nil || len(keys) == 0 {
		return "NULL::pg_catalog.int8", "true", err
	}
	cases, none := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		exists := k.exists(alias)
		cases[i] = fmt.Sprintf("WHEN %s THEN %d", exists, i+1)
		none[i] = "NOT " + exists
	}
	return "CASE " + strings.Join(cases, " ") + " END", strings.Join(none, " AND "), nil
}

func referrers(list string) (keys []referrer, err error) {
	if list == "" {
		return nil, nil // nothing refers to it
	}
	if err := json.Unmarshal([]byte(list), &keys); err != nil {
		return nil, fmt.Errorf("read the foreign keys that refer to the table: %w", err)
	}
	for _, k := range keys {
		if k.Schema == "" || k.Table == "" || len(k.Columns) == 0 || len(k.Columns) != len(k.Keys) {
			return nil, errors.New("a foreign key that refers to the table has another number of columns than its keys")
		}
	}
	return keys, nil
}

// exists asks whether a row refers to the one that the alias names.
func (k referrer) exists(alias string) string {
	match := make([]string, len(k.Columns))
	for i := range k.Columns {
		match[i] = "r." + quoted(k.Columns[i]) + " = " + alias + "." + quoted(k.Keys[i])
	}
	return fmt.Sprintf("EXISTS (SELECT FROM %s.%s AS r WHERE %s)", quoted(k.Schema), quoted(k.Table), strings.Join(match, " AND "))
}
