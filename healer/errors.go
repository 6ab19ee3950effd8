package healer

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotFound says that the ledger knows no such finding, plan or attempt.
var ErrNotFound = errors.New("not found")

// errUndurable is in the error of an act that could not be written down.
// After it nothing runs, not even what would clear up.
var errUndurable = errors.New("no repair runs without a durable intent")

// Refusal is an act that policy or a guard forbids.
type Refusal struct {
	Guard  string `json:"guard"`
	Reason string `json:"reason"`
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("refused by %s: %s", r.Guard, r.Reason) }

// sqlState returns the SQLSTATE of a server's error, or "".
func sqlState(err error) string {
	if db := databaseError(err); db != nil {
		return db.SQLState
	}
	return ""
}

// IsConnection reports whether the connection failed, rather than a
// statement: an error of class 08, a server that is starting or stopping
// (57P01 to 57P03), or no answer at all.
func IsConnection(err error) bool {
	db := databaseError(err)
	if db == nil {
		return false
	}
	switch db.SQLState {
	case "", "57P01", "57P02", "57P03":
		return true
	}
	return len(db.SQLState) == 5 && db.SQLState[:2] == "08"
}

// lost reports whether an error leaves open what the server did: the answer
// never came, so only the catalog knows.
func lost(err error) bool {
	return IsConnection(err) || databaseError(err) == nil &&
		(errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

func databaseError(err error) *DatabaseError {
	var db *DatabaseError
	if errors.As(err, &db) {
		return db
	}
	return nil
}
