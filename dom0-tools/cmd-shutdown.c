/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

int cmd_shutdown(const struct verb *v, int argc, char **argv)
{
    return ending_verb(v, argc, argv, "shutdown");
}
