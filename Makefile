# make demo and make test need Go, gcc and make; they install PostgreSQL's
# server binaries where none are found, and say so.

GO ?= go
BIN := bin
TIMEOUT ?= 18m

.PHONY: demo test test-all test-ops test-page lint bench bench-idle bench-overhead bench-delay bench-logs bench-follow torture torture-kills torture-names torture-logs fuzz build install install-built packages test-packages clean test-matrix test-regress bench-scan bench-quarantine bench-baseline docs help

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

demo: $(BIN)/pgmend ## a disposable PostgreSQL, ten real faults, and the healing to watch
	@scripts/ensure-postgres.sh
	$(BIN)/pgmend demo

test: ## vet, and every test with the race detector, on the newest PostgreSQL found
	@scripts/ensure-postgres.sh
	@scripts/check-format.sh
	$(GO) vet ./...
	@scripts/run-tests.sh -race -timeout $(TIMEOUT) ./...

test-all: ## the same on every supported PostgreSQL, fetched where it is missing
	@scripts/ensure-postgres.sh all
	@PGMEND_MAJORS=all scripts/run-tests.sh -race -timeout 60m ./...

test-ops: ## rsyslog, syslog-ng and promtool against the alerts, a real PgBouncer in between; unpacks what is missing, and says so
	@PGMEND_OPS=$$(scripts/ensure-ops.sh) && export PGMEND_OPS && \
		$(GO) test -count=1 -tags ops ./healer/event ./systemd && \
		$(GO) test -count=1 -tags ops -run PgBouncer ./healer/pg

test-matrix: ## every rule's fixture on PostgreSQL 13 to 18, as a table
	@scripts/ensure-postgres.sh all
	@scripts/matrix.sh $(MAJORS)

test-regress: ## what PostgreSQL's own regression tests leave behind: nothing of it is repaired but what is broken
	@scripts/ensure-postgres.sh
	@PGMEND_REGRESS=$$(scripts/ensure-regress.sh) && PGMEND_MAJORS=$$(basename $$(dirname $$PGMEND_REGRESS)) && export PGMEND_REGRESS PGMEND_MAJORS && \
		$(GO) test -count=1 -v -timeout 30m -run TestNothingIsRepairedInTheRegressionDatabase ./healer/rulestest

bench-scan: ## a pass of all rules over 20,000 tables and 60,000 indexes
	@scripts/ensure-postgres.sh
	PGMEND_SCAN_TABLES=20000 $(GO) test -run '^$$' -bench '^BenchmarkScan$$' -benchtime 1x -timeout 30m ./healer/rulestest

bench-quarantine: ## a million duplicate rows into quarantine, beside sessions that write to the table
	@scripts/ensure-postgres.sh
	PGMEND_QUARANTINE_ROWS=1000000 $(GO) test -run '^$$' -bench '^BenchmarkQuarantine$$' -benchtime 1x -timeout 1h ./healer/rulestest
bench-baseline: ## 60 drifts of 300 tables named and healed; capture and diff of 2,000 tables
	@scripts/ensure-postgres.sh
	PGMEND_DRIFT_TABLES=300 $(GO) test -count=1 -v -timeout 30m -run TestDriftsOfManyTables ./healer/rulestest
	PGMEND_BASELINE_TABLES=2000 $(GO) test -run '^$$' -bench '^BenchmarkCaptureAndDiff$$' -benchtime 3x -timeout 30m ./healer/baseline

docs: ## a page for each rule, in docs/rules
	$(GO) run ./cmd/pgmend rules docs docs/rules

# RULES is a glob over the rules to torture and PART, k/n, a part of their cells,
# those of a repair and of its undo; what names no rule or no cell fails.
# bin/torture.tsv keeps what came of each; what this build has played already is
# not played again. HOSTILE multiplies the 15 hostile names and the 20 forged
# events of the suite, these up to 1,000.
RULES ?= *
PART ?= 1/1
HOSTILE ?= 700

torture: torture-kills torture-names ## kill -9 at every boundary of every repair, listed; hostile names and forged events: hours

torture-kills: ## the kills alone; go on with those that were not played yet
	@scripts/ensure-postgres.sh
	PGMEND_TORTURE='$(RULES)' PGMEND_TORTURE_PART=$(PART) $(GO) test -timeout 12h -count=1 -v -run TestKills ./healer/torture

torture-names: ## the hostile names, forged events and owners' code alone
	@scripts/ensure-postgres.sh
	PGMEND_HOSTILE=$(HOSTILE) $(GO) test -timeout 2h -count=1 -v -run TestWhatTheServerSawOfUs ./healer
	PGMEND_MAJORS=all $(GO) test -timeout 1h -count=1 -run 'OwnerCode|OwnSettings' ./healer/pg

lint: ## golangci-lint, the version this repository is written for
	@scripts/ensure-lint.sh
	.bin/golangci-lint run

