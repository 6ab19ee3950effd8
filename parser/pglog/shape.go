package pglog

// shape says how many bytes an escape's value takes at the beginning of s;
// -1 if it does not fit. Escapes whose value can be any text have no shape.
func shape(escape byte, s string) (n int, fixed bool) {
	switch escape {
	case 'p', 'l', 'x':
		n = digits(s, 0)
	case 'P': // empty unless a parallel worker
		return digits(s, 0), true
	case 'Q':
		if n = 0; s != "" && s[0] == '-' {
			n = 1
		}
		n = digits(s, n)
	case 'n':
		if n = digits(s, 0); n < len(s) && s[n] == '.' {
			n = digits(s, n+1)
		}
	case 't', 'm', 's':
		return stampShape(escape, s), true
	case 'c':
		for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] >= 'a' && s[n] <= 'f' || s[n] == '.') {
			n++
		}
	case 'e':
		if !isState(s) {
			return -1, true
		}
		return 5, true
	case 'v': // 3/17, or empty
		if n = digits(s, 0); n == 0 || n == len(s) || s[n] != '/' {
			return 0, true
		}
		return digits(s, n+1), true
	default:
		return 0, false
	}
	if n == 0 {
		n = -1
	}
	return n, true
}

// digits is where the digits of s that begin at from end.
func digits(s string, from int) int {
	for from < len(s) && s[from] >= '0' && s[from] <= '9' {
		from++
	}
	return from
}

// isState says that s begins like an SQLSTATE.
func isState(s string) bool {
	if len(s) < 5 {
		return false
	}
	for i := range 5 {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// stampShape is the length of a time with its zone: UTC, CEST or -03.
func stampShape(escape byte, s string) int {
	if !matchShape(s, "dddd-dd-dd dd:dd:dd") {
		return -1
	}
	n := 19
	if escape == 'm' {
		if !matchShape(s[n:], ".ddd") {
			return -1
		}
		n += 4
	}
	if n >= len(s) || s[n] != ' ' {
		return -1
	}
	for n++; n < len(s) && isZone(s[n]); n++ {
	}
	if s[n-1] == '-' { // a literal behind the zone, as in "%t-%u"
		n--
	}
	return n
}

func isZone(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '-'
}
