package guidance

// SchemaVersion is the version of Advice's JSON.
const SchemaVersion = 1

// Source says who wrote an advice.
type Source string

// The sources.
const (
	AI      Source = "ai"      // a language model, checked
	Builtin Source = "builtin" // the packs and the rules' own texts
)

// Advice is the answer to a Question. Its texts are data: whoever shows them
// escapes them.
type Advice struct {
	SchemaVersion int      `json:"schema_version"`
	Theme         string   `json:"theme"` // PACK/NAME
	Title         string   `json:"title"`
	Themes        []Match  `json:"themes"`   // what else it may be about, the likeliest first
	Summary       string   `json:"summary"`  // Markdown where a rule's author wrote it
	Evidence      []Fact   `json:"evidence"` // what the summary rests on
	Steps         []string `json:"steps"`    // what to do, in this order
	Risks         []string `json:"risks"`    // what to look out for
	Links         []Link   `json:"links"`    // PostgreSQL's documentation
	Rules         []string `json:"rules"`    // that look for such faults, or repair them
	Source        Source   `json:"source"`
	Note          string   `json:"note,omitempty"` // why no AI answered, where one is configured
}

// Match is a theme that was detected, and why.
type Match struct {
	Theme string   `json:"theme"` // PACK/NAME
	Score int      `json:"score"` // the sum of the weights of the words, and up to 45 for the likeness to the examples
	Words []string `json:"words"` // that spoke for it, as the pack has them
}

// Fact is one piece of evidence.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Link is a page of PostgreSQL's documentation.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// maxFact bounds a fact's text in bytes; definitions can be long.
const maxFact = 2048

// clip cuts a text at a character's boundary and says so.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most] + "… (cut)"
}