test-page: ## reports and the local page in a real Chromium; it installs what is missing
	@check=$$(scripts/ensure-page.sh) && PGMEND_PAGE_CHECK="$$check" PGMEND_PAGE_SHOTS=$(CURDIR)/.bin/page/shots \
		$(GO) test -count=1 -timeout 30m -v -run InChromium ./healer/page
	@echo "the screenshots are in .bin/page/shots"

bench: ## the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

# How long to measure.
IDLE ?= 5m
OVERHEAD ?= 8m

bench-idle: $(BIN)/pgmend ## processor time and memory of the daemon while nothing happens, and how fast it starts and stops
	@scripts/ensure-postgres.sh
	PGMEND_COST=$(IDLE) PGMEND_BINARY=$(CURDIR)/$(BIN)/pgmend \
		$(GO) test -count=1 -v -timeout 3h -run '^(TestIdleCost|TestStartAndStopCost)$$' ./cmd/pgmend

bench-overhead: $(BIN)/pgmend ## pgbench with the daemon and without, in pairs
	@scripts/ensure-postgres.sh
	PGMEND_COST=$(OVERHEAD) PGMEND_BINARY=$(CURDIR)/$(BIN)/pgmend \
		$(GO) test -count=1 -v -timeout 3h -run '^TestOverheadCost$$' ./cmd/pgmend

# How long to repair beside sessions that write and change the schema.
DELAY ?= 5m

bench-delay: ## how long anybody waits for a repair, beside sessions that write and change the schema
	@scripts/ensure-postgres.sh
	PGMEND_DELAY=$(DELAY) $(GO) test -count=1 -v -timeout 3h -run '^TestNobodyIsDelayedBeyondTheLockBudget$$' ./healer

bench-logs: $(BIN)/pgmend ## logs report against pgBadger, on 200 MB that a real server wrote
	@scripts/bench-logs.sh

bench-follow: ## what it costs to follow a log of 1,000 lines a second, and how late events come
	$(GO) test -run '^$$' -bench '^BenchmarkFollowing$$' -benchtime 1x ./cmd/pgmend

torture-logs: ## a million log events through 500 rotations and truncations and 50 kill -9 of the reader; lines of 100 MB
	PGMEND_TORTURE=1 $(GO) test -count=1 -v -timeout 30m -run 'TestTorture' ./parser/tail
	PGMEND_TORTURE=1 $(GO) test -count=1 -v -timeout 30m -run 'TestGiantLines' ./parser/pglog

fuzz: ## every fuzz target, 30 s each
	@scripts/fuzz.sh 30s

build $(BIN)/pgmend: ## bin/pgmend
	@mkdir -p $(BIN)
	$(GO) build -trimpath -o $(BIN)/pgmend ./cmd/pgmend

install: build install-built ## the program, its units, manual pages and completions, below DESTDIR

# PROGRAM is what is installed; make packages builds one of its own.
PROGRAM ?= $(BIN)/pgmend
SHARE = $(DESTDIR)/usr/share

install-built:
	install -D -m 0755 $(PROGRAM) $(DESTDIR)/usr/bin/pgmend
	install -D -m 0644 systemd/pgmend.service $(DESTDIR)/usr/lib/systemd/system/pgmend.service
	install -D -m 0644 systemd/pgmend@.service $(DESTDIR)/usr/lib/systemd/system/pgmend@.service
	install -D -m 0644 systemd/sysusers.d/pgmend.conf $(DESTDIR)/usr/lib/sysusers.d/pgmend.conf
	install -D -m 0644 systemd/tmpfiles.d/pgmend.conf $(DESTDIR)/usr/lib/tmpfiles.d/pgmend.conf
	install -D -m 0644 systemd/pgmend.service.d/tcp.conf $(SHARE)/doc/pgmend/examples/tcp.conf
	$(PROGRAM) alerts export all --to $(SHARE)/doc/pgmend/examples/alerts
	$(PROGRAM) config schema > $(SHARE)/doc/pgmend/config.schema.json
	$(PROGRAM) man $(SHARE)/man
	@mkdir -p $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(PROGRAM) completion bash > $(SHARE)/bash-completion/completions/pgmend
	$(PROGRAM) completion zsh > $(SHARE)/zsh/site-functions/_pgmend
	$(PROGRAM) completion fish > $(SHARE)/fish/vendor_completions.d/pgmend.fish

packages: ## bin/packages: a .deb and an .rpm, of what make install installs
	@scripts/packages.sh

test-packages: ## lintian; the .deb and the .rpm installed, run by systemd, upgraded, removed in a throwaway copy of this machine
	@scripts/test-packages.sh

clean: ## what was built here
	rm -rf $(BIN) .bin

# The program is always built: go knows best what changed.
.PHONY: $(BIN)/pgmend
