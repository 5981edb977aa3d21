#!/usr/bin/env bash
# Both languages are complete: see texts.py.
exec python3 "$(dirname "$0")/texts.py"
