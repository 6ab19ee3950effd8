// Package control is the daemon's socket: HTTP with JSON over a unix socket,
// where the commands that write ask the daemon to act for them.
//
//	command -> (control client -> control server) -> healer.Service
//
// Who may connect is decided by the socket's group; who did is asked of the
// kernel (SO_PEERCRED) and is the recorded actor. A request cannot name one.
package control
