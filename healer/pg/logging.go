package pg

import (
	"context"
	_ "embed"
	"path"
	"strings"

	"github.com/pgmend/pgmend/healer"
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
	Local        bool     // the connection does not leave this host
}

// Logging asks the server about its log.
func (d *Database) Logging(ctx context.Context) (Logging, error) {
	rows, err := d.catalog(ctx, loggingSQL)
	if err != nil {
		return Logging{}, err
	}
	row := rows[0]
	l := Logging{
		Collector: row.Text("collector") == "on", Prefix: row.Text("prefix"), Filename: row.Text("filename"),
		Directory: row.Text("directory"), DataDir: row.Text("data_directory"), Local: local(d.observer.Host),
	}
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

// local reports whether a host is this one: a socket's directory, or loopback.
func local(host string) bool {
	return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || healer.Loopback(host)
}
