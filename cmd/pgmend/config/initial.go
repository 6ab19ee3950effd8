package config

import (
	"fmt"
	"strings"
)

// Initial is a file to begin with: every key, explained, with its default or,
// commented out, with an example.
func Initial() string {
	var out strings.Builder
	out.WriteString("# pgmend's configuration. Files of conf.d/*.yaml beside it come over it, then the\n" +
		"# environment, then flags. pgmend config check names every mistake;\n" +
		"# systemctl reload pgmend takes it over. See pgmend.yaml(5) and pgmend setup sql.\n")
	for _, k := range Keys() {
		out.WriteString("\n")
		k.write(&out, "", "")
	}
	return out.String()
}

// write writes a key. Mark begins a line that is commented out.
func (k Key) write(out *strings.Builder, indent, mark string) {
	about := k.About
	if len(k.Values) > 0 {
		about += " (" + strings.Join(k.Values, ", ") + ")"
	}
	for _, line := range wrapped(about, 76-len(indent)) {
		fmt.Fprintf(out, "%s# %s\n", indent, line)
	}
	switch k.Kind {
	case Mapping, Mappings:
		if !k.set() {
			mark = "#"
		}
		fmt.Fprintf(out, "%s%s%s:\n", mark, indent, k.Name)
		indent += "  "
		for i, inner := range k.Keys {
			first := indent
			if k.Kind == Mappings {
				if first = indent + "  "; i == 0 {
					first = indent + "- "
				}
			}
			inner.line(out, first, mark)
		}
	default:
		k.line(out, indent, mark)
	}
}

// set reports whether something in a mapping has a default.
func (k Key) set() bool {
	for _, inner := range k.Keys {
		if k.Kind == Mapping && (inner.Default != "" || inner.set()) {
			return true
		}
	}
	return false
}

// line writes a key of a mapping in one line, its explanation behind it.
func (k Key) line(out *strings.Builder, indent, mark string) {
	value := k.Default
	if value == "" {
		value, mark = k.Example, "#"
	}
	if k.Kind == Mapping {
		var inner []string
		for _, x := range k.Keys {
			inner = append(inner, x.Name+": "+x.Example)
		}
		value = "{" + strings.Join(inner, ", ") + "}"
	}
	comment := ""
	if indent != "" {
		comment = "  # " + k.About
		if len(k.Values) > 0 {
			comment += " (" + strings.Join(k.Values, ", ") + ")"
		}
	}
	fmt.Fprintf(out, "%s%s%s: %s%s\n", mark, indent, k.Name, value, comment)
}

// wrapped breaks a text into lines.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
