package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// DefaultPath is where the configuration is looked for.
const DefaultPath = "/etc/pgmend/" + FileName

// FileName is its name in any folder.
const FileName = "config.yaml"

// Load reads the file, the *.yaml files of the conf.d folder beside it, and
// the environment. With path "" the default file is read where it exists. The
// error is Mistakes, with what could be read all the same, or why a file could not be read.
func Load(path string, env func(string) string) (*Config, error) {
	c := Default()
	r := &reader{config: c}
	named := path != ""
	if !named {
		path = DefaultPath
	}
	src, err := os.ReadFile(path) //nolint:gosec // the person names the file
	switch {
	case err == nil:
		r.file(path, src)
	case named || !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	more, err := filepath.Glob(filepath.Join(filepath.Dir(path), "conf.d", "*.yaml"))
	if err != nil {
		return nil, err
	}
	slices.Sort(more)
	for _, name := range more {
		src, err := os.ReadFile(name) //nolint:gosec // below the configuration
		if err != nil {
			return nil, err
		}
		r.file(name, src)
	}
	r.environment(env)
	r.finish()
	if len(r.mistakes) > 0 {
		return c, r.mistakes
	}
	return c, nil
}

// Parse reads one file's text and nothing else.
func Parse(name string, src []byte) (*Config, error) {
	r := &reader{config: Default()}
	r.file(name, src)
	r.finish()
	if len(r.mistakes) > 0 {
		return nil, r.mistakes
	}
	return r.config, nil
}

// Variable is one of the environment's, with the key it stands for.
type Variable struct{ Name, Key string }

// Variables come over the files, in this order.
func Variables() []Variable {
	return []Variable{
		{"PGMEND_ALLOW_SUPERUSER", "allow_superuser"}, {"PGMEND_CONNINFO", "connection.conninfo"},
		{"PGMEND_CONTROL_GROUP", "control.group"}, {"PGMEND_CONTROL_SOCKET", "control.socket"},
		{"PGMEND_DATABASES", "databases"}, {"PGMEND_LOG_FORMAT", "logging.format"}, {"PGMEND_LOG_LEVEL", "logging.level"},
		{"PGMEND_METRICS_LISTEN", "metrics.listen"}, {"PGMEND_MODE", "mode"}, {"PGMEND_RULES_DIR", "rules_dir"},
		{"PGMEND_STATE", "state"}, {"PGMEND_TIMEZONE", "timezone"},
	}
}

// environment applies PGMEND_* over the files.
func (r *reader) environment(env func(string) string) {
	for _, v := range Variables() {
		value := env(v.Name)
		if value == "" {
			continue
		}
		r.config.digest([]byte(v.Name + "=" + value))
		if v.Key == "databases" {
			r.config.Databases = strings.Split(value, ",")
			continue
		}
		r.scalar(v.Key, value, place{file: "environment: " + v.Name})
	}
}

// finish resolves what more than one key, or file, says together.
func (r *reader) finish() {
	r.finishPage()
	if r.config.window == nil {
		return
	}
	w := r.config.window
	length, err := time.ParseDuration(w.length)
	if err != nil || length <= 0 || length > 24*time.Hour {
		r.mistakef(w.at, "window needs a length such as 4h, at most 24h")
		return
	}
	start, err := time.Parse("15:04", w.start)
	if err != nil {
		r.mistakef(w.at, "window needs a start such as \"02:00\"")
		return
	}
	r.config.Window = &healer.Window{
		Days: w.days, Length: length, Location: r.config.Location,
		Start: time.Duration(start.Hour())*time.Hour + time.Duration(start.Minute())*time.Minute,
	}
}
