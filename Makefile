# walt: what a newcomer types. `make demo` makes videos, `make test` passes the tests, `make soak` hunts for faults; all
# share one build.

PREFIX ?= /usr/local
DESTDIR ?=
# Tests look into modules: the flag makes the demo's build theirs too. (`swift test` would add it once more, and so
# build everything again: --disable-testable-imports.)
SWIFT_FLAGS = -c release -Xswiftc -enable-testing
BIN = .build/release
RUN = run
CONFIG = configs/demo.toml
PROGRAMS = waltd walt-worker waltctl walt-train

# What Debian 12 must have besides Swift 6.
PACKAGES = pkg-config libssl-dev libsystemd-dev libsqlite3-dev libpng-dev libavformat-dev libavcodec-dev \
  libavutil-dev libswscale-dev libsentencepiece-dev libopenblas-dev

# One prompt file instead of all examples: make demo PROMPT=spool/examples/circle.json
PROMPT ?= $(sort $(wildcard spool/examples/*.json))

.PHONY: setup build demo test soak benchmark benchmark-queue lint install uninstall clean

setup:
	@missing=$$(for p in $(PACKAGES); do \
	  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "Installing:" $$missing; \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update -q && \
	  DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -qy --no-install-recommends $$missing; \
	fi

build: setup
	swift build $(SWIFT_FLAGS)

demo: build
	@mkdir -p $(RUN)/spool $(RUN)/state
	@$(BIN)/waltd --config $(CONFIG) --spool $(RUN)/spool --state $(RUN)/state 2>> $(RUN)/waltd.log & \
	daemon=$$!; trap 'kill $$daemon 2>/dev/null; wait $$daemon' EXIT; \
	cp $(PROMPT) $(RUN)/spool/ && \
	$(BIN)/waltctl wait --spool $(RUN)/spool --state $(RUN)/state --start 60 $(notdir $(PROMPT)) || \
	{ echo "Something went wrong: see $(RUN)/waltd.log and $(RUN)/spool/*.error.json"; exit 1; }
	@echo; echo "The videos and pictures, each with its result file, are in $(CURDIR)/$(RUN)/spool:"
	@cd $(RUN)/spool && find . -name '*.mp4' -o -name '*.png' | sort | sed 's|^\./|  |'

test: setup
	swift test $(SWIFT_FLAGS) --disable-testable-imports

# The tests of faults in their long form; the seed is printed, WALT_SEED=N repeats it.
soak: setup
	WALT_SOAK=1 swift test $(SWIFT_FLAGS) --disable-testable-imports --filter FaultTests

# How the queue bears load: so many files, a batch of as many lines, and so many jobs that were done long ago.
COUNT ?= 100000
FINISHED ?= 1000000
benchmark-queue: build
	$(BIN)/queue-benchmark $(COUNT) $(FINISHED)

# walt and PyTorch side by side, on the same weights; PyTorch is fetched from PyPI into an environment of its own.
PEER = $(RUN)/peer
benchmark: build
	@[ -x $(PEER)/bin/python ] || python3 -m venv $(PEER)
	@$(PEER)/bin/pip install --quiet -r Tests/Benchmark/peer/requirements.txt
	$(PEER)/bin/python Tests/Benchmark/peer/compare.py --bin $(BIN) --work $(RUN)/benchmark

lint:
	swift format lint --strict -r Sources Tests Package.swift

# Programs lie beside the Swift libraries that they need: nothing of the toolchain is needed afterwards.
install:
	@test -x $(BIN)/waltd || { echo "Build it first, as yourself: make build"; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/lib/walt $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/walt \
	  $(DESTDIR)/etc/walt $(DESTDIR)/lib/systemd/system $(DESTDIR)/usr/lib/sysusers.d $(DESTDIR)/usr/lib/tmpfiles.d
	for p in $(PROGRAMS); do \
	  install -m 755 $(BIN)/$$p $(DESTDIR)$(PREFIX)/lib/walt/ && \
	  ln -sf ../lib/walt/$$p $(DESTDIR)$(PREFIX)/bin/$$p; done
	ldd $(addprefix $(BIN)/,$(PROGRAMS)) | sed -n 's|.*=> \(.*/swift/linux/[^ ]*\.so\) .*|\1|p' | sort -u | \
	  xargs -r install -m 644 -t $(DESTDIR)$(PREFIX)/lib/walt
	cp -r configs/models $(DESTDIR)$(PREFIX)/share/walt/
	for model in $(DESTDIR)$(PREFIX)/share/walt/models/*/; do (cd "$$model" && \
	  find * -type f ! -name SHA256SUMS | sort | xargs -d '\n' sha256sum > SHA256SUMS) || exit 1; done
	sed 's|/usr/local|$(PREFIX)|' configs/waltd.toml > $(DESTDIR)/etc/walt/waltd.toml.new
	if [ -e $(DESTDIR)/etc/walt/waltd.toml ]; then echo "kept /etc/walt/waltd.toml; ours is waltd.toml.new"; \
	  else mv $(DESTDIR)/etc/walt/waltd.toml.new $(DESTDIR)/etc/walt/waltd.toml; fi
	sed 's|/usr/local|$(PREFIX)|' systemd/waltd.service > $(DESTDIR)/lib/systemd/system/waltd.service
	install -m 644 systemd/waltd.sysusers $(DESTDIR)/usr/lib/sysusers.d/waltd.conf
	install -m 644 systemd/waltd.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/waltd.conf
	for p in $(PROGRAMS); do \
	  $(BIN)/$$p --experimental-dump-help | $(BIN)/waltctl manual | \
	  install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/man/man1/$$p.1 && \
	  $(BIN)/$$p --generate-completion-script bash | \
	  install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$p && \
	  $(BIN)/$$p --generate-completion-script zsh | \
	  install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$p && \
	  $(BIN)/$$p --generate-completion-script fish | \
	  install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$p.fish || exit 1; done
	@echo "Next: systemd-sysusers; systemd-tmpfiles --create waltd.conf; systemctl enable --now waltd"

uninstall:
	for p in $(PROGRAMS); do cd $(DESTDIR)$(PREFIX) && rm -f bin/$$p share/man/man1/$$p.1 \
	  share/bash-completion/completions/$$p share/zsh/site-functions/_$$p share/fish/vendor_completions.d/$$p.fish; done
	rm -rf $(DESTDIR)$(PREFIX)/lib/walt $(DESTDIR)$(PREFIX)/share/walt
	rm -f $(DESTDIR)/lib/systemd/system/waltd.service $(DESTDIR)/usr/lib/sysusers.d/waltd.conf \
	  $(DESTDIR)/usr/lib/tmpfiles.d/waltd.conf

clean:
	rm -rf .build $(RUN)
