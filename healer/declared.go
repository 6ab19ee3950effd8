package healer

import "time"

// Baseline is what the ledger says of the declared schema of a database: what
// was captured, and what of that a person approved.
type Baseline struct {
	Server   string   `json:"server"` // its system identifier
	Database string   `json:"database"`
	Captured Captured `json:"captured"`
	Approved Captured `json:"approved,omitzero"`
}

// Captured is one schema, as it was read at one time. An approval is of exactly
// these bytes.
type Captured struct {
	Hash    string    `json:"hash"`   // of the objects, wherever they were read
	File    string    `json:"file"`   // SHA-256 of the file that holds them
	Source  string    `json:"source"` // "database", or the folder of SQL
	Version int       `json:"version"`
	Objects int       `json:"objects"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"`
}
