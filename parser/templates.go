package parser

import (
	"encoding/binary"
	"unsafe"
)

// Templates stand before a Cache, and know the texts that come again and
// again without masking them. They are of one goroutine, so they wait for no
// other.
type Templates struct {
	cache   *Cache
	places  [templatePlaces]templatePlace
	hits    int
	learned int
}

const (
	templatePlaces = 64 // a power of two
	templateWays   = 4
	// A text that is learnt is gone over once more. Where no two are alike,
	// no more than this are; else one for so many that were known.
	templatesUnasked = 1024
	templatesPerHit  = 8
)

// templatePlace has the templates whose texts begin alike, the newest at next-1.
type templatePlace struct {
	known [templateWays]knownTemplate
	next  uint8
}

type knownTemplate struct {
	template
	value []Statement // nil: there is none
}

// Templates returns new ones.
func (c *Cache) Templates() *Templates { return &Templates{cache: c} }

// Statements is the Cache's.
func (t *Templates) Statements(sql []byte) []Statement {
	text := unsafe.String(unsafe.SliceData(sql), len(sql)) //nolint:gosec // as in Cache.Statements
	place := &t.places[beginning(sql)%templatePlaces]
	for i := range place.known {
		if k := &place.known[i]; k.value != nil && k.matches(text) {
			t.hits++
			return k.value
		}
	}
	value := t.cache.Statements(sql)
	if t.learned < templatesUnasked+t.hits/templatesPerHit && len(value) > 0 {
		if x, ok := learn(text); ok {
			t.learned++
			place.known[place.next] = knownTemplate{x, value}
			place.next = (place.next + 1) % templateWays
		}
	}
	return value
}

// beginning hashes what a text begins with, up to where a literal may be: no
// further than before the eight bytes in which there is a digit or a quote.
func beginning(sql []byte) uint64 {
	h := uint64(0)
	for i := 0; i+8 <= len(sql) && i < 64; i += 8 {
		w := binary.LittleEndian.Uint64(sql[i:])
		if literalIn(w) {
			break
		}
		h = (h ^ w) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	return h
}

// literalIn reports whether one of eight bytes is a digit or a quote. It may
// say so of others too, but for the same bytes it says the same.
func literalIn(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote := w ^ ones*'\''
	digit := w&(ones*0xF0) ^ ones*0x30 // '0' to '?'
	return ((quote-ones)&^quote|(digit-ones)&^digit)&tops != 0
}
