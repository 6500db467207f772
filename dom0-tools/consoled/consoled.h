/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_CONSOLED_CONSOLED_H
#define DOM0_TOOLS_CONSOLED_CONSOLED_H

/*
 * consoled: serves the console rings of all guests in one poll loop. A struct console is one
 * guest by name, across reboots; its ring comes and goes with the domain.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0-tools/lib/guest.h"

struct xencons_interface;

#define HISTORY_SIZE (64u << 10)  /* bytes that a client sees again when it attaches */
#define INPUT_SIZE   4096         /* typed, but not yet taken by the guest */
#define OUTPUT_SIZE  (256u << 10) /* a client that lags more than this is cut off */

/* Bytes in a ring of a power of two. */
struct fifo {
    uint8_t *data;
    size_t size, head, len;
};

bool fifo_init(struct fifo *f, size_t size);
void fifo_free(struct fifo *f);
size_t fifo_put(struct fifo *f, const void *data, size_t len); /* bytes taken */
void fifo_push(struct fifo *f, const void *data, size_t len);  /* the oldest make room */
size_t fifo_peek(const struct fifo *f, const uint8_t **data);  /* contiguous bytes at the front */
void fifo_drop(struct fifo *f, size_t len);
/* Number of bytes up to and with the first @byte; 0 when there is none. */
size_t fifo_find(const struct fifo *f, uint8_t byte);

struct console {
    struct console *next;
    char name[GUEST_NAME_MAX + 1];
    uint32_t domid; /* 0: no domain now */
    struct xencons_interface *ring;
    int port; /* local event channel, or -1 */
    int log_fd;
    uint64_t log_size;
    bool log_missed; /* it cannot be opened: said once, tried on */
    bool log_short;  /* the log has not taken all: its size means another position now */
    size_t logged;   /* bytes at the front of the ring that an earlier consoled has logged */
    bool broken;     /* the guest wrote nonsense into the ring: said once */
    struct fifo history, input;
};

/* One connection: first a line that says what it wants, then a console's bytes. */
struct client {
    struct client *next;
    int fd;
    struct console *console; /* attached to it, or NULL */
    struct fifo output;
    bool closing;
};

/*
 * The guest side of the ring, which it may change at any moment. Takes what the guest has written
 * (at most one ring full), leaves it there, and returns its length; 0 with *@broken set if its indices make no sense.
 */
size_t ring_take(struct xencons_interface *ring, uint8_t buf[2048], bool *broken);
/* Then, when these bytes are logged: gives their room back. */
void ring_taken(struct xencons_interface *ring, size_t len);
/* Bytes that the guest has written and we have taken in all, as a free-running number. */
uint32_t ring_position(const struct xencons_interface *ring);
/* Gives the guest up to @len bytes of input; returns how many fitted. */
size_t ring_give(struct xencons_interface *ring, const uint8_t *data, size_t len);

/*
 * position.c: what is in the ring is logged before it is taken from there, so that a consoled that is
 * killed loses nothing; and the next one does not log it twice, for it knows where in the log the
 * ring's first byte would be. That is noted when it changes, in POSITION_DIR/NAME, for one domain.
 */
#define POSITION_DIR "/run/pavo/console"

/* The log, of @log_size bytes, ends where the ring's position is. */
void position_note(const char *name, uint32_t domid, uint64_t log_size, uint32_t position);
/* How many bytes at the front of the ring are in the log already. */
size_t position_logged(const char *name, uint32_t domid, uint64_t log_size, uint32_t position);
void position_forget(const char *name);
/* The guest has another name. */
void position_move(const char *from, const char *to);
/* Whether @domid's is noted under another name than @name: *@earlier. */
bool position_find(uint32_t domid, const char *name, char earlier[GUEST_NAME_MAX + 1]);

#endif
