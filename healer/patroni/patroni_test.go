package patroni_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/patroni"
)

const member = `{"state": "running", "role": "primary", "server_version": 180000, "timeline": 1,
	"database_system_identifier": "7000000000000000001", %s "patroni": {"version": "4.0.4", "scope": "shop", "name": "a"}}`

// What answers as Patroni does, and for this cluster, is believed; anything
// else is no "no".
// hazard: 31
func TestPaused(t *testing.T) {
	running := strings.ReplaceAll(member, "%s", "")
	for name, c := range map[string]struct {
		status int
		body   string
		paused bool
		wrong  string
	}{
		"running":          {body: running},
		"paused":           {body: strings.ReplaceAll(member, "%s", `"pause": true,`), paused: true},
		"another cluster":  {body: strings.ReplaceAll(running, "0001", "0002"), wrong: "is of another cluster"},
		"no cluster yet":   {body: `{"state": "starting", "patroni": {}}`, wrong: "is of another cluster"},
		"another service":  {body: `{"database_system_identifier": "7000000000000000001"}`, wrong: "does not answer as Patroni does"},
		"no JSON":          {body: "<html>", wrong: "does not answer as Patroni does"},
		"longer than ever": {body: `{"patroni": "` + strings.Repeat("x", 2<<20) + `"}`, wrong: "does not answer as Patroni does"},
		"an error":         {status: http.StatusServiceUnavailable, body: running, wrong: "answers 503"},
		"elsewhere":        {status: http.StatusFound, body: running, wrong: "answers 302"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/patroni" || r.Method != http.MethodGet {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				if c.status != 0 {
					w.Header().Set("Location", "/patroni")
					w.WriteHeader(c.status)
				}
				_, _ = w.Write([]byte(c.body)) // who does not read on has his answer
			}))
			defer server.Close()
			paused, err := patroni.API{Address: server.URL, SystemIdentifier: "7000000000000000001"}.Paused(t.Context())
			if paused != c.paused || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%t, %v", paused, err)
			}
		})
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, err := (patroni.API{Address: server.URL}).Paused(t.Context()); err == nil {
		t.Error("nobody is there, and it is not paused")
	}
}

func TestAddress(t *testing.T) {
	for text, good := range map[string]bool{
		"http://127.0.0.1:8008": true, "https://db1.example.org:8008/": true, "http://[::1]:8008": true,
		"127.0.0.1:8008": false, "": false, "http://": false, "ftp://db1": false, "http://u:p@db1:8008": false,
		"http://db1:8008/patroni": false, "http://db1:8008?x": false, "http://db1:8008#x": false, "http://%zz": false,
	} {
		if _, err := patroni.Address(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}
