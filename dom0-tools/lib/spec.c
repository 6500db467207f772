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

/* The one of @known that @path begins with; NULL: none. */
static const char *prefix_of(const char *path, const char *const known[])
{
    while (*known && strncmp(path, *known, strlen(*known)) != 0)
        known++;
    return *known;
}

/* Prefixes that old configs put before the path; each means a raw image or device here. */
static const char *strip_prefixes(const char *path)
{
    static const char *const known[] = {
        "file:", "phy:", "raw:", "aio:", "tap:", "tapdisk:", "tap2:", "ioemu:", NULL};
    const char *prefix;

    while ((prefix = prefix_of(path, known)))
        path += strlen(prefix);
    return path;
}

enum { DISK_TARGET, DISK_FORMAT, DISK_VDEV, DISK_ACCESS, DISK_POSITIONS };

struct disk_parse {
    struct disk_spec *d;
    bool seen[DISK_POSITIONS];
    guest_warn_fn warn;
    void *arg;
    char *why;
    size_t why_size;
};

/* Keys and flags of xl's devices that are known, and why they do nothing or cannot be. */
struct key_reason {
    const char *key, *reason;
};

#define NO_REPLICATION "guests are not replicated"
#define DOM0_SERVES    "no backend but dom0's serves guests"

static const struct key_reason disk_idle[] = {
    {"direct-io-safe", "dom0's backend has no workaround that could be turned off"},
    {"discard", "no disk is offered with discard"},
    {NULL, NULL},
};

static const struct key_reason disk_refused[] = {
    {"cdrom", "a PV guest has no CD drive: give it the image as a disk, ro"},
    {"script", "domd prepares disks itself: name a file or a block device"},
    {"backend", DOM0_SERVES},
    {"colo", NO_REPLICATION},
    {"colo-host", NO_REPLICATION},
    {"colo-port", NO_REPLICATION},
    {"colo-export", NO_REPLICATION},
    {"active-disk", NO_REPLICATION},
    {"hidden-disk", NO_REPLICATION},
    {NULL, NULL},
};

static const struct key_reason vif_idle[] = {
    {"script", "domd itself adds the interface to its bridge"},
    {"gatewaydev", "interfaces are bridged, not routed"},
    {"netdev", "interfaces are bridged, not routed"},
    {"ip", "domd makes no rules for a firewall"},
    {"mtu", "dom0's end keeps its 1500 bytes; the guest sets its own"},
    {"model", "it is for guests of another type than PV"},
    {"type", "it is for guests of another type than PV"},
    {"forwarddev", NO_REPLICATION},
    {NULL, NULL},
};

static const char *reason_for(const struct key_reason *list, const char *key)
{
    while (list->key && strcasecmp(list->key, key) != 0)
        list++;
    return list->reason;
}

static void warn_idle(guest_warn_fn warn, void *arg, const char *key, const char *reason)
{
    char text[192];

    if (reason)
        snprintf(text, sizeof(text), "'%s' has no effect: %s", key, reason);
    else
        snprintf(text, sizeof(text), "'%.60s' is an unknown key, ignored", key);
    if (warn)
        warn(text, arg);
}

/* backend= may name the one that there is. */
static bool is_dom0(const char *domain)
{
    return !*domain || !strcmp(domain, "0") || !strcmp(domain, "Domain-0");
}

