// SPDX-License-Identifier: GPL-2.0-only
/* The store's messages: one table maps a type to its handler. */
#include "xenstore-like/wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/alloc.h"
#include "xenstore-like/change.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/errors.h"
#include "xenstore-like/log.h"
#include "xenstore-like/path.h"
#include "xenstore-like/state.h"
#include "xenstore-like/stored.h"
#include "xenstore-like/transaction.h"
#include "xenstore-like/watch.h"

struct request {
    struct stored *st;
    struct conn *c;
    struct transaction *tx; /* NULL: none */
    const struct xsd_sockmsg *hdr;
    const char *body;
    size_t len;
};

/* A handler answers by one of these and returns 0, or returns a negative errno. */

static int answer(struct request *rq, const void *payload, size_t len)
{
    if (len > XENSTORE_PAYLOAD_MAX)
        return -E2BIG;
    conn_answer(rq->st, rq->c, rq->hdr->type, rq->hdr->req_id, rq->hdr->tx_id, payload, len);
    return 0;
}

static int answer_string(struct request *rq, const char *str)
{
    return answer(rq, str, strlen(str) + 1);
}

static int answer_ok(struct request *rq)
{
    return answer_string(rq, "OK");
}

/* Finds the NUL-ended strings at the start of the payload, at most @max. Their number. */
static unsigned int strings(const struct request *rq, const char **vec, unsigned int max)
{
    const char *at = rq->body, *end = rq->body + rq->len, *nul;
    unsigned int n = 0;

    while (n < max && at < end && (nul = memchr(at, '\0', end - at))) {
        vec[n++] = at;
        at = nul + 1;
    }
    return n;
}

/* The payload as just one string, or NULL. */
static const char *only_string(const struct request *rq)
{
    const char *str;

    return strings(rq, &str, 1) == 1 && strlen(str) + 1 == rq->len ? str : NULL;
}

/* A decimal number of at most @max. -EINVAL for all else. */
static int number(const char *str, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;

    if (!*str)
        return -EINVAL;
    for (; *str; str++) {
        if (*str < '0' || *str > '9' || v > (UINT64_MAX - 9) / 10)
            return -EINVAL;
        v = v * 10 + (*str - '0');
    }
    if (v > max)
        return -EINVAL;
    *value = v;
    return 0;
}

static uint32_t domid_of(const struct conn *c)
{
    return c->domain ? c->domain->domid : 0;
}

static int canonical(const struct request *rq, const char *path, char *to)
{
    int prefix = path_canonical(path, domid_of(rq->c), to);

    return prefix < 0 ? prefix : 0;
}

static const struct node *root(const struct request *rq)
{
    return rq->tx ? rq->tx->view.root : rq->st->tree.root;
}

static int look(struct request *rq, const char *path, size_t len, unsigned int what)
{
    return rq->tx ? transaction_look(rq->st, rq->tx, path, len, what) : 0;
}

/* A node and what its existence means to the one who asks. */
struct lookup {
    const struct node *n; /* the node, or its nearest ancestor */
    size_t found;         /* how much of the path that is */
};

/*
 * Finds a node that the other side has all of @need for. -EACCES if not, also for a node that
 * does not exist below one that it has nothing of @need for: it may not learn of that. -ENOENT.
 */
static int find(struct request *rq, const char *path, unsigned int need, unsigned int what,
                struct lookup *lk)
{
    struct who who = conn_who(rq->c);
    unsigned int allowed;
    int rc;

    lk->n = tree_find_nearest(root(rq), path, &lk->found);
    rc = look(rq, path, lk->found, path[lk->found] ? LOOKED_AT_NODE : what);
    if (!rc && path[lk->found]) {
        /* That the next one on the way does not exist matters, too. */
        const char *rest = path + lk->found + (lk->found > 1);
        size_t next = (lk->found > 1 ? 1 : 0) + strcspn(rest, "/");

        rc = look(rq, path, lk->found + next, LOOKED_AT_NODE);
    }
    if (rc)
        return rc;
    allowed = perms_allowed(lk->n->perms, &who);
    if (path[lk->found])
        return allowed & need ? -ENOENT : -EACCES;
    return (allowed & need) == need ? 0 : -EACCES;
}

