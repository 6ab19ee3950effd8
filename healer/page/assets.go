package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"

	"github.com/pgmend/pgmend/healer/report"
)

//go:embed live.js
var liveScript string

// asset is a file that never changes: its name holds its hash.
type asset struct{ path, kind, text string }

type assets struct{ style, script asset }

func newAssets() assets {
	named := func(name, ending, kind, text string) asset {
		sum := sha256.Sum256([]byte(text))
		return asset{"/assets/" + name + "-" + hex.EncodeToString(sum[:6]) + ending, kind, text}
	}
	return assets{
		named("sheet", ".css", "text/css; charset=utf-8", report.Stylesheet()),
		named("live", ".js", "text/javascript; charset=utf-8", liveScript),
	}
}

func (a asset) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write([]byte(a.text)) // a browser that went away
}
