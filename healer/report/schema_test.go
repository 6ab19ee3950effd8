package report_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
)

// Every report keeps to the schema that is published, and the schema would
// notice one that does not.
func TestReportsKeepToTheSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(report.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	a := attempt(finding("F1", "public", "orders_idx"))
	begun := a
	begun.State, begun.Verified, begun.Ended = healer.Running, false, time.Time{}
	begun.Steps, begun.Guards, begun.Before, begun.After, begun.Plan.Verify = nil, nil, healer.Picture{}, healer.Picture{}, ""
	watched := a
	watched.Why = "slower"
	watched.Watch = &healer.Watch{State: healer.WatchedWorse, Until: at(59), Guard: "mode", Reason: "slower", Slower: []healer.Comparison{{Source: "the log", Text: "SELECT"}}}
	watched.Watch.Compared = watched.Watch.Slower
	watched.Watch.Planned = []healer.Comparison{{Source: "the log", Text: "SELECT", Before: healer.Usage{Plans: 1, Cost: 8.3}, After: healer.Usage{Plans: 2, Cost: 9}}}
	digest := report.Period(at(0), at(59), result().Findings, result().Repairs)
	digest.Held = result().Plans
	for name, w := range map[string]interface {
		Write(io.Writer, report.Options) error
	}{
		"verified": report.Repair{Attempt: a, Measure: "SELECT 1", Guidance: "x", Source: "y", Version: "v"},
		"begun":    report.Repair{Attempt: begun},
		"watched":  report.Repair{Attempt: watched},
		"digest":   digest, "nothing happened": report.Period(at(0), at(59), nil, nil),
	} {
		var b bytes.Buffer
		if err := w.Write(&b, report.Options{Format: report.JSON}); err != nil {
			t.Fatal(err)
		}
		for text, sound := range map[string]bool{
			b.String(): true,
			strings.Replace(b.String(), `"schema_version": 1`, `"schema_version": 2`, 1): false,
			strings.Replace(b.String(), `"rule": "`, `"rul": "`, 1):                      name == "nothing happened",
			strings.Replace(b.String(), `"state": "`, `"state": "x`, 1):                  name == "nothing happened",
		} {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(v); (err == nil) != sound {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
		}
	}
}
