package tail

import "strings"

// strftimeGlob makes a pattern of a log_filename: each escape of strftime
// stands for any text. The server's own escapes are those of
// https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-FILENAME
func strftimeGlob(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c != '%' || i+1 == len(name) {
			b.WriteByte(c)
			continue
		}
		i++
		if (name[i] == 'E' || name[i] == 'O') && i+1 < len(name) { // a modifier comes before the letter
			i++
		}
		switch {
		case name[i] == '%':
			b.WriteByte('%')
		case !strings.HasSuffix(b.String(), "*"):
			b.WriteByte('*')
		}
	}
	return b.String()
}
