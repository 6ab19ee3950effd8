package rulestest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/rules"
)

// Script is SQL that breaks something. It runs statement by statement, as the
// owner; a line of its own says what is special about the next statement:
//
//	-- @hold        runs in a second session, inside a transaction that stays open
//	-- @release     the second session's transaction ends (before the next statement)
//	-- @fails       the statement has to fail
//	-- @superuser   runs as a superuser
type Script []command

type command struct {
	sql                         string
	hold, release, fails, super bool
}

// ParseScript reads a script.
func ParseScript(text string) (Script, error) {
	var out Script
	var chunk strings.Builder
	var next command
	flush := func() {
		for _, sql := range rules.Statements(chunk.String()) {
			next.sql = sql
			out = append(out, next)
			next = command{}
		}
		chunk.Reset()
	}
	for _, line := range strings.Split(text, "\n") {
		mark, ok := strings.CutPrefix(strings.TrimSpace(line), "-- @")
		if !ok {
			chunk.WriteString(line + "\n")
			continue
		}
		flush()
		switch mark {
		case "hold":
			next.hold = true
		case "release":
			out = append(out, command{release: true})
		case "fails":
			next.fails = true
		case "superuser":
			next.super = true
		default:
			return nil, fmt.Errorf("unknown mark -- @%s; there are hold, release, fails and superuser", mark)
		}
	}
	flush()
	return out, nil
}

// Player runs scripts in one database.
type Player struct {
	Owner, Superuser string // connection strings

	owner, super, held *pgconn.PgConn
}

// Play runs a script. The session of -- @hold stays open until Close.
func (p *Player) Play(ctx context.Context, s Script) error {
	for _, c := range s {
		if err := p.command(ctx, c); err != nil {
			return err
		}
	}
	// Before 15 a session that idles keeps its last statistics to itself.
	return p.end(ctx, &p.owner, &p.super)
}

func (p *Player) command(ctx context.Context, c command) error {
	if c.release {
		return p.Release(ctx)
	}
	conn, err := p.session(ctx, c)
	if err != nil {
		return err
	}
	if c.hold && conn.TxStatus() == 'I' {
		if err := run(ctx, conn, "BEGIN"); err != nil {
			return err
		}
	}
	err = run(ctx, conn, c.sql)
	switch {
	case c.fails && err == nil:
		return fmt.Errorf("the statement has to fail and did not: %s", c.sql)
	case c.fails:
		return nil
	case err != nil:
		return fmt.Errorf("%w in: %s", err, c.sql)
	}
	return nil
}

// Release ends the transaction that -- @hold keeps open.
func (p *Player) Release(ctx context.Context) error {
	if p.held == nil {
		return errors.New("-- @release without -- @hold")
	}
	return run(ctx, p.held, "ROLLBACK")
}

func (p *Player) session(ctx context.Context, c command) (*pgconn.PgConn, error) {
	at, conn := &p.owner, p.Owner
	switch {
	case c.hold:
		at = &p.held
	case c.super:
		at, conn = &p.super, p.Superuser
	}
	if *at == nil {
		var err error
		if *at, err = pgconn.Connect(ctx, conn); err != nil {
			return nil, err
		}
	}
	return *at, nil
}

// Forget lets go of sessions that a restart of the server ended.
func (p *Player) Forget() { p.owner, p.super, p.held = nil, nil, nil }

// Close ends the sessions.
func (p *Player) Close(ctx context.Context) error {
	return p.end(ctx, &p.owner, &p.super, &p.held)
}

func (p *Player) end(ctx context.Context, sessions ...**pgconn.PgConn) error {
	var err error
	for _, c := range sessions {
		if *c != nil {
			err = errors.Join(err, (*c).Close(ctx))
			*c = nil
		}
	}
	return err
}

func run(ctx context.Context, c *pgconn.PgConn, sql string) error {
	_, err := c.Exec(ctx, sql).ReadAll()
	return err
}
