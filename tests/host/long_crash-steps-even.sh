#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Of stored's steps that last each even one has its crash, through all the actions of long_crash-steps.sh.
STEPS=stored:sweep:96:2:2
. tests/host/long_crash-steps.sh
