package tail

import "github.com/pgmend/pgmend/parser/pglog"

// sessionLimit is how many sessions' line numbers are remembered, twice.
const sessionLimit = 5000

// sequence watches the line numbers of sessions: each counts its lines from
// 1, so a jump is a loss that nobody else would notice.
type sequence struct {
	recent, older map[string]int64 // by session, the next line
}

// see takes a record and returns what is missing before it.
func (s *sequence) see(r *pglog.Framed) (gap LineGap, lost bool) {
	if r.SessionID == "" || r.SessionLine == 0 {
		return LineGap{}, false
	}
	next, known := s.recent[r.SessionID]
	if !known {
		next, known = s.older[r.SessionID]
	}
	if known && r.SessionLine < next { // seen before
		return LineGap{}, false
	}
	// A client could make losses up, and hide them; of a record that was cut
	// the number may be wrong. Both count where they go on.
	if (r.Forgeable || r.Truncated) && (!known || r.SessionLine > next) {
		return LineGap{}, false
	}
	if s.recent == nil || len(s.recent) >= sessionLimit {
		s.recent, s.older = map[string]int64{}, s.recent
	}
	s.recent[r.SessionID] = r.SessionLine + max(1, r.Lines)
	if known && r.SessionLine > next {
		return LineGap{Session: r.SessionID, From: next, To: r.SessionLine - 1}, true
	}
	return LineGap{}, false
}
