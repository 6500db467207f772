/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disk and network specifications, and the small values within them: MAC, UUID, device numbers.
 * Sources: xl-disk-configuration(5), xl-network-configuration(5), xen-vbd-interface(7).
 */
#include "dom0-tools/lib/guest.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) static int bad(char *why, size_t why_size, const char *fmt,
                                                     ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, why_size, fmt, ap);
    va_end(ap);
    return -1;
}

/* Random bytes without waiting for the pool: dom0 may have no source of randomness for minutes. */
static void random_bytes(void *buf, size_t len)
{
    static uint64_t counter;
    uint8_t *p = buf;
    uint64_t x;
    size_t i;

    if (getrandom(buf, len, GRND_INSECURE) == (ssize_t)len)
        return;
    x = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15ull ^ (uint64_t)getpid() << 32 ^
        __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
    for (i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        p[i] = (uint8_t)(x >> 24);
    }
}

void uuid_make(uint8_t uuid[16])
{
    random_bytes(uuid, 16);
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

void mac_make(uint8_t mac[6])
{
    random_bytes(mac, 6);
    mac[0] = 0x00;
    mac[1] = 0x16;
    mac[2] = 0x3e;
    mac[3] &= 0x7f;
}

void uuid_format(char text[37], const uint8_t uuid[16])
{
    static const char digits[] = "0123456789abcdef";
    int i, n = 0;

    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[n++] = '-';
        text[n++] = digits[uuid[i] >> 4];
        text[n++] = digits[uuid[i] & 15];
    }
    text[n] = '\0';
}

static int hex_value(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch |= 0x20;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

bool uuid_parse(uint8_t uuid[16], const char *text)
{
    int i;

    for (i = 0; i < 16; i++) {
        int hi, lo;

        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text == '-')
            text++;
        hi = hex_value(text[0]);
        lo = hi < 0 ? -1 : hex_value(text[1]);
        if (lo < 0)
            return false;
        uuid[i] = (uint8_t)(hi << 4 | lo);
        text += 2;
    }
    return *text == '\0';
}

bool mac_parse(uint8_t mac[6], const char *text)
{
    int i;

    for (i = 0; i < 6; i++) {
        int hi = hex_value(text[0]), lo = hi < 0 ? -1 : hex_value(text[1]);

        if (lo < 0)
            return false;
        mac[i] = (uint8_t)(hi << 4 | lo);
        text += 2;
        if (i < 5 && *text != ':' && *text != '-')
            return false;
        text += i < 5;
    }
    return *text == '\0' && !(mac[0] & 1);
}

void mac_format(char text[18], const uint8_t mac[6])
{
    snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
             mac[5]);
}

bool guest_name_ok(const char *name)
{
    size_t i, n = strlen(name);

    if (!n || n > GUEST_NAME_MAX || name[0] == '.' || name[0] == '-')
        return false;
    for (i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_-.+:", name[i]))
            return false;
    return true;
}

/* Reads "NUMBER" at *@p, 0 to @max; -1 when there is none. */
static long number_at(const char **p, long max)
{
    long n = 0;

    if (!isdigit((unsigned char)**p) || ((*p)[0] == '0' && isdigit((unsigned char)(*p)[1])))
        return -1;
    while (isdigit((unsigned char)**p)) {
        n = n * 10 + (*(*p)++ - '0');
        if (n > max)
            return -1;
    }
    return n;
}

/* "a" is 0, "z" 25, "aa" 26, ...; -1 when *@p has no letters. */
static long letters_at(const char **p)
{
    long n = 0, count = 0;

    while (**p >= 'a' && **p <= 'z' && count++ < 3)
        n = n * 26 + (*(*p)++ - 'a' + 1);
    return count ? n - 1 : -1;
}

bool vdev_to_devid(const char *vdev, uint32_t *devid)
{
    const char *p = vdev;
    long disk, part = 0;
    char kind = 'x';

    if (*p == 'd' && isdigit((unsigned char)p[1])) {
        p++;
        disk = number_at(&p, (1 << 20) - 1);
        if (*p == 'p') {
            p++;
            part = number_at(&p, 255);
        }
    } else {
        if (!strncmp(p, "xvd", 3))
            p += 3;
        else if ((p[0] == 's' || p[0] == 'h') && p[1] == 'd') {
            kind = p[0];
            p += 2;
        } else
            return false;
        disk = letters_at(&p);
        if (*p)
            part = number_at(&p, 255);
    }
    if (*p || disk < 0 || part < 0)
        return false;
    if (kind == 'h') {
        if (disk > 3 || part > 63)
            return false;
        *devid = (uint32_t)((disk < 2 ? 3 : 22) << 8 | (disk & 1) << 6 | part);
    } else if (kind == 's') {
        if (disk > 15 || part > 15)
            return false;
        *devid = (uint32_t)(8 << 8 | disk << 4 | part);
    } else if (disk < 16 && part < 16) {
        *devid = (uint32_t)(202 << 8 | disk << 4 | part);
    } else {
        *devid = (uint32_t)(1 << 28 | disk << 8 | part);
    }
    return true;
}

/* Cuts the next element of a comma-separated list in place, blanks trimmed. NULL at the end. */
static char *next_element(char **rest)
{
    char *s = *rest, *end;

    if (!s)
        return NULL;
    end = strchr(s, ',');
    *rest = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    while (*s == ' ' || *s == '\t')
        s++;
    end = s + strlen(s);
    while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    return s;
}

/* Prefixes that old configs put before the path; each means a raw image or device here. */
static const char *strip_prefix(const char *path)
{
    static const char *const known[] = {"file:", "phy:", "raw:", "tap:aio:", "tap2:aio:"};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!strncmp(path, known[i], strlen(known[i])))
            return path + strlen(known[i]);
    return path;
}