/* Makes a change now or in the transaction. */
static int change(struct request *rq, enum change_kind kind, const char *path, struct blob *value,
                  struct perms *perms)
{
    struct who who = conn_who(rq->c);
    struct change *ch = change_new(kind, path, &who, value, perms);

    if (rq->tx)
        return transaction_change(rq->st, rq->tx, ch);
    change_commit(rq->st, ch);
    change_free(ch);
    return 0;
}

static int do_directory(struct request *rq)
{
    char path[PATH_MAX_BYTES], list[XENSTORE_PAYLOAD_MAX];
    const char *str = only_string(rq);
    struct lookup lk;
    int rc;

    if (!str || canonical(rq, str, path))
        return -EINVAL;
    rc = find(rq, path, PERM_READ, LOOKED_AT_NODE | LOOKED_AT_KIDS, &lk);
    if (rc)
        return rc;
    if (node_list_len(lk.n) > sizeof(list))
        return -E2BIG;
    return answer(rq, list, node_list(lk.n, 0, list, sizeof(list)));
}

/* Answer: the list's generation as a string, whole names, an empty name at the list's end. */
static int do_directory_part(struct request *rq)
{
    char path[PATH_MAX_BYTES], part[XENSTORE_PAYLOAD_MAX];
    size_t len, list_len;
    const char *vec[2];
    struct lookup lk;
    uint64_t offset;
    int rc;

    if (strings(rq, vec, 2) != 2 || canonical(rq, vec[0], path) ||
        number(vec[1], UINT32_MAX, &offset))
        return -EINVAL;
    rc = find(rq, path, PERM_READ, LOOKED_AT_NODE | LOOKED_AT_KIDS, &lk);
    if (rc)
        return rc;
    len = sprintf(part, "%llu", (unsigned long long)lk.n->kids_gen) + 1;
    list_len = node_list_len(lk.n);
    if (offset < list_len) {
        size_t n = node_list(lk.n, offset, part + len, sizeof(part) - len - 1);

        len += n;
        offset += n;
    }
    if (offset >= list_len)
        part[len++] = '\0';
    return answer(rq, part, len);
}

static int do_read(struct request *rq)
{
    char path[PATH_MAX_BYTES];
    const char *str = only_string(rq);
    struct lookup lk;
    int rc;

    if (!str || canonical(rq, str, path))
        return -EINVAL;
    rc = find(rq, path, PERM_READ, LOOKED_AT_NODE, &lk);
    return rc ? rc : answer(rq, lk.n->value->data, lk.n->value->len);
}

/* Whether the domain may have the nodes that @path still needs. */
static int may_create(struct request *rq, const char *path, size_t found)
{
    struct domain *d = rq->c->domain;
    long nodes;

    if (conn_privileged(rq->c))
        return 0;
    nodes = (long)d->nr_nodes + tree_missing(path, found);
    if (rq->tx)
        nodes += transaction_delta(rq->tx, d->domid);
    if (nodes <= (long)rq->st->quotas.nodes)
        return 0;
    domain_refused(rq->st, d, QUOTA_NODES);
    return -ENOSPC;
}

static int do_write(struct request *rq)
{
    char path[PATH_MAX_BYTES];
    struct blob *value;
    struct lookup lk;
    const char *str;
    size_t skip;
    int rc;

    if (strings(rq, &str, 1) != 1 || canonical(rq, str, path))
        return -EINVAL;
    skip = strlen(str) + 1;
    if (!conn_privileged(rq->c) && rq->len - skip > rq->st->quotas.node_size) {
        domain_refused(rq->st, rq->c->domain, QUOTA_NODE_SIZE);
        return -ENOSPC;
    }
    rc = find(rq, path, PERM_WRITE, LOOKED_AT_NODE, &lk);
    if (rc == -ENOENT)
        rc = may_create(rq, path, lk.found);
    if (rc)
        return rc;
    value = blob_new(rq->body + skip, rq->len - skip);
    rc = change(rq, CHANGE_WRITE, path, value, NULL);
    blob_put(value);
    return rc ? rc : answer_ok(rq);
}

