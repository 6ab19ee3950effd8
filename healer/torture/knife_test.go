package torture

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
)

// knife counts the boundaries of a run and cuts at one of them.
type knife struct {
	at     int                // which boundary, from 1; 0: none
	cut    func(label string) // kills; it returns where the victim is not this process
	prefix string             // of the labels
	// super is how to see the server from outside.
	super string

	mu     sync.Mutex
	labels []string
	passed map[string]int // in the attempt that is under way
}

// undoing is what the labels of an undo's boundaries begin with.
const undoing = "undo: "

// begins is the first boundary of an attempt.
const begins = "before " + string(healer.RepairIntended) + " is written"

// pass goes over a boundary, and cuts if that is the one. What an attempt passes
// more than once, as it does with several steps of a class, is numbered.
func (k *knife) pass(label string) {
	k.mu.Lock()
	if label == begins || k.passed == nil {
		k.passed = make(map[string]int)
	}
	if k.passed[label]++; k.passed[label] > 1 {
		label = fmt.Sprintf("%s, the %d. time", label, k.passed[label])
	}
	label = k.prefix + label
	k.labels = append(k.labels, label)
	here := len(k.labels) == k.at
	k.mu.Unlock()
	if here {
		k.cut(label)
	}
}

// book is a ledger with a boundary before and after each entry.
type book struct {
	healer.Ledger
	*knife
}

func (b book) Append(ctx context.Context, e healer.Entry) (healer.Entry, error) {
	if e.Kind != healer.KindAttempt {
		return b.Ledger.Append(ctx, e) // nothing is under way yet, or any more
	}
	b.pass("before " + e.Action + " is written")
	out, err := b.Ledger.Append(ctx, e)
	if err == nil {
		b.pass("after " + e.Action + " is written")
	}
	return out, err
}

// surgeon is an operator with boundaries around what it does.
type surgeon struct {
	healer.Operator
	*knife
}

func (s surgeon) Begin(ctx context.Context, op healer.Operation) (healer.Session, error) {
	s.pass("before the session begins")
	session, err := s.Operator.Begin(ctx, op)
	if err != nil {
		return nil, err
	}
	s.pass("after the session began")
	return &patient{Session: session, knife: s.knife}, nil
}

type patient struct {
	healer.Session
	*knife
}

func (p *patient) Exec(ctx context.Context, st healer.Statement) (healer.Outcome, error) {
	p.pass("before " + st.Class)
	done := func() {}
	if slices.Contains(waits, st.Class) {
		done = p.during(ctx, st.Class)
	}
	out, err := p.Session.Exec(ctx, st)
	done()
	p.pass("after " + st.Class)
	return out, err
}

func (p *patient) Close(ctx context.Context, commit bool) error {
	p.pass("before the session ends")
	err := p.Session.Close(ctx, commit)
	p.pass("after the session ended")
	return err
}

// waits are the classes of statements that wait for the transactions of
// others, so that they can be met in their middle.
var waits = []string{"create_index", "drop_index", "reindex_index", "reindex_table"}

// during makes the statement that follows wait for an old snapshot, and passes
// a boundary while it does.
func (p *patient) during(ctx context.Context, class string) (done func()) {
	p.mu.Lock()
	here := len(p.labels)+1 == p.at
	p.mu.Unlock()
	if !here {
		p.pass("during " + class)
		return func() {}
	}
	holder, err := pgconn.Connect(ctx, p.super)
	if err == nil {
		_, err = holder.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class").ReadAll()
	}
	if err != nil {
		panic(err)
	}
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		defer holder.Close(context.Background()) //nolint:errcheck // it may be dead by now
		look, err := pgconn.Connect(ctx, p.super)
		if err != nil {
			return
		}
		defer look.Close(context.Background()) //nolint:errcheck // the same
		for {
			r := look.ExecParams(ctx, `SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgmend/%/%' AND wait_event_type = 'Lock'`, nil, nil, nil, nil).Read()
			if r.Err != nil || len(r.Rows) > 0 {
				p.pass("during " + class)
				return
			}
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	return func() { close(ended); watching.Wait() }
}
