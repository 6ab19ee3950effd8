package config

import (
	"encoding/json"
	"strings"

	"github.com/pgmend/pgmend/healer"
)

// Key is one key of the configuration, as documentation, the JSON Schema and
// config init have it. The reader has its own list, of what it does with each;
// a test holds the two against each other.
type Key struct {
	Name    string
	About   string
	Default string   // as it would be written; "": none
	Example string   // as it would be written, where there is no default
	Values  []string // the only ones that may be
	Kind    Kind
	Keys    []Key // of a mapping, or of the mappings in a list
}

// Kind is what a value looks like.
type Kind string

// The kinds.
const (
	Text     Kind = "text"
	Bool     Kind = "bool"
	Number   Kind = "number"
	Length   Kind = "length" // a duration such as 4h
	Size     Kind = "size"   // in bytes, such as 64MB
	Path     Kind = "path"   // absolute
	Texts    Kind = "texts"  // one text or a list
	Mapping  Kind = "mapping"
	Mappings Kind = "mappings" // a list of mappings, or of texts that stand for one
	PerRule  Kind = "rules"    // by glob: a mode, or a mapping
)

// Keys lists the keys of a file, in the order in which they are best read.
func Keys() []Key {
	login := func(name, about, user string) Key {
		return Key{Name: name, Kind: Mapping, About: about, Keys: []Key{
			{Name: "user", Kind: Text, Example: user, About: "the role"},
			{Name: "password_file", Kind: Text, Example: "/etc/pgmend/" + name + ".password",
				About: "a file with its password that nobody else may read; without a slash, a systemd credential"},
		}}
	}
	limits := sizes(healer.DefaultLimits())
	return []Key{
		{Name: "mode", Kind: Text, Default: Observe, Values: []string{Observe, Heal}, About: "observe: find, plan and report, change nothing. heal: repair what policy allows"},
		{Name: "connection", Kind: Mapping, About: "how the server is reached, and as whom", Keys: []Key{
			{Name: "conninfo", Kind: Text, Example: "host=/run/postgresql", About: "a libpq conninfo or URI; the keys below come over it"},
			{Name: "host", Kind: Text, Example: "/run/postgresql", About: "a name, an address, or the folder of the socket"},
			{Name: "port", Kind: Number, Example: "5432", About: "of the server"},
			{Name: "sslmode", Kind: Text, Example: "verify-full", Values: sslModes(), About: "as libpq has it"},
			{Name: "service", Kind: Text, Example: "shop", About: "a name in pg_service.conf"},
			{Name: "patroni", Kind: Text, Example: "http://127.0.0.1:8008", About: "the REST API of a member of the cluster, which says whether Patroni is paused. Without it, nothing is repaired under Patroni"},
			login("observer", "who finds; pgmend setup sql prints the grants", "pgmend_observer"),
			login("healer", "who repairs; without it, the observer", "pgmend_healer"),
			login("signaller", "who ends sessions that a rule names; without it, none is ended", "pgmend_signaller"),
		}},
		{Name: "databases", Kind: Texts, Example: `["*", "!test_*"]`, About: "names and patterns; ! excludes. Without it, all that take connections"},
		{Name: "logs", Kind: Mappings, About: "the server's log. Without it, the server is asked where it writes one", Keys: []Key{
			{Name: "path", Kind: Path, Example: "/var/log/postgresql/*.json", About: "a file or a pattern"},
			{Name: "format", Kind: Text, Default: "auto", Values: logFormats(), About: "jsonlog and csvlog say most"},
			{Name: "prefix", Kind: Text, Example: `"%m [%p] %q%u@%d "`, About: "log_line_prefix, for stderr and syslog"},
		}},
		{Name: "timezone", Kind: Text, Example: "Europe/Berlin", About: "of the window; without it, the host's"},
		{Name: "window", Kind: Mapping, About: "when repairs of medium risk may run; without it, they wait", Keys: []Key{
			{Name: "weekday", Kind: Texts, Example: "[saturday, sunday]", About: "without it, every day"},
			{Name: "start", Kind: Text, Example: `"02:00"`, About: "hour and minute"},
			{Name: "length", Kind: Length, Example: "4h", About: "at most 24h"},
		}},
		{Name: "watch", Kind: Mapping, About: "whether a changed index or table made statements slower; what clearly did is undone", Keys: []Key{
			{Name: "length", Kind: Text, Default: "24h", About: "how long they are compared, or none"},
			{Name: "factor", Kind: Text, Default: "2", About: "how much slower on average, beside what the rest of the database became"},
			{Name: "calls", Kind: Number, Default: "50", About: "of a statement, at least, before and after"},
			{Name: "least", Kind: Length, Default: "1ms", About: "what a call takes longer, at least"},
		}},
		{Name: "budgets", Kind: Mapping, About: "what a repair that writes much may cost. One that runs is ended when less than the reserve is free, or when who reads the WAL is twice as far behind", Keys: []Key{
			{Name: "disk_reserve", Kind: Size, Default: limits.DiskReserve, About: "what stays free on each disk that is written to, beside 2.2 times what may be written"},
			{Name: "unknown_disk", Kind: Bool, Default: "false", About: "repair also where it cannot be seen what is free, as on another host"},
			{Name: "replica_lag", Kind: Size, Default: limits.ReplicaLag, About: "of WAL that a replica may be behind"},
			{Name: "slot_backlog", Kind: Size, Default: limits.SlotBacklog, About: "of WAL that a replication slot may retain"},
			{Name: "unarchived", Kind: Size, Default: limits.Unarchived, About: "of WAL that may wait for the archive"},
		}},
		{Name: "rules", Kind: PerRule, Example: "{index/*: approve, vacuum/dead-tuples: {mode: off}}", About: "by glob: off, observe, approve or auto; or mode, every and the rule's parameters. The last that matches wins"},
		{Name: "rules_dir", Kind: Path, Example: "/etc/pgmend/rules.d", About: "rules of the site; without it, this folder where it exists"},
		{Name: "state", Kind: Path, Example: "/var/lib/pgmend", About: "the ledger; without it, systemd's StateDirectory"},
		{Name: "allow_superuser", Kind: Bool, Default: "false", About: "let pgmend connect as a superuser; code in the database could borrow its rights"},
		{Name: "allow_event_triggers", Kind: Texts, Default: "[" + strings.Join(defaultEventTriggers(), ", ") + "]", About: "names and patterns of event triggers that may run with a repair's DDL; any other one forbids it"},
		{Name: "control", Kind: Mapping, About: "the socket for pgmend's commands", Keys: []Key{
			{Name: "socket", Kind: Path, Default: "/run/pgmend/control.sock", About: "a path"},
			{Name: "group", Kind: Text, Default: "pgmend", About: "who may connect to it"},
		}},
		{Name: "page", Kind: Mapping, About: "the local page", Keys: []Key{
			{Name: "socket", Kind: Text, Example: "/run/pgmend/page.sock", About: "a path, or none; without it, beside the control socket"},
			{Name: "listen", Kind: Text, Example: "127.0.0.1:8432", About: "over TCP, too; token_file is needed then, and elsewhere than on the loopback a certificate"},
			{Name: "token_file", Kind: Path, Example: "/etc/pgmend/page.token", About: "what TCP asks for"},
			{Name: "certificate_file", Kind: Path, Example: "/etc/pgmend/page.crt", About: "for TLS, with key_file"},
			{Name: "key_file", Kind: Path, Example: "/etc/pgmend/page.key", About: "of the certificate"},
			{Name: "hosts", Kind: Texts, Example: "[db1.example.org]", About: "names under which it may be asked, beside this host's own"},
		}},
		{Name: "reports", Kind: Mapping, About: "the digests that the daemon writes", Keys: []Key{
			{Name: "directory", Kind: Path, Example: "/var/lib/pgmend/reports", About: "without it, reports in the state directory"},
			{Name: "daily", Kind: Text, Default: `"0 7 * * *"`, About: "a cron specification, or none"},
			{Name: "weekly", Kind: Text, Default: `"0 7 * * 1"`, About: "a cron specification, or none"},
			{Name: "keep", Kind: Length, Default: "2160h", About: "at least 24h"},
		}},
		{Name: "guidance", Kind: Mapping, About: "where advice comes from", Keys: []Key{
			{Name: "packs", Kind: Path, Example: "/etc/pgmend/packs", About: "a folder with themes of the site"},
			{Name: "ai", Kind: Mapping, About: "a language model that explains, and never acts; without it, there is none", Keys: []Key{
				{Name: "url", Kind: Text, Example: "http://127.0.0.1:8080/v1", About: "an OpenAI-compatible endpoint"},
				{Name: "model", Kind: Text, Example: "llama", About: "its model"},
				{Name: "key_file", Kind: Path, Example: "/etc/pgmend/ai.key", About: "a file with its key"},
				{Name: "timeout", Kind: Length, Example: "20s", About: "at most 10m"},
				{Name: "daily_budget", Kind: Number, Example: "100", About: "requests a day"},
			}},
		}},
		{Name: "metrics", Kind: Mapping, About: "for Prometheus, with /healthz and /readyz", Keys: []Key{
			{Name: "listen", Kind: Text, Example: "127.0.0.1:9718", About: "a port of the loopback, or unix:/run/pgmend/metrics.sock; without it, nothing listens"},
		}},
		{Name: "logging", Kind: Mapping, About: "what the daemon says", Keys: []Key{
			{Name: "level", Kind: Text, Default: "info", Values: levels(), About: "debug has the heartbeat of every cycle"},
			{Name: "format", Kind: Text, Default: "auto", Values: []string{"auto", "json", "text"}, About: "auto: text at a terminal, otherwise json"},
		}},
	}
}

