package healer_test

import (
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
)

func TestLocksAreNotUnderstated(t *testing.T) {
	for _, c := range []struct{ class, sql, want string }{
		{"alter_table", `ALTER TABLE "a"."b" VALIDATE CONSTRAINT "c"`, "ShareUpdateExclusiveLock on the table"},
		{"alter_table", `ALTER TABLE "a"."b" ATTACH PARTITION "a"."c" DEFAULT`, "AccessExclusiveLock on the new partition"},
		{"alter_table", `ALTER TABLE "a"."b" DETACH PARTITION "a"."c"`, "AccessExclusiveLock on the table"},
		{"alter_index", `ALTER INDEX "a"."b" ATTACH PARTITION "a"."c"`, "ShareUpdateExclusiveLock on the index"},
	} {
		if got := strings.Join(healer.Locks(healer.Statement{Class: c.class, SQL: c.sql}), "; "); !strings.HasPrefix(got, c.want) && !strings.Contains(got, ", "+c.want) {
			t.Errorf("%s: %s", c.sql, got)
		}
	}
}
