package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/pgmend/pgmend/healer"
)

// Web serves what changes nothing, as metrics and health, on a port of the
// loopback or on a unix socket.
type Web struct {
	Listen  string // as Address reads it
	Group   string // that may connect to a unix socket; "": the process's own
	Handler http.Handler
}

// Address reads where to listen: unix: and an absolute path, or a host and
// port that only this host can reach. Whoever reaches it is asked for nothing.
func Address(listen string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(listen, "unix:"); ok {
		if !filepath.IsAbs(path) {
			return "", "", fmt.Errorf("listen: %q is not unix: and an absolute path", listen)
		}
		return "unix", path, nil
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "" {
		return "", "", fmt.Errorf("listen: %q is neither a port such as 127.0.0.1:9718 nor unix: and a path", listen)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", "", fmt.Errorf("listen: %q is no port", port)
	}
	if !healer.Loopback(host) {
		return "", "", fmt.Errorf("listen: %q can be reached from elsewhere; use 127.0.0.1, [::1] or a unix socket, and a proxy in front", listen)
	}
	return "tcp", listen, nil
}

// Open begins to listen.
func (w Web) Open(ctx context.Context) (net.Listener, error) {
	network, address, err := Address(w.Listen)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		return Listen(ctx, address, w.Group)
	}
	return (&net.ListenConfig{}).Listen(ctx, network, address)
}

// Run serves until the context ends.
func (w Web) Run(ctx context.Context, l net.Listener) error {
	return serveUntil(ctx, "metrics", l, &http.Server{
		Handler: w.Handler, ReadHeaderTimeout: headTime, ReadTimeout: bodyTime, WriteTimeout: webTime,
		IdleTimeout: idleTime, MaxHeaderBytes: 16 << 10,
	})
}

// serveUntil serves until the context ends, and then lets what is at work end.
func serveUntil(ctx context.Context, what string, l net.Listener, server *http.Server) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("%s: %w", what, err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err := server.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
