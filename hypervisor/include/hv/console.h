/* SPDX-License-Identifier: GPL-2.0-only */
/* The console: serial line, and the log ring that dom0 reads. core/console.c. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/types.h>

/* Where it writes; called with the console's lock held, interrupts off. NULL: nowhere. */
void console_set_output(void (*fn)(const char *s, size_t n));
void console_init(void); /* the output is set: show what was logged before */
/* Bytes of the ring from *@index on (free-running), at most @n, into @buf; advances *@index. */
size_t console_ring_read(uint64_t *index, char *buf, size_t n);
void console_ring_clear(void);
/* Raw output of dom0's console (console_io), no prefix. */
void console_write_raw(const char *s, size_t n);
/* An input byte from the serial line, for dom0 to read; also sends VIRQ_CONSOLE. Any context. */
void console_input(char c);
/* Serial locks are ignored from now on (crash). */
void console_force_unlock(void);

#endif
