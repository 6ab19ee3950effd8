package guidance_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"github.com/pgmend/pgmend/guidance"
)

// invoices is a pack as a site writes it.
const invoices = `
pack: site
title: Ours
general: other
themes:
  - name: other
    title: Other
    summary: Nothing of ours stands out.
    steps: [Ask in the database channel.]
  - name: billing
    title: Billing
    summary: The invoice run fills the disk on the first of the month.
    keywords:
      en: {strong: [invoice*], usual: [billing], weak: [month]}
      it: {strong: [fattur*]}
    steps: [Wait for the run to end.]
`

// A pack is a YAML file. A mistake in it is refused, and said with its place.
func ExampleParsePack() {
	p, err := guidance.ParsePack("site.yaml", []byte(invoices))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Name, len(p.Themes))
	_, err = guidance.ParsePack("bad.yaml", []byte("pack: site\ngeneral: nothing\n"))
	fmt.Println(err)
	// Output:
	// site 2
	// bad.yaml: general: "nothing" is no theme of the pack
}

// A site's packs stand beside the built-in ones. One that has a mistake stops
// no other.
func ExampleLoadPacks() {
	folder := fstest.MapFS{ // os.DirFS("/etc/pgmend/guidance.d")
		"bad.yaml":  {Data: []byte("pack: Bad Name\ngeneral: x\n")},
		"site.yaml": {Data: []byte(invoices)},
	}
	own, mistakes := guidance.LoadPacks(folder, "*.yaml")
	fmt.Println(mistakes != nil, len(own))
	packs, err := guidance.BuiltinPacks()
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := guidance.New(guidance.Config{Packs: append(packs, own...)})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := e.Explain(guidance.Question{Text: "quando finiscono le fatture?"})
	fmt.Println(a.Theme, a.Steps, err)
	// Output:
	// true 1
	// site/billing [Wait for the run to end.] <nil>
}

// One engine serves a whole process, and is made when it is first asked for.
func ExampleShared() {
	made := 0
	shared := guidance.NewShared(func(context.Context) (*guidance.Engine, error) {
		made++
		return guidance.New(guidance.Config{})
	})
	for range 3 {
		e, err := shared.Engine(context.Background())
		if err != nil {
			fmt.Println(err) // it is not kept: the next caller tries again
			return
		}
		a, err := e.Explain(guidance.Question{SQLState: "53300"})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(a.Theme)
	}
	fmt.Println("made", made)
	// Output:
	// postgres/connections
	// postgres/connections
	// postgres/connections
	// made 1
}

// An AI is any endpoint that speaks chat completions. When it fails, the
// built-in answer comes and says why.
func ExampleNewClient() {
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer busy.Close()
	ai, err := guidance.NewClient(guidance.ClientConfig{
		URL: busy.URL + "/v1", Model: "some-model",
		Key: func(context.Context) (string, error) { return "secret", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := guidance.New(guidance.Config{AI: ai})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := e.Ask(context.Background(), guidance.Question{Text: "autovacuum does not keep up"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Theme, a.Source)
	fmt.Println(a.Note)
	// Output:
	// postgres/vacuum builtin
	// the AI did not answer: the endpoint answered 429 Too Many Requests
}

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
