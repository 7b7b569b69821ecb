# Two commands do everything: `make demo` and `make test`. Both may be run again at any time.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
VIDEO  ?=
SERVE  ?= yes
DEMO   := demo

.PHONY: help demo docs test check setup clean
.DEFAULT_GOAL := help

help:
	@echo "make demo              set up, record a simulated surgery, de-identify it, serve it to browsers"
	@echo "make demo VIDEO=a.mp4  the same with your own video (add VIEW=X,Y,W,H for the room view)"
	@echo "make demo SERVE=no     the same, and end when its archive is made"
	@echo "make test              set up, then run every check and test"
	@echo "make docs              build the documentation site: build/site/index.html"
	@echo "make setup             only make the environment in $(VENV), build kernels and widgets"
	@echo "make clean             remove what was built, the environment included"

setup: $(VENV)/.ready

# The environment is rebuilt when what it is made from changes; kernels and widgets when their source
# does.
WIDGETS := $(wildcard workbench/widgets/js/*.json workbench/widgets/js/*.mjs workbench/widgets/js/src/* workbench/widgets/js/src/*/*)
$(VENV)/.ready: pyproject.toml setup.py tools/install.py tools/bundle_widgets.py $(wildcard recorder_core/*/*.pyx) $(WIDGETS)
	@$(PYTHON) tools/install.py $(VENV)
	@touch $@

demo: setup
	@$(BIN)/workbench demo $(if $(VIDEO),--video "$(VIDEO)") $(if $(VIEW),--view "$(VIEW)") $(if $(filter no,$(SERVE)),--no-serve) --folder $(DEMO)

docs: setup
	$(BIN)/python tools/make_site.py build/site

check: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

# hundreds of tests start processes, which read the modules that the first of them compiled
test: check
	@$(BIN)/python tools/install_test_programs.py
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

clean:
	rm -rf $(VENV) build $(DEMO) workbench/widgets/static workbench/widgets/js/node_modules
	find recorder_core -name '_*_cy.c' -o -name '_*_cy*.so' | xargs -r rm -f
