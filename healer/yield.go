package healer

// Yield is the error of a statement that was given up so that nobody else had
// to wait for it. It is not a failure: the repair is tried again later.
type Yield struct {
	Reason string
}

// Error implements error.
func (y *Yield) Error() string { return "yielded: " + y.Reason }
