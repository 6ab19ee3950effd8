package pglog

import "strconv"

// atoi and atoi64 read a number of the log; 0 if it is none.
func atoi(s string) int { return int(atoi64(s)) }

func atoi64(s string) int64 {
	var v int64
	plain := len(s) < 19
	for i := 0; plain && i < len(s); i++ {
		d := s[i] - '0'
		plain = d <= 9
		v = v*10 + int64(d)
	}
	if plain {
		return v
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// number is a decimal number of the log; 0 if it is none.
func number(s string) float64 {
	f, _ := parseFloat(s)
	return f
}

// parseFloat reads 12.345 and what else strconv knows.
func parseFloat(s string) (float64, bool) {
	whole := digits(s, 0)
	end, scale := whole, 1.0
	if end < len(s) && s[end] == '.' {
		end = digits(s, end+1)
	}
	// Up to 15 digits and a power of ten are exact, and so is their quotient.
	if end != len(s) || end == 0 || end > 16 || whole == 0 {
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	}
	var v int64
	for i := range end {
		if s[i] == '.' {
			continue
		}
		v = v*10 + int64(s[i]-'0')
		if i > whole {
			scale *= 10
		}
	}
	return float64(v) / scale, true
}
