package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pgmend/pgmend/guidance"
	"github.com/pgmend/pgmend/rules"
)

// advisor makes the engine that explains, from the configuration. A pack of
// the site that cannot be read is said and left out.
func (a *app) makeAdvisor(context.Context) (*guidance.Engine, error) {
	c, err := a.configure()
	if err != nil {
		return nil, err
	}
	set, err := a.ruleSet()
	if err != nil {
		return nil, err
	}
	config := guidance.Config{Rules: set.For(rules.MaxMajor)}
	if config.Packs, err = guidance.BuiltinPacks(); err != nil {
		return nil, err
	}
	if dir := c.Guidance.Packs; dir != "" {
		more, err := guidance.LoadPacks(os.DirFS(dir), "*.yaml")
		if err != nil {
			a.warn("guidance packs in %s: %v", dir, err)
		}
		config.Packs = append(config.Packs, more...)
	}
	if ai := c.Guidance.AI; ai.URL != "" {
		client := guidance.ClientConfig{URL: ai.URL, Model: ai.Model, Timeout: ai.Timeout}
		if ai.KeyFile != "" {
			client.Key = func(context.Context) (string, error) { return secret("guidance.ai.key_file", ai.KeyFile) }
		}
		b := budget{file: filepath.Join(c.State, "guidance-budget"), most: ai.Budget, clock: a.clock}
		client.Budget = b.take
		if config.AI, err = guidance.NewClient(client); err != nil {
			return nil, err
		}
	}
	return guidance.New(config)
}

// budget counts a day's requests in a file, over all processes and restarts.
type budget struct {
	file  string
	most  int
	clock func() time.Time
}

// take takes one request of today's, unless they are used up. Where it cannot
// be counted there is none.
func (b budget) take(context.Context) (allowed bool, err error) {
	if err := os.MkdirAll(filepath.Dir(b.file), 0o700); err != nil {
		return false, fmt.Errorf("count the day's requests: %w", err)
	}
	f, err := os.OpenFile(b.file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, fmt.Errorf("count the day's requests: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }() // which gives the lock back
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return false, fmt.Errorf("count the day's requests: %w", err)
	}
	today, day, used := b.clock().UTC().Format(time.DateOnly), "", 0
	if _, err := fmt.Fscan(f, &day, &used); err != nil && !errors.Is(err, io.EOF) {
		day = "" // damaged: today begins anew
	}
	if day != today {
		used = 0
	}
	if used >= b.most {
		return false, nil
	}
	text := fmt.Sprintf("%s %d\n", today, used+1)
	if err := f.Truncate(0); err != nil {
		return false, fmt.Errorf("count the day's requests: %w", err)
	}
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return false, fmt.Errorf("count the day's requests: %w", err)
	}
	return true, nil
}
