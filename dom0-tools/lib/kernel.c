/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpacked kernels, shared: see the header.
 * Invariant: whoever holds a reference may read image and file without the lock; only the thread that
 *            made an entry writes them, while it is LOADING.
 */
#include "dom0-tools/lib/kernel.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/file.h"
#include "dom0-tools/lib/image.h"

struct kernel {
    struct kernel *next;
    struct stat st; /* of the file, when it was opened */
    struct file file;
    struct image image;
    unsigned int refs;
    enum { LOADING, READY, STALE } state; /* STALE: only for those who have it */
    int64_t unused_since;                 /* CLOCK_MONOTONIC, in seconds, while refs is 0 */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct kernel *list;
} kernels = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static struct kernel *find_locked(const struct stat *st)
{
    struct kernel *k;

    for (k = kernels.list; k; k = k->next)
        if (k->state != STALE && same_file(&k->st, st))
            return k;
    return NULL;
}

/* Takes it off the list and frees it. Lock held. */
static void drop_locked(struct kernel *k)
{
    struct kernel **p;

    for (p = &kernels.list; *p != k; p = &(*p)->next)
        ;
    *p = k->next;
    image_free(&k->image);
    file_free(&k->file);
    free(k);
}

static int load(struct kernel *k, const char *path, struct err *e)
{
    if (file_read(&k->file, "kernel", path, IMAGE_FILE_MAX, 0, e))
        return -1;
    if (image_load(&k->image, k->file.data, k->file.len, path, e))
        return err_prefix(e, "kernel");
    if (k->image.owned) /* unpacked: nothing refers to the file */
        file_free(&k->file);
    return 0;
}

const struct image *kernel_get(const char *path, struct err *e)
{
    struct stat st = {0}, after;
    bool known = !stat(path, &st);
    struct kernel *k;
    int rc;

    pthread_mutex_lock(&kernels.lock);
    while (known && (k = find_locked(&st)) && k->state == LOADING)
        pthread_cond_wait(&kernels.changed, &kernels.lock);
    if (known && k) {
        k->refs++;
        pthread_mutex_unlock(&kernels.lock);
        return &k->image;
    }
    k = calloc(1, sizeof(*k));
    if (!k) {
        pthread_mutex_unlock(&kernels.lock);
        err_set(e, STATUS_RESOURCES, path, NULL, "out of memory");
        return NULL;
    }
    *k = (struct kernel){.next = kernels.list, .st = st, .refs = 1, .state = LOADING};
    kernels.list = k;
    pthread_mutex_unlock(&kernels.lock);

    rc = load(k, path, e);
    pthread_mutex_lock(&kernels.lock);
    if (rc)
        drop_locked(k);
    else /* what was changed meanwhile serves this one guest, as it was read */
        k->state = known && !stat(path, &after) && same_file(&st, &after) ? READY : STALE;
    pthread_cond_broadcast(&kernels.changed);
    pthread_mutex_unlock(&kernels.lock);
    return rc ? NULL : &k->image;
}

/* Drops those that nobody has had for longest, until few enough are left. Lock held. */
static void drop_surplus_locked(void)
{
    for (;;) {
        struct kernel *k, *oldest = NULL;
        unsigned int unused = 0;

        for (k = kernels.list; k; k = k->next) {
            if (k->refs)
                continue;
            unused++;
            if (!oldest || k->unused_since <= oldest->unused_since)
                oldest = k;
        }
        if (unused <= KERNEL_KEPT_MAX)
            return;
        drop_locked(oldest);
    }
}

void kernel_put(const struct image *im)
{
    struct timespec now;
    struct kernel *k;

    if (!im)
        return;
    k = (struct kernel *)((uintptr_t)im - offsetof(struct kernel, image));
    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&kernels.lock);
    k->unused_since = now.tv_sec;
    if (!--k->refs && k->state == STALE)
        drop_locked(k);
    drop_surplus_locked();
    pthread_mutex_unlock(&kernels.lock);
}

void kernel_forget(int64_t now_s)
{
    struct kernel *k, *next;

    pthread_mutex_lock(&kernels.lock);
    for (k = kernels.list; k; k = next) {
        next = k->next;
        if (!k->refs && now_s - k->unused_since >= KERNEL_KEPT_S)
            drop_locked(k);
    }
    pthread_mutex_unlock(&kernels.lock);
}
