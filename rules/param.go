package rules

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// paramTypes are the types a parameter may have.
var paramTypes = []ParamType{TypeBytes, TypeInteger, TypeNumber, TypeShare, TypeDuration, TypeText, TypeBool}

// enabledParam is the parameter that every rule has: whether it runs. A rule
// that has to be configured first declares it with the default false.
const enabledParam = "enabled"

// Setting gives a parameter of the rules a glob matches a value.
type Setting struct {
	Glob  string `json:"glob"`
	Param string `json:"param"`
	Value string `json:"value"`
}

// String is the form of --set.
func (s Setting) String() string { return s.Glob + "." + s.Param + "=" + s.Value }

// ParseSetting reads GLOB.param=value.
func ParseSetting(text string) (Setting, error) {
	name, value, ok := strings.Cut(text, "=")
	dot := strings.LastIndexByte(name, '.')
	if !ok || dot <= 0 || dot == len(name)-1 {
		return Setting{}, fmt.Errorf("setting %q: write GLOB.param=value, such as 'index/*.min_size=64MB'", text)
	}
	return Setting{Glob: name[:dot], Param: name[dot+1:], Value: value}, nil
}

// MatchGlob matches a rule's id; * stands for any characters, also a slash,
// and ? for one.
func MatchGlob(glob, id string) bool {
	var form strings.Builder
	form.WriteString("^")
	for _, c := range glob {
		switch c {
		case '*':
			form.WriteString(".*")
		case '?':
			form.WriteString(".")
		default:
			form.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	form.WriteString("$")
	return regexp.MustCompile(form.String()).MatchString(id)
}

// CheckSettings refuses a setting that no rule can use, so that a typing
// error is never silent.
func CheckSettings(list []Setting, all []*Rule) error {
	for _, s := range list {
		ids, params, used := []string{}, []string{enabledParam}, false
		for _, r := range all {
			ids = append(ids, r.ID)
			if !MatchGlob(s.Glob, r.ID) {
				continue
			}
			for _, p := range r.Params {
				params = append(params, p.Name)
			}
			_, has := r.Param(s.Param)
			used = used || has || s.Param == enabledParam
		}
		if used {
			continue
		}
		hint := didYouMean(s.Param, params)
		if len(params) == 1 {
			hint = didYouMean(s.Glob, ids)
		}
		return fmt.Errorf("setting %s: no rule has it; %s", s, hint)
	}
	return nil
}

// Settings returns the rule's parameters: the defaults, then the settings
// that match, in order. A rule whose `enabled` is false does not run; that is
// no value of its queries.
func (r *Rule) Settings(list []Setting) (values Values, enabled bool, err error) {
	values, enabled = make(Values, len(r.Params)), true
	for _, p := range r.Params {
		value, err := p.Value(p.Default)
		if err != nil {
			return nil, false, fmt.Errorf("rule %s: parameter %s: %w", r.ID, p.Name, err)
		}
		if p.Name == enabledParam {
			enabled = value.Text == "true"
			continue
		}
		values[p.Name] = value
	}
	for _, s := range list {
		if !MatchGlob(s.Glob, r.ID) {
			continue
		}
		if s.Param == enabledParam {
			if enabled, err = strconv.ParseBool(s.Value); err != nil {
				return nil, false, fmt.Errorf("setting %s: true or false is needed", s)
			}
			continue
		}
		p, ok := r.Param(s.Param)
		if !ok {
			continue
		}
		if values[p.Name], err = p.Value(s.Value); err != nil {
			return nil, false, fmt.Errorf("setting %s: %w", s, err)
		}
	}
	return values, enabled, nil
}

var decimal = regexp.MustCompile(`^[0-9]{1,18}(\.[0-9]{1,9})?$`)

// Value reads a parameter's value in the form it takes as an argument.
func (p Param) Value(text string) (Value, error) {
	text = strings.TrimSpace(text)
	bad := func(example string) (Value, error) {
		return Value{}, fmt.Errorf("%q is not of type %s, such as %s", text, p.Type, example)
	}
	switch p.Type {
	case TypeBytes:
		n, ok := Bytes(text)
		if !ok {
			return bad("64MB")
		}
		return Value{Text: strconv.FormatInt(n, 10), Type: oidInt8}, nil
	case TypeInteger:
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return bad("1000")
		}
		return Value{Text: text, Type: oidInt8}, nil
	case TypeNumber:
		if !decimal.MatchString(text) {
			return bad("2.5")
		}
		return Value{Text: text, Type: oidNumeric}, nil
	case TypeShare:
		return share(text, bad)
	case TypeDuration:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return bad("15m")
		}
		return Value{Text: strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " seconds", Type: oidInterval}, nil
	case TypeBool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return bad("true")
		}
		return Value{Text: strconv.FormatBool(b), Type: oidBool}, nil
	}
	return Text(text), nil
}

// share reads 0.2 or 20% exactly, as a decimal fraction.
func share(text string, bad func(string) (Value, error)) (Value, error) {
	digits, percent := strings.CutSuffix(text, "%")
	r, ok := new(big.Rat).SetString(strings.TrimSpace(digits))
	if !ok || !decimal.MatchString(strings.TrimSpace(digits)) {
		return bad("20%")
	}
	if percent {
		r.Quo(r, big.NewRat(100, 1))
	}
	if r.Cmp(big.NewRat(1, 1)) > 0 {
		return bad("20%")
	}
	return Value{Text: strings.TrimSuffix(strings.TrimRight(r.FloatString(9), "0"), "."), Type: oidNumeric}, nil
}

// units are PostgreSQL's, powers of 1024 (documentation, Setting Parameters).
var units = map[string]int64{"": 1, "B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}

// Bytes reads a size such as 64MB.
func Bytes(text string) (int64, bool) {
	i := strings.IndexFunc(text, func(c rune) bool { return c < '0' || c > '9' })
	if i < 0 {
		i = len(text)
	}
	n, err := strconv.ParseInt(text[:i], 10, 64)
	unit, known := units[strings.TrimSpace(text[i:])]
	if err != nil || !known || n > (1<<62)/unit {
		return 0, false
	}
	return n * unit, true
}
