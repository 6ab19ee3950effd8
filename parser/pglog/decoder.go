package pglog

import "bytes"

// Decoder turns the bytes of one log file, in pieces of any size, into
// records, in the order in which they begin. It is not safe for concurrent
// use.
type Decoder struct {
	opts   Options
	buf    []byte // bytes not framed yet
	base   int64  // the file's offset of buf[0]
	framer framer
	before []byte
}

// framer finds the records of one format. What it gives out is valid until
// emit returns.
type framer interface {
	// frame takes records from the beginning of buf, which stands at offset
	// base, and says how many bytes it is done with. The next call sees the
	// same bytes from there on, and more. At the end nothing more will come.
	frame(buf []byte, base int64, end bool, emit func(*Framed)) (n int)
	// settle gives out what is complete if no more lines of it come.
	settle(emit func(*Framed))
	// keep copies what is held back, because the bytes that frame was given
	// are about to change.
	keep()
	// skip says that the bytes to come go on with a record that was given out
	// already: up to the next one they are dropped.
	skip()
	// pending is the offset of the oldest record held back, or -1.
	pending() int64
}

// NewDecoder returns a decoder of a format.
func NewDecoder(f Format, o Options) *Decoder {
	return &Decoder{opts: o, base: o.Offset, framer: newFramer(f, o)}
}

func newFramer(f Format, o Options) framer {
	switch f {
	case CSV:
		return &csvFramer{clock: newClock(o.Location)}
	case JSON, CNPG:
		return newJSONFramer(f, o)
	case Syslog:
		return newSyslogFramer(o)
	case CloudWatch, CRI, Docker, CloudSQL, Azure:
		return newWrapFramer(f, o)
	case Stderr:
		s := newStderrFramer(o)
		s.proves = !o.Unproven
		return s
	}
	return nil // Auto
}

// Before tells what stands right before Options.Offset, a KiB or so. In the
// text format the first records behind an offset count as forgeable without.
func (d *Decoder) Before(p []byte) {
	if f, ok := d.framer.(*stderrFramer); ok {
		f.doubt.before(p)
	} else if d.framer == nil {
		d.before = p
	}
}

// Decode takes the next bytes of the file and returns the records they
// complete.
func (d *Decoder) Decode(p []byte) []Framed {
	d.buf = append(d.buf, p...)
	return d.frame(false)
}

// Settle returns the records that are complete as far as they came: a text
// record can always get another line, so it waits for the next one. Call it
// when nothing has come for a while; bytes after the last newline are kept.
func (d *Decoder) Settle() (out []Framed) {
	if d.framer != nil {
		d.framer.settle(collect(&out))
	}
	return out
}

// Flush returns what is left at the end of the file. The decoder can go on
// with bytes that follow.
func (d *Decoder) Flush() []Framed {
	if d.framer == nil && len(d.buf) == 0 {
		return nil
	}
	out := d.frame(true)
	d.framer.settle(collect(&out))
	return out
}

// collect keeps what a framer gives out.
func collect(out *[]Framed) func(*Framed) {
	return func(f *Framed) { *out = append(*out, f.clone()) }
}

// Pending is the offset up to which every byte is part of a record that was
// returned: where reading must begin again after an interruption.
func (d *Decoder) Pending() int64 {
	if d.framer != nil {
		if p := d.framer.pending(); p >= 0 {
			return p
		}
	}
	return d.base
}

func (d *Decoder) frame(end bool) (out []Framed) {
	if d.framer == nil { // Auto
		if !end && bytes.IndexByte(d.buf, '\n') < 0 && len(d.buf) < maxRecord {
			return nil
		}
		d.choose()
	}
	n := d.framer.frame(d.buf, d.base, end, collect(&out))
	d.framer.keep()
	d.base += int64(n)
	d.buf = d.buf[:copy(d.buf, d.buf[n:])]
	if cap(d.buf) > maxRecord/4 && len(d.buf) < 1<<16 { // one giant record need not cost memory for ever
		d.buf = bytes.Clone(d.buf)
	}
	return out
}

// choose looks at the first bytes for the format, and in text for a prefix
// if none was given.
func (d *Decoder) choose() {
	f := Detect(d.buf)
	if d.opts.Prefix == "" && f.needsPrefix() {
		d.opts.Prefix, d.opts.Guessed = GuessPrefix(texts(f, d.buf)), true
	}
	d.framer = newFramer(f, d.opts)
	if d.before != nil {
		d.Before(d.before)
		d.before = nil
	}
}
