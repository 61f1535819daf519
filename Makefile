# SPDX-License-Identifier: Apache-2.0
# Doors only: each target is a line or two, and the work is in meson and scripts/.

.PHONY: all quick test asan sabotage coverage fuzz release-check demo bench bench-peers fmt clean

all: ## release build in build/
	scripts/deps.sh build
	scripts/test.py --build-only release

quick: ## unit tests and tidy
	scripts/deps.sh test
	scripts/test.py --suite unit --suite tidy release

test: ## everything, release and with sanitizers; ends in `N passed, N failed`
	scripts/deps.sh test
	scripts/test.py release asan sabotage

asan: ## the suite with sanitizers alone
	scripts/deps.sh test
	scripts/test.py asan

sabotage: ## take one safety after the other away: a test must notice each
	scripts/deps.sh test
	scripts/test.py sabotage

fuzz: ## run the fuzzers for a while, and write down in tests/fuzz/LEDGER.tsv what they did
	scripts/deps.sh test
	scripts/fuzz.py run

coverage: ## which branches the tests take, and whether these are enough
	scripts/deps.sh test
	scripts/test.py coverage

release-check: ## every test with all of what it sweeps; hours, and figures at the end
	scripts/deps.sh test
	scripts/test.py --full release asan sabotage fuzz coverage

demo: ## index a sample, start the daemon, ask it
	scripts/deps.sh demo
	scripts/demo.sh

bench: ## measure building, sizes, queries and the daemon on a generated sample
	scripts/deps.sh build
	scripts/test.py --build-only release
	bench/run.sh

bench-peers: ## the same beside Lucene, Tantivy, Xapian, Groonga and SQLite, on one core
	scripts/deps.sh build peers
	scripts/test.py --build-only release
	bench/peers/run.sh

fmt: ## clang-format in place
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-asan build-coverage build-fuzz build-sabotage
