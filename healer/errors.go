package healer

import (
	"errors"
	"fmt"
)

// ErrNotFound says that the ledger knows no such finding, plan or attempt.
var ErrNotFound = errors.New("not found")

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

func databaseError(err error) *DatabaseError {
	var db *DatabaseError
	if errors.As(err, &db) {
		return db
	}
	return nil
}