enum { DISK_TARGET, DISK_FORMAT, DISK_VDEV, DISK_ACCESS, DISK_POSITIONS };

struct disk_parse {
    struct disk_spec *d;
    bool seen[DISK_POSITIONS];
    char *why;
    size_t why_size;
};

static int disk_set(struct disk_parse *dp, int what, const char *value)
{
    static const char *const names[] = {"target", "format", "vdev", "access"};

    if (dp->seen[what])
        return bad(dp->why, dp->why_size, "%s is given twice", names[what]);
    dp->seen[what] = true;
    switch (what) {
    case DISK_TARGET:
        value = strip_prefix(value);
        if (!*value)
            return bad(dp->why, dp->why_size, "the target path is empty");
        dp->d->target = strdup(value);
        return dp->d->target ? 0 : bad(dp->why, dp->why_size, "out of memory");
    case DISK_FORMAT:
        if (*value && strcmp(value, "raw"))
            return bad(dp->why, dp->why_size, "format '%s' is not supported, only raw", value);
        return 0;
    case DISK_VDEV:
        if (strlen(value) >= sizeof(dp->d->vdev) || !vdev_to_devid(value, &dp->d->devid))
            return bad(dp->why, dp->why_size, "'%s' is no virtual device, such as xvda", value);
        strcpy(dp->d->vdev, value);
        return 0;
    default:
        if (!*value || !strcmp(value, "rw") || !strcmp(value, "w"))
            dp->d->writable = true;
        else if (strcmp(value, "ro") && strcmp(value, "r"))
            return bad(dp->why, dp->why_size, "access '%s' is neither ro nor rw", value);
        return 0;
    }
}

static int disk_set_named(struct disk_parse *dp, const char *key, const char *value)
{
    if (!strcasecmp(key, "target"))
        return disk_set(dp, DISK_TARGET, value);
    if (!strcasecmp(key, "format"))
        return disk_set(dp, DISK_FORMAT, value);
    if (!strcasecmp(key, "vdev"))
        return disk_set(dp, DISK_VDEV, value);
    if (!strcasecmp(key, "access"))
        return disk_set(dp, DISK_ACCESS, value);
    if (!strcasecmp(key, "overlay")) {
        if (dp->d->overlay)
            return bad(dp->why, dp->why_size, "overlay is given twice");
        if (!*value)
            return bad(dp->why, dp->why_size, "the overlay path is empty");
        dp->d->overlay = strdup(value);
        return dp->d->overlay ? 0 : bad(dp->why, dp->why_size, "out of memory");
    }
    if (!strcasecmp(key, "backendtype"))
        return strcmp(value, "phy") ? bad(dp->why, dp->why_size,
                                          "backendtype '%s' is not supported, only phy", value)
                                    : 0;
    if (!strcasecmp(key, "devtype"))
        return strcmp(value, "disk")
                   ? bad(dp->why, dp->why_size, "devtype '%s' is not supported, only disk", value)
                   : 0;
    return bad(dp->why, dp->why_size, "'%s' is not supported", key);
}

/* Without "=" these words are options; anything else without "=" takes the next position. */
static bool is_flag(const char *word)
{
    static const char *const flags[] = {"discard", "no-discard", "direct-io-safe"};
    size_t i;

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (!strcasecmp(word, flags[i]))
            return true;
    return false;
}

static int disk_parse_elements(struct disk_parse *dp, char *text)
{
    int position = 0;
    char *word;

    while ((word = next_element(&text))) {
        char *eq = strchr(word, '='), *slash = strchr(word, '/');
        int what = position;

        if (is_flag(word))
            continue;
        if (eq && (!slash || eq < slash)) {
            *eq = '\0';
            if (!strcasecmp(word, "target") && text) {
                /* target= comes last and takes the rest, commas included. */
                text[-1] = ',';
                text = NULL;
            }
            if (disk_set_named(dp, word, eq + 1))
                return -1;
            continue;
        }
        /* "file:/path,xvda,w": the old form has no format. */
        if (what == DISK_FORMAT && *word && strcmp(word, "raw")) {
            uint32_t devid;

            if (vdev_to_devid(word, &devid))
                what = ++position;
        }
        if (what >= DISK_POSITIONS)
            return bad(dp->why, dp->why_size, "'%s' is one element too many", word);
        position++;
        if (disk_set(dp, what, word))
            return -1;
    }
    return 0;
}

