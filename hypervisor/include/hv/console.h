/* SPDX-License-Identifier: GPL-2.0-only */
/* The console: serial line, and the log ring that dom0 reads. core/console.c. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/types.h>

/* Output function of the console, called with the console's lock held, interrupts off. NULL: none.
 * */
void console_set_output(void (*fn)(const char *s, size_t n));
void console_init(void); /* the output is set: show what was logged before */
/* Bytes of the ring from *@index on (free-running), at most @n, into @buf; advances *@index. */
size_t console_ring_read(uint64_t *index, char *buf, size_t n);
void console_ring_clear(void);
/* Raw output of dom0's console (console_io), no prefix. */
void console_write_raw(const char *s, size_t n);
/* An input byte from the serial line (interrupt context): to dom0's console_io read + VIRQ_CONSOLE.
 * */
void console_input(char c);
/* Serial locks are ignored from now on (crash). */
void console_force_unlock(void);

#endif
