package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/healer/pg"
)

// logs are those that were named, in the configuration and with --log.
func (s *site) logs() []config.Log {
	list := slices.Clone(s.conf.Logs)
	for _, path := range s.flags.logs {
		list = append(list, config.Log{Path: path})
	}
	return list
}

// serversOwn is, where no log was named, the one that the server says it
// writes.
func (d *daemon) serversOwn(ctx context.Context, s *site, control *pg.Database) []config.Log {
	if len(s.logs()) > 0 {
		return nil
	}
	found, err := serversLog(ctx, control)
	if err != nil {
		d.tell(ctx, event.LogUnreadable, slog.String(event.KeyError, err.Error()))
		return nil
	}
	d.tell(ctx, event.LogFollowed, slog.String(event.KeyFile, found.Path))
	return []config.Log{found}
}

// serversLog asks the server where its log is. It has to be on this host: the
// same path on another one is another server's.
func serversLog(ctx context.Context, control *pg.Database) (config.Log, error) {
	l, err := control.Logging(ctx)
	if err != nil {
		return config.Log{}, err
	}
	if !l.Local {
		return config.Log{}, errors.New("the server may be on another host; name its log under logs if it is shipped to this one")
	}
	found, err := locate(l)
	if err != nil {
		return found, err
	}
	files, err := filepath.Glob(found.Path)
	if err != nil || len(files) == 0 {
		return found, fmt.Errorf("there is no %s that this user may see; name the log under logs, or let this user read it (group adm on Debian)", found.Path)
	}
	f, err := os.Open(files[len(files)-1])
	if err != nil {
		return found, fmt.Errorf("%w; let this user read it (group adm on Debian)", err)
	}
	return found, f.Close()
}

// strftime is a run of escapes of log_filename.
var strftime = regexp.MustCompile(`(%[EO]?.)+`)

// debian is where pg_createcluster puts a cluster; pg_ctlcluster sends what the
// server writes to stderr to a file of the cluster's name.
var debian = regexp.MustCompile(`^/var/lib/postgresql/([0-9.]+)/([^/]+)/?$`)

// locate says where the files are, and what is in them, from the settings.
func locate(l pg.Logging) (config.Log, error) {
	if !l.Collector {
		if m := debian.FindStringSubmatch(l.DataDir); m != nil {
			return config.Log{Path: "/var/log/postgresql/postgresql-" + m[1] + "-" + m[2] + ".log", Format: "stderr", Prefix: l.Prefix}, nil
		}
		return config.Log{}, errors.New("logging_collector is off; name the file that the server's stderr goes to under logs")
	}
	if l.Directory == "" || l.Filename == "" {
		return config.Log{}, errors.New("the role may not see log_directory; GRANT pg_read_all_settings, or name the log under logs")
	}
	pattern := filepath.Join(l.Directory, strftime.ReplaceAllString(l.Filename, "*"))
	// csvlog and jsonlog take another ending, or one more (documentation,
	// Error Reporting and Logging, log_destination).
	base := pattern
	if filepath.Ext(pattern) == ".log" {
		base = pattern[:len(pattern)-len(".log")]
	}
	// The best first: what cannot be forged and says most.
	switch {
	case slices.Contains(l.Destinations, "jsonlog"):
		return config.Log{Path: base + ".json", Format: "json"}, nil
	case slices.Contains(l.Destinations, "csvlog"):
		return config.Log{Path: base + ".csv", Format: "csv"}, nil
	case slices.Contains(l.Destinations, "stderr"):
		return config.Log{Path: pattern, Format: "stderr", Prefix: l.Prefix}, nil
	}
	return config.Log{}, errors.New("log_destination writes no file; name the file that syslog writes under logs")
}
