package main

import (
	"strings"
	"testing"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/pg"
)

// Names are as the documentation has them: .csv and .json take the place of
// .log, or are appended.
func TestLocate(t *testing.T) {
	collected := pg.Logging{Collector: true, Directory: "/pg/log", Filename: "postgresql-%Y-%m-%d_%H%M%S.log", Prefix: "%m [%p] "}
	with := func(l pg.Logging, destinations ...string) pg.Logging { l.Destinations = destinations; return l }
	plain := with(collected, "csvlog")
	plain.Filename = "server-%a"
	blind := with(collected, "stderr")
	blind.Directory = ""
	for name, c := range map[string]struct {
		logging pg.Logging
		want    config.Log
		err     string
	}{
		"stderr":           {with(collected, "stderr"), config.Log{Path: "/pg/log/postgresql-*-*-*_*.log", Format: "stderr", Prefix: "%m [%p] "}, ""},
		"the best of both": {with(collected, "stderr", "csvlog"), config.Log{Path: "/pg/log/postgresql-*-*-*_*.csv", Format: "csv"}, ""},
		"and of all":       {with(collected, "csvlog", "jsonlog", "stderr"), config.Log{Path: "/pg/log/postgresql-*-*-*_*.json", Format: "json"}, ""},
		"no .log":          {plain, config.Log{Path: "/pg/log/server-*.csv", Format: "csv"}, ""},
		"Debian": {pg.Logging{DataDir: "/var/lib/postgresql/15/main", Destinations: []string{"stderr"}, Prefix: "%t "},
			config.Log{Path: "/var/log/postgresql/postgresql-15-main.log", Format: "stderr", Prefix: "%t "}, ""},
		"no collector": {pg.Logging{DataDir: "/pg", Destinations: []string{"stderr"}}, config.Log{}, "logging_collector is off"},
		"blind":        {blind, config.Log{}, "GRANT pg_read_all_settings"},
		"syslog":       {with(collected, "syslog"), config.Log{}, "writes no file"},
	} {
		got, err := locate(c.logging)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
