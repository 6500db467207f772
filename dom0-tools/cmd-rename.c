/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

int cmd_rename(const struct verb *v, int argc, char **argv)
{
    return word_verb(v, argc, argv, "rename", "to");
}