static int do_mkdir(struct request *rq)
{
    char path[PATH_MAX_BYTES];
    const char *str = only_string(rq);
    struct lookup lk;
    int rc;

    if (!str || canonical(rq, str, path))
        return -EINVAL;
    rc = find(rq, path, PERM_WRITE, LOOKED_AT_NODE, &lk);
    if (rc == -ENOENT) {
        rc = may_create(rq, path, lk.found);
        if (!rc)
            rc = change(rq, CHANGE_MKDIR, path, NULL, NULL);
    }
    return rc ? rc : answer_ok(rq);
}

static int do_rm(struct request *rq)
{
    char path[PATH_MAX_BYTES];
    const char *str = only_string(rq);
    struct lookup lk;
    int rc;

    if (!str || canonical(rq, str, path))
        return -EINVAL;
    rc = find(rq, path, PERM_WRITE, LOOKED_AT_NODE | LOOKED_AT_KIDS, &lk);
    if (rc == -ENOENT) /* all is well if only the node itself is missing */
        return tree_missing(path, lk.found) == 1 ? answer_ok(rq) : -ENOENT;
    if (!rc && !path[1])
        rc = -EINVAL;
    if (!rc)
        rc = change(rq, CHANGE_RM, path, NULL, NULL);
    return rc ? rc : answer_ok(rq);
}

/* The permissions of a special, for privileged clients only; NULL if @path names none. */
static struct perms **find_special(struct request *rq, const char *path)
{
    int which = special_find(path);

    return which < 0 ? NULL : &rq->st->specials[which];
}

static int answer_perms(struct request *rq, const struct perms *ps)
{
    char *text = xmalloc(ps->count * 16);
    size_t len = perm_format(&ps->p[0], text);
    unsigned int i;
    int rc;

    for (i = 1; i < ps->count; i++) {
        const struct domain *d = domain_find(rq->st, ps->p[i].domid);

        if (d && d->born <= ps->stamp && !(ps->p[i].bits & PERM_IGNORE))
            len += perm_format(&ps->p[i], text + len);
    }
    rc = answer(rq, text, len);
    free(text);
    return rc;
}

static int do_get_perms(struct request *rq)
{
    char path[PATH_MAX_BYTES];
    const char *str = only_string(rq);
    struct perms **special;
    struct lookup lk;
    int rc;

    if (!str)
        return -EINVAL;
    special = find_special(rq, str);
    if (special)
        return conn_privileged(rq->c) ? answer_perms(rq, *special) : -EACCES;
    if (canonical(rq, str, path))
        return -EINVAL;
    rc = find(rq, path, PERM_READ, LOOKED_AT_NODE, &lk);
    return rc ? rc : answer_perms(rq, lk.n->perms);
}

static int set_node_perms(struct request *rq, const char *str, struct perms *ps)
{
    char path[PATH_MAX_BYTES];
    struct lookup lk;
    int rc;

    if (canonical(rq, str, path))
        return -EINVAL;
    rc = find(rq, path, PERM_WRITE | PERM_OWNER, LOOKED_AT_NODE, &lk);
    if (rc)
        return rc;
    if (!conn_privileged(rq->c) && ps->p[0].domid != lk.n->perms->p[0].domid)
        return -EPERM;
    if (!domains_resolve_perms(rq->st, ps))
        return -ENOENT;
    return change(rq, CHANGE_PERMS, path, NULL, ps);
}

