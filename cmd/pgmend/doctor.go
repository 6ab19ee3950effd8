package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Look at what pgmend needs; each failure prints its fix", Args: cobra.NoArgs,
		Long: `Looks at the configuration, the state directory, the daemon, the connection and
its roles, the log and its settings, extensions, the disk, the clock and the AI. It
changes nothing, and sends the AI nothing. The exit code is 1 where a check
failed.`,
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			list := examine(c.Context(), a.examinations())
			if err := report.Checks(a.stdout, list, out); err != nil {
				return err
			}
			for _, x := range list {
				if x.Status == failed {
					return &exitError{code: exitError1}
				}
			}
			return nil
		},
	}
}

// What a check comes to.
const (
	fine    = "ok"
	warned  = "warning"
	failed  = "failed"
	skipped = "skipped"
)

// examination is one check.
type examination struct {
	name string
	do   func(context.Context) report.Check
}

// checkTime bounds one check.
const checkTime = 20 * time.Second

// examine runs every check. One that is broken, even by a panic, stops none
// of the others.
func examine(ctx context.Context, list []examination) []report.Check {
	var out []report.Check
	for _, e := range list {
		out = append(out, func() (c report.Check) {
			defer func() {
				if v := recover(); v != nil {
					c = report.Check{Status: failed, Detail: fmt.Sprintf("the check itself is broken: %v", v), Fix: "report it, with: " + firstLine(string(debug.Stack()))}
				}
				c.Name = e.name
			}()
			ctx, cancel := context.WithTimeout(ctx, checkTime)
			defer cancel()
			return e.do(ctx)
		}())
	}
	return out
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// examinations are the checks, in the order in which one needs the other.
func (a *app) examinations() []examination {
	p := &patient{app: a}
	return []examination{
		{"configuration", p.configuration}, {"state directory", p.state}, {"daemon", p.daemon},
		{"connection", p.connect}, {"grants", p.grants}, {"healer", p.healer}, {"log", p.serverLog},
		{"log settings", p.logSettings}, {"extensions", p.extensions}, {"disk", p.disk}, {"clock", p.clockSkew}, {"AI", p.ai},
	}
}

// patient is what the checks look at.
type patient struct {
	*app
	list []*pg.Database // nil: not connected
}

func problem(err error, fix string) report.Check {
	return report.Check{Status: failed, Detail: err.Error(), Fix: fix}
}

func (p *patient) configuration(context.Context) report.Check {
	s, err := p.prepare()
	if err != nil {
		return problem(err, "correct the file; pgmend config check names each place")
	}
	from := strings.Join(s.conf.Sources(), ", ")
	if from == "" {
		return report.Check{Status: warned, Detail: "there is no file, so only defaults and the environment hold", Fix: "pgmend config init > /etc/pgmend/config.yaml"}
	}
	return report.Check{Status: fine, Detail: from + ", mode " + s.conf.Mode}
}

func (p *patient) state(context.Context) report.Check {
	if p.conf == nil {
		return notWithout("the configuration")
	}
	info, err := os.Stat(p.conf.State)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return report.Check{Status: warned, Detail: p.conf.State + " is not there yet", Fix: "install -d -o pgmend -g pgmend -m 0700 " + p.conf.State}
	case err != nil:
		return problem(err, "sudo -u pgmend pgmend doctor")
	case !info.IsDir():
		return report.Check{Status: failed, Detail: p.conf.State + " is no directory", Fix: "move it away"}
	case unix.Access(p.conf.State, unix.R_OK|unix.W_OK|unix.X_OK) != nil:
		return report.Check{Status: warned, Detail: "this user may not write to " + p.conf.State + ", so this is not what the daemon sees", Fix: "sudo -u pgmend pgmend doctor"}
	case info.Mode().Perm()&0o077 != 0:
		return report.Check{Status: warned, Detail: "others can look into " + p.conf.State, Fix: "chmod 0700 " + p.conf.State}
	}
	return report.Check{Status: fine, Detail: p.conf.State}
}

func (p *patient) daemon(ctx context.Context) report.Check {
	if p.conf == nil {
		return notWithout("the configuration")
	}
	d, err := p.running(ctx)
	switch {
	case err != nil && !errors.Is(err, control.ErrNoDaemon):
		return problem(err, "let this user into the group "+p.conf.Control.Group)
	case d == nil:
		return report.Check{Status: warned, Detail: "none answers on " + p.conf.Control.Socket, Fix: "systemctl enable --now pgmend"}
	case d.Config != "" && d.Config != p.conf.Hash():
		return report.Check{Status: warned, Detail: "it works by another configuration than this one", Fix: "systemctl reload pgmend"}
	}
	return report.Check{Status: fine, Detail: d.State}
}

func notWithout(what string) report.Check {
	return report.Check{Status: skipped, Detail: what + " is needed first"}
}

