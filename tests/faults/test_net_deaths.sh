#!/usr/bin/env bash
# kill -9 of kit and hub at random moments of syncs: see test_net_faults.sh.
PART=deaths exec bash "$(dirname "$0")/test_net_faults.sh" "$@"