static int set_special_perms(struct request *rq, struct perms **special, struct perms *ps)
{
    if (!conn_privileged(rq->c))
        return -EACCES;
    if (!domains_resolve_perms(rq->st, ps))
        return -ENOENT;
    perms_put(*special);
    *special = perms_get(ps);
    state_special(rq->st, special - rq->st->specials);
    return 0;
}

static int do_set_perms(struct request *rq)
{
    bool privileged = conn_privileged(rq->c);
    struct perms **special, *ps;
    const char *str;
    size_t skip;
    int rc;

    if (strings(rq, &str, 1) != 1)
        return -EINVAL;
    skip = strlen(str) + 1;
    rc = perms_parse(rq->body + skip, rq->len - skip,
                     privileged ? XENSTORE_PAYLOAD_MAX : rq->st->quotas.perms_per_node, 0, &ps);
    if (rc == -ENOSPC)
        domain_refused(rq->st, rq->c->domain, QUOTA_PERMS);
    if (rc)
        return rc;
    special = find_special(rq, str);
    rc = special ? set_special_perms(rq, special, ps) : set_node_perms(rq, str, ps);
    perms_put(ps);
    return rc ? rc : answer_ok(rq);
}

/* What may be watched: a node's path, or a special's name. Returns as path_canonical(). */
static int watch_path(struct request *rq, const char *str, char *path)
{
    if (str[0] != '@')
        return path_canonical(str, domid_of(rq->c), path);
    if (strlen(str) > XENSTORE_REL_PATH_MAX)
        return -EINVAL;
    strcpy(path, str);
    return 0;
}

static int do_watch(struct request *rq)
{
    char path[PATH_MAX_BYTES];
    const char *vec[2];
    struct watch *w;
    int prefix, rc;

    if (strings(rq, vec, 2) != 2)
        return -EINVAL;
    prefix = watch_path(rq, vec[0], path);
    if (prefix < 0)
        return prefix;
    rc = watch_add(rq->st, rq->c, path, vec[1], prefix, &w);
    if (rc)
        return rc;
    answer_ok(rq);
    conn_event(rq->st, rq->c, w, path); /* one at once: who watches need not also read first */
    return 0;
}

static int do_unwatch(struct request *rq)
{
    char path[PATH_MAX_BYTES];
    const char *vec[2];
    int rc;

    if (strings(rq, vec, 2) != 2)
        return -EINVAL;
    if (watch_path(rq, vec[0], path) < 0)
        return -ENOENT; /* nobody can have watched that */
    rc = watch_remove(rq->st, rq->c, path, vec[1]);
    return rc ? rc : answer_ok(rq);
}

static int do_reset_watches(struct request *rq)
{
    struct list *pos, *tmp;

    list_for_each (pos, tmp, &rq->c->watches)
        watch_free(rq->st, list_entry(pos, struct watch, in_conn));
    list_for_each (pos, tmp, &rq->c->transactions)
        transaction_free(rq->st, list_entry(pos, struct transaction, link));
    return answer_ok(rq);
}

static int do_transaction_start(struct request *rq)
{
    struct transaction *tx;
    char id[16];
    int rc;

    if (rq->tx)
        return -EBUSY;
    rc = transaction_start(rq->st, rq->c, &tx);
    if (rc)
        return rc;
    sprintf(id, "%u", tx->id);
    return answer_string(rq, id);
}

static int do_transaction_end(struct request *rq)
{
    const char *str = only_string(rq);
    int rc;

    if (!str || (strcmp(str, "T") && strcmp(str, "F")))
        return -EINVAL;
    if (!rq->tx)
        return -ENOENT;
    rc = transaction_end(rq->st, rq->tx, *str == 'T');
    rq->tx = NULL;
    return rc ? rc : answer_ok(rq);
}