int disk_spec_parse(struct disk_spec *d, const char *text, char *why, size_t why_size)
{
    struct disk_parse dp = {.d = d, .why = why, .why_size = why_size};
    char *copy = strdup(text);
    int rc;

    memset(d, 0, sizeof(*d));
    if (!copy)
        return bad(why, why_size, "out of memory");
    rc = disk_parse_elements(&dp, copy);
    if (!rc && !dp.seen[DISK_TARGET])
        rc = bad(why, why_size, "no target path");
    if (!rc && !dp.seen[DISK_VDEV])
        rc = bad(why, why_size, "no virtual device (vdev), such as xvda");
    if (!rc && !dp.seen[DISK_ACCESS])
        d->writable = true;
    free(copy);
    if (rc)
        disk_spec_free(d);
    return rc;
}

int path_complete(char **path, const char *dir)
{
    char *full;

    if (!*path || **path == '/' || !dir)
        return 0;
    if (asprintf(&full, "%s/%s", dir, *path) < 0)
        return -1;
    free(*path);
    *path = full;
    return 0;
}

bool disk_spec_complete(struct disk_spec *d, const char *dir)
{
    return !path_complete(&d->target, dir) && !path_complete(&d->overlay, dir);
}

void disk_spec_free(struct disk_spec *d)
{
    free(d->target);
    free(d->overlay);
    memset(d, 0, sizeof(*d));
}

/* "10Mb/s", "1MB/s@20ms": bytes per interval and the interval (50 ms unless told). */
static bool rate_parse(struct vif_spec *v, const char *text)
{
    uint64_t value, unit = 1, usecs = 50000;
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno || !value || value > 1000000)
        return false;
    if (*end == 'G')
        unit = 1000000000, end++;
    else if (*end == 'M')
        unit = 1000000, end++;
    else if (*end == 'K' || *end == 'k')
        unit = 1000, end++;
    if (strncmp(end, "b/s", 3) && strncmp(end, "B/s", 3))
        return false;
    value *= unit;
    if (*end == 'b')
        value /= 8;
    end += 3;
    if (*end == '@') {
        const char *p = end + 1;
        long n = number_at(&p, 10000000);

        if (n <= 0)
            return false;
        if (!strcmp(p, "us"))
            usecs = (uint64_t)n;
        else if (!strcmp(p, "ms"))
            usecs = (uint64_t)n * 1000;
        else if (!strcmp(p, "s"))
            usecs = (uint64_t)n * 1000000;
        else
            return false;
        if (usecs > 60000000)
            return false;
    } else if (*end) {
        return false;
    }
    v->rate_bytes = value / 1000 * usecs / 1000;
    v->rate_usecs = (uint32_t)usecs;
    return v->rate_bytes > 0;
}

bool ifname_ok(const char *s)
{
    size_t i, n = strlen(s);

    if (!n || n > 15 || !strcmp(s, ".") || !strcmp(s, ".."))
        return false;
    for (i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] == '/' || s[i] == ':' || s[i] >= 0x7f)
            return false;
    return true;
}

int vif_spec_parse(struct vif_spec *v, const char *text, guest_warn_fn warn, void *arg, char *why,
                   size_t why_size)
{
    char *copy = strdup(text), *rest = copy, *word;
    int rc = 0;

    memset(v, 0, sizeof(*v));
    if (!copy)
        return bad(why, why_size, "out of memory");
    while (!rc && (word = next_element(&rest))) {
        char *value = strchr(word, '=');

        if (!*word && !rest)
            break;
        if (!value) {
            rc = bad(why, why_size, "'%s' is not KEY=VALUE", word);
            break;
        }
        *value++ = '\0';
        if (!strcasecmp(word, "mac")) {
            v->has_mac = true;
            if (!mac_parse(v->mac, value))
                rc = bad(why, why_size, "mac '%s' is no unicast MAC address", value);
        } else if (!strcasecmp(word, "bridge")) {
            if (!ifname_ok(value))
                rc = bad(why, why_size, "bridge '%s' is no interface name", value);
            else
                strcpy(v->bridge, value);
        } else if (!strcasecmp(word, "vifname")) {
            if (!ifname_ok(value))
                rc = bad(why, why_size, "vifname '%s' is no interface name", value);
            else
                strcpy(v->vifname, value);
        } else if (!strcasecmp(word, "rate")) {
            if (!rate_parse(v, value))
                rc = bad(why, why_size, "rate '%s' is not like 10Mb/s or 1MB/s@20ms", value);
        } else if (!strcasecmp(word, "devid")) {
            const char *p = value;
            long n = number_at(&p, GUEST_VIF_DEVID_MAX);

            if (n < 0 || *p)
                rc = bad(why, why_size, "devid '%s' is not between 0 and %d", value,
                         GUEST_VIF_DEVID_MAX);
            v->devid = n < 0 ? 0 : (uint32_t)n;
            v->has_devid = true;
        } else if (!*word) {
            rc = bad(why, why_size, "'=%s' has no key", value);
        } else if (warn) {
            char text_out[160];

            snprintf(text_out, sizeof(text_out), "'%.60s' has no effect", word);
            warn(text_out, arg);
        }
    }
    free(copy);
    return rc;
}
