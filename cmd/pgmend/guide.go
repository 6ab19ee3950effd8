package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/guidance"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser/pglog"
)

func (a *app) guideCommand() *cobra.Command {
	var offline bool
	c := &cobra.Command{
		Use: "guide QUESTION|SQLSTATE|FINDING...", Short: "Say what a fault, an error or a question is about, and what to do",
		Long: `Takes a question in words, an SQLSTATE, a line of the server's log, or the id of
a finding. The answer has the same form always; where an AI is configured it
writes it, and where that fails the built-in answer is given and says why.
Only masked text is sent to an AI, and nothing it answers is executed.`,
		Example: "  pgmend guide 40P01\n  pgmend guide why does my table keep growing\n  pgmend guide F1ec7ebdd1a8",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			if f := out.Format; f == report.CSV {
				return usagef("an advice is no table; use --output table, markdown, json or jsonl")
			}
			q, err := a.question(c.Context(), strings.Join(args, " "))
			if err != nil {
				return err
			}
			e, err := a.advisor.Engine(c.Context())
			if err != nil {
				return err
			}
			var advice guidance.Advice
			if offline {
				advice, err = e.Explain(q)
			} else {
				advice, err = e.Ask(c.Context(), q)
			}
			if err != nil {
				return usagef("%v", err)
			}
			return a.advise(advice, out)
		},
	}
	c.Flags().BoolVar(&offline, "offline", false, "ask no AI, also where one is configured")
	return c
}

// findingID is what `pgmend findings` lists.
var findingID = regexp.MustCompile(`^F[0-9a-f]{11}$`)

// question finds out what a person asks about.
func (a *app) question(ctx context.Context, text string) (guidance.Question, error) {
	if findingID.MatchString(text) {
		f, err := a.finding(ctx, text)
		return guidance.Question{Finding: &f}, err
	}
	q := guidance.Question{Text: text}
	// A whole line of the log brings its SQLSTATE, and much that is not asked.
	d := pglog.NewDecoder(pglog.Detect([]byte(text+"\n")), pglog.Options{})
	if list := append(d.Decode([]byte(text+"\n")), d.Flush()...); len(list) == 1 && list[0].Severity != "" && list[0].Message != "" {
		r := list[0]
		q.Text, q.SQLState = r.Message, r.SQLState
	}
	return q, nil
}

func (a *app) finding(ctx context.Context, id string) (healer.Finding, error) {
	h, err := a.recall(ctx)
	if err != nil {
		return healer.Finding{}, err
	}
	for _, f := range h.Findings {
		if f.ID == id {
			return f, nil
		}
	}
	return healer.Finding{}, fmt.Errorf("finding %s: %w; pgmend findings lists them", id, healer.ErrNotFound)
}

// advise shows an advice.
func (a *app) advise(x guidance.Advice, out report.Options) error {
	switch out.Format {
	case report.JSON, report.JSONL:
		e := json.NewEncoder(a.stdout)
		e.SetEscapeHTML(false)
		if out.Format == report.JSON {
			e.SetIndent("", "  ")
		}
		return e.Encode(x)
	}
	g := report.Guide{
		Title: x.Title, Summary: x.Summary, Steps: x.Steps, Risks: x.Risks, Rules: x.Rules,
		About: [][2]string{{"theme", x.Theme}, {"source", string(x.Source)}, {"note", x.Note}},
	}
	if len(x.Themes) > 1 {
		var others []string
		for _, m := range x.Themes {
			if m.Theme != x.Theme {
				others = append(others, m.Theme)
			}
		}
		g.About = append(g.About, [2]string{"also", strings.Join(others, ", ")})
	}
	for _, f := range x.Evidence {
		g.Evidence = append(g.Evidence, [2]string{f.Name, f.Value})
	}
	for _, l := range x.Links {
		g.Links = append(g.Links, [2]string{l.Title, l.URL})
	}
	return g.Write(a.stdout, out)
}
