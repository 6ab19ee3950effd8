package rulestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/hearsay"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/rules"
)

// Server is where fixtures run: a throwaway PostgreSQL whose superuser is
// called postgres.
type Server interface {
	ConnString(database, role string) string
}

// Stage is a database with an owner, the roles of setup sql, and a healer
// that works as those roles.
type Stage struct {
	*healer.Healer

	Player Player
	Name   string // of the database; its owner is NAME_owner
	Ledger *ledger.Ledger
	Config healer.Config // of the Healer, for another one like it

	server Server
	db     *pg.Database
	book   *hearsay.Book
	state  string
}

// StageConfig says what a stage is for.
type StageConfig struct {
	Server    Server
	Version   int // server_version_num
	Rules     healer.RuleSource
	Superuser bool // the healer is a superuser: the second pass
	Observer  healer.Observer
	With      string // options of CREATE DATABASE
}

// made numbers the stages of a process, so that their names differ.
var made atomic.Int64

// NewStage makes a stage; Close removes it.
func NewStage(ctx context.Context, c StageConfig) (s *Stage, err error) {
	s = &Stage{Name: fmt.Sprintf("fixture_%d_%d", os.Getpid(), made.Add(1)), server: c.Server}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
	}()
	owner, observer, repairer, signaller := s.Name+"_owner", s.Name+"_observer", s.Name+"_healer", s.Name+"_signaller"
	s.Player = Player{Owner: c.Server.ConnString(s.Name, owner), Superuser: c.Server.ConnString(s.Name, "postgres")}
	grants, err := pg.SetupSQL(pg.SetupRequest{
		Version: c.Version, Observer: observer, Healer: repairer, Signaller: signaller, Owners: []string{owner}, Databases: []string{s.Name},
	})
	if err != nil {
		return nil, err
	}
	if err := s.admin(ctx, "postgres", "CREATE DATABASE "+s.Name+" "+c.With, "CREATE ROLE "+owner+" LOGIN"); err != nil {
		return nil, err
	}
	if err := s.admin(ctx, s.Name, append(rules.Statements(grants), "CREATE SCHEMA app AUTHORIZATION "+owner)...); err != nil {
		return nil, err
	}
	config := pg.Config{
		Observer: c.Server.ConnString(s.Name, observer), Healer: c.Server.ConnString(s.Name, repairer),
		Signaller: c.Server.ConnString(s.Name, signaller),
	}
	if c.Superuser {
		config = pg.Config{Observer: c.Server.ConnString(s.Name, "postgres"), AllowSuperuser: true}
	}
	if s.db, err = pg.Open(ctx, config); err != nil {
		return nil, err
	}
	if s.state, err = os.MkdirTemp("", "pgmend-fixture-"); err != nil {
		return nil, err
	}
	if s.Ledger, err = ledger.Open(s.state); err != nil {
		return nil, err
	}
	s.Config = healer.Config{
		Database: s.Name, Control: true, Reader: s.db, Snapshotter: s.db, Operator: s.db,
		Ledger: s.Ledger, State: s.Ledger, Rules: c.Rules, Observer: c.Observer,
		Policy: healer.Policy{AllowSuperuser: c.Superuser}, Declared: &baseline.Watch{Reader: s.db, Store: s.Baselines()},
	}
	s.book = hearsay.New(time.Now)
	s.book.Listen(c.Rules.For(c.Version / 10000))
	s.Config.Hearsay = s.book
	s.Healer = healer.New(s.Config)
	return s, nil
}

// Baselines is where what was captured and approved is kept.
func (s *Stage) Baselines() baseline.Store { return baseline.Store{Dir: s.state, Ledger: s.Ledger} }

// Declare captures the schema as it is now, and approves it.
func (s *Stage) Declare(ctx context.Context) error { return s.DeclareIn(ctx, s.Baselines()) }

// DeclareIn does so in another state directory than the stage's.
func (s *Stage) DeclareIn(ctx context.Context, store baseline.Store) error {
	schema, err := baseline.Read(ctx, s.db)
	if err != nil {
		return err
	}
	b, err := store.Capture(ctx, schema, "database", "rulestest")
	if err != nil {
		return err
	}
	_, err = store.Approve(ctx, b.Captured.Hash, "rulestest")
	return err
}

// admin runs statements as the superuser.
func (s *Stage) admin(ctx context.Context, database string, statements ...string) error {
	c, err := pgconn.Connect(ctx, s.server.ConnString(database, "postgres"))
	if err != nil {
		return err
	}
	for _, sql := range statements {
		if err = run(ctx, c, sql); err != nil {
			err = fmt.Errorf("%w in: %s", err, sql)
			break
		}
	}
	return errors.Join(err, c.Close(ctx))
}

// ungrant takes from a role what it was granted of the server.
func ungrant(role string) string {
	return "DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '" + role + "') THEN DROP OWNED BY " + role + "; END IF; END $$"
}

// Close removes the database, the roles and the ledger.
func (s *Stage) Close(ctx context.Context) error {
	err := s.Player.Close(ctx)
	if s.db != nil {
		s.db.Close()
	}
	if s.Ledger != nil {
		err = errors.Join(err, s.Ledger.Close())
	}
	if s.state != "" {
		err = errors.Join(err, os.RemoveAll(s.state))
	}
	return errors.Join(err, s.drop(ctx))
}

// drop removes the database and the roles, in one session of the server.
func (s *Stage) drop(ctx context.Context) (err error) {
	c, err := pgconn.Connect(ctx, s.server.ConnString("postgres", "postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	left := c.ExecParams(ctx, leftSQL, [][]byte{[]byte(s.Name)}, nil, nil, nil).Read()
	if left.Err != nil {
		return left.Err
	}
	var before []string
	for _, row := range left.Rows {
		before = append(before, string(row[0]))
	}
	if len(before) > 0 {
		err = s.admin(ctx, s.Name, before...)
	}
	// Statement by statement: what was never made is not to be removed.
	for _, sql := range []string{
		"DROP DATABASE IF EXISTS " + s.Name + " WITH (FORCE)", ungrant(s.Name + "_healer"), "DROP ROLE IF EXISTS " + s.Name + "_healer",
		"DROP ROLE IF EXISTS " + s.Name + "_observer", "DROP ROLE IF EXISTS " + s.Name + "_owner",
		"DROP ROLE IF EXISTS " + s.Name + "_signaller",
	} {
		if failed := run(ctx, c, sql); failed != nil {
			err = errors.Join(err, fmt.Errorf("%w in: %s", failed, sql))
		}
	}
	return err
}

// leftSQL are the statements for what a fixture left in the database, without
// which it stays: prepared transactions and subscriptions.
const leftSQL = `SELECT x.sql
  FROM (SELECT '' AS name, 0 AS n, pg_catalog.format('ROLLBACK PREPARED %L', p.gid) AS sql
          FROM pg_catalog.pg_prepared_xacts AS p WHERE p.database = $1
        UNION ALL
        SELECT s.subname, v.n, v.sql
          FROM pg_catalog.pg_subscription AS s
          JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
         CROSS JOIN LATERAL (VALUES (1, pg_catalog.format('ALTER SUBSCRIPTION %I DISABLE', s.subname)),
                                    (2, pg_catalog.format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname)),
                                    (3, pg_catalog.format('DROP SUBSCRIPTION %I', s.subname))) AS v(n, sql)
         WHERE d.datname = $1) AS x
 ORDER BY x.name, x.n`
