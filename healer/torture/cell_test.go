package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// victims are what is killed.
var victims = []string{"daemon", "backend", "postmaster"}

// subject is a rule with its fixture's first case.
type subject struct {
	rule    *rules.Rule
	set     rules.Set
	story   rulestest.Case
	fixture string // its text
}

// cell is one kill.
type cell struct {
	subject
	victim string
	at     int
	label  string
}

// undo reports whether it is the undo of a repair that is killed.
func (c cell) undo() bool { return strings.HasPrefix(c.label, undoing) }

func (c cell) String() string {
	return fmt.Sprintf("%-32s %-10s %2d %s", c.rule.ID, c.victim, c.at, c.label)
}

// For makes a subject a source of its one rule.
func (s subject) For(major int) []*rules.Rule {
	return slices.DeleteFunc(s.set.For(major), func(r *rules.Rule) bool { return r.ID != s.rule.ID })
}

// lives is one life of a subject: a database of its own, broken by the
// fixture, and the state directory of its healer.
type lives struct {
	t      *testing.T
	server *disposable.Server
	stage  *rulestest.Stage
	subject
	state  string
	before world
	undoes string // the repair that the knife's process takes back; "": it heals
	why    string // the first thing that nothing explains
	crash  string // how the crash itself explains that a fault is neither healed nor reported
}

func begin(t *testing.T, server *disposable.Server, s subject, healed []healer.Object) *lives {
	t.Helper()
	st, err := rulestest.NewStage(t.Context(), rulestest.StageConfig{Server: server, Version: server.Major * 10000, Rules: s, With: s.story.With})
	if err != nil {
		t.Fatal(err)
	}
	l := &lives{t: t, server: server, stage: st, subject: s, state: t.TempDir()}
	if s.story.Own != nil {
		if err := rulestest.Configure(t.Context(), server, s.story.Own); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(st.Player.Play(t.Context(), s.story.Quiet), l.declare(), st.Player.Play(t.Context(), s.story.Setup)); err != nil {
		t.Fatal(err)
	}
	l.before = l.look(healed)
	return l
}

// declare approves the schema as it is now, where the rule compares with that.
func (l *lives) declare() error {
	if !l.rule.Detect.Uses(rules.DriftName) {
		return nil
	}
	book, err := ledger.Open(l.state)
	if err != nil {
		return err
	}
	return errors.Join(l.stage.DeclareIn(l.t.Context(), baseline.Store{Dir: l.state, Ledger: book}), book.Close())
}

func (l *lives) end() {
	l.stage.Player.Forget()
	if l.story.Own != nil {
		// Slots and settings are the server's, and the next life begins without.
		s := pgtest.Server{Server: l.server}
		if err := s.Try(l.stage.Name, "postgres", `ALTER SYSTEM RESET ALL; SELECT pg_reload_conf();
			SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active`); err != nil {
			l.t.Error(err)
		}
	}
	if err := l.stage.Close(context.Background()); err != nil {
		l.t.Error(err)
	}
}

func (l *lives) conn(role string) string { return l.server.ConnString(l.stage.Name, role) }

func (l *lives) config() pg.Config {
	return pg.Config{
		Observer: l.conn(l.stage.Name + "_observer"), Healer: l.conn(l.stage.Name + "_healer"),
		Signaller: l.conn(l.stage.Name + "_signaller"),
	}
}

func options(s subject) healer.Options {
	o := healer.Options{Person: true, Ceiling: rules.High, Now: true, Yes: true, Actor: "torture"}
	for _, set := range s.story.Sets {
		o.Sets = append(o.Sets, s.rule.ID+"."+set)
	}
	return o
}

// process is the work of one process: it opens everything, works, and closes.
type process struct {
	subject
	config          pg.Config
	database, state string
	knife           *knife
}

func (p process) do(ctx context.Context, work func(*healer.Healer) error) (err error) {
	db, err := pg.Open(ctx, p.config)
	if err != nil {
		return err
	}
	defer db.Close()
	l, err := ledger.Open(p.state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return work(healer.New(healer.Config{
		Database: p.database, Control: true, Reader: db, Snapshotter: db, Operator: surgeon{db, p.knife},
		Ledger: book{l, p.knife}, State: l, Rules: p.subject,
		Declared: &baseline.Watch{Reader: db, Store: baseline.Store{Dir: p.state, Ledger: l}},
	}))
}

// heal heals once.
func (p process) heal(ctx context.Context) (result healer.Result, err error) {
	err = p.do(ctx, func(h *healer.Healer) (err error) {
		result, err = h.Heal(ctx, options(p.subject))
		return err
	})
	return result, err
}

// undo takes a repair back.
func (p process) undo(ctx context.Context, id string) (a healer.Attempt, err error) {
	p.knife.prefix = undoing
	err = p.do(ctx, func(h *healer.Healer) (err error) {
		a, err = h.Undo(ctx, id, options(p.subject))
		return err
	})
	return a, err
}

// act does what the knife may cut: it heals, or takes a repair back.
func (p process) act(ctx context.Context, undoes string) (err error) {
	if undoes != "" {
		_, err = p.undo(ctx, undoes)
	} else {
		_, err = p.heal(ctx)
	}
	return err
}

// next is the next process of a life, within this one.
func (l *lives) next(k *knife) process {
	k.super = l.server.ConnString("postgres", "postgres")
	if k.at > 0 {
		k.super = l.conn("postgres")
	}
	return process{l.subject, l.config(), l.stage.Name, l.state, k}
}

// limited is the longest that one process may take.
func (l *lives) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(l.t.Context(), 10*time.Minute)
}

// run heals in this process.
func (l *lives) run(k *knife) (healer.Result, error) {
	ctx, cancel := l.limited()
	defer cancel()
	return l.next(k).heal(ctx)
}

// kill plays a cell up to the death of its victim, and reports whether it died.
func (l *lives) kill(c cell) (struck bool) {
	l.t.Helper()
	ctx, cancel := l.limited()
	defer cancel()
	switch c.victim {
	case "daemon":
		child := exec.CommandContext(l.t.Context(), os.Args[0], "-test.run=^TestDaemon$") //nolint:gosec // this test again
		child.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{
			l.server.ConnString(l.stage.Name, ""), l.stage.Name, l.state, fmt.Sprint(l.server.Major), l.rule.ID, fmt.Sprint(c.at), l.undoes,
		}, "\n"))
		out, err := child.CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			if status, ok := exit.Sys().(syscall.WaitStatus); ok {
				struck = status.Signaled() && status.Signal() == syscall.SIGKILL
			}
		}
		if !struck {
			l.t.Errorf("the daemon was not killed: %v: %s", err, out)
		}
		return struck
	case "backend":
		_ = l.next(&knife{at: c.at, cut: func(string) { struck = l.backend() }}).act(ctx, l.undoes)
	case "postmaster":
		_ = l.next(&knife{at: c.at, cut: func(string) {
			struck = true
			if err := errors.Join(l.server.Kill9(context.Background()), l.server.Restart(context.Background())); err != nil {
				l.t.Error(err)
			}
		}}).act(ctx, l.undoes)
	}
	if !struck {
		l.t.Errorf("nothing was killed: the boundary did not come, or there was nothing to kill")
	}
	return struck
}

