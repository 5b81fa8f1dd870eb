# The four words that a newcomer tries first.
.PHONY: build run test bench
build:
	./scripts/install-deps && cmake --preset release && cmake --build build/release
run:
	./scripts/run
test:
	./scripts/test
bench:
	./scripts/bench
