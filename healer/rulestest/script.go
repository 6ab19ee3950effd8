package rulestest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/rules"
)

// Script is SQL that breaks something. It runs statement by statement, as the
// owner; a line of its own says what is special about the next statement:
//
//	-- @hold        runs in a second session, inside a transaction that stays open
//	-- @idle        runs in a second session, which stays open
//	-- @busy        runs in a second session and does not end by itself
//	-- @replica     a session that streams the WAL, and replays nothing after its beginning
//	-- @release     the second session's transaction ends (before the next statement)
//	-- @fails       the statement has to fail
//	-- @superuser   runs as a superuser
//
// Behind hold, idle, busy, replica and release may stand the name of the session, which
// is "held" without one, and behind the name the word superuser.
type Script []command

type command struct {
	sql          string
	mark         string // hold, idle, busy, replica, release or ""
	session      string // its name, of a mark
	fails, super bool
}

var markForm = regexp.MustCompile(`^-- @(hold|idle|busy|replica|release|fails|superuser)(?: ([a-z_]+))?( superuser)?$`)

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
		if !strings.HasPrefix(strings.TrimSpace(line), "-- @") {
			chunk.WriteString(line + "\n")
			continue
		}
		flush()
		m := markForm.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			return nil, fmt.Errorf("unknown mark %s; there are @hold, @idle, @busy, @replica, @release, @fails and @superuser", strings.TrimSpace(line))
		}
		switch m[1] {
		case "fails":
			next.fails = true
		case "superuser":
			next.super = true
		default:
			next.mark, next.session, next.super = m[1], m[2], m[3] != ""
			if next.session == "" {
				next.session = "held"
			}
			if next.mark == "release" || next.mark == "replica" {
				out = append(out, next)
				next = command{}
			}
		}
	}
	flush()
	return out, nil
}

// Player runs scripts in one database.
type Player struct {
	Owner, Superuser string // connection strings

	owner, super *pgconn.PgConn
	named        map[string]*named
}

// Play runs a script. The sessions with a name stay open until Close.
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
	switch c.mark {
	case "":
		conn, err := p.session(ctx, c.super)
		if err != nil {
			return err
		}
		return c.run(ctx, conn)
	case "release":
		return p.release(ctx, c.session)
	case "replica":
		conn, err := Replica(ctx, p.Superuser, c.session)
		if err == nil {
			p.keep(c.session, conn)
		}
		return err
	}
	s, err := p.open(ctx, c.session, c.super)
	if err != nil {
		return err
	}
	if c.mark == "busy" {
		return p.begin(ctx, s, c.sql)
	}
	if c.mark == "hold" && s.conn.TxStatus() == 'I' {
		if err := run(ctx, s.conn, "BEGIN"); err != nil {
			return err
		}
	}
	return c.run(ctx, s.conn)
}

// run runs the statement, which may have to fail.
func (c command) run(ctx context.Context, conn *pgconn.PgConn) error {
	err := run(ctx, conn, c.sql)
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
func (p *Player) Release(ctx context.Context) error { return p.release(ctx, "held") }

func (p *Player) release(ctx context.Context, session string) error {
	s, ok := p.named[session]
	if !ok {
		return fmt.Errorf("-- @release of %s, which was not opened", session)
	}
	return run(ctx, s.conn, "ROLLBACK")
}

func (p *Player) session(ctx context.Context, super bool) (*pgconn.PgConn, error) {
	at, conn := &p.owner, p.Owner
	if super {
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
func (p *Player) Forget() { p.owner, p.super, p.named = nil, nil, nil }

// Close ends the sessions.
func (p *Player) Close(ctx context.Context) error {
	for _, s := range p.named {
		s.end(ctx)
	}
	p.named = nil
	return p.end(ctx, &p.owner, &p.super)
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
