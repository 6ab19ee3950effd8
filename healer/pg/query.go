package pg

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// query runs one statement and returns its rows.
func (s *session) query(ctx context.Context, sql string, args ...rules.Value) ([]rules.Row, error) {
	rows, _, err := s.exec(ctx, sql, args...)
	return rows, err
}

// exec runs one statement over the extended protocol, which takes no more
// than one. Values travel as text, with their types where those are known; the
// server infers the others.
func (s *session) exec(ctx context.Context, sql string, args ...rules.Value) ([]rules.Row, string, error) {
	params, types := arguments(args)
	return s.result(ctx, s.conn.ExecParams(ctx, sql, params, types, nil, nil))
}

// prepared runs one of our own statements, which are few and the same each
// time, and keeps it: the server need not parse and plan it again.
func (s *session) prepared(ctx context.Context, sql string, args ...rules.Value) ([]rules.Row, error) {
	params, types := arguments(args)
	name, known := s.kept[sql]
	if !known {
		name = fmt.Sprintf("pgmend_%d", len(s.kept))
		if _, err := s.conn.Prepare(ctx, name, sql, types); err != nil {
			return nil, s.failed(ctx, err)
		}
		if s.kept == nil {
			s.kept = make(map[string]string)
		}
		s.kept[sql] = name
	}
	rows, _, err := s.result(ctx, s.conn.ExecPrepared(ctx, name, params, nil, nil))
	return rows, err
}

func arguments(args []rules.Value) (params [][]byte, types []uint32) {
	params, types = make([][]byte, len(args)), make([]uint32, len(args))
	for i, a := range args {
		types[i] = a.Type
		if !a.Null {
			params[i] = []byte(a.Text)
		}
	}
	return params, types
}

// result reads what a statement returns.
func (s *session) result(ctx context.Context, reader *pgconn.ResultReader) ([]rules.Row, string, error) {
	r := reader.Read()
	if r.Err != nil {
		return nil, "", s.failed(ctx, r.Err)
	}
	out := make([]rules.Row, 0, len(r.Rows))
	for _, values := range r.Rows {
		row := make(rules.Row, len(values))
		for i, v := range values {
			f := r.FieldDescriptions[i]
			row[i] = rules.Column{Name: f.Name, Value: rules.Value{Text: string(v), Null: v == nil, Type: f.DataTypeOID}}
		}
		out = append(out, row)
	}
	return out, r.CommandTag.String(), nil
}

// failed turns the driver's error into ours. A connection that ended is an
// error without an SQLSTATE.
func (s *session) failed(ctx context.Context, err error) error {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return &healer.DatabaseError{
			SQLState: server.Code, Message: server.Message, Detail: server.Detail, Hint: server.Hint, Err: err,
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("given up: %w", ctx.Err())
	}
	return connectionError(err)
}

func connectionError(err error) error {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return &healer.DatabaseError{SQLState: server.Code, Message: server.Message, Hint: server.Hint, Err: err}
	}
	return &healer.DatabaseError{Message: "the server cannot be reached: " + err.Error(), Err: err}
}
