package config_test

import (
	"strings"
	"testing"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
)

func TestChoose(t *testing.T) {
	const all = "app_a app_b app_old postgres shop"
	for list, want := range map[string]string{
		"":                  all,
		"shop":              "shop",
		"app_*":             "app_a app_b app_old",
		"app_* !app_old":    "app_a app_b",
		"!app_*":            "postgres shop",
		"!app_* !postgres":  "shop",
		"shop app_?":        "app_a app_b shop",
		"shop !shop":        "",
		"missing app_*":     "app_a app_b app_old; missing: missing",
		"missing_*":         "",
		"App_*":             "",
		"!app_o* app_* sho": "app_a app_b; missing: sho",
	} {
		names := strings.Fields(list)
		chosen, missing := config.Choose(names, strings.Fields(all))
		got := strings.Join(chosen, " ")
		if len(missing) > 0 {
			got += "; missing: " + strings.Join(missing, " ")
		}
		if got != want {
			t.Errorf("%q chooses %q, want %q", list, got, want)
		}
	}
	for list, want := range map[string]bool{"": true, "shop": false, "shop app": false, "app_*": true, "shop !x": true, "a?": true} {
		if got := config.Chosen(strings.Fields(list)); got != want {
			t.Errorf("%q: the server is asked: %v", list, got)
		}
	}
}
