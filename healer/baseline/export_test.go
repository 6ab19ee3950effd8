package baseline

// For tests, which hold them against the server.
var (
	Ident   = ident
	Literal = literal
)
