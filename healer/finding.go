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
	Schema     string `json:"schema"`
	Name       string `json:"name"`
	OID        uint32 `json:"oid"`
	TableOID   uint32 `json:"table_oid"`
	Definition string `json:"definition,omitempty"` // SHA-256 of the definition
	Owner      string `json:"owner,omitempty"`
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
	f.Fingerprint = digest(f.Rule, id.SystemIdentifier, database, f.Object.Schema,
		f.Object.Name, strconv.FormatUint(uint64(f.Object.TableOID), 10), f.Object.Definition)
	f.ID = "F" + f.Fingerprint[:11]
}
