package rules

import (
	"strconv"
	"time"
)

// Value is one value as PostgreSQL prints it.
type Value struct {
	Text string `json:"text"`
	Null bool   `json:"null,omitempty"`
	Type uint32 `json:"type,omitempty"` // the oid of its type, 0: unknown
}

// Text returns a text value.
func Text(s string) Value { return Value{Text: s, Type: oidText} }

// Number returns a whole number.
func Number(n int64) Value { return Value{Text: strconv.FormatInt(n, 10), Type: oidInt8} }

// Time returns a time, as the server prints it in UTC.
func Time(t time.Time) Value {
	return Value{Text: t.UTC().Format("2006-01-02 15:04:05.999999+00"), Type: oidTimestamptz}
}

// Null returns the null value.
func Null() Value { return Value{Null: true} }

// Values are the facts, parameters and event fields that a template may use,
// by name: "schema", "each.name", "event.table", "ext.amcheck".
type Values map[string]Value

// The oids of pg_catalog's types that matter here; they never change
// (src/include/catalog/pg_type.dat).
const (
	oidBool        = 16
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidText        = 25
	oidXid         = 28
	oidFloat4      = 700
	oidFloat8      = 701
	oidTimestamp   = 1114
	oidTimestamptz = 1184
	oidInterval    = 1186
	oidNumeric     = 1700
	oidXid8        = 5069
)

// Drifts reports whether a value of this type changes by itself while the
// fault stays the same: a number, a time, a transaction id. Such values are
// evidence, never part of an object's identity or of a plan's basis.
func (v Value) Drifts() bool {
	switch v.Type {
	case oidInt2, oidInt4, oidInt8, oidFloat4, oidFloat8, oidNumeric,
		oidTimestamp, oidTimestamptz, oidInterval, oidXid, oidXid8:
		return true
	}
	return false
}

// Row is one row of a query's result, in the order of its columns.
type Row []Column

// Column is one named value of a row.
type Column struct {
	Name string `json:"name"`
	Value
}

// Get returns the value of the named column.
func (r Row) Get(name string) (Value, bool) {
	for _, c := range r {
		if c.Name == name {
			return c.Value, true
		}
	}
	return Value{}, false
}

// Text returns the named column as text, "" where it is null or missing.
func (r Row) Text(name string) string {
	v, _ := r.Get(name)
	return v.Text
}

// Values returns the row as values, each name with the prefix before it.
func (r Row) Values(prefix string) Values {
	out := make(Values, len(r))
	for _, c := range r {
		out[prefix+c.Name] = c.Value
	}
	return out
}

// Merge returns the values with those of the others over them.
func (v Values) Merge(others ...Values) Values {
	out := make(Values, len(v))
	for k, x := range v {
		out[k] = x
	}
	for _, o := range others {
		for k, x := range o {
			out[k] = x
		}
	}
	return out
}
