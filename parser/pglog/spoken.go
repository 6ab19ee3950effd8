package pglog

import "strings"

// spoken are the words of a language that stand before a statement and its
// duration, as in PostgreSQL's own message catalogs. What auto_explain writes
// is not translated.
type spoken struct{ duration, statement, execute, fetch string }

func languages() []spoken {
	return []spoken{
		{"Dauer", "Anweisung", "Ausführen", "Ausführen Fetch von"},
		{"duración", "sentencia", "ejecutar", "ejecutar fetch desde"},
		{"durée", "instruction", "exécute", "exécute fetch à partir de"},
		{"durata", "istruzione", "esecuzione di", "esecuzione di fetch da"},
		{"期間", "文", "実行", "取り出し実行"},
		{"ხანგრძლივობა", "გამოსახულება", "გაშვება", "execute fetch from"},
		{"ხანგრძლივობა", "ოპერატორი", "გაშვება", "execute fetch from"},
		{"실행시간", "명령 구문", "쿼리실행", "자료뽑기"},
		{"수행시간", "명령 구문", "쿼리실행", "자료뽑기"},
		{"продолжительность", "оператор", "выполнение", "выборка из"},
		{"varaktighet", "sats", "kör", "kör hämtning från"},
		{"тривалість", "оператор", "виконувати", "виконати витягнення з"},
		{"执行时间", "语句", "执行", "执行FETCH操作"},
	}
}

// translated reads a message about a statement in one of the languages.
func (s *Statement) translated(r *Record) bool {
	for _, l := range languages() {
		rest, timed := strings.CutPrefix(r.Message, l.duration)
		if !timed {
			if s.spoken(l, r.Message) {
				s.parameters(r.Detail)
				return true
			}
			continue
		}
		rest = strings.TrimLeft(rest, " :")
		n := 0
		for n < len(rest) && (isDigit(rest[n]) || rest[n] == '.') {
			n++
		}
		var ok bool
		if s.ms, ok = parseFloat(rest[:n]); !ok || n == 0 {
			continue
		}
		s.DurationMS = &s.ms
		rest = strings.TrimPrefix(rest[n:], " ")
		unit := strings.IndexAny(rest, " ,")
		if unit < 0 {
			return true
		}
		rest = strings.TrimLeft(rest[unit:], " ,")
		if !s.spoken(l, rest) {
			// The words for parse and bind stand on either side of the name.
			if _, s.SQL, ok = strings.Cut(strings.TrimPrefix(rest, "parse: "), ": "); !ok {
				return false
			}
			s.Phase = "bind"
		}
		s.parameters(r.Detail)
		return true
	}
	return false
}

// spoken reads what stands before a statement, and the statement.
func (s *Statement) spoken(l spoken, text string) bool {
	for _, p := range [...]struct {
		word, phase string
		named       bool
	}{{l.statement, "statement", false}, {l.fetch, "fetch", true}, {l.execute, "execute", true}} {
		rest, ok := strings.CutPrefix(text, p.word)
		if !ok {
			continue
		}
		if p.named {
			s.Name, rest, ok = strings.Cut(strings.TrimPrefix(rest, " "), ": ")
		} else {
			rest, ok = strings.CutPrefix(strings.TrimPrefix(rest, " "), ": ")
		}
		if ok {
			s.Phase, s.SQL = p.phase, rest
			return true
		}
	}
	return false
}
