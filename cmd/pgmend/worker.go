package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/worker"
)

// workerCommand is the child that package worker starts: this same program.
const workerCommand = "parser-worker"

func (a *app) workerCommand() *cobra.Command {
	return &cobra.Command{
		Use: workerCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return worker.Serve(a.stdin, a.stdout) },
	}
}

// newWorker returns a pool whose child is this program, without environment but
// what is given.
func newWorker(env ...string) (*worker.Pool, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program for the parser's process: %w", err)
	}
	return worker.New(worker.Config{Command: []string{self, workerCommand}, Env: env})
}

// hurriedWorker is one for a command that is over soon: its child starts while
// the first of a log is read, and collects little of its garbage.
func hurriedWorker(ctx context.Context) (*worker.Pool, error) {
	pool, err := newWorker(fmt.Sprintf("GOGC=%d", hurriedCollection))
	if err == nil {
		go pool.Start(ctx)
	}
	return pool, err
}

// openParser opens the parser for the tables command, whose contract has no
// more than the tables, columns and the fingerprint.
func openParser(context.Context) (statements, func(), error) {
	pool, err := newWorker()
	if err != nil {
		return nil, nil, err
	}
	return plain{pool}, pool.Close, nil
}

type plain struct{ *worker.Pool }

// Parse implements statements.
func (p plain) Parse(ctx context.Context, scripts []string) ([][]parser.Statement, error) {
	lists, err := p.Pool.Parse(ctx, scripts)
	for i, list := range lists {
		var session parser.Session // one script is one session
		list = session.Resolve(list)
		lists[i] = make([]parser.Statement, len(list))
		for j, s := range list {
			s.Text, s.Inserted, s.Listed, s.Prepares, s.Executes = "", nil, false, "", ""
			lists[i][j] = s
		}
	}
	return lists, err
}
