package pglog

import "strings"

// severities are the words for a message's level in the languages that
// PostgreSQL's own message catalogs (its po files) speak; lc_messages
// translates them in every format of the log.
var severities = map[string]string{
	"DEBUG": "DEBUG", "LOG": "LOG", "INFO": "INFO", "NOTICE": "NOTICE", "WARNING": "WARNING", "ERROR": "ERROR",
	"FATAL": "FATAL", "PANIC": "PANIC", "HINWEIS": "NOTICE", "WARNUNG": "WARNING", "FEHLER": "ERROR",
	"PANIK": "PANIC", "ATTENTION": "WARNING", "ERREUR": "ERROR", "NOTIFICA": "NOTICE", "ATTENZIONE": "WARNING",
	"ERRORE": "ERROR", "FATALE": "FATAL", "PANICO": "PANIC", "გამართვა": "DEBUG", "ჟურნალი": "LOG",
	"ინფორმაცია": "INFO", "გაფრთხილება": "NOTICE", "შეცდომა": "ERROR", "ფატალური": "FATAL", "პანიკა": "PANIC",
	"디버그": "DEBUG", "로그": "LOG", "정보": "INFO", "알림": "NOTICE", "경고": "WARNING", "오류": "ERROR", "치명적오류": "FATAL",
	"손상": "PANIC", "ОТЛАДКА": "DEBUG", "СООБЩЕНИЕ": "LOG", "ИНФОРМАЦИЯ": "INFO", "ЗАМЕЧАНИЕ": "NOTICE",
	"ПРЕДУПРЕЖДЕНИЕ": "WARNING", "ОШИБКА": "ERROR", "ВАЖНО": "FATAL", "ПАНИКА": "PANIC", "LOGG": "LOG",
	"NOTIS": "NOTICE", "VARNING": "WARNING", "FEL": "ERROR", "FATALT": "FATAL", "НАЛАГОДЖЕННЯ": "DEBUG",
	"ЗАПИСУВАННЯ": "LOG", "ІНФОРМАЦІЯ": "INFO", "ПОВІДОМЛЕННЯ": "NOTICE", "ПОПЕРЕДЖЕННЯ": "WARNING",
	"ПОМИЛКА": "ERROR", "ФАТАЛЬНО": "FATAL", "ПАНІКА": "PANIC", "调试": "DEBUG", "日志": "LOG", "信息": "INFO",
	"注意": "NOTICE", "警告": "WARNING", "错误": "ERROR", "致命错误": "FATAL", "比致命错误还过分的错误": "PANIC",
}

// labels are the words before the further parts of a message, likewise.
var labels = map[string]part{
	"DETAIL": partDetail, "HINT": partHint, "QUERY": partQuery, "CONTEXT": partContext,
	"LOCATION": partLocation, "STATEMENT": partStatement, "BACKTRACE": partBacktrace, "TIPP": partHint,
	"ANFRAGE": partQuery, "ZUSAMMENHANG": partContext, "ORT": partLocation, "ANWEISUNG": partStatement,
	"DETALLE": partDetail, "CONSULTA": partQuery, "CONTEXTO": partContext, "UBICACIÓN": partLocation,
	"SENTENCIA": partStatement, "DÉTAIL": partDetail, "ASTUCE": partHint, "REQUÊTE": partQuery,
	"CONTEXTE": partContext, "EMPLACEMENT": partLocation, "INSTRUCTION": partStatement,
	"PILE D'APPEL": partBacktrace, "DETTAGLI": partDetail, "SUGGERIMENTO": partHint, "CONTESTO": partContext,
	"POSIZIONE": partLocation, "ISTRUZIONE": partStatement, "詳細": partDetail, "ヒント": partHint,
	"問い合わせ": partQuery, "文脈": partContext, "場所": partLocation, "文": partStatement, "バックトレース": partBacktrace,
	"დეტალები": partDetail, "მინიშნება": partHint, "მოთხოვნა": partQuery, "კონტექსტი": partContext,
	"მდებარეობა": partLocation, "ოპერატორი": partStatement, "სტეკი": partBacktrace, "상세정보": partDetail,
	"힌트": partHint, "쿼리": partQuery, "내용": partContext, "위치": partLocation, "명령 구문": partStatement,
	"역추적": partBacktrace, "ПОДРОБНОСТИ": partDetail, "ПОДСКАЗКА": partHint, "ЗАПРОС": partQuery,
	"КОНТЕКСТ": partContext, "ПОЛОЖЕНИЕ": partLocation, "ОПЕРАТОР": partStatement, "СТЕК": partBacktrace,
	"DETALJ": partDetail, "TIPS": partHint, "FRÅGA": partQuery, "KONTEXT": partContext, "PLATS": partLocation,
	"SATS": partStatement, "ВІДОМОСТІ": partDetail, "УКАЗІВКА": partHint, "ЗАПИТ": partQuery,
	"РОЗТАШУВАННЯ": partLocation, "ІНСТРУКЦІЯ": partStatement, "ВІДСТЕЖУВАТИ": partBacktrace,
	"详细信息": partDetail, "提示": partHint, "查询": partQuery, "上下文": partContext, "位置": partLocation,
	"语句": partStatement,
}

