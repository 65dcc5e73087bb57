# Every target runs on a bare machine with Python 3.11, git and make; each may be repeated.
# Only relative names: GNU make parts names at spaces, and the clone may stand in a folder whose name has one.

SHELL := /bin/bash
PYTHON_ENV := .venv/bin/python
PERIOD ?= 2026-Q3
# Portals to break in the demo: make demo FAULTS="igate/08=down bkav_axis/01=html"
FAULTS ?=
BENCH ?=
# Past quarters: make backfill FROM=2023-Q4 TO=2026-Q3; REPROCESS=1 runs those again that went through
FROM ?=
TO ?=
REPROCESS ?=
RUNTIME := .venv/requirements.lock.installed
DEVELOPMENT := .venv/requirements-dev.lock.installed

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test check bench bench-quick up down backfill clean forget

help:
	@echo "make demo    một quý, từ cổng mô phỏng tới biểu đã điền / one quarter, from simulated portals to filled forms"
	@echo "make test    mọi phép thử / every test"
	@echo "make check   kiểm tra tĩnh, không sửa gì / static checks; changes nothing"
	@echo "make bench   phép đo tốc độ, ghi bench/RESULTS.md / measurements, written into bench/RESULTS.md"
	@echo "make bench-quick  cùng phép đo trên ít dữ liệu, dưới 5 phút, chỉ in ra / the same on less data, below 5 minutes"
	@echo "make up      Airflow với giao diện; Ctrl-C hoặc make down để dừng / Airflow with its user interface"
	@echo "make backfill FROM=2023-Q4 TO=2026-Q3    các quý đã qua, qua Airflow / past quarters, through Airflow"
	@echo "make setup   chỉ cài đặt / only installs"
	@echo "make clean   xoá phần đã cài và bộ nhớ đệm / removes what was installed, and caches"
	@echo "make forget  xoá cơ sở dữ liệu, tệp đã lấy, biểu / removes databases, landed answers and forms"

setup: $(RUNTIME)

demo: $(RUNTIME)
	@$(PYTHON_ENV) -m launcher demo --period '$(PERIOD)' $(foreach fault,$(FAULTS),--fault '$(fault)')

up: $(RUNTIME)
	@$(PYTHON_ENV) -m launcher up

down: $(RUNTIME)
	@$(PYTHON_ENV) -m launcher down

backfill: $(RUNTIME)
	@$(PYTHON_ENV) -m launcher backfill --from '$(FROM)' --to '$(TO)' $(if $(REPROCESS),--reprocess)

forget: $(RUNTIME)
	@$(PYTHON_ENV) -m launcher forget

test: $(DEVELOPMENT)
	@$(PYTHON_ENV) -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

check: $(DEVELOPMENT)
	@bash launcher/check.sh

# One benchmark: make bench BENCH="pull --runs 3"
bench: $(RUNTIME)
	@$(PYTHON_ENV) -m bench $(BENCH)

bench-quick: $(RUNTIME)
	@$(PYTHON_ENV) -m bench --quick $(BENCH)

clean:
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -path ./.git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

.venv/%.installed: %
	@bash launcher/install.sh '$<' '$@'