static int disk_set(struct disk_parse *dp, int what, const char *value)
{
    static const char *const names[] = {"target", "format", "vdev", "access"};
    static const char *const others[] = {
        "qcow:", "qcow2:", "vhd:", "qed:", "iscsi:", "nbd:", "enbd:", "drbd:", NULL};
    const char *prefix;

    if (dp->seen[what])
        return bad(dp->why, dp->why_size, "%s is given twice", names[what]);
    dp->seen[what] = true;
    switch (what) {
    case DISK_TARGET:
        value = strip_prefixes(value);
        prefix = prefix_of(value, others);
        if (prefix)
            return bad(dp->why, dp->why_size, "'%s' is not supported, only raw files and devices",
                       prefix);
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

static int disk_set_overlay(struct disk_parse *dp, const char *value)
{
    if (dp->d->overlay)
        return bad(dp->why, dp->why_size, "overlay is given twice");
    if (!*value)
        return bad(dp->why, dp->why_size, "the overlay path is empty");
    dp->d->overlay = strdup(value);
    return dp->d->overlay ? 0 : bad(dp->why, dp->why_size, "out of memory");
}

static int disk_set_named(struct disk_parse *dp, const char *key, const char *value)
{
    static const struct {
        const char *key, *only;
    } fixed[] = {{"backendtype", "phy"}, {"devtype", "disk"}, {"specification", "xen"}};
    const char *reason = reason_for(disk_refused, key);
    size_t i;

    if (!strcasecmp(key, "target"))
        return disk_set(dp, DISK_TARGET, value);
    if (!strcasecmp(key, "format"))
        return disk_set(dp, DISK_FORMAT, value);
    if (!strcasecmp(key, "vdev"))
        return disk_set(dp, DISK_VDEV, value);
    if (!strcasecmp(key, "access"))
        return disk_set(dp, DISK_ACCESS, value);
    if (!strcasecmp(key, "overlay"))
        return disk_set_overlay(dp, value);
    if (!strcasecmp(key, "backend") && is_dom0(value))
        return 0;
    for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strcasecmp(key, fixed[i].key) != 0)
            continue;
        return *value && strcmp(value, fixed[i].only) != 0
                   ? bad(dp->why, dp->why_size, "%s '%s' is not supported, only %s", key, value,
                         fixed[i].only)
                   : 0;
    }
    return bad(dp->why, dp->why_size, "'%s' is not supported%s%s", key, reason ? ": " : "",
               reason ? reason : "");
}

/*
 * Without "=" some words are flags; anything else without "=" takes the next position. 1 taken; 0 no
 * flag; -1 refused.
 */
static int disk_set_flag(struct disk_parse *dp, const char *word)
{
    const char *idle = reason_for(disk_idle, word);

    if (idle)
        warn_idle(dp->warn, dp->arg, word, idle);
    else if (!strcasecmp(word, "cdrom") || !strcasecmp(word, "colo"))
        return disk_set_named(dp, word, "");
    else if (!strcasecmp(word, "untrusted"))
        dp->d->untrusted = true;
    else
        return !strcasecmp(word, "trusted") || !strcasecmp(word, "no-discard");
    return 1;
}

