package config

import (
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/pgmend/pgmend/guidance"
)

// Guidance is where advice comes from.
type Guidance struct {
	Packs string // a folder with packs of the site, *.yaml
	AI    AI
}

// AI is a language model behind an OpenAI-compatible endpoint. Without a URL
// there is none.
type AI struct {
	URL     string
	Model   string
	KeyFile string
	Timeout time.Duration // 0: the default
	Budget  int           // requests a day
}

// defaultBudget is how many requests a day an AI gets where nothing is said.
const defaultBudget = 100

func (r *reader) guidance(n ast.Node) {
	g := &r.config.Guidance
	path := func(field *string) func(ast.Node) {
		return func(n ast.Node) {
			if s, ok := r.text(n); ok {
				r.absolute(field, s, r.at(n))
			}
		}
	}
	r.mapping(n, "guidance", keys{
		"packs": path(&g.Packs),
		"ai": func(n ast.Node) {
			r.mapping(n, "guidance.ai", keys{
				"url": func(n ast.Node) {
					s, ok := r.text(n)
					if !ok {
						return
					}
					g.AI.URL = s
					if _, err := guidance.Endpoint(s); err != nil {
						r.mistakef(r.at(n), "guidance.ai: url: %v", err)
					}
				},
				"model": r.into(&g.AI.Model), "key_file": path(&g.AI.KeyFile),
				"key": func(n ast.Node) {
					r.mistakef(r.at(n), "guidance.ai: a key does not belong here; use key_file")
				},
				"timeout": func(n ast.Node) {
					s, ok := r.text(n)
					d, err := time.ParseDuration(s)
					if ok && (err != nil || d <= 0 || d > 10*time.Minute) {
						r.mistakef(r.at(n), "guidance.ai: timeout: %q is no duration up to 10m, such as 20s", s)
					}
					g.AI.Timeout = d
				},
				"daily_budget": func(n ast.Node) {
					s, ok := r.text(n)
					b, err := strconv.Atoi(s)
					if ok && (err != nil || b < 1) {
						r.mistakef(r.at(n), "guidance.ai: daily_budget: %q is no number of requests from 1", s)
					}
					g.AI.Budget = b
				},
			})
			if g.AI.URL == "" || g.AI.Model == "" {
				r.mistakef(r.at(n), "guidance.ai: url and model are needed")
			}
		},
	})
}
