/* SPDX-License-Identifier: GPL-2.0-only */
/* console_io: the hypervisor's console, for dom0. */
#include "mini.h"

static long console_io(unsigned int cmd, unsigned int count, const void *buffer)
{
    return hypercall3(__HYPERVISOR_console_io, cmd, count, PTR(buffer));
}

TEST(dom0_writes)
{
    static const char text[] = "console_io: a line of the console test\n";

    if (is_dom0())
        CHECK_EQ(console_io(CONSOLEIO_write, sizeof(text) - 1, text), 0);
    else
        CHECK(console_io(CONSOLEIO_write, sizeof(text) - 1, text) <= 0);
}

TEST(a_long_text_is_written_whole)
{
    static char text[300];

    memset(text, '.', sizeof(text));
    text[sizeof(text) - 1] = '\n';
    for (unsigned int i = 99; i < sizeof(text); i += 100)
        text[i] = '\n';
    if (is_dom0())
        CHECK_EQ(console_io(CONSOLEIO_write, sizeof(text), text), 0);
}

TEST(nothing_is_there_to_read)
{
    char text[16];

    if (is_dom0())
        CHECK_EQ(console_io(CONSOLEIO_read, sizeof(text), text), 0);
    else
        CHECK_EQ(console_io(CONSOLEIO_read, sizeof(text), text), -XEN_EPERM);
}

TEST(arguments_are_checked)
{
    if (!is_dom0())
        return;
    CHECK_EQ(console_io(CONSOLEIO_write, 5, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(console_io(2, 0, "x"), -XEN_ENOSYS);
}
