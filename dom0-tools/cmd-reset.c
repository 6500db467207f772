/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

int cmd_reset(const struct verb *v, int argc, char **argv)
{
    return simple_verb(v, argc, argv, "reset");
}
