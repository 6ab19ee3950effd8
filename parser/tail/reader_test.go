package tail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pgmend/pgmend/parser/pglog"
)

// torturedReader is the reader's process: it follows, appends what it is
// given to a file, and keeps its checkpoint in another.
func torturedReader(work, pattern string) error {
	out, err := os.OpenFile(filepath.Join(work, "handled"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, "\n") // ends a line that a kill cut
	if err != nil {
		return err
	}
	cfg := Config{
		Path: filepath.Join(work, "log", pattern), FromStart: true, Store: onDisk(filepath.Join(work, "checkpoint")),
		Poll: 5 * time.Millisecond, Linger: 200 * time.Millisecond,
		Decoder: func(_ string, offset int64) *pglog.Decoder {
			return pglog.NewDecoder(pglog.JSON, pglog.Options{Offset: offset})
		},
		Report: func(err error) { fmt.Fprintln(os.Stderr, "reader:", err) },
	}
	// Where its parent is gone it goes too.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	parent := os.Getppid()
	return New(cfg).Run(ctx, func(c Chunk) error {
		if os.Getppid() != parent {
			cancel()
		}
		var b strings.Builder
		fmt.Fprintf(&b, "file %s %s.\n", c.FileID, c.Path)
		for _, r := range append(c.Records, c.Quarantined...) {
			if r.Message != "" && !r.Truncated { // a cut line is no event
				fmt.Fprintf(&b, "%d .%s.\n", r.Start, r.Message)
			}
		}
		for _, g := range c.Gaps {
			text, err := json.Marshal(g)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "gap %s\n", text)
		}
		_, err := io.WriteString(out, b.String())
		return err
	})
}

// onDisk is a store that outlives a killed process.
type onDisk string

func (s onDisk) Load(context.Context) (c Checkpoint, err error) {
	text, err := os.ReadFile(string(s))
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, err
}

func (s onDisk) Save(_ context.Context, c Checkpoint) error {
	text, err := json.Marshal(c)
	if err == nil {
		err = os.WriteFile(string(s)+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(string(s)+".new", string(s))
	}
	return err
}
