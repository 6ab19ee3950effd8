package healer

import (
	"strconv"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Object is what a finding is about. An index's own oid changes in REINDEX
// CONCURRENTLY, so oids are facts and not part of the identity, except the
// table's.
type Object struct {
	Kind       ObjectKind `json:"kind,omitempty"` // "": a relation, or a part of one
	Schema     string     `json:"schema"`         // "" where the kind has none
	Name       string     `json:"name"`
	OID        uint32     `json:"oid"` // a session's is its pid
	TableOID   uint32     `json:"table_oid"`
	Definition string     `json:"definition,omitempty"` // SHA-256 of the definition
	Owner      string     `json:"owner,omitempty"`
}

// ObjectKind is what an object is that is not a relation.
type ObjectKind string

// The kinds of objects that are not relations. Each is found again by its name
// alone, but for a session, which is its pid, and a collation, which has a
// schema.
const (
	ObjectCollation    ObjectKind = "collation"
	ObjectDatabase     ObjectKind = "database"
	ObjectExtension    ObjectKind = "extension"
	ObjectPrepared     ObjectKind = "prepared transaction"
	ObjectServer       ObjectKind = "server"
	ObjectSession      ObjectKind = "session"
	ObjectSetting      ObjectKind = "setting"
	ObjectSlot         ObjectKind = "replication slot"
	ObjectStandby      ObjectKind = "standby"
	ObjectSubscription ObjectKind = "subscription"
)

// known reports whether it is one of the kinds.
func (k ObjectKind) known() bool {
	switch k {
	case "", ObjectCollation, ObjectDatabase, ObjectExtension, ObjectPrepared, ObjectServer, ObjectSession,
		ObjectSetting, ObjectSlot, ObjectStandby, ObjectSubscription:
		return true
	}
	return false
}

// String names the object in a message: schema.name, or kind and name.
func (o Object) String() string {
	text := o.Name
	if o.Schema != "" {
		text = o.Schema + "." + text
	}
	if o.Kind != "" {
		text = string(o.Kind) + " " + text
	}
	return text
}

// Finding is a fault that the catalog proves.
type Finding struct {
	ID          string         `json:"id"` // F and the head of the fingerprint
	Fingerprint string         `json:"fingerprint"`
	Rule        string         `json:"rule"`
	Title       string         `json:"title"`
	Server      string         `json:"server"` // its system identifier
	Database    string         `json:"database"`
	Object      Object         `json:"object"`
	Severity    rules.Severity `json:"severity"`
	Risk        rules.Risk     `json:"risk"`
	Status      Status         `json:"status"`
	Facts       rules.Values   `json:"facts"`
	Evidence    []Evidence     `json:"evidence"`
	BlockedBy   string         `json:"blocked_by,omitempty"` // a rule, or a rule and an object
	FirstSeen   time.Time      `json:"first_seen"`
	LastSeen    time.Time      `json:"last_seen"`
}

// Evidence is a query and what it returned: the proof of a finding.
type Evidence struct {
	Query string    `json:"query"`
	Row   rules.Row `json:"row"`
	At    time.Time `json:"at"`
}

// Status is whether a finding still stands.
type Status string

// The states of a finding.
const (
	Open     Status = "open"
	Resolved Status = "resolved"
	Muted    Status = "muted" // undone or rejected: not acted on again
)

// Skip says why a rule, or one candidate of it, could not be judged. A skip
// is never health.
type Skip struct {
	Rule     string `json:"rule"`
	Database string `json:"database"`
	Object   string `json:"object,omitempty"` // "": the whole rule
	Reason   Reason `json:"reason"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// Reason is why something was skipped.
type Reason string

// The reasons for a skip.
const (
	Locked  Reason = "locked"   // somebody holds the relation in ACCESS EXCLUSIVE
	Blind   Reason = "blind"    // a right is missing; the hint is the GRANT
	Vanish  Reason = "vanished" // it went away between two queries
	Broken  Reason = "error"    // the query failed, panicked or timed out
	Invalid Reason = "invalid"  // the rule's answer breaks the rule's contract
)

// Identify fills in the finding's fingerprint and id: the hash of rule,
// server, database and object, never of numbers or times.
func (f *Finding) Identify(id Identity, scope rules.Scope) {
	f.Server = id.SystemIdentifier
	database := f.Database
	if scope == rules.ScopeCluster {
		database = ""
	}
	parts := []string{
		f.Rule, id.SystemIdentifier, database, f.Object.Schema,
		f.Object.Name, strconv.FormatUint(uint64(f.Object.TableOID), 10), f.Object.Definition,
	}
	if f.Object.Kind != "" {
		parts = append(parts, string(f.Object.Kind))
	}
	f.Fingerprint = digest(parts...)
	f.ID = "F" + f.Fingerprint[:11]
}
