package workload

import "math/bits"

// fine is how many buckets an octave of durations has.
const fine = 32

// Histogram counts durations, in microseconds, in buckets of which each octave
// has 32. Two of them add up to the one that had seen all. A quantile is the
// middle of its bucket, so it is off by at most 1/64 of its value, 1.6 %, and
// exact below 64 µs. The buckets are kept from the lowest to the highest that
// is used.
type Histogram struct {
	first  int
	counts []uint32
	Count  int64
	Sum    int64 // µs
	Max    int64 // µs
}

// bucket is where a duration is counted.
func bucket(us int64) int {
	if us < 2*fine {
		return int(us)
	}
	shift := bits.Len64(uint64(us)) - 6
	return shift*fine + int(us>>shift)
}

// middle is the value that stands for a bucket.
func middle(b int) int64 {
	if b < 2*fine {
		return int64(b)
	}
	shift := b/fine - 1
	return int64(b%fine+fine)<<shift + int64(1)<<shift/2
}

// Add counts a duration.
func (h *Histogram) Add(us int64) {
	us = max(us, 0)
	h.Count++
	h.Sum += us
	h.Max = max(h.Max, us)
	h.at(bucket(us))[0]++
}

// at makes room for a bucket.
func (h *Histogram) at(b int) []uint32 {
	switch {
	case len(h.counts) == 0:
		h.first, h.counts = b, make([]uint32, 1, 8)
	case b < h.first:
		h.counts = append(make([]uint32, h.first-b, h.first-b+len(h.counts)), h.counts...)
		h.first = b
	case b >= h.first+len(h.counts):
		h.counts = append(h.counts, make([]uint32, b-h.first-len(h.counts)+1)...)
	}
	return h.counts[b-h.first:]
}

// Merge adds another histogram.
func (h *Histogram) Merge(o *Histogram) {
	h.Count += o.Count
	h.Sum += o.Sum
	h.Max = max(h.Max, o.Max)
	for i, n := range o.counts {
		if n > 0 {
			h.at(o.first + i)[0] += n
		}
	}
}

// Quantile is the duration, in µs, that a share q of all does not exceed.
func (h *Histogram) Quantile(q float64) int64 {
	if h.Count == 0 {
		return 0
	}
	rank := max(1, int64(q*float64(h.Count)+0.999999))
	for i, n := range h.counts {
		if rank -= int64(n); rank <= 0 {
			return min(middle(h.first+i), h.Max)
		}
	}
	return h.Max
}