func (p *patient) connect(ctx context.Context) report.Check {
	list, err := p.databases(ctx)
	var refused *healer.Refusal
	switch {
	case errors.As(err, &refused) && refused.Guard == "superuser":
		return problem(err, "pgmend setup sql prints the roles to use instead")
	case err != nil && strings.Contains(err.Error(), "pooler"):
		return problem(err, "name the server's own host and port under connection")
	case err != nil:
		return problem(err, "pgmend setup sql prints the roles; check connection, pg_hba.conf and .pgpass")
	}
	p.list = list
	id, err := list[0].Identify(ctx)
	if err != nil {
		return problem(err, "try again")
	}
	return report.Check{Status: fine, Detail: fmt.Sprintf("PostgreSQL %d as %s, %d databases, no pooler", id.Major(), id.User, len(list))}
}

// question asks the first database for one value.
func (p *patient) question(ctx context.Context, sql string) (string, error) {
	t, err := rules.ParseTemplate(sql, 0)
	if err != nil {
		return "", err
	}
	rows, err := p.list[0].Read(ctx, healer.Read{Application: "pgmend/doctor", Query: t})
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][0].Text, nil
}

func (p *patient) grants(ctx context.Context) report.Check {
	if p.list == nil {
		return notWithout("a connection")
	}
	who, err := p.question(ctx, "SELECT pg_catalog.quote_ident(current_user) WHERE NOT pg_catalog.pg_has_role(current_user, 'pg_monitor', 'USAGE')")
	if err != nil {
		return problem(err, "pgmend setup sql")
	}
	if who != "" {
		return report.Check{Status: failed, Detail: who + " has not the rights of pg_monitor, so it is blind for much", Fix: "GRANT pg_monitor TO " + who + ";"}
	}
	return report.Check{Status: fine, Detail: "pg_monitor"}
}

func (p *patient) healer(ctx context.Context) report.Check {
	if p.list == nil {
		return notWithout("a connection")
	}
	release, err := p.list[0].Lead(ctx)
	var refused *healer.Refusal
	switch {
	case err == nil:
		release()
	case errors.As(err, &refused) && refused.Guard == pg.GuardOneHealer:
		return report.Check{Status: fine, Detail: "it can connect; " + refused.Reason}
	default:
		return problem(err, "pgmend setup sql prints the login that repairs, and what it is granted")
	}
	return report.Check{Status: fine, Detail: "it can connect, and nobody else heals this cluster"}
}

func (p *patient) extensions(ctx context.Context) report.Check {
	if p.list == nil {
		return notWithout("a connection")
	}
	id, err := p.list[0].Identify(ctx)
	if err != nil {
		return problem(err, "try again")
	}
	for _, name := range []string{"pg_stat_statements", "pgstattuple", "amcheck"} {
		if _, ok := id.Extensions[name]; !ok {
			return report.Check{Status: warned, Detail: name + " is not installed in " + id.Database + "; rules that need it say so", Fix: "CREATE EXTENSION " + name + ";"}
		}
	}
	return report.Check{Status: fine, Detail: "pg_stat_statements, pgstattuple, amcheck"}
}

// minFree is how much of a disk is to be free, as a share.
const minFree = 0.05

func (p *patient) disk(ctx context.Context) report.Check {
	if p.conf == nil {
		return notWithout("the configuration")
	}
	dir := p.conf.State
	if p.list != nil {
		if l, err := p.list[0].Logging(ctx); err == nil && l.Local && l.DataDir != "" {
			dir = l.DataDir
		}
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return report.Check{Status: warned, Detail: fmt.Sprintf("the disk of %s cannot be seen: %v", dir, err), Fix: "repairs that need free space wait until it can"}
	}
	free, all := s.Bavail*uint64(s.Bsize), s.Blocks*uint64(s.Bsize)
	c := report.Check{Status: fine, Detail: fmt.Sprintf("%d of %d MiB free at %s", free>>20, all>>20, dir)}
	if float64(free) < minFree*float64(all) {
		c.Status, c.Fix = warned, "make room"
	}
	return c
}

func (p *patient) clockSkew(ctx context.Context) report.Check {
	if p.list == nil {
		return notWithout("a connection")
	}
	before := p.clock()
	text, err := p.question(ctx, "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::pg_catalog.int8::pg_catalog.text")
	if err != nil {
		return problem(err, "try again")
	}
	var seconds int64
	if _, err := fmt.Sscan(text, &seconds); err != nil {
		return problem(err, "report it")
	}
	theirs := time.Unix(seconds, 0)
	if d := theirs.Sub(before); d > time.Minute || d < -time.Minute {
		return report.Check{Status: warned, Detail: fmt.Sprintf("the server's clock differs by %s", d.Round(time.Second)), Fix: "let both hosts ask a time server"}
	}
	return report.Check{Status: fine, Detail: "the server's and this host's agree"}
}
