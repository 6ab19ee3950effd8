package parser

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Cache answers for statements that differ only in their literals from one
// that was parsed before. The masked text is the key, compared as a whole and
// never by a hash or a fingerprint alone, because tables are not to be
// confused. Its methods may be called from any goroutine.
type Cache struct {
	parse  func(masked string) []Statement
	seed   maphash.Seed
	shards [cacheShards]cacheShard
	bytes  int // that one shard may hold
	most   int // entries that one shard may hold
}

// cacheShards keeps goroutines out of each other's way.
const cacheShards = 16

// The bounds of what is kept. A longer text is parsed anew each time.
const (
	cacheEntryBytes = 2 << 10 // an entry's share of the memory
	cacheTextBytes  = 64 << 10
)

// cacheShard is a part of the entries. They are kept by the clock rule: a hand
// goes round, and drops what was not used since it last came by.
type cacheShard struct {
	mu      sync.RWMutex
	entries map[uint64]*cacheEntry // by hash; those of the same hash are chained
	ring    []*cacheEntry
	hand    int
	bytes   int
	calls   map[string]*cacheCall // parses that are under way
}

type cacheEntry struct {
	text  string
	hash  uint64
	value []Statement
	bytes int
	used  atomic.Bool
	next  *cacheEntry
}

// cacheCall is one parse that others wait for.
type cacheCall struct {
	done  chan struct{}
	value []Statement
	ok    bool // parse returned
}

// NewCache returns a cache of so many masked texts (at least 16), which take
// 2 KiB each on the average and at the most. What is not in it is given to
// parse, masked, once for all that ask for it at the same time. When parse
// returns nil, it could not answer, and nothing is kept.
func NewCache(entries int, parse func(masked string) []Statement) *Cache {
	c := &Cache{parse: parse, seed: maphash.MakeSeed(), most: max(1, entries/cacheShards)}
	// A long text has room even in a small cache.
	c.bytes = max(c.most*cacheEntryBytes, 2*cacheTextBytes)
	for i := range c.shards {
		c.shards[i].entries, c.shards[i].calls = make(map[uint64]*cacheEntry), make(map[string]*cacheCall)
	}
	return c
}

// maskBuffers are reused: on a hit nothing is allocated.
var maskBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Statements returns the statements of a text. The result is shared: it must
// not be changed. The text is not kept. One that is longer than the parser is
// given is scanned for its tables, and its literals go no further.
func (c *Cache) Statements(sql []byte) []Statement {
	// The view lives no longer than this call; what is kept is copied.
	text := unsafe.String(unsafe.SliceData(sql), len(sql)) //nolint:gosec // nobody writes to it meanwhile
	if len(text) > MaxLength {
		return []Statement{Approximate(text)}
	}
	buffer := maskBuffers.Get().(*[]byte)
	key := appendMasked((*buffer)[:0], text)
	value := c.lookup(key)
	if cap(key) <= cacheTextBytes {
		*buffer = key
		maskBuffers.Put(buffer)
	}
	return value
}

// Known returns what is kept for a masked text.
func (c *Cache) Known(masked string) ([]Statement, bool) {
	hash := maphash.String(c.seed, masked)
	e := c.shard(hash).known(hash, []byte(masked))
	if e == nil {
		return nil, false
	}
	return e.value, true
}

// Keep keeps the statements of a masked text, for those who parse by
// themselves.
func (c *Cache) Keep(masked string, list []Statement) {
	hash := maphash.String(c.seed, masked)
	s := c.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(masked) <= cacheTextBytes && s.find(hash, []byte(masked)) == nil {
		c.keep(s, hash, masked, list)
	}
}

func (c *Cache) shard(hash uint64) *cacheShard { return &c.shards[hash%cacheShards] }

func (c *Cache) lookup(key []byte) []Statement {
	hash := maphash.Bytes(c.seed, key)
	s := c.shard(hash)
	if e := s.known(hash, key); e != nil {
		return e.value
	}
	return c.miss(s, hash, string(key))
}

