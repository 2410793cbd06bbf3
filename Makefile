# Every target that has a "##" is listed by "make help".
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 10s
MAILPIT := v1.27.11
comma := ,
# What is written by hand, also beside the generated code.
HAND := client server gen/gen.go gen/apiserver/requests gen/cell gen/custom gen/plural gen/signature gen/timestamp
# The modules beside this one: a program that embeds the client, its traces, and the tools of agents.
MODULES := client/testdata/stranger client/otelclient client/mcp
DATA ?= data
ADDR ?= 127.0.0.1:8080

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the static binary bin/accountsd
	CGO_ENABLED=0 $(GO) build -tags nomsgpack -trimpath -ldflags '-s -w' -o bin/accountsd ./server/cmd/accountsd

.PHONY: accounts-mcp
accounts-mcp: ## build bin/accounts-mcp, which "accounts mcp" runs for an agent
	cd client/mcp && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o '$(CURDIR)/bin/accounts-mcp' ./accounts-mcp

.PHONY: run
run: build ## serve a sample company on data/accounts.db and print how to call it
	@ACCOUNTSD='bin/accountsd' DATA='$(DATA)' ADDR='$(ADDR)' server/cmd/accountsd/run-sample.sh

.PHONY: generate
generate: ## write gen/ from openapi.yaml
	$(GO) generate ./...

.PHONY: check-generate
check-generate: generate ## fail if gen/ is not what openapi.yaml yields
	@git diff --exit-code -- gen || { echo 'gen/ differs from what openapi.yaml yields: commit what "make generate" writes'; exit 1; }
	@test -z "$$(git status --porcelain -- gen)" || { git status --short -- gen; echo 'gen/ has uncommitted files'; exit 1; }

# npm writes this file last.
CONSOLE_TOOLS := server/console/node_modules/.package-lock.json
$(CONSOLE_TOOLS): server/console/package.json server/console/package-lock.json
	cd server/console && npm ci --no-audit --no-fund --ignore-scripts

.PHONY: console
console: $(CONSOLE_TOOLS) ## check and build the console and the reference into server/console/dist
	cd server/console && npm run --silent build

.PHONY: check-console
check-console: console ## fail if server/console/dist is not what its source yields
	@test -z "$$(git status --porcelain -- server/console/dist)" || { git status --short -- server/console/dist; echo 'commit what "make console" writes'; exit 1; }

.PHONY: fmt
fmt: ## format the code
	gofmt -w $(HAND)

.PHONY: lint
lint: ## gofmt, vet, staticcheck and go.mod, of the modules beside this one too
	@test -z "$$(gofmt -l $(HAND))" || { gofmt -l $(HAND); echo 'run "make fmt"'; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) $$($(GO) list ./... | grep -v /gen/api)
	$(GO) mod tidy -diff
	@for module in $(MODULES); do echo "$$module"; (cd $$module && $(GO) vet ./... && $(STATICCHECK) ./... && $(GO) mod tidy -diff); done

# npm writes this file last.
NODE_TOOLS := .ci/node_modules/.package-lock.json
$(NODE_TOOLS): .ci/package.json .ci/package-lock.json
	cd .ci && npm ci --no-audit --no-fund --ignore-scripts

.PHONY: lint-spec
lint-spec: $(NODE_TOOLS) ## check openapi.yaml with Redocly and Spectral
	cd .ci && REDOCLY_TELEMETRY=off npx --no-install redocly lint --config redocly.yaml ../openapi.yaml
	cd .ci && npx --no-install spectral lint --ruleset spectral.yaml --fail-severity=warn ../openapi.yaml

.PHONY: check-deps
check-deps: ## print what a program with only the client links, and fail if it has grown
	@! { $(GO) list -deps ./client/... ./gen/apiclient; $(GO) list -C client/mcp -deps ./...; } | grep -E 'gin-gonic|kin-openapi|modernc.org|zombiezen.com|jackc|prometheus|opentelemetry' || { echo 'the client must stay light'; exit 1; }
	@GO='$(GO)' client/testdata/weigh.sh