// backend kills a server process that works for the healer, which makes the
// server crash and recover.
func (l *lives) backend() bool {
	c, err := pgconn.Connect(context.Background(), l.conn("postgres"))
	if err != nil {
		l.t.Error(err)
		return false
	}
	defer c.Close(context.Background()) //nolint:errcheck // it dies with the server
	r := c.ExecParams(context.Background(), `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgmend%'
		ORDER BY application_name LIKE 'pgmend/%/%' DESC, state = 'active' DESC LIMIT 1`, nil, nil, nil, nil).Read()
	if r.Err != nil || len(r.Rows) == 0 {
		l.t.Errorf("no process of the server works for the healer: %v", r.Err)
		return false
	}
	var pid int
	if _, err := fmt.Sscan(string(r.Rows[0][0]), &pid); err != nil {
		l.t.Error(err)
		return false
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		l.t.Error(err)
		return false
	}
	// The server ends the other sessions when it notices, this one with them.
	for {
		if r := c.ExecParams(context.Background(), "SELECT", nil, nil, nil, nil).Read(); r.Err != nil {
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// alive waits until the server takes connections.
func (l *lives) alive() {
	l.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c, err := pgconn.Connect(l.t.Context(), l.conn("postgres"))
		if err == nil {
			_ = c.Close(l.t.Context())
			return
		}
		if time.Now().After(deadline) {
			l.fault("the server does not come back: %v", err)
			l.t.FailNow()
		}
	}
}