static int do_introduce(struct request *rq)
{
    uint64_t domid, gfn, port;
    const char *vec[3];
    int rc;

    if (strings(rq, vec, 3) != 3 || number(vec[0], DOMID_LIMIT - 1, &domid) ||
        number(vec[1], UINT64_MAX, &gfn) || number(vec[2], INT32_MAX, &port) || !domid || !port)
        return -EINVAL;
    rc = domain_introduce(rq->st, domid, gfn, port);
    return rc ? rc : answer_ok(rq);
}

/* The introduced domain that @str names, not dom0. */
static int introduced(struct request *rq, const char *str, struct domain **d)
{
    uint64_t domid;

    if (!str || number(str, UINT32_MAX, &domid) || !domid)
        return -EINVAL;
    *d = domain_find(rq->st, domid);
    if (!*d)
        return -ENOENT;
    return (*d)->introduced ? 0 : -EINVAL;
}

static int do_release(struct request *rq)
{
    struct domain *d;
    int rc = introduced(rq, only_string(rq), &d);

    if (rc)
        return rc;
    domain_release(rq->st, d);
    watch_fire_special(rq->st, SPECIAL_RELEASE);
    return answer_ok(rq);
}

static int do_resume(struct request *rq)
{
    struct domain *d;
    int rc = introduced(rq, only_string(rq), &d);

    if (rc)
        return rc;
    d->shutdown = false;
    state_flags(rq->st, d);
    return answer_ok(rq);
}

static int do_set_target(struct request *rq)
{
    struct domain *d, *target;
    const char *vec[2];
    int rc;

    if (strings(rq, vec, 2) != 2)
        return -EINVAL;
    rc = introduced(rq, vec[0], &d);
    if (!rc)
        rc = introduced(rq, vec[1], &target);
    if (rc)
        return rc;
    d->target = target;
    state_flags(rq->st, d);
    return answer_ok(rq);
}

static int do_get_domain_path(struct request *rq)
{
    const char *str = only_string(rq);
    uint64_t domid;
    char path[40];

    if (!str || number(str, UINT16_MAX, &domid))
        return -EINVAL;
    sprintf(path, "/local/domain/%u", (unsigned int)domid);
    return answer_string(rq, path);
}

static int do_is_domain_introduced(struct request *rq)
{
    const char *str = only_string(rq);
    const struct domain *d;
    uint64_t domid;

    if (!str || number(str, UINT16_MAX, &domid))
        return -EINVAL;
    d = domain_find(rq->st, domid);
    return answer_string(rq, domid == DOMID_LIMIT || (d && d->introduced) ? "T" : "F");
}

#define CUT "...\n" /* the last line of a text that is too long */

/* Text for an answer of XS_CONTROL. */
struct text {
    char buf[XENSTORE_PAYLOAD_MAX];
    size_t len;
    bool cut;
};

/* Adds a line, or what says that there are more. */
__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
    size_t room = sizeof(t->buf) - t->len;
    va_list ap;
    size_t n;

    if (t->cut)
        return;
    va_start(ap, fmt);
    n = vsnprintf(t->buf + t->len, room, fmt, ap);
    va_end(ap);
    t->cut = n + sizeof(CUT) > room;
    if (t->cut)
        strcpy(t->buf + t->len, CUT);
    else
        t->len += n;
}

static int control_help(struct request *rq, const char *const *args, unsigned int nr)
{
    (void)args;
    (void)nr;
    return answer_string(rq, "help\nlog [on|off]\nquota [NAME VALUE]\n"
                             "refusals [DOMID]\nstats [DOMID]\n");
}

static int control_log(struct request *rq, const char *const *args, unsigned int nr)
{
    if (nr == 1) {
        if (strcmp(args[0], "on") && strcmp(args[0], "off"))
            return -EINVAL;
        log_verbose = !strcmp(args[0], "on");
    }
    return answer_string(rq, log_verbose ? "on" : "off");
}