# Runs a command with a PostgreSQL of its own; without one, if it is not installed.
WITHPOSTGRES = $(GO) build -o bin/withpostgres ./server/store/postgres/pgtest/withpostgres && bin/withpostgres

.PHONY: check-licences
check-licences: ## print the licences of what is linked, and fail if one may not be handed out with the rest
	@GO='$(GO)' .ci/dependencies/licences.sh

.PHONY: check-vulnerabilities
check-vulnerabilities: ## fail if code with a known vulnerability is called
	@GO='$(GO)' .ci/dependencies/vulnerable.sh

.PHONY: check-breaking
check-breaking: ## fail if openapi.yaml breaks clients of the last tag, and no commit and CHANGELOG.md say so
	@GO='$(GO)' .ci/breaking.sh

.PHONY: test
test: ## run all tests
	$(WITHPOSTGRES) $(GO) test ./...

.PHONY: test-race
test-race: ## run all tests under the race detector, in random order, but those of programs, which run as processes without it
	$(WITHPOSTGRES) $(GO) test -race -shuffle=on -timeout 20m $$($(GO) list ./... | grep -v '/cmd/')

# What is tested on SQLite by all other targets, and is the same on PostgreSQL.
ON_BOTH := ./client ./client/cmd/accounts ./server $(addprefix ./server/,account alias contact follow house identity mail property servertest transfer write)

.PHONY: test-postgres
test-postgres: test-api-postgres ## run the tests of the store on PostgreSQL, and those of the API there (needs postgresql; haproxy and pgbouncer for those with proxies)
	$(WITHPOSTGRES) -require $(GO) test ./server/store/postgres/... ./server/store/copying

.PHONY: test-api-postgres
test-api-postgres: ## run the tests of the API on PostgreSQL
	$(WITHPOSTGRES) -require env ACCOUNTSD_TEST_STORE=postgres $(GO) test -count=1 $(ON_BOTH)

bin/mailpit-%:
	GOBIN='$(CURDIR)/bin' $(GO) install github.com/axllent/mailpit@$*
	mv bin/mailpit $@

.PHONY: test-mail
test-mail: bin/mailpit-$(MAILPIT) ## run the tests that need a mail server, with a real one
	TEST_MAILPIT='$(CURDIR)/$<' $(GO) test -race -count=1 -run 'Send|Mail|Outbox|Notice' ./server/mail ./server/cmd/accountsd

.PHONY: test-metrics
test-metrics: ## have a Prometheus scrape servers, and evaluate each query of the dashboard and of the alerts (needs Debian's prometheus)
	$(WITHPOSTGRES) env ACCOUNTSD_REQUIRE_PROMETHEUS=1 $(GO) test -count=1 -run 'Prometheus|Metrics|Traces|Monitoring' ./server/cmd/accountsd

.PHONY: test-modules
test-modules: ## vet and test the modules beside this one
	@for module in $(MODULES); do echo "$$module"; (cd $$module && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) test ./...); done

.PHONY: test-typescript
test-typescript: build $(NODE_TOOLS) ## take the tour of README.md with a TypeScript client made from openapi.yaml, and check what the pages and "accounts types ts" write
	ACCOUNTSD='$(CURDIR)/bin/accountsd' .ci/tour/run.sh
	TEST_TSC='$(CURDIR)/.ci/node_modules/.bin/tsc' $(GO) test -count=1 -run 'TypeScript' ./client/cmd/accounts
	TEST_NODE_MODULES='$(CURDIR)/.ci/node_modules' $(GO) test -count=1 -run 'TestPageReadme|TestPages/programs' ./server/cmd/accountsd

