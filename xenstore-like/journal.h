/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_JOURNAL_H
#define XENSTORE_LIKE_JOURNAL_H

/*
 * A file of records that outlives the process, not the machine: it is mapped, so that what was
 * written is there after a kill at any moment, and costs no system call. Records count from the
 * commit that follows them, all at once: a commit is one store of the file's length.
 *
 * The file belongs on a tmpfs. Its memory is taken before it is written to: a full file system is
 * an error here and no signal.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

/*
 * Opens what an earlier process has left. -ENOENT nothing; -ESTALE from before the machine was
 * booted; -EPROTO no journal, or of another version.
 */
int journal_open(struct journal **j, const char *path);

/* A new one without records, which takes the place of that at @path by journal_publish(). */
int journal_create(struct journal **j, const char *path);
int journal_publish(struct journal *j);

/* Frees; the file stays. NULL allowed. */
void journal_close(struct journal *j);

/* The next committed record, in order. False: no more. */
bool journal_next(struct journal *j, uint32_t *type, const char **data, size_t *len);

/* A record: begin, its bytes in any number of parts, end. */
void journal_begin(struct journal *j, uint32_t type);
void journal_put(struct journal *j, const void *bytes, size_t len);
void journal_end(struct journal *j);

/* Whether there is something to commit. */
bool journal_pending(const struct journal *j);

/* @counter as of now, or a little more, is what journal_counter() tells the next process. */
void journal_commit(struct journal *j, uint64_t counter);
uint64_t journal_counter(const struct journal *j);

/* Whether records got lost: no memory for them. The journal is of no more use then. */
bool journal_failed(const struct journal *j);

/* Whether it has grown so much that a new one with only what still counts would be smaller. */
bool journal_due(const struct journal *j);

/* The new one could not be made: it is due again when this one has doubled. */
void journal_defer(struct journal *j);

#endif
