package guidance

import "regexp"

// redactions take out what may be a secret or somebody's data, in this order.
// They rather take too much: an AI needs the shape of a problem, not its values.
func redactions() []redaction {
	return []redaction{
		{regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s'"<>]+`), "${1}?"},
		{regexp.MustCompile(`(?is)-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|$)`), "?"},
		{regexp.MustCompile(`(?i)\b(pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|apikey|authorization|bearer|credentials?)(\s*[:=]\s*|\s+(?:is\s+)?)(?:'[^']*'|"[^"]*"|\S+)`), "${1}${2}?"},
		{regexp.MustCompile(`\((?:[^()]|\([^()]*\))*\)=\((?:[^()]|\([^()]*\))*\)?`), "(…)=(?)"}, // Key (email)=(ada@…)
		{regexp.MustCompile(`(?s)\$([A-Za-z_]\w*)?\$.*?(?:\$([A-Za-z_]\w*)?\$|$)`), "?"},
		{regexp.MustCompile(`(?s)'(?:[^'\\]|''|\\.){1,}'`), "'?'"},
		{regexp.MustCompile(`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`), "?"},
		{regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`), "?"},
		{regexp.MustCompile(`(?i)\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,}\b`), "?"},
		{regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "?"},
		{regexp.MustCompile(`\b[A-Za-z0-9+/_-]*\d[A-Za-z0-9+/=_-]{19,}`), "?"}, // keys, hashes, base64
		{regexp.MustCompile(`\b\d[\d,._ -]{4,}\d\b`), "?"},                     // phone, card and account numbers
	}
}

type redaction struct {
	what *regexp.Regexp
	with string
}

// redact masks a text for somebody outside.
func redact(text string, list []redaction) string {
	for _, r := range list {
		text = r.what.ReplaceAllString(text, r.with)
	}
	return text
}
