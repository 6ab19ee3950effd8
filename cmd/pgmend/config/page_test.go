package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
)

func TestPageAndReports(t *testing.T) {
	const text = `page:
  socket: none
  listen: 0.0.0.0:8432
  token_file: /etc/pgmend/page.token
  certificate_file: /etc/pgmend/page.crt
  key_file: /etc/pgmend/page.key
  hosts: [db1.example.org]
reports: {directory: /srv/reports, daily: none, weekly: "0 6 * * 5", keep: 240h}
`
	c, err := config.Parse("c.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	page := config.Page{
		Socket: "none", Listen: "0.0.0.0:8432", TokenFile: "/etc/pgmend/page.token",
		Certificate: "/etc/pgmend/page.crt", Key: "/etc/pgmend/page.key", Hosts: []string{"db1.example.org"},
	}
	if diff := cmp.Diff(page, c.Page, cmpopts.IgnoreUnexported(page)); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	reports := config.Reports{Directory: "/srv/reports", Daily: "none", Weekly: "0 6 * * 5", Keep: 240 * time.Hour}
	if diff := cmp.Diff(reports, c.Reports); diff != "" || c.PageSocket() != "" || c.ReportsDirectory() != "/srv/reports" {
		t.Errorf("reports (-want +got):\n%s socket %q", diff, c.PageSocket())
	}
	shown, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := config.Parse("again.yaml", shown)
	if err != nil || again.Page.Listen != c.Page.Listen || again.Reports != c.Reports {
		t.Errorf("what is shown reads back as another: %v\n%s", err, shown)
	}
	if c, err = config.Parse("c.yaml", []byte("state: /s\ncontrol: {socket: /r/control.sock}\n")); err != nil ||
		c.PageSocket() != "/r/page.sock" || c.ReportsDirectory() != "/s/reports" {
		t.Errorf("by default: %v, %q, %q", err, c.PageSocket(), c.ReportsDirectory())
	}
}

func TestAnUnsafePageIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"page: {listen: '127.0.0.1:8432'}":                                "needs a token_file",
		"page: {listen: '0.0.0.0:8432', token_file: /t}":                  "can be reached from elsewhere",
		"page: {listen: ':8432', token_file: /t}":                         "can be reached from elsewhere",
		"page: {listen: 'db1:8432', token_file: /t}":                      "can be reached from elsewhere",
		"page: {listen: '0.0.0.0:1', certificate_file: /c, key_file: /k}": "needs a token_file",
		"page: {listen: '8432', token_file: /t}":                          "is not HOST:PORT",
		"page: {certificate_file: /c}":                                    "belong together",
		"page: {token: secret}":                                           "use token_file",
		"page: {socket: page.sock}":                                       "not an absolute path",
		"reports: {daily: at seven}":                                      "neither a cron specification",
		"reports: {keep: 1h}":                                             "at least 24h",
	} {
		_, err := config.Parse("c.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "c.yaml:1:") {
			t.Errorf("%s: %v; want %q", text, err, want)
		}
	}
}
