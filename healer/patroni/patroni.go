package patroni

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// The bounds of one question. An answer has some kilobytes, a few for each
// member of the cluster.
const (
	patience = 5 * time.Second
	most     = 1 << 20
)

// Address reads the address of a REST API, such as http://127.0.0.1:8008, and
// says what is wrong with it.
func Address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("%q is no address such as http://127.0.0.1:8008", text)
	case u.User != nil:
		return nil, errors.New("a password does not belong here, and Patroni asks for none to be read")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is more than the address of the REST API, such as http://127.0.0.1:8008", text)
	}
	return u, nil
}

// API is the REST API of a member of a cluster.
type API struct {
	Address          string // as Address takes it
	SystemIdentifier string // of the cluster that it has to be of
}

// answer is what the monitoring endpoint says (documentation of Patroni, REST
// API). Pause is there only while it is paused.
type answer struct {
	SystemIdentifier string           `json:"database_system_identifier"`
	Pause            bool             `json:"pause"`
	Patroni          *json.RawMessage `json:"patroni"`
}

// Paused reports whether the cluster is paused. What does not answer as
// Patroni does, or for another cluster, is an error: unknown is not "no".
func (a API) Paused(ctx context.Context) (bool, error) {
	u, err := Address(a.Address)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath("patroni").String(), nil)
	if err != nil {
		return false, err
	}
	// No proxy of the environment, and nothing stays open between two repairs.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(q)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%s answers %s", u, res.Status)
	}
	var got answer
	if err := json.NewDecoder(io.LimitReader(res.Body, most)).Decode(&got); err != nil || got.Patroni == nil {
		return false, fmt.Errorf("%s does not answer as Patroni does", u)
	}
	if got.SystemIdentifier != a.SystemIdentifier {
		return false, fmt.Errorf("%s is of another cluster: its system identifier is %q, and this server's %s", u, got.SystemIdentifier, a.SystemIdentifier)
	}
	return got.Pause, nil
}
