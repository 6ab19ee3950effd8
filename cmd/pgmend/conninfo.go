package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/pg"
)

// setting is one keyword of a connection string.
type setting struct{ key, value string }

// variables are libpq's, with their keywords (documentation, Environment
// Variables). The driver reads the process's environment by itself; these are
// passed on so that the environment Main was given is what counts.
func variables() []setting {
	return []setting{
		{"PGHOST", "host"}, {"PGPORT", "port"}, {"PGUSER", "user"}, {"PGDATABASE", "dbname"},
		{"PGPASSWORD", "password"}, {"PGPASSFILE", "passfile"}, {"PGSSLMODE", "sslmode"},
		{"PGSSLCERT", "sslcert"}, {"PGSSLKEY", "sslkey"}, {"PGSSLROOTCERT", "sslrootcert"},
		{"PGCONNECT_TIMEOUT", "connect_timeout"},
	}
}

// isURI reports whether -d names a URI.
func isURI(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// overlay puts settings over a connection string; later ones win.
func overlay(conn string, over []setting) (string, error) {
	over = slices.DeleteFunc(slices.Clone(over), func(s setting) bool { return s.value == "" })
	if !isURI(conn) {
		quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
		for _, s := range over {
			conn += " " + s.key + "='" + quote.Replace(s.value) + "'"
		}
		return strings.TrimSpace(conn), nil
	}
	u, err := url.Parse(conn)
	if err != nil {
		// The library's error quotes the URI, which can hold a password.
		return "", usagef("the connection URI cannot be read; write postgresql://user@host:5432/database")
	}
	q := u.Query()
	for _, s := range over {
		q.Set(s.key, s.value)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// has reports which of a URI's parts are written, by keyword.
func has(conn, key string) bool {
	u, err := url.Parse(conn)
	if err != nil {
		return false
	}
	switch {
	case u.Query().Has(key):
		return true
	case key == "host":
		return u.Hostname() != ""
	case key == "port":
		return u.Port() != ""
	case key == "user":
		return u.User.Username() != ""
	case key == "dbname":
		return strings.Trim(u.Path, "/") != ""
	}
	return false
}

// person makes the connection of somebody at the command line: the
// environment, then the flags, then what -d says, as psql does it.
func (a *app) person() (string, error) {
	f := a.flags
	var list []setting
	if a.env("PGSERVICE") == "" {
		for _, v := range variables() {
			list = append(list, setting{v.value, a.env(v.key)})
		}
	} else {
		// A service's settings come over the environment's, so only the
		// service is passed and the driver does the rest.
		list = append(list, setting{"service", a.env("PGSERVICE")}, setting{"servicefile", a.env("PGSERVICEFILE")})
	}
	list = append(list, setting{"host", f.host}, setting{"port", f.port}, setting{"user", f.user})
	switch {
	case isURI(f.database):
		list = slices.DeleteFunc(list, func(s setting) bool { return has(f.database, s.key) })
		return overlay(f.database, list)
	case strings.Contains(f.database, "="):
		conn, err := overlay("", list)
		return strings.TrimSpace(conn + " " + f.database), err
	}
	return overlay("", append(list, setting{"dbname", f.database}))
}

// configured makes the connection of a configured role, with flags over it.
func (a *app) configured(c config.Connection, l config.Login) (string, error) {
	list := []setting{
		{"host", c.Host}, {"port", c.Port}, {"sslmode", c.SSLMode}, {"service", c.Service}, {"user", l.User},
		{"host", a.flags.host}, {"port", a.flags.port}, {"user", a.flags.user},
	}
	if l.PasswordFile != "" {
		path, err := a.credential(l.PasswordFile)
		if err != nil {
			return "", err
		}
		secret, err := secret("password_file", path)
		if err != nil {
			return "", err
		}
		list = append(list, setting{"password", secret})
	}
	return overlay(c.Conninfo, list)
}

// credential finds a file that is named without a folder among the credentials
// that systemd passes: LoadCredential= in the unit, systemd.exec(5).
func (a *app) credential(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	dir := a.env("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", fmt.Errorf("password_file: %s is the name of a systemd credential, and systemd passed none; name a path, or add LoadCredential= to the unit", name)
	}
	return filepath.Join(dir, name), nil
}

// secret reads the file that a key names, which nobody else may read.
func secret(key, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("%s: anybody can read or change %s; chmod o= %s", key, path, path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the configuration names it
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// connection says how to connect, and to which databases: none means that
// the server is asked for all. A -d on the command line names the one.
func (a *app) connection() (c pg.Config, databases []string, err error) {
	conf, err := a.configure()
	if err != nil {
		return c, nil, err
	}
	c.AllowSuperuser, c.Clock = conf.AllowSuperuser, a.clock
	unconfigured := conf.Connection == (config.Connection{}) && len(conf.Databases) == 0
	if unconfigured || isURI(a.flags.database) || strings.Contains(a.flags.database, "=") {
		if c.Observer, err = a.person(); err != nil {
			return c, nil, err
		}
		return c, []string{""}, a.logins(&c)
	}
	if c.Observer, err = a.configured(conf.Connection, conf.Connection.Observer); err != nil {
		return c, nil, err
	}
	for _, role := range []struct {
		login config.Login
		conn  *string
	}{{conf.Connection.Healer, &c.Healer}, {conf.Connection.Signaller, &c.Signaller}} {
		if role.login.User != "" {
			if *role.conn, err = a.configured(conf.Connection, role.login); err != nil {
				return c, nil, err
			}
		}
	}
	databases = conf.Databases
	if a.flags.database != "" {
		databases = []string{a.flags.database}
	}
	return c, databases, a.logins(&c)
}

// logins asks for the observer's password, with -W, and puts the login that
// --healer names over the configured one.
func (a *app) logins(c *pg.Config) (err error) {
	if a.flags.healer != "" {
		base := c.Healer
		if base == "" {
			base = c.Observer
		}
		if c.Healer, err = overlay(base, []setting{{"user", a.flags.healer}}); err != nil {
			return err
		}
	}
	return a.ask(&c.Observer)
}

// ask asks for the password, with -W.
func (a *app) ask(conn *string) error {
	if !a.flags.password {
		return nil
	}
	f, ok := a.stdin.(*os.File)
	if !ok || !terminal(f) {
		return usagef("-W needs a terminal; use .pgpass instead")
	}
	fmt.Fprint(a.stderr, "Password: ")
	text, err := term.ReadPassword(int(f.Fd())) //nolint:gosec // descriptors are small
	fmt.Fprintln(a.stderr)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the password: %w", err)
	}
	*conn, err = overlay(*conn, []setting{{"password", string(text)}})
	return err
}
