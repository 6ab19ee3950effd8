package parser

// keywordLength is longer than the longest key word that is asked for.
const keywordLength = 24

// lower puts a word in lower case into a buffer, so that nothing is
// allocated; a word that is no key word because of its length becomes "".
func lower(word string, buf *[keywordLength]byte) []byte {
	if len(word) > len(buf) {
		return nil
	}
	for i := range len(word) {
		c := word[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return buf[:len(word)]
}

// is compares a word with a key word, which is in lower case.
func is(word, key string) bool {
	if len(word) != len(key) {
		return false
	}
	for i := range len(word) {
		c := word[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != key[i] {
			return false
		}
	}
	return true
}
