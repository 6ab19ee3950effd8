package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
)

func (p *patient) serverLog(ctx context.Context) report.Check {
	if p.conf != nil && len(p.conf.Logs) > 0 {
		for _, l := range p.conf.Logs {
			if err := readable(l.Path); err != nil {
				return problem(err, "usermod -aG adm pgmend, or correct logs in the configuration")
			}
		}
		return report.Check{Status: fine, Detail: fmt.Sprintf("%d named in the configuration can be read", len(p.conf.Logs))}
	}
	if p.list == nil {
		return notWithout("a connection, or a log in the configuration,")
	}
	found, err := serversLog(ctx, p.list[0])
	if err != nil {
		return problem(err, "name the log under logs in the configuration")
	}
	if found.Format != "stderr" {
		return report.Check{Status: fine, Detail: found.Path}
	}
	for _, need := range []struct{ escapes, what string }{{"%m %t %n", "a time"}, {"%p", "the process"}, {"%d", "the database"}} {
		if !containsAny(found.Prefix, strings.Fields(need.escapes)) {
			return report.Check{
				Status: warned, Detail: fmt.Sprintf("log_line_prefix %q has not %s", found.Prefix, need.what),
				Fix: "ALTER SYSTEM SET log_line_prefix = '%m [%p] %q%u@%d/%a %e '; SELECT pg_reload_conf(); better: log_destination = 'jsonlog'",
			}
		}
	}
	return report.Check{Status: fine, Detail: found.Path}
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// loggingRule knows which settings of the log are worth having, and why.
const loggingRule = "settings/logging"

// logSettings asks the rule that looks at them.
func (p *patient) logSettings(ctx context.Context) report.Check {
	if p.list == nil {
		return notWithout("a connection")
	}
	set, err := p.ruleSet()
	if err != nil {
		return problem(err, "correct rules_dir")
	}
	policy, err := p.policy(set)
	if err != nil {
		return problem(err, "pgmend config check")
	}
	id, err := p.list[0].Identify(ctx)
	if err != nil {
		return problem(err, "try again")
	}
	found, err := healer.New(healer.Config{
		Database: id.Database, Control: true, Reader: p.list[0], Snapshotter: p.list[0],
		Ledger: blank{}, State: blank{}, Rules: set, Policy: policy, Clock: p.clock,
	}).Find(ctx, healer.Options{Rules: []string{loggingRule}})
	if err != nil {
		return problem(err, "try again")
	}
	var missed, fixes []string
	for _, f := range found.Findings {
		missed = append(missed, f.Object.Name+": "+f.Facts["why"].Text)
		fixes = append(fixes, f.Facts["advice"].Text)
	}
	if len(missed) == 0 {
		return report.Check{Status: fine, Detail: "the log has what healing and diagnosis need"}
	}
	return report.Check{Status: warned, Detail: strings.Join(missed, "; "), Fix: strings.Join(append(fixes, "SELECT pg_reload_conf();"), " ")}
}
