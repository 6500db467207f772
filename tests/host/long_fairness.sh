#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# test_sched.sh with 10 seconds of guest time for each figure.
SECONDS_EACH=10 exec tests/host/test_sched.sh