static int control_quota(struct request *rq, const char *const *args, unsigned int nr)
{
    struct text t = {.len = 0};
    unsigned int *limit;
    uint64_t value;
    int i;

    if (nr == 1)
        return -EINVAL;
    t.buf[0] = '\0';
    for (i = 0; i < NR_QUOTAS; i++) {
        limit = quota_limit(rq->st, i);
        if (!limit)
            continue;
        if (nr == 0) {
            add(&t, "%s %u\n", quota_name(i), *limit);
        } else if (!strcmp(args[0], quota_name(i))) {
            if (number(args[1], INT32_MAX, &value))
                return -EINVAL;
            *limit = value;
            state_quota(rq->st, i);
            return answer_ok(rq);
        }
    }
    return nr ? -EINVAL : answer_string(rq, t.buf);
}

/* Which domains are asked for: all, or only the one that @args names. */
static int only_domain(const char *const *args, unsigned int nr, uint64_t *domid)
{
    *domid = DOMID_LIMIT;
    return nr ? number(args[0], DOMID_LIMIT - 1, domid) : 0;
}

static int control_refusals(struct request *rq, const char *const *args, unsigned int nr)
{
    struct text t = {.len = 0};
    struct list *pos, *tmp;
    uint64_t only;
    int i;

    if (only_domain(args, nr, &only))
        return -EINVAL;
    list_for_each (pos, tmp, &rq->st->domain_list) {
        const struct domain *d = list_entry(pos, struct domain, link);

        for (i = 0; i < NR_QUOTAS; i++)
            if (d->refusals[i] && (!nr || only == d->domid))
                add(&t, "%u %s %llu\n", d->domid, quota_name(i),
                    (unsigned long long)d->refusals[i]);
    }
    return answer_string(rq, t.buf);
}

static int control_stats(struct request *rq, const char *const *args, unsigned int nr)
{
    struct text t = {.len = 0};
    struct list *pos, *tmp;
    unsigned int conns = 0;
    uint64_t only;

    if (only_domain(args, nr, &only))
        return -EINVAL;
    list_for_each (pos, tmp, &rq->st->conns)
        conns++;
    add(&t, "connections %u\nwatches %zu\nmessages %llu\nevents %llu\nconflicts %llu\n", conns,
        rq->st->watches.count, (unsigned long long)rq->st->nr_messages,
        (unsigned long long)rq->st->nr_events, (unsigned long long)rq->st->nr_conflicts);
    list_for_each (pos, tmp, &rq->st->domain_list) {
        const struct domain *d = list_entry(pos, struct domain, link);

        if (!nr || only == d->domid)
            add(&t, "domain %u nodes %u watches %u transactions %u\n", d->domid, d->nr_nodes,
                d->conn ? d->conn->nr_watches : 0, d->nr_transactions);
    }
    return answer_string(rq, t.buf);
}

static int do_control(struct request *rq)
{
    static const struct {
        const char *name;
        unsigned int args_max;
        int (*handler)(struct request *rq, const char *const *args, unsigned int nr);
    } commands[] = {
        {"help", 0, control_help},         {"log", 1, control_log},     {"quota", 2, control_quota},
        {"refusals", 1, control_refusals}, {"stats", 1, control_stats},
    };
    const char *vec[4];
    unsigned int n = strings(rq, vec, 4), i;

    for (i = 0; n && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(vec[0], commands[i].name) && n - 1 <= commands[i].args_max)
            return commands[i].handler(rq, vec + 1, n - 1);
    return -EINVAL;
}

#define PRIVILEGED     1u
#define NO_TRANSACTION 2u /* whatever number the header has */

