package page_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/html"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/page"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "a-token"

// paths are all pages.
var paths = []string{
	"/", "/findings", "/findings/F2", "/findings/F3", "/repairs", "/repairs/01JDEXAMPLE000000000000001", "/repairs/01JDEXAMPLE000000000000002",
	"/workload", "/space", "/maintenance",
}

// serve runs a server on a unix socket and on loopback TCP, and returns its
// TCP address and a client for the socket.
func serve(t *testing.T, c page.Config) (address string, socket *http.Client) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.sock")
	unix, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- page.NewServer(c).Run(ctx, unix, tcp) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return tcp.Addr().String(), &http.Client{Transport: transport}
}

// ask sends a request and reads the whole answer.
func ask(t *testing.T, client *http.Client, method, url string, header map[string]string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		if r.Header.Set(k, v); k == "Host" {
			r.Host = v
		}
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestEveryPageIsInertAndHasItsPolicy(t *testing.T) {
	_, socket := serve(t, page.Config{Source: source{}, Hub: page.NewHub(), Token: token})
	for _, path := range paths {
		res, body := ask(t, socket, http.MethodGet, "http://localhost"+path, nil)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := res.Header.Get(header); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q", path, header, got)
			}
		}
		inert(t, path, body)
		if strings.ContainsAny(body, "\x1b\u202e") {
			t.Errorf("%s: hidden characters are in it", path)
		}
	}
}

// inert finds what a browser would run or load, but for the page's own.
func inert(t *testing.T, path, body string) {
	t.Helper()
	for z := html.NewTokenizer(strings.NewReader(body)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		tag := z.Token()
		for _, a := range tag.Attr {
			own := strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//")
			known := own || a.Val == "#main" || a.Val == "data:," || strings.HasPrefix(a.Val, "https://www.postgresql.org/")
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || (a.Key == "href" || a.Key == "src") && !known {
				t.Errorf("%s: <%s %s=%q>", path, tag.Data, a.Key, a.Val)
			}
			if tag.Data == "script" && a.Key == "src" && !own {
				t.Errorf("%s: a script from %q", path, a.Val)
			}
		}
		switch tag.Data {
		case "img", "iframe", "object", "embed", "form", "base", "style":
			t.Errorf("%s: a <%s>", path, tag.Data)
		}
	}
}

func TestWhoIsLetIn(t *testing.T) {
	address, socket := serve(t, page.Config{Source: source{}, Hub: page.NewHub(), Token: token, Hosts: []string{"db1.example.org"}})
	tcp, bearer := "http://"+address, map[string]string{"Authorization": "Bearer " + token}
	with := func(k, v string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + token, k: v}
	}
	for name, c := range map[string]struct {
		client *http.Client
		method string
		url    string
		header map[string]string
		want   int
	}{
		"socket":                 {socket, "GET", "http://localhost/", nil, 200},
		"a head":                 {socket, "HEAD", "http://localhost/", nil, 200},
		"post":                   {socket, "POST", "http://localhost/", nil, 405},
		"delete":                 {socket, "DELETE", "http://localhost/repairs", nil, 405},
		"options":                {socket, "OPTIONS", "http://localhost/", nil, 405},
		"rebound name":           {socket, "GET", "http://evil.example/", nil, 421},
		"name that begins alike": {socket, "GET", "http://localhost.evil.example/", nil, 421},
		"another address":        {socket, "GET", "http://10.0.0.1/", nil, 421},
		"configured name":        {socket, "GET", "http://DB1.example.org:8432/", nil, 200},
		"loopback of IPv6":       {socket, "GET", "http://[::1]:8432/", nil, 200},
		"foreign origin":         {socket, "GET", "http://localhost/", map[string]string{"Origin": "https://evil.example"}, 403},
		"null origin":            {socket, "GET", "http://localhost/", map[string]string{"Origin": "null"}, 403},
		"own origin":             {socket, "GET", "http://localhost/", map[string]string{"Origin": "http://localhost"}, 200},
		"foreign fetch":          {socket, "GET", "http://localhost/", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		"foreign frame":          {socket, "GET", "http://localhost/", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403},
		"link from elsewhere":    {socket, "GET", "http://localhost/", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200},
		"unknown page":           {socket, "GET", "http://localhost/nothing", nil, 404},
		"unknown repair":         {socket, "GET", "http://localhost/repairs/nothing", nil, 404},
		"unknown finding":        {socket, "GET", "http://localhost/findings/%3Cscript%3E", nil, 404},
		"tcp without a token":    {http.DefaultClient, "GET", tcp + "/", nil, 401},
		"tcp with another":       {http.DefaultClient, "GET", tcp + "/", map[string]string{"Authorization": "Bearer other"}, 401},
		"tcp with none":          {http.DefaultClient, "GET", tcp + "/", map[string]string{"Authorization": "Bearer "}, 401},
		"tcp with the token":     {http.DefaultClient, "GET", tcp + "/", bearer, 200},
		"tcp, events":            {http.DefaultClient, "GET", tcp + "/events", nil, 401},
		"tcp, the style":         {http.DefaultClient, "GET", tcp + "/assets/x.css", nil, 401},
		"tcp, as a password":     {http.DefaultClient, "GET", "http://me:" + token + "@" + address + "/", nil, 200},
		"tcp, rebound":           {http.DefaultClient, "GET", tcp + "/", with("Host", "evil.example"), 421},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := ask(t, c.client, c.method, c.url, c.header)
			if res.StatusCode != c.want {
				t.Errorf("%s, want %d: %s", res.Status, c.want, body)
			}
			if res.Header.Get("Content-Security-Policy") == "" || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("the answer has no policy: %v", res.Header)
			}
		})
	}
}

