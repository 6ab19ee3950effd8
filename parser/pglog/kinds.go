package pglog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// KindInfo says how a kind of event is known and what it carries.
type KindInfo struct {
	Kind Kind `json:"kind"`
	// SQLStates are the error codes that make it; by code first, because the
	// text may be translated.
	SQLStates []string `json:"sqlstates,omitempty"`
	// Messages are the server's texts, with names in braces for what it fills
	// in; they tell kinds of one code apart, and stand in where no code is
	// logged.
	Messages []string `json:"messages,omitempty"`
	// Body is the type of the event's fields, "" if the kind says all.
	Body string `json:"body,omitempty"`
}

// Kinds are all kinds of events but Other, by name.
func Kinds() []KindInfo {
	known := map[Kind]*KindInfo{
		Duration:        {Kind: Duration, Messages: []string{"duration: {ms} ms…"}, Body: "Statement"},
		StatementLogged: {Kind: StatementLogged, Messages: []string{"statement: {sql}", "execute {name}: {sql}"}, Body: "Statement"},
		Plan:            {Kind: Plan, Messages: []string{"duration: {ms} ms  plan:…"}, Body: "Statement"},
	}
	for _, list := range classLists() {
		for _, c := range list {
			k := known[c.kind]
			if k == nil {
				k = &KindInfo{Kind: c.kind}
				known[c.kind] = k
			}
			k.add(c)
		}
	}
	out := make([]KindInfo, 0, len(known))
	for _, k := range known {
		slices.Sort(k.SQLStates)
		out = append(out, *k)
	}
	slices.SortFunc(out, func(a, b KindInfo) int { return cmp.Compare(a.Kind, b.Kind) })
	return out
}

func (k *KindInfo) add(c class) {
	for _, s := range c.states {
		if !slices.Contains(k.SQLStates, s) {
			k.SQLStates = append(k.SQLStates, s)
		}
	}
	for _, p := range c.patterns {
		if p = strings.ReplaceAll(p, "#}", "}"); !slices.Contains(k.Messages, p) {
			k.Messages = append(k.Messages, p)
		}
	}
	if c.body != nil && k.Body == "" {
		k.Body = strings.TrimPrefix(fmt.Sprintf("%T", c.body(fields{}, &Record{})), "*pglog.")
	}
}