static const struct {
    const char *name;
    int (*handler)(struct request *rq);
    unsigned int flags;
} operations[] = {
    [XS_CONTROL] = {"CONTROL", do_control, PRIVILEGED | NO_TRANSACTION},
    [XS_DIRECTORY] = {"DIRECTORY", do_directory, 0},
    [XS_READ] = {"READ", do_read, 0},
    [XS_GET_PERMS] = {"GET_PERMS", do_get_perms, 0},
    [XS_WATCH] = {"WATCH", do_watch, NO_TRANSACTION},
    [XS_UNWATCH] = {"UNWATCH", do_unwatch, NO_TRANSACTION},
    [XS_TRANSACTION_START] = {"TRANSACTION_START", do_transaction_start, 0},
    [XS_TRANSACTION_END] = {"TRANSACTION_END", do_transaction_end, 0},
    [XS_INTRODUCE] = {"INTRODUCE", do_introduce, PRIVILEGED | NO_TRANSACTION},
    [XS_RELEASE] = {"RELEASE", do_release, PRIVILEGED | NO_TRANSACTION},
    [XS_GET_DOMAIN_PATH] = {"GET_DOMAIN_PATH", do_get_domain_path, NO_TRANSACTION},
    [XS_WRITE] = {"WRITE", do_write, 0},
    [XS_MKDIR] = {"MKDIR", do_mkdir, 0},
    [XS_RM] = {"RM", do_rm, 0},
    [XS_SET_PERMS] = {"SET_PERMS", do_set_perms, 0},
    [XS_WATCH_EVENT] = {"WATCH_EVENT", NULL, 0},
    [XS_ERROR] = {"ERROR", NULL, 0},
    [XS_IS_DOMAIN_INTRODUCED] = {"IS_DOMAIN_INTRODUCED", do_is_domain_introduced,
                                 PRIVILEGED | NO_TRANSACTION},
    [XS_RESUME] = {"RESUME", do_resume, PRIVILEGED | NO_TRANSACTION},
    [XS_SET_TARGET] = {"SET_TARGET", do_set_target, PRIVILEGED | NO_TRANSACTION},
    [XS_RESET_WATCHES] = {"RESET_WATCHES", do_reset_watches, NO_TRANSACTION},
    [XS_DIRECTORY_PART] = {"DIRECTORY_PART", do_directory_part, 0},
};

#define NR_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

const char *wire_name(unsigned int type)
{
    return type < NR_OPERATIONS && operations[type].name ? operations[type].name : "?";
}

static int handle(struct request *rq)
{
    const struct xsd_sockmsg *hdr = rq->hdr;

    if (hdr->type >= NR_OPERATIONS || !operations[hdr->type].handler)
        return -ENOSYS;
    if ((operations[hdr->type].flags & PRIVILEGED) && !conn_privileged(rq->c))
        return -EACCES;
    if (hdr->tx_id && !(operations[hdr->type].flags & NO_TRANSACTION)) {
        rq->tx = transaction_find(rq->c, hdr->tx_id);
        if (!rq->tx)
            return -ENOENT;
    }
    return operations[hdr->type].handler(rq);
}

static void trace(const struct request *rq, int rc)
{
    char text[200];
    size_t len = rq->len < sizeof(text) ? rq->len : sizeof(text), i;

    for (i = 0; i < len; i++) {
        char ch = rq->body[i];

        text[i] = ch == '\0' ? '|' : ch < 0x20 || ch == 0x7f ? '?' : ch;
    }
    log_line("%lu (domain %u) %s tx %u \"%.*s\": %s", rq->c->serial, domid_of(rq->c),
             wire_name(rq->hdr->type), rq->hdr->tx_id, (int)len, text,
             rc ? xs_error_name(-rc) : "ok");
}

void wire_handle(struct stored *st, struct conn *c, const struct xsd_sockmsg *hdr, const char *body)
{
    struct request rq = {.st = st, .c = c, .hdr = hdr, .body = body, .len = hdr->len};
    const char *name;
    int rc;

    st->nr_messages++;
    rc = handle(&rq);
    if (log_verbose)
        trace(&rq, rc);
    if (!rc)
        return;
    name = xs_error_name(-rc);
    conn_answer(st, c, XS_ERROR, hdr->req_id, hdr->tx_id, name, strlen(name) + 1);
}
