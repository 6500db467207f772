// SPDX-License-Identifier: GPL-2.0-only
/* A file of records that outlives the process. */
#include "xenstore-like/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xenstore-like/alloc.h"

#define MAGIC        "PavoStor"
#define VERSION      1u
#define GROW_BYTES   (1u << 20)
#define COUNTER_STEP (1u << 20)
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX  40

/* At the start of the file. */
struct header {
    char magic[8];
    uint32_t version, unused;
    char boot_id[BOOT_ID_MAX];
    uint64_t counter;   /* not lower than any that was ever handed to journal_commit() */
    uint64_t committed; /* bytes of the file that count */
};

/* Before each record's data; the next one begins at a multiple of 8. */
struct record {
    uint32_t type, len;
};

struct journal {
    char *path, *temporary; /* @temporary: its name until it is published */
    int fd;
    char *map;
    size_t room, len;  /* mapped; written, not all of it committed */
    size_t record, at; /* the record being written; how far we have read */
    size_t due_len;    /* a new one would be worth it from here on */
    bool failed;
};

static struct header *header(const struct journal *j)
{
    return (struct header *)j->map;
}

static void read_boot_id(char *id)
{
    int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);

    memset(id, 0, BOOT_ID_MAX);
    if (fd < 0)
        return;
    if (read(fd, id, BOOT_ID_MAX - 1) < 0)
        memset(id, 0, BOOT_ID_MAX);
    close(fd);
}

static struct journal *journal_new(const char *path)
{
    struct journal *j = xcalloc(1, sizeof(*j));

    j->path = xstrdup(path);
    j->fd = -1;
    return j;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    if (j->map)
        munmap(j->map, j->room);
    if (j->fd >= 0)
        close(j->fd);
    if (j->temporary)
        unlink(j->temporary);
    free(j->temporary);
    free(j->path);
    free(j);
}

static int map(struct journal *j, size_t room)
{
    void *p = j->map ? mremap(j->map, j->room, room, MREMAP_MAYMOVE)
                     : mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, j->fd, 0);

    if (p == MAP_FAILED)
        return -errno;
    j->map = p;
    j->room = room;
    return 0;
}

static int check(const struct journal *j)
{
    const struct header *h = header(j);
    char boot_id[BOOT_ID_MAX];

    if (memcmp(h->magic, MAGIC, sizeof(h->magic)) || h->version != VERSION ||
        h->committed < sizeof(*h) || h->committed > j->room || h->committed % 8)
        return -EPROTO;
    read_boot_id(boot_id);
    return memcmp(boot_id, h->boot_id, sizeof(boot_id)) ? -ESTALE : 0;
}

int journal_open(struct journal **out, const char *path)
{
    struct journal *j = journal_new(path);
    struct stat st;
    int rc = 0;

    j->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (j->fd < 0 || fstat(j->fd, &st))
        rc = -errno;
    else if (!S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof(struct header))
        rc = -EPROTO;
    if (!rc)
        rc = map(j, st.st_size);
    if (!rc)
        rc = check(j);
    if (rc) {
        journal_close(j);
        return rc;
    }
    j->len = header(j)->committed;
    j->at = sizeof(struct header);
    *out = j;
    return 0;
}

/* Makes room for @len more bytes. */
static bool reserve(struct journal *j, size_t len)
{
    size_t room = j->room ? j->room : GROW_BYTES;
    int rc;

    if (j->failed)
        return false;
    if (j->map && len <= j->room - j->len)
        return true;
    while (room - j->len < len || room == j->room)
        room += room < 64 * GROW_BYTES ? room : 64 * GROW_BYTES;
    do
        rc = posix_fallocate(j->fd, 0, room);
    while (rc == EINTR);
    j->failed = rc || map(j, room);
    return !j->failed;
}

int journal_create(struct journal **out, const char *path)
{
    struct journal *j = journal_new(path);
    size_t len = strlen(path) + sizeof(".new");
    struct header *h;

    j->temporary = xmalloc(len);
    snprintf(j->temporary, len, "%s.new", path);
    unlink(j->temporary);
    j->fd = open(j->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0 || !reserve(j, sizeof(*h))) {
        int rc = j->fd < 0 ? -errno : -ENOSPC;

        journal_close(j);
        return rc;
    }
    h = header(j);
    memcpy(h->magic, MAGIC, sizeof(h->magic));
    h->version = VERSION;
    read_boot_id(h->boot_id);
    j->len = j->at = h->committed = sizeof(*h);
    *out = j;
    return 0;
}

int journal_publish(struct journal *j)
{
    if (j->failed)
        return -ENOSPC;
    if (rename(j->temporary, j->path))
        return -errno;
    free(j->temporary);
    j->temporary = NULL;
    j->due_len = 3 * j->len;
    return 0;
}

bool journal_next(struct journal *j, uint32_t *type, const char **data, size_t *len)
{
    struct record r;
    size_t end = header(j)->committed;

    if (end - j->at < sizeof(r))
        return false;
    memcpy(&r, j->map + j->at, sizeof(r));
    if (r.len > end - j->at - sizeof(r))
        return false;
    *type = r.type;
    *data = j->map + j->at + sizeof(r);
    *len = r.len;
    j->at += sizeof(r) + ((r.len + 7) & ~(size_t)7);
    return true;
}

void journal_begin(struct journal *j, uint32_t type)
{
    struct record r = {.type = type};

    j->record = j->len;
    journal_put(j, &r, sizeof(r));
}

void journal_put(struct journal *j, const void *bytes, size_t len)
{
    if (!len || (len > j->room - j->len && !reserve(j, len)))
        return;
    memcpy(j->map + j->len, bytes, len);
    j->len += len;
}

void journal_end(struct journal *j)
{
    static const char zero[8];
    uint32_t len = j->len - j->record - sizeof(struct record);

    journal_put(j, zero, -j->len & 7);
    if (!j->failed)
        memcpy(j->map + j->record + offsetof(struct record, len), &len, sizeof(len));
}

bool journal_pending(const struct journal *j)
{
    return j->failed || j->len != header(j)->committed;
}

void journal_commit(struct journal *j, uint64_t counter)
{
    struct header *h = header(j);

    if (j->failed)
        return;
    /* Rarely, and before: what is committed never knows a higher one. */
    if (counter >= h->counter)
        __atomic_store_n(&h->counter, counter + COUNTER_STEP, __ATOMIC_RELEASE);
    __atomic_store_n(&h->committed, j->len, __ATOMIC_RELEASE);
}

uint64_t journal_counter(const struct journal *j)
{
    return header(j)->counter;
}

bool journal_failed(const struct journal *j)
{
    return j->failed;
}

bool journal_due(const struct journal *j)
{
    return j->len > GROW_BYTES && j->len > j->due_len;
}

void journal_defer(struct journal *j)
{
    j->due_len = 2 * j->len;
}
