package rulestest_test

import (
	"context"
	"testing"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// staged is a stage of the built-in rules that ends with the test.
func staged(t testing.TB, s *pgtest.Server) *rulestest.Stage {
	t.Helper()
	st, err := rulestest.NewStage(t.Context(), rulestest.StageConfig{Server: s, Version: s.Major * 10000, Rules: builtin(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return st
}

func builtin(t testing.TB) rules.Set {
	t.Helper()
	set, errs := rules.Builtin()
	for _, err := range errs {
		t.Fatal(err)
	}
	return set
}
