package pglog

import "iter"

// Block is a piece of a log that holds whole records.
type Block struct {
	// Worker says which of Scan.Workers has it, from 0: what a worker keeps
	// for itself needs no lock.
	Worker int
	// Start and End are the bytes of the file that it holds.
	Start, End int64
	// Result is what work made of it, for deliver.
	Result any

	buf    []byte
	before []byte // the end of the block before
	after  []byte // the beginning of the one behind
	skip   bool   // it begins inside a record that the block before has given out
	cut    bool   // its last record goes on behind it
	framer framer
	tally  Tally
	done   chan struct{}
	err    error
}

// Records gives the block's records in the order in which they begin, once.
// A record, with all its texts, is valid until the loop goes on: they are
// views of the log's bytes. Clone what is to be kept.
func (b *Block) Records() iter.Seq[*Framed] {
	return func(yield func(*Framed) bool) {
		b.tally = Tally{Bytes: b.End - b.Start}
		stopped, first := false, b.End
		text, _ := b.framer.(*stderrFramer)
		// Other formats escape what a text has, so each is looked at.
		clean := text != nil && !strange(view(b.buf))
		emit := func(r *Framed) {
			if b.cut && r.End == b.End {
				r.Truncated = true
			}
			first = min(first, r.Start)
			b.tally.count(r, clean)
			stopped = stopped || !yield(r)
		}
		if b.skip {
			b.framer.skip()
		}
		if text != nil {
			text.doubt.before(b.before)
		}
		b.framer.frame(b.buf, b.Start, true, func(r *Framed) {
			if !stopped {
				emit(r)
			}
		})
		if text != nil {
			text.peek(b.after)
		}
		b.framer.settle(func(r *Framed) {
			if !stopped {
				emit(r)
			}
		})
		if b.skip && !stopped {
			b.tally.Dropped.add(b.Start, first)
		}
	}
}
