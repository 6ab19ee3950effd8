// Package config reads pgmend's configuration: a YAML file, the files of its
// conf.d folder, then the environment. It stands before the flow: cmd wires
// the rest by what it says.
//
// Every mistake of every file is reported in one run, with file, line and
// column. Passwords are not part of it: they come from .pgpass, or from a file
// that a password_file key names.
package config
