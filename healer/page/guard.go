package page

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/healer"
)

// policy lets a page load its own stylesheet and script and ask its own
// server, and nothing else. Nothing may embed it.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// headers go with every answer, also with refusals.
func headers(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// handler is the routes behind the checks.
func (s *Server) handler(network bool) http.Handler {
	routes := s.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers(w.Header())
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "this page only shows; pgmend's commands act")
			return
		case !s.host(r.Host):
			// A name that somebody points at this address (DNS rebinding).
			refuse(w, http.StatusMisdirectedRequest, "this is not the host you asked for")
			return
		case foreign(r):
			refuse(w, http.StatusForbidden, "another site asked for this")
			return
		case network && !s.known(r):
			w.Header().Set("WWW-Authenticate", `Basic realm="pgmend: any name, and the token", charset="UTF-8"`)
			refuse(w, http.StatusUnauthorized, "a token is needed")
			return
		}
		select {
		case s.seats <- struct{}{}:
			defer func() { <-s.seats }()
		default:
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusServiceUnavailable, "too many requests at once")
			return
		}
		routes.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, status int, why string) { http.Error(w, why, status) }

// host reports whether a request names this host.
func (s *Server) host(asked string) bool {
	name := asked
	if h, _, err := net.SplitHostPort(asked); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	return healer.Loopback(name) || name == "pgmend" || slices.ContainsFunc(s.cfg.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

// foreign reports whether a page of another site made the browser ask. A
// person who follows a link to here did it themselves.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host != r.Host {
			return true
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// known reports whether a request has the token: as a bearer's or, because
// that is what a browser can ask a person for, as the password of any user.
func (s *Server) known(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, token, ok = r.BasicAuth()
	}
	// Of equal length, so that the comparison takes one time for all.
	a, b := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.cfg.Token))
	return ok && s.cfg.Token != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
