# The newcomer's verbs; everything else is `plr` or .ci/run.
PYTHON ?= python3

.PHONY: demo test test-long up clean

demo: .venv/.runtime
	.venv/bin/plr demo

up: .venv/.runtime
	.venv/bin/plr up

# First what shares a machine well, on two processes; then what starts servers and browsers, alone.
test: .venv/.dev
	.venv/bin/pytest -n 2 --dist loadfile -m "not long and not prefect and not browser"
	.venv/bin/pytest -m "not long and (prefect or browser)"

test-long: .venv/.dev
	.venv/bin/pytest -m long

.venv: .venv/.runtime

.venv/.runtime: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("Python 3.11, 3.12 or 3.13 is needed; this is %d.%d. Try: make PYTHON=python3.12 ..." % v)'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.venv/.dev: .venv/.runtime requirements-dev.txt
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

clean:
	rm -rf .venv .plr .plr-demo