.PHONY: test-browser
test-browser: build $(CONSOLE_TOOLS) ## use the console and the reference in a real browser; screenshots go to bin/screenshots
	cd server/console && ACCOUNTSD='$(CURDIR)/bin/accountsd' node --test --test-reporter=spec test/*.test.mjs

.PHONY: test-member
test-member: ## add a member to a copy of the tree, and see that a few lines make it complete
	.ci/edits/member.sh

.PHONY: test-drift
test-drift: ## plant edits in a copy of the tree that leave spec and code apart, and see each of them named
	.ci/edits/drift.sh

.PHONY: test-breaking
test-breaking: ## plant edits of openapi.yaml that break clients in a copy of the tree, and see them told
	.ci/edits/breaking.sh

.PHONY: fuzz
fuzz: ## run each fuzz target of the small packages for FUZZTIME (10s)
	$(GO) test ./server/jsonvalue -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime $(FUZZTIME)
	$(GO) test ./server/query -run '^$$' -fuzz '^FuzzParseCondition$$' -fuzztime $(FUZZTIME)

# The compiler takes many minutes to prepare SQLite for it; soak-fuzz is quicker.
.PHONY: fuzz-server
fuzz-server: ## run those of the whole server
	$(GO) test ./server -run '^$$' -fuzz '^FuzzParseCursor$$' -fuzztime $(FUZZTIME)
	$(GO) test ./server -run '^$$' -fuzz '^FuzzUpdateAccount$$' -fuzztime $(FUZZTIME)

.PHONY: bench
bench: ## run the benchmarks
	$(GO) test ./... -run '^$$' -bench . -benchmem

LOAD = $(GO) build -o bin/load ./server/servertest/load && bin/load

.PHONY: bench-load
bench-load: build ## measure a server beside a bare limit program, and beside BASE (a commit); STORE=postgres, FULL=1 with a million accounts, LOADFLAGS=-help
	$(LOAD) $(if $(filter postgres,$(STORE)),-postgres) -sizes '1000,100000$(if $(FULL),$(comma)1000000)' $(if $(BASE),-base '$(BASE)') $(LOADFLAGS)

.PHONY: bench-load-ci
bench-load-ci: build ## see that bench-load works, in a minute
	$(LOAD) -sizes 1000 -clients 1,16 -time 1s -rounds 1

.PHONY: soak
soak: build ## attack a server with 500 requests at once, and print its memory and how long honest callers wait
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak bin/accountsd

SEED ?= -

.PHONY: soak-fuzz
soak-fuzz: build ## send a server what openapi.yaml allows and forbids for 10 minutes, and hold all answers against it; SEED=N repeats a run
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak fuzz 10m $(SEED) bin/accountsd

.PHONY: soak-fuzz-ci
soak-fuzz-ci: build ## do so for 30 seconds, always with the same requests, so that a change is judged by itself
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak fuzz 30s $(if $(filter -,$(SEED)),1,$(SEED)) bin/accountsd

KILLS ?= 1000

.PHONY: soak-crash
soak-crash: build ## kill a server KILLS times (1000) under 64 writers and all that goes on beside them, and look for what it answered
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak crash $(KILLS) bin/accountsd

.PHONY: soak-crash-ci
soak-crash-ci: ## kill it a few times only
	$(MAKE) soak-crash KILLS=30

.PHONY: soak-days
soak-days: build ## have the disk of a server be full, read-only or broken, and the server stand still, and see that it goes on (needs strace)
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak days bin/accountsd

FOLLOWED ?= 20

.PHONY: soak-follow
soak-follow: build ## kill a server and its follower FOLLOWED times (20) each under 64 writers, and compare what both have
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak follow $(FOLLOWED) bin/accountsd

.PHONY: soak-follow-ci
soak-follow-ci: ## kill them a few times only
	$(MAKE) soak-follow FOLLOWED=3

STATES ?= 11000

.PHONY: soak-powercut
soak-powercut: build ## cut the power of a server's disk in about STATES ways (11000), and see that what it has answered is there (needs strace)
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak powercut $(STATES) bin/accountsd

.PHONY: soak-powercut-ci
soak-powercut-ci: ## cut it in fewer ways
	$(MAKE) soak-powercut STATES=1000

RECEIVED ?= 20

.PHONY: soak-webhooks
soak-webhooks: build ## kill a receiver of webhooks that fails half of the time RECEIVED times (20), and servers too, and compare what it has with the feed
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak webhooks $(RECEIVED) bin/accountsd

.PHONY: soak-webhooks-ci
soak-webhooks-ci: ## kill it a few times only
	$(MAKE) soak-webhooks RECEIVED=2

PAIRS ?= 10000

.PHONY: soak-merge
soak-merge: ## have PAIRS (10000) pairs of patches that were made for one version of an account meet, on both stores
	$(GO) test ./server -count=1 -timeout 1h -run '^TestPatchesThatMeet$$' -rapid.checks=$(PAIRS)
	$(WITHPOSTGRES) -require env ACCOUNTSD_TEST_STORE=postgres $(GO) test ./server -count=1 -timeout 1h -run '^TestPatchesThatMeet$$' -rapid.checks=$(PAIRS)

.PHONY: soak-time
soak-time: ## write 1000 times, each time looking at a moment of the past, and take back all that was done to 1000 accounts, on both stores
	$(GO) test ./server -count=1 -timeout 1h -run '^(TestPast|TestRevertAll)$$' -rapid.checks=1000
	$(WITHPOSTGRES) -require env ACCOUNTSD_TEST_STORE=postgres $(GO) test ./server -count=1 -timeout 1h -run '^(TestPast|TestRevertAll)$$' -rapid.checks=1000

MERGES ?= 1000

.PHONY: soak-duplicates
soak-duplicates: ## merge random accounts and take all of it back, MERGES times (1000), on both stores
	$(GO) test ./server/lineage -count=1 -timeout 1h -run '^TestMergesAreTakenBack$$' -merges $(MERGES)
	$(WITHPOSTGRES) -require env ACCOUNTSD_TEST_STORE=postgres $(GO) test ./server/lineage -count=1 -timeout 1h -run '^TestMergesAreTakenBack$$' -merges $(MERGES)

ROWS ?= 100000

.PHONY: soak-keys
soak-keys: build ## import ROWS rows (100000), some cut short, by the keys of another system, in two processes at once and twice, on both stores or on STORE (sqlite, postgres)
	$(GO) build -o bin/soak ./server/servertest/soak
	for store in $(or $(STORE),sqlite postgres); do bin/soak keys-$$store $(ROWS) bin/accountsd; done

.PHONY: soak-keys-ci
soak-keys-ci: ## import a few rows, on SQLite only
	$(MAKE) soak-keys ROWS=4000 STORE=sqlite

.PHONY: soak-servers
soak-servers: build ## run two servers on one PostgreSQL under 16 clients: at peace, killed, behind HAProxy, on PgBouncer; and one under 500 requests at once
	$(GO) build -o bin/soak ./server/servertest/soak
	for mode in two balanced pooled burst; do bin/soak $$mode bin/accountsd; done

TIMES ?= 10

.PHONY: soak-failover
soak-failover: build ## kill the primary of PostgreSQL TIMES times (10) under two servers and 16 clients, and judge what these were told
	$(GO) build -o bin/soak ./server/servertest/soak
	bin/soak failover $(TIMES) bin/accountsd

.PHONY: soak-failover-ci
soak-failover-ci: soak-servers ## soak-servers, and one failover
	bin/soak failover 1 bin/accountsd

.PHONY: dist
dist: ## build all that is handed out into bin/dist: binaries for six systems, manual pages, completions, Debian packages, checksums
	@GO='$(GO)' .ci/package/dist.sh

.PHONY: check-dist
check-dist: ## build it for linux/amd64 only, and see that it can be installed, run and removed (needs systemd, man-db, binutils, curl)
	@GO='$(GO)' .ci/package/check.sh

.PHONY: ci
ci: check-generate check-console lint lint-spec check-deps check-licences check-vulnerabilities check-breaking test-breaking test-modules test-typescript test-browser test-member test-drift fuzz test-mail test-metrics bench-load-ci soak-fuzz-ci soak-crash-ci soak-follow-ci soak-webhooks-ci soak-keys-ci soak-powercut-ci soak-days soak-failover-ci test-race test-api-postgres test ## what CI runs
