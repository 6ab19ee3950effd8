package guidance_test

import (
	"context"
	"fmt"

	"github.com/pgmend/pgmend/guidance"
)

func ExampleEngine_Ask() {
	e, err := guidance.New(guidance.Config{}) // the built-in packs, no AI
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := e.Ask(context.Background(), guidance.Question{Text: "ERROR:  deadlock detected"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Theme, a.Source)
	fmt.Println(a.Links[0].URL)
	// Output:
	// postgres/locks builtin
	// https://www.postgresql.org/docs/current/explicit-locking.html
}

func ExampleEngine_Themes() {
	e, err := guidance.New(guidance.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range e.Themes("autovacuum waits behind a deadlock")[:2] {
		fmt.Println(m.Theme, m.Words)
	}
	// Output:
	// postgres/locks [waits deadlock*]
	// postgres/vacuum [autovacuum*]
}
