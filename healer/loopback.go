package healer

import "net"

// Loopback reports whether a host is this one: what is sent there, and who
// comes from there, leaves no machine. A name that only begins like an address
// of it is not.
func Loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