// A server that was given no token lets nobody in over TCP, whatever they send.
func TestNoTokenIsNoKey(t *testing.T) {
	address, _ := serve(t, page.Config{Source: source{}})
	for _, h := range []string{"", "Bearer ", "Basic Og==", "Basic bWU6"} {
		if res, _ := ask(t, http.DefaultClient, http.MethodGet, "http://"+address+"/", map[string]string{"Authorization": h}); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%q: %s", h, res.Status)
		}
	}
}

// While PostgreSQL is down the ledger's part is there, and the rest says why
// it is not.
func TestWithoutPostgreSQL(t *testing.T) {
	_, socket := serve(t, page.Config{Source: source{down: errors.New("no route to <b>db1</b>")}})
	for path, want := range map[string]int{"/": 200, "/findings": 200, "/repairs": 200, "/space": 503, "/maintenance": 503, "/workload": 503} {
		res, body := ask(t, socket, http.MethodGet, "http://localhost"+path, nil)
		if res.StatusCode != want {
			t.Errorf("%s: %s", path, res.Status)
		}
		if (path == "/" || want == 503) && !strings.Contains(body, "no route to &lt;b&gt;db1&lt;/b&gt;") {
			t.Errorf("%s does not say why: %s", path, body)
		}
		if strings.Contains(body, "<script") {
			t.Errorf("%s has a script, and there is nobody who tells it anything", path)
		}
	}
}

func TestEventsTellThatSomethingHappened(t *testing.T) {
	hub := page.NewHub()
	_, socket := serve(t, page.Config{Source: source{}, Hub: hub})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := socket.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	if res.Header.Get("Content-Type") != "text/event-stream" || !lines.Scan() || lines.Text() != ": pgmend" {
		t.Fatalf("%v begins with %q", res.Header, lines.Text())
	}
	hub.Observe(ctx, healer.Transition{Action: healer.CycleStarted}) // nobody sees that
	for range 1000 {                                                 // more than anybody takes
		hub.Observe(ctx, healer.Transition{Action: healer.FindingOpened})
	}
	for lines.Scan() {
		if lines.Text() == "event: changed" {
			return
		}
	}
	t.Errorf("no event came: %v", lines.Err())
}

// Whoever only listens is no load, and too many are turned away.
func TestListenersAreBounded(t *testing.T) {
	hub := page.NewHub()
	ctx, cancel := context.WithCancel(t.Context())
	begun, ended := make(chan struct{}, 100), make(chan int, 100)
	for range 40 {
		go func() {
			w := &recorder{ResponseRecorder: httptest.NewRecorder(), begun: begun}
			hub.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil))
			ended <- w.Code
		}()
	}
	refused := 0
	for range 40 {
		<-begun
	}
	cancel()
	for range 40 {
		if <-ended == http.StatusServiceUnavailable {
			refused++
		}
	}
	if refused != 8 {
		t.Errorf("%d of 40 were turned away, want 8", refused)
	}
}

// recorder says when its first bytes are there.
type recorder struct {
	*httptest.ResponseRecorder
	begun chan struct{}
	said  bool
}

func (r *recorder) Write(b []byte) (int, error) {
	if !r.said {
		r.said = true
		r.begun <- struct{}{}
	}
	return r.ResponseRecorder.Write(b)
}

func (r *recorder) SetWriteDeadline(time.Time) error { return nil }