static int disk_parse_elements(struct disk_parse *dp, char *text)
{
    int position = 0;
    char *word;

    while ((word = next_element(&text))) {
        char *eq = strchr(word, '='), *slash = strchr(word, '/');
        int what = position, flag = disk_set_flag(dp, word);

        if (flag < 0)
            return -1;
        if (flag)
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

int disk_spec_parse(struct disk_spec *d, const char *text, guest_warn_fn warn, void *arg, char *why,
                    size_t why_size)
{
    struct disk_parse dp = {.d = d, .warn = warn, .arg = arg, .why = why, .why_size = why_size};
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

/* "20ms", "20000us", "20000", "1s"; false when it is none of these, or more than a number can hold. */
static bool interval_parse(const char *text, uint64_t *usecs)
{
    static const struct {
        const char *unit;
        uint64_t usecs;
    } units[] = {{"", 1}, {"us", 1}, {"ms", 1000}, {"s", 1000000}};
    char *end;
    size_t i;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *usecs = strtoull(text, &end, 10);
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (!strcmp(end, units[i].unit))
            return !errno && !__builtin_mul_overflow(*usecs, units[i].usecs, usecs);
    return false;
}

const char *rate_fit(struct vif_spec *v, uint64_t rate_bits, uint64_t usecs)
{
    unsigned __int128 bytes;

    if (!usecs)
        return "its interval is 0";
    if (usecs > RATE_USECS_MAX)
        return "its interval is more than 4294 s";
    usecs = (usecs + 999) / 1000 * 1000;
    bytes = (unsigned __int128)rate_bits * usecs / 8000000;
    if (!bytes)
        return "it allows less than a byte in an interval: nothing would ever be sent";
    if (bytes > RATE_BYTES_MAX)
        return "it allows more than a terabyte in an interval: leave it out";
    v->rate_bytes = (uint64_t)bytes;
    v->rate_usecs = (uint32_t)usecs;
    return NULL;
}

/* "10Mb/s", "1MB/s@20ms": the interval is 50 ms unless told. NULL, or what is wrong. */
static const char *rate_parse(struct vif_spec *v, const char *text)
{
    static const char syntax[] = "it is not like 10Mb/s or 1MB/s@20ms";
    static const char units[] = " kKMG";
    uint64_t bits, unit = 1, usecs = 50000;
    const char *at;
    char *end;

    if (!isdigit((unsigned char)*text))
        return syntax;
    errno = 0;
    bits = strtoull(text, &end, 10);
    at = *end ? strchr(units + 1, *end) : NULL;
    if (at) {
        unit = *end == 'G' ? 1000000000 : *end == 'M' ? 1000000 : 1000;
        end++;
    }
    if (strncmp(end, "b/s", 3) && strncmp(end, "B/s", 3))
        return syntax;
    if (*end == 'B')
        unit *= 8;
    end += 3;
    if (*end && (*end != '@' || !interval_parse(end + 1, &usecs)))
        return syntax;
    if (errno == ERANGE || __builtin_mul_overflow(bits, unit, &bits))
        bits = UINT64_MAX;
    return rate_fit(v, bits, usecs);
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

struct vif_parse {
    struct vif_spec *v;
    guest_warn_fn warn;
    void *arg;
    char *why;
    size_t why_size;
};

static int vif_set_ifname(struct vif_parse *vp, char to[16], const char *key, const char *value)
{
    if (!ifname_ok(value))
        return bad(vp->why, vp->why_size, "%s '%s' is no interface name", key, value);
    strcpy(to, value);
    return 0;
}

static int vif_set_devid(struct vif_parse *vp, const char *value)
{
    const char *p = value;
    long n = number_at(&p, GUEST_VIF_DEVID_MAX);

    if (n < 0 || *p)
        return bad(vp->why, vp->why_size, "devid '%s' is not between 0 and %d", value,
                   GUEST_VIF_DEVID_MAX);
    vp->v->devid = (uint32_t)n;
    vp->v->has_devid = true;
    return 0;
}

static int vif_set(struct vif_parse *vp, const char *key, const char *value)
{
    struct vif_spec *v = vp->v;
    const char *wrong;

    if (!strcasecmp(key, "mac")) {
        v->has_mac = true;
        return mac_parse(v->mac, value)
                   ? 0
                   : bad(vp->why, vp->why_size, "mac '%s' is no unicast MAC address", value);
    }
    if (!strcasecmp(key, "bridge"))
        return vif_set_ifname(vp, v->bridge, "bridge", value);
    if (!strcasecmp(key, "vifname"))
        return vif_set_ifname(vp, v->vifname, "vifname", value);
    if (!strcasecmp(key, "rate")) {
        wrong = rate_parse(v, value);
        return wrong ? bad(vp->why, vp->why_size, "rate '%s': %s", value, wrong) : 0;
    }
    if (!strcasecmp(key, "devid"))
        return vif_set_devid(vp, value);
    if (!strcasecmp(key, "backend"))
        return is_dom0(value)
                   ? 0
                   : bad(vp->why, vp->why_size, "'backend' is not supported: %s", DOM0_SERVES);
    if (!*key)
        return bad(vp->why, vp->why_size, "'=%s' has no key", value);
    warn_idle(vp->warn, vp->arg, key, reason_for(vif_idle, key));
    return 0;
}

int vif_spec_parse(struct vif_spec *v, const char *text, guest_warn_fn warn, void *arg, char *why,
                   size_t why_size)
{
    struct vif_parse vp = {.v = v, .warn = warn, .arg = arg, .why = why, .why_size = why_size};
    char *copy = strdup(text), *rest = copy, *word;
    int rc = 0;

    memset(v, 0, sizeof(*v));
    if (!copy)
        return bad(why, why_size, "out of memory");
    while (!rc && (word = next_element(&rest))) {
        char *value = strchr(word, '=');

        if (!*word && !rest)
            break;
        if (value) {
            *value++ = '\0';
            rc = vif_set(&vp, word, value);
        } else if (!strcasecmp(word, "untrusted")) {
            v->untrusted = true;
        } else if (strcasecmp(word, "trusted") != 0) {
            rc = bad(why, why_size, "'%s' is not KEY=VALUE", word);
        }
    }
    free(copy);
    return rc;
}
