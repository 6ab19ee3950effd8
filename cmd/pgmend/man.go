package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages", Args: cobra.ExactArgs(1),
		Long: `Writes a page for each command, and pgmend.yaml(5) for the configuration. The
packages have them already.`,
		Example: "  pgmend man /usr/local/share/man",
		RunE: func(c *cobra.Command, args []string) error {
			pages := manPages(c.Root())
			for name, text := range pages {
				path := filepath.Join(args[0], "man"+name[len(name)-1:], name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // documentation, for everybody
					return err
				}
				if err := renameio.WriteFile(path, []byte(text), 0o644); err != nil {
					return err
				}
			}
			_, err := fmt.Fprintf(a.stdout, "%d pages\n", len(pages))
			return err
		},
	}
}

// manPages are the manual pages, by file name.
func manPages(root *cobra.Command) map[string]string {
	pages := map[string]string{"pgmend.yaml.5": configPage()}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		pages[pageName(c)+".1"] = commandPage(c)
		for _, sub := range subcommands(c) {
			walk(sub)
		}
	}
	walk(root)
	return pages
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// usage is how a command is called. Whether cobra adds "[flags]" depends on
// whether it has merged those of the parents already.
func usage(c *cobra.Command) string { return strings.TrimSuffix(c.UseLine(), " [flags]") }

func subcommands(c *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			list = append(list, sub)
		}
	}
	return list
}

// commandPage is the page of one command. The options of all commands are on
// the first one only.
func commandPage(c *cobra.Command) string {
	p := newManPage(pageName(c), "1", c.Short)
	p.section("SYNOPSIS")
	p.bold(usage(c) + " [options]")
	p.section("DESCRIPTION")
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	p.text(long)
	see := []string{"pgmend.yaml(5)"}
	if c.HasParent() {
		see = append(see, pageName(c.Parent())+"(1)")
	}
	if subs := subcommands(c); len(subs) > 0 {
		p.section("COMMANDS")
		for _, sub := range subs {
			p.item(usage(sub), sub.Short)
			see = append(see, pageName(sub)+"(1)")
		}
	}
	p.section("OPTIONS")
	c.LocalFlags().VisitAll(p.flag)
	if c.HasParent() {
		p.WriteString(".PP\n")
		p.text("Those of all commands are in pgmend(1).")
	} else {
		p.environment()
	}
	if c.Example != "" {
		p.section("EXAMPLES")
		p.verbatim(c.Example)
	}
	p.section("SEE ALSO")
	p.text(strings.Join(see, ", "))
	return p.String()
}

// environment is what the first page says of the surroundings.
func (p *manPage) environment() {
	p.section("ENVIRONMENT")
	p.item("PGHOST, PGPORT, PGUSER, PGDATABASE, PGSERVICE, PGPASSFILE, …", "as libpq has them; flags come over them")
	for _, v := range config.Variables() {
		p.item(v.Name, v.Key+" of pgmend.yaml(5)")
	}
	p.item("PGMEND_CONFIG", "the configuration file")
	p.item("NO_COLOR, CLICOLOR_FORCE, TERM, PAGER", "how it looks at a terminal")
	p.section("FILES")
	p.item(config.DefaultPath+", /etc/pgmend/conf.d/*.yaml", "the configuration")
	p.item(siteRules+"/", "rules of the site")
	p.item(systemState+"/", "the daemon's ledger and reports; only its user may look into it")
	p.item("/run/pgmend/control.sock", "the daemon, for members of the group pgmend")
}

// configPage is the page of the configuration, made of the table that its
// schema is made of.
func configPage() string {
	p := newManPage("pgmend.yaml", "5", "the configuration of pgmend")
	p.section("SYNOPSIS")
	p.bold(config.DefaultPath)
	p.section("DESCRIPTION")
	p.text(`YAML. The files of conf.d/*.yaml beside it come over it, in the order of their names; then the environment, then flags.
pgmend config check names every mistake with its place; pgmend config init prints a file to begin with.
The daemon reads it again at SIGHUP (systemctl reload pgmend). Where it has a mistake, the running one is kept and the log says why.`)
	p.section("KEYS")
	p.keys("", config.Keys())
	p.section("SEE ALSO")
	p.text("pgmend(1), pgmend-config(1), pgmend-setup-sql(1)")
	return p.String()
}

func (p *manPage) keys(parents string, list []config.Key) {
	for _, k := range list {
		about := k.About
		if len(k.Values) > 0 {
			about += ". One of " + strings.Join(k.Values, ", ")
		}
		switch {
		case k.Default != "":
			about += ". Default: " + k.Default
		case k.Example != "":
			about += ". Such as: " + k.Example
		}
		p.item(parents+k.Name, about)
		inner := parents + k.Name + "."
		if k.Kind == config.Mappings {
			inner = parents + k.Name + "[]."
		}
		p.keys(inner, k.Keys)
	}
}

// manPage is the source of a page in the man macros, groff_man(7). Every text
// that is written to it is escaped.
type manPage struct{ strings.Builder }

func newManPage(name, section, about string) *manPage {
	p := new(manPage)
	fmt.Fprintf(p, ".TH %s %s \"\" \"pgmend %s\" \"pgmend\"\n", strings.ToUpper(roff(name)), section, roff(version()))
	p.section("NAME")
	fmt.Fprintf(p, "%s \\- %s\n", roff(name), roff(about))
	return p
}

func (p *manPage) section(title string) { fmt.Fprintf(p, ".SH %s\n", title) }

func (p *manPage) bold(text string) { fmt.Fprintf(p, "\\fB%s\\fR\n", roff(text)) }

// item is a term and what is said of it.
func (p *manPage) item(term, about string) {
	fmt.Fprintf(p, ".TP\n\\fB%s\\fR\n%s\n", roff(term), roff(about))
}

// flag is an item of the options.
func (p *manPage) flag(f *pflag.Flag) {
	if f.Hidden {
		return
	}
	kind, about := pflag.UnquoteUsage(f)
	term := "--" + f.Name
	if f.Shorthand != "" {
		term = "-" + f.Shorthand + ", " + term
	}
	if kind != "" {
		term += " " + kind
	}
	if d := f.DefValue; d != "" && d != "[]" && d != "false" && d != "0" && d != "0s" {
		about += " (default " + d + ")"
	}
	p.item(term, about)
}

// text is paragraphs, filled; an empty line begins the next one, and indented
// lines stay as they are.
func (p *manPage) text(text string) {
	for i, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			p.WriteString(".PP\n")
		}
		if strings.HasPrefix(block, " ") {
			p.verbatim(block)
			continue
		}
		for line := range strings.SplitSeq(block, "\n") {
			p.WriteString(roff(line) + "\n")
		}
	}
}

func (p *manPage) verbatim(text string) {
	p.WriteString(".nf\n")
	for line := range strings.SplitSeq(text, "\n") {
		p.WriteString(roff(line) + "\n")
	}
	p.WriteString(".fi\n")
}

// roff escapes a line of text: a backslash, a hyphen that is to stay a
// hyphen, and what would be a request at its beginning.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`, "`", `\(ga`, "'", `\(aq`, "…", `\&...`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
