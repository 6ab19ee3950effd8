package rules

import "testing"

func TestBuiltinVets(t *testing.T) {
	s, errs := Builtin()
	for _, e := range errs {
		t.Error(e)
	}
	if len(s.Files()) < 10 {
		t.Errorf("%d rules", len(s.Files()))
	}
}