// Schema returns the JSON Schema of a file, for editors.
func Schema() ([]byte, error) {
	top := object(Keys())
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["$id"] = "https://github.com/pgmend/pgmend/config.schema.json"
	top["title"] = "pgmend's configuration"
	return json.MarshalIndent(top, "", "  ")
}

type schema = map[string]any

func object(list []Key) schema {
	properties := make(schema)
	for _, k := range list {
		s := k.schema()
		s["description"] = k.About
		properties[k.Name] = s
	}
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

// schema is what one value may be. A key without a value is one that is not
// there, so null is let through.
func (k Key) schema() schema {
	scalar := schema{"type": []string{"string", "number", "boolean", "null"}}
	switch k.Kind {
	case Bool:
		return schema{"type": []string{"boolean", "null"}, "default": k.Default == "true"}
	case Number:
		return schema{"type": []string{"integer", "string", "null"}, "pattern": "^[0-9]+$"}
	case Path:
		scalar = schema{"type": []string{"string", "null"}, "pattern": "^/"}
	case Size:
		scalar = schema{"type": []string{"integer", "string", "null"}, "pattern": "^[0-9]+ *(B|kB|MB|GB|TB)?$"}
	case Length:
		scalar = schema{"type": []string{"string", "null"}, "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`}
	case Texts:
		return schema{"anyOf": []schema{scalar, {"type": "array", "items": scalar}}}
	case Mapping:
		return schema{"anyOf": []schema{object(k.Keys), {"type": "null"}}}
	case Mappings:
		path := schema{"type": "string", "pattern": "^/"}
		item := schema{"anyOf": []schema{path, object(k.Keys)}}
		return schema{"anyOf": []schema{path, object(k.Keys), {"type": "array", "items": item}, {"type": "null"}}}
	case PerRule:
		// YAML 1.1 editors read off as false.
		will := schema{"enum": []any{"off", "observe", "approve", "auto", false}}
		inner := schema{"type": "object", "properties": schema{"mode": will, "every": schema{"type": "string"}},
			"additionalProperties": schema{"type": []string{"string", "number", "boolean"}}}
		return schema{"anyOf": []schema{{"type": "object", "additionalProperties": schema{"anyOf": []schema{will, inner}}}, {"type": "null"}}}
	}
	if len(k.Values) > 0 {
		values := []any{nil}
		for _, v := range k.Values {
			values = append(values, v)
		}
		scalar = schema{"enum": values}
	}
	if k.Default != "" {
		scalar["default"] = k.Default
	}
	return scalar
}
