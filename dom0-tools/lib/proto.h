/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_PROTO_H
#define DOM0_TOOLS_LIB_PROTO_H

/*
 * The protocol between domctl and domd: over a stream socket, one JSON document a line. A request
 * is an object with a member "op"; its answer is an object with "ok": true, or with "error" (text),
 * "status" (exit status). A descriptor may ride along with a line's newline.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct json;

#define DOMD_SOCKET       "/run/pavo/domd.sock"
#define CONSOLED_SOCKET   "/run/pavo/consoled.sock"
#define PROTO_REQUEST_MAX (256u << 10)
#define PROTO_ANSWER_MAX  (8u << 20)

/*
 * A server's socket at @path (of mode 0600; an old one is replaced unless somebody answers there),
 * or a client's. Returns the descriptor or a negative errno; -EADDRINUSE: a server answers there.
 * A client waits a little for a server that was killed, or only tries.
 */
int proto_listen(const char *path);
int proto_connect(const char *path);
int proto_try_connect(const char *path);

/* Writes the whole line: @text without a newline in it. @pass: descriptor to send, or -1. */
int proto_send(int fd, const char *text, size_t len, int pass);

/*
 * Reads one line, byte for byte up to its newline (nothing behind it is taken). Returns its length
 * with *@line to be free()d (NUL in place of the newline); 0 with *@line NULL at the end of the
 * stream; -EMSGSIZE longer than @max; -ETIMEDOUT after @timeout_ms (-1: never); a negative errno.
 * @passed (may be NULL) receives a descriptor or -1.
 */
long proto_receive(int fd, char **line, size_t max, int timeout_ms, int *passed);

/* An answer's error into *@e (from "error" and "status"). Returns 0 when the answer has "ok". */
int proto_check(const struct json *answer, struct err *e);

#endif