// positions are what the text format appends to a message about a statement,
// likewise; in the other formats it is a column.
var positions = []string{
	" at character %d", " bei Zeichen %d", " en carácter %d", " au caractère %d", " al carattere %d",
	"(%d文字目)", " სიმბოლოსთან %d", " %d 번째 문자 부근", " (символ %d)", " vid tecken %d", " символ %d",
	" 第 %d 个字符处",
}

// part is which text of a record a line goes on with.
type part int

const (
	partNone part = iota
	partMessage
	partDetail
	partHint
	partQuery
	partContext
	partLocation
	partBacktrace
	partStatement
)

// severity gives a level's English name; an unknown word stays as it is.
func severity(word string) string {
	if len(word) == 6 && strings.HasPrefix(word, "DEBUG") {
		return "DEBUG"
	}
	if s, ok := severities[word]; ok {
		return s
	}
	return word
}

// label reads what a line of the text format begins with behind its prefix:
// a level, or the name of a further part.
func label(line string) (p part, level, rest string, ok bool) {
	// Nearly every line is one of these.
	switch {
	case strings.HasPrefix(line, "LOG:  "):
		return partMessage, "LOG", line[6:], true
	case strings.HasPrefix(line, "ERROR:  "):
		return partMessage, "ERROR", line[8:], true
	case strings.HasPrefix(line, "STATEMENT:  "):
		return partStatement, "", line[12:], true
	case strings.HasPrefix(line, "DETAIL:  "):
		return partDetail, "", line[9:], true
	}
	if line == "" || line[0] < 'A' || line[0] > 'Z' && line[0] < 0x80 { // none of the words
		return partNone, "", "", false
	}
	colon := strings.IndexByte(line[:min(len(line), 64)], ':')
	if colon < 1 {
		return partNone, "", "", false
	}
	rest = line[colon+1:]
	word := strings.TrimSuffix(strings.TrimSuffix(line[:colon], " "), "\u00a0")
	if p, ok := labels[word]; ok {
		return p, "", trimSpaces(rest), true
	}
	if !strings.HasPrefix(rest, "  ") && rest != "" {
		return partNone, "", "", false
	}
	level = severity(word)
	if _, known := severities[level]; !known {
		return partNone, "", "", false
	}
	return partMessage, level, trimSpaces(rest), true
}

// trimSpaces drops the two spaces behind a colon, and no more: they are not
// part of the text.
func trimSpaces(s string) string {
	return strings.TrimPrefix(strings.TrimPrefix(s, " "), " ")
}

// cutPosition takes the position off a message's end. What a client wrote
// behind a duration or `statement: ` is left as it is.
func cutPosition(message string) (string, int) {
	if message == "" || !endsLikePosition(message[len(message)-1]) || isStatement(message) {
		return message, 0
	}
	from := max(0, len(message)-48) // enough for any form and a number
	end := message[from:]
	for _, form := range positions {
		before, after, _ := strings.Cut(form, "%d")
		rest, ok := strings.CutSuffix(end, after)
		if !ok {
			continue
		}
		number := strings.TrimRight(rest, "0123456789")
		if n := atoi(rest[len(number):]); n > 0 && strings.HasSuffix(number, before) {
			return message[:from+len(number)-len(before)], n
		}
	}
	return message, 0
}

// endsLikePosition says that a position can end in this byte: a digit, a
// parenthesis, or a letter that is not of ASCII.
func endsLikePosition(c byte) bool { return isDigit(c) || c == ')' || c >= 0x80 }

// isStatement says that a message quotes a statement to its end.
func isStatement(message string) bool {
	switch message[0] {
	case 'd':
		return strings.HasPrefix(message, "duration: ")
	case 's':
		return strings.HasPrefix(message, "statement: ")
	case 'e':
		return strings.HasPrefix(message, "execute ")
	}
	return false
}
