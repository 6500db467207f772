/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what happens to guests, told to every client that asked. The last EVENTS_MAX lines are kept;
 * each listener is a thread of its own that sends from there, so that a slow one holds up nobody. One
 * that falls too far behind is told how many it missed. The first line says that domd has started: who
 * asks for all lines and has listened to an earlier domd learns thereby that there may be a gap.
 * Locking: events.lock, innermost; never held while sending.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/proto.h"

#define EVENTS_MAX 1024

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    char *lines[EVENTS_MAX]; /* number n at n % EVENTS_MAX */
    uint64_t next;           /* number of the next event */
} events = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void put_time(struct json_out *o)
{
    struct timespec now;
    struct tm tm;
    char day[24], text[48];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof(text), "%s.%03uZ", day, (unsigned int)(now.tv_nsec / 1000000));
    json_put_str(o, "time", text);
}

static void append(const char *text)
{
    char **slot;

    pthread_mutex_lock(&events.lock);
    slot = &events.lines[events.next++ % EVENTS_MAX];
    free(*slot);
    *slot = strdup(text);
    pthread_cond_broadcast(&events.more);
    pthread_mutex_unlock(&events.lock);
}

static void put_guest(struct json_out *o, const struct vm *vm)
{
    char uuid[37];

    uuid_format(uuid, vm->uuid);
    json_put_str(o, "name", vm->cfg.name);
    json_put_u64(o, "id", vm->domid ? vm->domid : vm->last_domid);
    json_put_str(o, "uuid", uuid);
}

void event_emit(const struct vm *vm, const char *event, const char *key, const char *value)
{
    struct json_out *o = json_out_new(false);
    const char *text;

    if (!o)
        return;
    json_object(o);
    put_time(o);
    json_put_str(o, "event", event);
    if (vm)
        put_guest(o, vm);
    if (key)
        json_put_str(o, key, value);
    json_end_object(o);
    text = json_text(o, NULL);
    if (text)
        append(text);
    json_out_free(o);
}

/* Waits a second at most for event @n. A copy of its line, or NULL; *@lost: how many went before it. */
static char *take(uint64_t *n, uint64_t *lost)
{
    struct timespec end;
    char *line = NULL;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec++;
    *lost = 0;
    pthread_mutex_lock(&events.lock);
    if (*n == events.next)
        pthread_cond_clockwait(&events.more, &events.lock, CLOCK_MONOTONIC, &end);
    if (events.next - *n > EVENTS_MAX) {
        *lost = events.next - *n - EVENTS_MAX;
        *n += *lost;
    }
    if (*n < events.next) {
        const char *kept = events.lines[(*n)++ % EVENTS_MAX];

        line = kept ? strdup(kept) : NULL;
    }
    pthread_mutex_unlock(&events.lock);
    return line;
}

static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) != 0; /* a listener says nothing more: if it does, it goes */
}

uint64_t events_now(void)
{
    uint64_t n;

    pthread_mutex_lock(&events.lock);
    n = events.next;
    pthread_mutex_unlock(&events.lock);
    return n;
}

void events_send(int fd, uint64_t n)
{
    int rc = 0;

    while (!rc && !hung_up(fd)) {
        uint64_t lost;
        char *line = take(&n, &lost);

        if (lost) {
            char text[64];

            snprintf(text, sizeof(text), "{\"event\":\"lost\",\"count\":%llu}",
                     (unsigned long long)lost);
            rc = proto_send(fd, text, strlen(text), -1);
        }
        if (line && !rc)
            rc = proto_send(fd, line, strlen(line), -1);
        free(line);
    }
}
