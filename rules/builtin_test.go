package rules

import "testing"

func TestBuiltinVets(t *testing.T) {
	s, errs := Builtin()
	for _, e := range errs {
		t.Error(e)
	}
	if len(s.Files()) < 10 {
		t.Errorf("only %d rules are embedded", len(s.Files()))
	}
}