// known returns the entry of a text, and notes that it is used.
func (s *cacheShard) known(hash uint64, key []byte) *cacheEntry {
	s.mu.RLock()
	e := s.find(hash, key)
	s.mu.RUnlock()
	if e != nil && !e.used.Load() {
		e.used.Store(true)
	}
	return e
}

// find returns the entry of a text. The shard is locked.
func (s *cacheShard) find(hash uint64, key []byte) *cacheEntry {
	for e := s.entries[hash]; e != nil; e = e.next {
		if e.text == string(key) {
			return e
		}
	}
	return nil
}

// miss parses a text, or waits for who is doing so.
func (c *Cache) miss(s *cacheShard, hash uint64, text string) []Statement {
	for {
		s.mu.Lock()
		if e := s.find(hash, []byte(text)); e != nil {
			s.mu.Unlock()
			return e.value
		}
		call, under := s.calls[text]
		if !under {
			call = &cacheCall{done: make(chan struct{})}
			s.calls[text] = call
		}
		s.mu.Unlock()
		if !under {
			c.run(s, hash, text, call)
			return call.value
		}
		if <-call.done; call.ok {
			return call.value
		}
	}
}

// run parses for all that wait. If parse panics they are let go, and the next
// of them tries.
func (c *Cache) run(s *cacheShard, hash uint64, text string, call *cacheCall) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.calls, text)
		if call.value != nil && len(text) <= cacheTextBytes {
			c.keep(s, hash, text, call.value)
		}
		close(call.done)
	}()
	call.value = c.parse(text)
	call.ok = true
}

func (c *Cache) keep(s *cacheShard, hash uint64, text string, list []Statement) {
	s.keep(&cacheEntry{text: text, hash: hash, value: list, bytes: size(text, list)}, c.most, c.bytes)
}

// keep adds an entry, and makes room for it. The shard is locked.
func (s *cacheShard) keep(e *cacheEntry, most, bytes int) {
	if e.bytes > bytes {
		return
	}
	for len(s.ring) >= most || s.bytes+e.bytes > bytes {
		s.drop()
	}
	e.next = s.entries[e.hash]
	s.entries[e.hash] = e
	s.ring = append(s.ring, e)
	s.bytes += e.bytes
}

// drop removes the entry that the hand finds. The shard is locked.
func (s *cacheShard) drop() {
	for {
		s.hand %= len(s.ring)
		if !s.ring[s.hand].used.Swap(false) {
			break
		}
		s.hand++
	}
	e, last := s.ring[s.hand], len(s.ring)-1
	s.ring[s.hand], s.ring[last] = s.ring[last], nil
	s.ring, s.bytes = s.ring[:last], s.bytes-e.bytes
	first := s.entries[e.hash]
	switch {
	case first == e && e.next == nil:
		delete(s.entries, e.hash)
	case first == e:
		s.entries[e.hash] = e.next
	default:
		for first.next != e {
			first = first.next
		}
		first.next = e.next
	}
}

// size estimates the memory that an entry takes.
func size(text string, list []Statement) int {
	n := int(unsafe.Sizeof(cacheEntry{})) + len(text)
	for i := range list {
		s := &list[i]
		n += int(unsafe.Sizeof(*s)) + len(s.Text) + len(s.Err) + len(s.Fingerprint) + len(s.Prepares) + len(s.Executes)
		for _, t := range s.Tables {
			n += int(unsafe.Sizeof(t)) + len(t.Catalog) + len(t.Schema) + len(t.Name)
		}
		for _, x := range s.Columns {
			n += int(unsafe.Sizeof(x)) + len(x.Table) + len(x.Name)
		}
		for _, x := range s.CTEs {
			n += int(unsafe.Sizeof(x)) + len(x)
		}
		for _, x := range s.Inserted {
			n += int(unsafe.Sizeof(x)) + len(x)
		}
	}
	return n
}
