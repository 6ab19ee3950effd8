package guidance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/pgmend/pgmend/healer"
)

// ClientConfig says how to reach an AI: any endpoint that speaks OpenAI's chat
// completions, one on this host too.
type ClientConfig struct {
	URL     string                                        // the base, as https://host/v1
	Model   string                                        // as the endpoint calls it
	Key     func(context.Context) (string, error)         // nil or "": none is sent; read anew for each request, so that it can be changed
	Timeout time.Duration                                 // of one answer; 0: 20 s
	Budget  func(context.Context) (allowed bool, e error) // asked before each request; nil: no limit
	HTTP    *http.Client                                  // nil: one of its own
}

// Client asks an AI. Its methods may be called from any goroutine.
type Client struct {
	cfg      ClientConfig
	endpoint string
	breaker  *gobreaker.CircuitBreaker[answer]
}

// The breaker's habits: after this many failures in a row nobody asks for a
// while, so that a dead endpoint costs nobody its timeout.
const (
	breakAfter = 5
	breakFor   = time.Minute
	aiTimeout  = 20 * time.Second
)

// NewClient checks the configuration and returns a Client. It connects to
// nothing.
func NewClient(c ClientConfig) (*Client, error) {
	if _, err := Endpoint(c.URL); err != nil {
		return nil, fmt.Errorf("ai.url: %w", err)
	}
	if c.Model == "" {
		return nil, errors.New("ai.model: the model's name is needed")
	}
	if c.Timeout <= 0 {
		c.Timeout = aiTimeout
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{}
	}
	own := *c.HTTP
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.HTTP = &own
	return &Client{
		cfg: c, endpoint: strings.TrimRight(c.URL, "/") + "/chat/completions",
		breaker: gobreaker.NewCircuitBreaker[answer](gobreaker.Settings{
			Name: "ai", Timeout: breakFor,
			ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakAfter },
			IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, context.Canceled) },
		}),
	}, nil
}

// Endpoint reads the address of an AI, and says what is wrong with it.
func Endpoint(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("an address such as https://host/v1 is needed")
	case u.User != nil:
		return nil, errors.New("a key belongs into key_file, not into the address")
	case u.Scheme == "http" && !healer.Loopback(u.Hostname()):
		return nil, errors.New("plain http is for this host only; use https")
	}
	return u, nil
}

// errBudget says that today's requests are used up.
var errBudget = errors.New("today's budget is used up")

// ask sends one request. Its errors are for people to read and hold nothing of
// what the endpoint said, which may be anything.
func (c *Client) ask(ctx context.Context, r request) (answer, error) {
	key := ""
	if c.cfg.Key != nil {
		var err error
		if key, err = c.cfg.Key(ctx); err != nil {
			return answer{}, fmt.Errorf("its key cannot be read: %w", err)
		}
	}
	if c.cfg.Budget != nil {
		allowed, err := c.cfg.Budget(ctx)
		if err != nil {
			return answer{}, fmt.Errorf("its budget cannot be counted: %w", err)
		}
		if !allowed {
			return answer{}, errBudget
		}
	}
	a, err := c.breaker.Execute(func() (answer, error) { return c.complete(ctx, key, r) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return a, errors.New("it failed several times; it is asked again in a minute")
	}
	return a, err
}

func (c *Client) complete(ctx context.Context, key string, r request) (a answer, err error) {
	timed, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := c.request(timed, key, r)
	if err != nil {
		return a, err
	}
	resp, err := c.cfg.HTTP.Do(req)
	if err != nil {
		return a, c.failed(ctx, timed)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return a, fmt.Errorf("the endpoint answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return a, c.failed(ctx, timed)
	case len(body) > maxAnswer:
		return a, errors.New("its answer is too long")
	}
	var reply struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
	}
	if json.Unmarshal(body, &reply) != nil || len(reply.Choices) == 0 {
		return a, errors.New("the endpoint does not speak chat completions")
	}
	return a, a.read(reply.Choices[0].Message.Content)
}

// failed says why there was no reply, without the library's words, which hold
// the address.
func (c *Client) failed(ctx, timed context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case timed.Err() != nil:
		return fmt.Errorf("no answer within %s", c.cfg.Timeout)
	}
	return errors.New("the endpoint cannot be reached")
}

func (c *Client) request(ctx context.Context, key string, r request) (*http.Request, error) {
	content, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	body, err := json.Marshal(map[string]any{
		"model": c.cfg.Model, "temperature": 0,
		"messages":        []message{{"system", instructions}, {"user", string(content)}},
		"response_format": map[string]string{"type": "json_object"},
	})
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the request cannot be made")
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	return req, nil
}
