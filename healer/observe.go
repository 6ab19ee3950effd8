package healer

import "context"

// Observers tells each of them, in order; nil ones are passed over.
type Observers []Observer

// Observe implements Observer.
func (list Observers) Observe(ctx context.Context, t Transition) {
	for _, o := range list {
		if o != nil {
			o.Observe(ctx, t)
		}
	}
}

func (h *Healer) tell(ctx context.Context, t Transition) {
	h.pulse.expect(h.cfg.RuleTime)
	if h.cfg.Observer == nil {
		return
	}
	t.At, t.Database = h.now(), h.cfg.Database
	h.cfg.Observer.Observe(ctx, t)
}
