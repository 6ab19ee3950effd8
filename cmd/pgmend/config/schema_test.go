package config_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
)

// compiled is the JSON Schema, ready to be asked.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid asks the schema about a YAML text.
func valid(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s.Validate(doc)
}

// at writes a key below its parents.
func at(path []string, value string) string {
	text, indent := "", ""
	for i, name := range path {
		text += indent + name + ":"
		if i < len(path)-1 {
			text += "\n"
		}
		indent += "  "
	}
	return text + " " + value + "\n"
}

// mappings calls for every mapping of keys, with the path to it.
func mappings(path []string, keys []config.Key, each func([]string, []config.Key)) {
	each(path, keys)
	for _, k := range keys {
		if len(k.Keys) > 0 {
			mappings(append(slices.Clone(path), k.Name), k.Keys, each)
		}
	}
}

// The table of keys and the reader know the same ones: what is missing in
// either is found by what the reader offers instead of a word that is like
// none. Traps, such as a password, are the reader's alone.
func TestTheSchemaHasTheReadersKeys(t *testing.T) {
	traps := []string{"password", "token", "key"}
	mappings(nil, config.Keys(), func(path []string, keys []config.Key) {
		text := at(append(slices.Clone(path), "zzzzzzzzzzzzzzzzzzzz"), "1")
		_, err := config.Parse("c.yaml", []byte(text))
		if err == nil {
			t.Fatalf("%v takes any key", path)
		}
		found := regexp.MustCompile(`"zzzzzzzzzzzzzzzzzzzz"; it can be (.*)`).FindStringSubmatch(err.Error())
		if found == nil {
			t.Fatalf("%v: %v", path, err)
		}
		var want []string
		for _, k := range keys {
			want = append(want, k.Name)
		}
		slices.Sort(want)
		got := slices.DeleteFunc(strings.Split(found[1], ", "), func(s string) bool { return slices.Contains(traps, s) })
		if !slices.Equal(got, want) {
			t.Errorf("%v: the reader knows %v, the schema %v", path, got, want)
		}
	})
}

func TestTheSchemaTakesWhatTheReaderTakes(t *testing.T) {
	s := compiled(t)
	if err := valid(t, s, whole); err != nil {
		t.Error(err)
	}
	c, err := config.Parse("c.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	shown, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, s, string(shown)); err != nil {
		t.Errorf("what is shown: %v\n%s", err, shown)
	}
	for text, want := range map[string]string{
		"mood: heal\n": "mood", "mode: fix\n": "mode", "allow_superuser: perhaps\n": "allow_superuser",
		"connection: {hots: x}\n": "connection", "logs: [here.log]\n": "logs", "rules: {a: never}\n": "rules", "window: {length: long}\n": "window",
	} {
		if err := valid(t, s, text); err == nil || !strings.Contains(fmt.Sprintf("%#v %v", err, err), want) {
			t.Errorf("%s is let through: %v", text, err)
		}
	}
}

// The file to begin with is valid as it is, says what the defaults are, and
// stays valid when any of its examples is taken over.
func TestInitial(t *testing.T) {
	initial := config.Initial()
	c, err := config.Parse("c.yaml", []byte(initial))
	if err != nil {
		t.Fatalf("%v\n%s", err, initial)
	}
	got, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.Default().YAML()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("it says something else than the defaults:\n%s\nwant\n%s", got, want)
	}
	s := compiled(t)
	if err := valid(t, s, initial); err != nil {
		t.Error(err)
	}
	comment := regexp.MustCompile(`(?m)^#((  )*(- )?[a-z_]+:)`)
	all := comment.ReplaceAllString(initial, "$1")
	if _, err := config.Parse("c.yaml", []byte(all)); err != nil {
		t.Errorf("with every example: %v\n%s", err, all)
	}
	if err := valid(t, s, all); err != nil {
		t.Errorf("with every example: %v", err)
	}
	for _, line := range strings.Split(initial, "\n") {
		if len(line) > 220 {
			t.Errorf("a line of %d: %s", len(line), line)
		}
	}
	mappings(nil, config.Keys(), func(_ []string, keys []config.Key) {
		for _, k := range keys {
			if !strings.Contains(initial, k.Name+":") {
				t.Errorf("%s is missing", k.Name)
			}
			if k.About == "" {
				t.Errorf("%s is not explained", k.Name)
			}
		}
	})
}
