# v1pipe's version, places and flags. Override on the command line: make PREFIX=$HOME/.local install
VERSION = 0.2

PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/v1pipe

CC = gcc
AR = ar
PKG_CONFIG = pkg-config
MANDOC = mandoc
BATS = bats
# a Python that has NumPy, for the tests and golden data only
PYTHON := $(shell for p in python3 /usr/bin/python3; do \
	$$p -c 'import numpy' 2>/dev/null && { command -v $$p; break; }; done || :)

# clang says where it could not vectorise a loop, which is no fault of the program
WARNINGS = -Wno-pass-failed -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wsign-conversion -Wshadow -Wvla
OPTIMISE = -O2
CFLAGS = $(OPTIMISE) -g $(WARNINGS)
# what correctness depends on: no contraction to fused multiply-adds, no fast-math
STANDARD = -std=c11 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -D_FILE_OFFSET_BITS=64 -ffp-contract=off -fopenmp-simd -pthread
