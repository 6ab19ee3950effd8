package pg

import (
	"context"
	_ "embed"
	"errors"
	"io/fs"
	"path"
	"strings"
)

//go:embed sql/logging.sql
var loggingSQL string

// Logging is where and how the server writes its log (documentation, Error
// Reporting and Logging). Paths are of the server's host.
type Logging struct {
	Collector    bool     // the server writes files by itself
	Destinations []string // stderr, csvlog, jsonlog, syslog
	Prefix       string   // log_line_prefix
	Filename     string   // log_filename, with strftime escapes; "": it may not be seen
	Directory    string   // log_directory, absolute; "": it may not be seen
	DataDir      string   // data_directory; "": it may not be seen
	Local        bool     // the server is on this host, at the other end of the connection
}

// Logging asks the server about its log.
func (d *Database) Logging(ctx context.Context) (Logging, error) {
	var who peer
	rows, err := d.catalogOf(ctx, func(s *session) { who = s.peer() }, loggingSQL)
	if err != nil {
		return Logging{}, err
	}
	row := rows[0]
	l := Logging{
		Collector: row.Text("collector") == "on", Prefix: row.Text("prefix"), Filename: row.Text("filename"),
		Directory: row.Text("directory"), DataDir: row.Text("data_directory"),
	}
	// Who may not know the directory, or not look into it, can read a log that is
	// elsewhere.
	here := who.owns(l.DataDir)
	l.Local = here == nil || who.known && l.DataDir == "" || errors.Is(here, fs.ErrPermission)
	for _, one := range strings.Split(row.Text("destination"), ",") {
		l.Destinations = append(l.Destinations, strings.ToLower(strings.TrimSpace(one)))
	}
	if l.Directory != "" && !path.IsAbs(l.Directory) {
		if l.DataDir == "" {
			l.Directory = ""
		} else {
			l.Directory = path.Join(l.DataDir, l.Directory)
		}
	}
	return l, nil
}
