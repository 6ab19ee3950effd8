package pg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/pgmend/pgmend/healer"
)

// Config says how to connect.
type Config struct {
	Observer       string           // libpq conninfo or URI of whom finds
	Healer         string           // of whom repairs; "": the observer
	Signaller      string           // of whom ends sessions; "": the healer
	AllowSuperuser bool             // the healer may be a superuser
	Sessions       *Sessions        // shared by the databases of one process; nil: its own
	Brief          bool             // keep no session between two uses: there are many databases
	Clock          func() time.Time // nil: time.Now
}

// Database is one database of a server.
type Database struct {
	cfg      Config
	observer *pgconn.Config
	healer   *pgconn.Config
	signals  *pgconn.Config
	version  int

	sessions *Sessions

	mu   sync.Mutex
	idle *session // one observer session is kept for the next Read

	reading  lodge // for the next read of the same owner
	mending  lodge // for the next step of the same attempt
	watching lodge // for whom watches that

	leading sync.Mutex
	lead    *session  // holds the healer's lock
	asks    *session  // holds it too, and waits for one who only claims to lead
	claimed time.Time // since when somebody who cannot prove it claims that
	beside  string    // who that was, when it was believed no longer
}

var (
	_ healer.Reader      = (*Database)(nil)
	_ healer.Snapshotter = (*Database)(nil)
	_ healer.Operator    = (*Database)(nil)
)

// minVersion is the oldest server that is supported, as server_version_num.
const minVersion = 130000

// Open connects once, to learn the version and that the roles fit.
func Open(ctx context.Context, c Config) (*Database, error) {
	if c.Healer == "" {
		c.Healer = c.Observer
	}
	if c.Sessions == nil {
		c.Sessions = new(Sessions)
	}
	if c.Signaller == "" {
		c.Signaller = c.Healer
	}
	d := &Database{cfg: c, sessions: c.Sessions}
	var err error
	if d.observer, err = parse(c.Observer); err != nil {
		return nil, err
	}
	if d.healer, err = parse(c.Healer); err != nil {
		return nil, err
	}
	if d.signals, err = parse(c.Signaller); err != nil {
		return nil, err
	}
	s, err := d.connect(ctx, d.observer, "pgmend", 0)
	if err != nil {
		return nil, err
	}
	d.version = s.version
	d.give(s)
	return d, nil
}

// parse reads a connection string. What a statement may take is decided per
// statement, so its own options are not taken over.
func parse(conn string) (*pgconn.Config, error) {
	c, err := pgconn.ParseConfig(conn)
	if err != nil {
		// The library's error can hold the connection string's password.
		return nil, errors.New("the connection string cannot be read; write a URI or conninfo such as host=/run/postgresql dbname=shop")
	}
	// When a context ends, the server is told and its answer awaited, so that
	// nothing of ours goes on behind our back.
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: 10 * time.Second}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	return c, nil
}

// Close ends the sessions that are kept.
func (d *Database) Close() {
	d.mu.Lock()
	s := d.idle
	d.idle = nil
	d.mu.Unlock()
	d.leading.Lock()
	asks := d.asks
	d.asks = nil
	d.leading.Unlock()
	for _, s := range []*session{s, asks} {
		if s != nil {
			s.close()
		}
	}
	for _, l := range []*lodge{&d.reading, &d.mending, &d.watching} {
		l.close()
	}
}

// take returns the kept observer session, or a new one.
func (d *Database) take(ctx context.Context) (*session, error) {
	d.mu.Lock()
	s := d.idle
	d.idle = nil
	d.mu.Unlock()
	if s != nil {
		// The server may have ended it meanwhile, for instance to restart.
		if _, err := s.query(ctx, "SELECT"); err == nil {
			return s, nil
		}
		s.close()
	}
	return d.connect(ctx, d.observer, "pgmend", 0)
}

// give keeps a session for the next reader.
func (d *Database) give(s *session) {
	if !s.lasts() {
		s.close()
		return
	}
	d.mu.Lock()
	old := d.idle
	d.idle = s
	d.mu.Unlock()
	if old != nil {
		old.close()
	}
}

// session is one connection with the doctrine's settings.
type session struct {
	conn      *pgconn.PgConn
	db        *Database
	version   int // server_version_num
	super     bool
	restricts bool   // it has restrict_nonsystem_relation_kind
	client    string // where it comes from, as the server sees it; "": a socket of the file system
	closed    bool
	notices   []healer.Notice
	kept      map[string]string // prepared statements, their names by their text
}

// connect opens a session and refuses one that is not what it seems: a
// pooler in between, an unsupported version, a superuser without consent.
func (d *Database) connect(ctx context.Context, config *pgconn.Config, application string, deadline time.Duration) (*session, error) {
	s := &session{db: d}
	c := config.Copy()
	c.RuntimeParams["application_name"] = application
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		s.notices = append(s.notices, healer.Notice{
			Severity: n.SeverityUnlocalized, SQLState: n.Code, Message: n.Message,
		})
	}
	var err error
	if s.conn, err = pgconn.ConnectConfig(ctx, c); err != nil {
		return nil, mayConnect(connectionError(err), config)
	}
	d.sessions.add(s.conn.PID())
	if err := s.introduce(ctx, deadline); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// mayConnect adds the GRANT without which there is no connection.
func mayConnect(err error, config *pgconn.Config) error {
	var db *healer.DatabaseError
	if !errors.As(err, &db) || db.SQLState != "42501" {
		return err
	}
	database, bad := identifier(config.Database)
	to, worse := identifier(config.User)
	if bad == nil && worse == nil {
		db.Hint = "GRANT CONNECT ON DATABASE " + database + " TO " + to
	}
	return err
}

func (s *session) introduce(ctx context.Context, deadline time.Duration) error {
	rows, err := s.query(ctx, `SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num'),
		pg_catalog.current_setting('is_superuser'), pg_catalog.current_setting('`+restrictKinds+`', true) IS NOT NULL,
		COALESCE(pg_catalog.host(pg_catalog.inet_client_addr()), ''), COALESCE(pg_catalog.inet_client_port(), 0)`)
	if err != nil {
		return err
	}
	if rows[0][0].Text != strconv.FormatUint(uint64(s.conn.PID()), 10) {
		return errors.New("there is a connection pooler in between, which may give each statement another session; connect to the server itself")
	}
	if s.version, err = strconv.Atoi(rows[0][1].Text); err != nil {
		return fmt.Errorf("read the server's version: %w", err)
	}
	if s.version < minVersion {
		return fmt.Errorf("PostgreSQL %d is not supported; 13 is the oldest", s.version/10000)
	}
	s.super, s.restricts = rows[0][2].Text == "on", rows[0][3].Text == "t"
	if s.client = rows[0][4].Text; s.client != "" {
		s.client = net.JoinHostPort(s.client, rows[0][5].Text)
	}
	if s.super && !s.db.cfg.AllowSuperuser {
		return &healer.Refusal{Guard: "superuser", Reason: "the role is a superuser, and code in the database could borrow its rights; " +
			"pgmend setup sql prints the least that is needed, --allow-superuser allows it"}
	}
	return s.settle(ctx, deadline)
}

func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	// An error here is of a connection that is gone already.
	_ = s.conn.Close(ctx)
	if !s.closed {
		s.db.sessions.remove(s.conn.PID())
		s.closed = true
	}
}

// applicationName cuts a name to what the server keeps, 63 bytes, in the
// middle: its end is the attempt's id, by which it is found again.
func applicationName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, name)
	if len(name) <= 63 {
		return name
	}
	return name[:63-27] + name[len(name)-27:]
}
