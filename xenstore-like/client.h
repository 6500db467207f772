/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_CLIENT_H
#define XENSTORE_LIKE_CLIENT_H

/*
 * Client library of the store: one connection, over the daemon's unix socket; or, where the path
 * names a device (/dev/xen/xenbus, in dom0 and in guests), over the kernel's own ring.
 *
 * Every function returns 0 (or a count) on success and a negative errno on failure: what the
 * daemon answered (-ENOENT, -EACCES, -EAGAIN, ...), -EPIPE when the daemon is gone for good (the
 * connection is then useless: close it), -EPROTO when it answered nonsense, -ENOMEM.
 *
 * A daemon that was restarted is found again, within 10 s: what was asked is asked anew (it may
 * then have been done twice), watches are set again, each with an event as if it were new, and
 * what belongs to a transaction that was open fails with -EAGAIN. Not so for a device.
 * Calls block until the daemon has answered. A connection belongs to one thread at a time.
 *
 * Paths are absolute ("/local/domain/1/name") or relative to "/local/domain/0/".
 * Values are bytes; those returned are malloc'ed and have a NUL added that is not counted.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_SOCKET    "/run/xenstored/socket"
#define STORE_PATH_MAX  3072 /* longest absolute path, without the NUL */
#define STORE_VALUE_MAX 4096 /* path, NUL and value together never exceed this */

struct store;

typedef uint32_t store_tx_t;
#define STORE_NO_TX 0u

/* Who may do what with a node. Entry 0 names the owner; its bits are for all others. */
struct store_perm {
    uint32_t domid;
    bool read;
    bool write;
};

/* A watch has fired. Both strings live until the next store_next_event() or store_close(). */
struct store_event {
    const char *path;  /* the node that changed, at or below the watched one */
    const char *token; /* as given to store_watch() */
};

/*
 * Connects to the daemon. @socket_path NULL means the environment variable
 * STORE_SOCKET or, without it, the path above.
 * Returns 0 with *@s set; -ENOENT or -ECONNREFUSED when no daemon serves that path; -EACCES.
 */
int store_open(struct store **s, const char *socket_path);

/* Closes; open transactions are aborted, watches end. NULL is allowed. */
void store_close(struct store *s);

/* Reads a node. *@value is to be free()d; @len may be NULL. */
int store_read(struct store *s, store_tx_t tx, const char *path, char **value, size_t *len);

/* The same with a path made by printf. */
int store_readf(struct store *s, store_tx_t tx, char **value, const char *path_fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Reads a node as a decimal number. -EINVAL when it holds anything else. */
int store_read_u64(struct store *s, store_tx_t tx, const char *path, uint64_t *number);

/* Writes a node, creating it and its parents as needed. */
int store_write(struct store *s, store_tx_t tx, const char *path, const char *value);
int store_write_bytes(struct store *s, store_tx_t tx, const char *path, const void *value,
                      size_t len);

/* Writes to @path a value made by printf. */
int store_writef(struct store *s, store_tx_t tx, const char *path, const char *value_fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Creates an empty node, and its parents as needed; one that exists stays as it is. */
int store_mkdir(struct store *s, store_tx_t tx, const char *path);

/* Removes a node and all below it. 0 also when only the node itself did not exist. */
int store_rm(struct store *s, store_tx_t tx, const char *path);

/*
 * Lists the names of a node's children. *@names is one malloc'ed block, to be free()d as a
 * whole; @count names in it. Lists of any length come back complete and consistent.
 */
int store_directory(struct store *s, store_tx_t tx, const char *path, char ***names, size_t *count);

/* Reads a node's permissions; *@perms is to be free()d, @count (>= 1) entries. */
int store_get_perms(struct store *s, store_tx_t tx, const char *path, struct store_perm **perms,
                    size_t *count);
int store_set_perms(struct store *s, store_tx_t tx, const char *path,
                    const struct store_perm *perms, size_t count);

/*
 * Watches @path and all below it. Also "@introduceDomain", "@releaseDomain". One event comes at
 * once. -EEXIST when this connection has the same path and token already.
 */
int store_watch(struct store *s, const char *path, const char *token);
int store_unwatch(struct store *s, const char *path, const char *token);

/* To poll() for POLLIN. Events may also arrive within other calls: see store_next_event(). */
int store_fd(const struct store *s);

/*
 * Takes the next event without blocking: 1 with *@ev set, 0 when there is none now.
 * Before each poll() of store_fd(), call this until it returns 0: a call that waited for an
 * answer may have put events aside, and the descriptor does not show those.
 */
int store_next_event(struct store *s, struct store_event *ev);

/* Waits for an event, at most @timeout_ms (-1: for ever). 1 event, 0 time ran out. */
int store_wait_event(struct store *s, struct store_event *ev, int timeout_ms);

/* Transactions. store_end(.., true) returns -EAGAIN on conflict: nothing was changed, redo. */
int store_begin(struct store *s, store_tx_t *tx);
int store_end(struct store *s, store_tx_t tx, bool commit);

/*
 * From here to store_end() the writes, directories, removals and permissions of @tx are sent many at a
 * time, and each returns 0 before it is answered. If one of them fails, store_end() aborts and returns
 * its error. Not over a device: there they wait one by one, as ever.
 */
void store_gather(struct store *s, store_tx_t tx);

/*
 * Runs @fn within a transaction and commits, again and again while the commit conflicts (at
 * most 1,000 times, then -EAGAIN). @fn returns 0 to commit; anything else aborts the
 * transaction and is returned, except -EAGAIN, which also runs it again. @fn may be called
 * several times: it must not have effects outside the store.
 */
int store_transact(struct store *s, int (*fn)(struct store *s, store_tx_t tx, void *arg),
                   void *arg);

/*
 * Domains. store_introduce() gives the daemon a new domain's ring: @gfn, its page, and @port, the
 * domain's unbound event channel for dom0. -ENOENT when there is no such domain. Introducing it
 * again resets the ring and binds the port anew.
 */
int store_introduce(struct store *s, uint32_t domid, uint64_t gfn, uint32_t port);
int store_release(struct store *s, uint32_t domid);
int store_resume(struct store *s, uint32_t domid);
int store_set_target(struct store *s, uint32_t domid, uint32_t target);
int store_is_introduced(struct store *s, uint32_t domid); /* 1 yes, 0 no */
int store_domain_path(struct store *s, uint32_t domid, char **path);

/* A command to the daemon itself: @args strings, e.g. {"quota"}. *@answer is to be free()d. */
int store_control(struct store *s, const char *const *args, size_t count, char **answer);

#endif
