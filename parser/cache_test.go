package parser

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pgmend/pgmend/parser/parsertest"
)

const hotStatement = `SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.total > %d AND c.city = 'x%d' ORDER BY o.id DESC LIMIT 10 `

// counting parses, and counts the texts it is given.
type counting struct {
	calls atomic.Int64
	mu    sync.Mutex
	texts []string
}

func (c *counting) parse(text string) []Statement {
	c.calls.Add(1)
	c.mu.Lock()
	c.texts = append(c.texts, text)
	c.mu.Unlock()
	return Parse(text)
}

func TestTheCacheAnswersWhatDiffersInItsLiterals(t *testing.T) {
	var p counting
	c := NewCache(64, p.parse)
	first := c.Statements(fmt.Appendf(nil, hotStatement, 1, 2))
	second := c.Statements(fmt.Appendf(nil, hotStatement, 777, 888))
	if p.calls.Load() != 1 || &first[0] != &second[0] || brief(first[0].Tables) != "read:orders read:customers" {
		t.Errorf("%d parses, %+v", p.calls.Load(), second)
	}
	// A fingerprint does not tell these apart.
	for _, name := range []string{"events_202401", "events_202402"} {
		if got := brief(c.Statements([]byte("SELECT 1 FROM " + name))[0].Tables); got != "read:"+name {
			t.Errorf("%s: %s", name, got)
		}
	}
	c.Statements([]byte("ALTER ROLE r PASSWORD 'hunter2'"))
	for _, text := range p.texts {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "777") {
			t.Errorf("a literal went to the parser: %s", text)
		}
	}
}

// The text is the caller's: what is kept is a copy.
func TestTheCacheKeepsNoBytesOfTheCaller(t *testing.T) {
	c := NewCache(64, Parse)
	sql := []byte("SELECT 1 FROM aaaa")
	c.Statements(sql)
	copy(sql, "SELECT 1 FROM bbbb")
	if got := brief(c.Statements(sql)[0].Tables); got != "read:bbbb" {
		t.Error(got)
	}
	if got := brief(c.Statements([]byte("SELECT 1 FROM aaaa"))[0].Tables); got != "read:aaaa" {
		t.Error(got)
	}
}

func TestConcurrentMissesShareOneParse(t *testing.T) {
	const asking = 32
	var calls atomic.Int64
	var asked sync.WaitGroup
	asked.Add(asking)
	c := NewCache(64, func(text string) []Statement {
		calls.Add(1)
		asked.Wait() // so that all of them ask while one parses
		return Parse(text)
	})
	var done sync.WaitGroup
	for i := range asking {
		done.Add(1)
		go func() {
			defer done.Done()
			asked.Done()
			if s := c.Statements(fmt.Appendf(nil, hotStatement, i, i)); len(s) != 1 || len(s[0].Tables) != 2 {
				t.Errorf("%+v", s)
			}
		}()
	}
	done.Wait()
	if n := calls.Load(); n != 1 {
		t.Errorf("%d parses", n)
	}
}

// A parse that panics or cannot answer leaves nobody waiting and nothing
// behind.
func TestAFailedParseIsTriedAgain(t *testing.T) {
	var calls int
	c := NewCache(64, func(text string) []Statement {
		switch calls++; calls {
		case 1:
			panic("the parser is gone")
		case 2:
			return nil
		}
		return Parse(text)
	})
	func() {
		defer func() { _ = recover() }()
		c.Statements([]byte("SELECT 1 FROM a"))
	}()
	if s := c.Statements([]byte("SELECT 1 FROM a")); s != nil {
		t.Errorf("%+v", s)
	}
	for range 2 {
		if s := c.Statements([]byte("SELECT 1 FROM a")); len(s) != 1 {
			t.Errorf("%+v", s)
		}
	}
	if calls != 3 {
		t.Errorf("%d calls", calls)
	}
}

// held is what a cache holds.
func (c *Cache) held() (entries, bytes int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		entries, bytes = entries+len(s.ring), bytes+s.bytes
		chained := 0
		for _, e := range s.entries {
			for ; e != nil; e = e.next {
				chained++
			}
		}
		if chained != len(s.ring) || len(s.calls) != 0 {
			panic(fmt.Sprintf("%d entries in the map, %d in the ring, %d calls", chained, len(s.ring), len(s.calls)))
		}
		s.mu.Unlock()
	}
	return entries, bytes
}

func TestTheCacheIsBounded(t *testing.T) {
	c := NewCache(160, func(text string) []Statement { return []Statement{{Text: text}} })
	long := strings.Repeat("x", 1000)
	for i := range 5000 {
		sql := fmt.Sprintf("SELECT a%d, %s FROM t", i, strings.Repeat(long, i%70))
		if s := c.Statements([]byte(sql)); s[0].Text != Mask(sql) {
			t.Fatalf("the answer to %d is another's", i)
		}
	}
	entries, bytes := c.held()
	if entries == 0 || entries > 160 || bytes > c.bytes*cacheShards {
		t.Errorf("%d entries, %d bytes", entries, bytes)
	}
}

// What is in use stays, when what is not goes.
func TestTheCacheKeepsWhatIsUsed(t *testing.T) {
	var p counting
	c := NewCache(cacheShards*8, p.parse)
	hot := fmt.Appendf(nil, hotStatement, 1, 1)
	c.Statements(hot)
	for i := range 2000 {
		c.Statements(fmt.Appendf(nil, "SELECT 1 FROM t%d", i))
		c.Statements(hot)
	}
	n := 0
	for _, text := range p.texts {
		if text == Mask(string(hot)) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("what is used all the time was parsed %d times", n)
	}
}

// Two texts of one hash stay apart.
func TestTheHashAloneDecidesNothing(t *testing.T) {
	var s cacheShard
	s.entries = make(map[uint64]*cacheEntry)
	for i := range 20 {
		s.keep(&cacheEntry{text: fmt.Sprint(i), hash: 7}, 8, 1<<20)
	}
	found := 0
	for i := range 20 {
		if e := s.find(7, fmt.Append(nil, i)); e != nil {
			found++
			if e.text != fmt.Sprint(i) {
				t.Errorf("%d found %s", i, e.text)
			}
		}
	}
	if found != 8 {
		t.Errorf("%d of 8 were found", found)
	}
}

func TestAHitAllocatesNothing(t *testing.T) {
	if parsertest.RaceDetector {
		t.Skip("with the race detector a sync.Pool drops things at random")
	}
	c := NewCache(64, Parse)
	sql := fmt.Appendf(nil, hotStatement, 1, 1)
	c.Statements(sql)
	if n := testing.AllocsPerRun(1000, func() { c.Statements(sql) }); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHotStatement(b *testing.B) {
	c := NewCache(4096, Parse)
	for i := range 4096 {
		c.Statements(fmt.Appendf(nil, "SELECT 1 FROM t%d", i))
	}
	sql := fmt.Appendf(nil, hotStatement, 12345, 678)
	c.Statements(sql)
	b.SetBytes(int64(len(sql)))
	b.ReportAllocs()
	for b.Loop() {
		c.Statements(sql)
	}
}

func BenchmarkMask(b *testing.B) {
	sql := fmt.Sprintf(hotStatement, 12345, 678)
	var buffer []byte
	b.SetBytes(int64(len(sql)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = appendMasked(buffer[:0], sql)
	}
}
