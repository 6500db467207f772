/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMD_DOMD_H
#define DOM0_TOOLS_DOMD_DOMD_H

/*
 * domd: creates and owns domains. One thread per client, one monitor thread, one thread for each
 * guest that ends by itself.
 *
 * struct vm is one guest from its create to its end, across reboots (its domid changes then).
 * Invariant: whoever changes a vm or its domain holds it (vm->busy, by registry_acquire() or by
 *            having added it); everybody else only reads name, domid, uuid and state under the lock.
 * Locking:   registry.lock guards the list and those members; never held across a hypercall, a
 *            store request or a wait other than on registry.changed.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom0-tools/lib/guest.h"

struct err;
struct foreign;
struct hv;
struct json;
struct json_out;
struct store;

enum vm_state {
    VM_STARTING,  /* being built; nobody but its creator sees it */
    VM_LIVE,      /* runs, or is paused by a person */
    VM_PRESERVED, /* has ended and is kept for a look */
};

/* A loop device that serves disk i. */
struct vm_loop {
    bool used, created;
    int number, fd; /* fd: open until the backend holds the device, else -1 */
};

struct vm {
    struct vm *next;
    struct guest_config cfg; /* with all MACs filled in */
    uint8_t uuid[16];
    uint32_t domid; /* 0: has no domain now */
    enum vm_state state;
    bool busy;
    int64_t started;       /* seconds since 1970 */
    struct vm_loop *loops; /* one per disk */
    bool console;          /* consoled knows it */
};

struct domd {
    struct hv *hv;
    struct foreign *foreign;
    char version[64];
};

extern struct domd domd;

/* registry.c */
struct vm *registry_add(struct guest_config *cfg, struct err *e); /* takes *cfg; held by caller */
struct vm *registry_adopt(struct guest_config *cfg, uint32_t domid);
void registry_publish(struct vm *vm, enum vm_state state); /* and no longer held */
void registry_set_domid(struct vm *vm, uint32_t domid);    /* of a held vm */
void registry_remove(struct vm *vm);                       /* frees a held vm */
/* By name or number. Waits while somebody else holds it. NULL with *@e (STATUS_NO_DOMAIN). */
struct vm *registry_acquire(const char *name, struct err *e);
void registry_release(struct vm *vm);
/* Holds the vm of that domid if nobody does and it is live, else NULL. */
struct vm *registry_try_domid(uint32_t domid);
/* Numbers of live domains; returns their count. */
size_t registry_domids(uint32_t *domids, size_t max);
/* Copies of a vm's names by domid. False if domd knows none. */
bool registry_describe(uint32_t domid, char name[GUEST_NAME_MAX + 1], enum vm_state *state);
/* The domid of a visible guest by name or number; 0 is dom0. False when there is none. */
bool registry_domid(const char *name, uint32_t *domid);
/* True if a visible guest other than @self has the file st_dev, st_ino; its name into @name. */
bool registry_uses_file(const struct vm *self, const char *path, bool writable, char *name);
/* Waits until the guest of @domid is gone or another domain has taken its place. False: time. */
bool registry_wait_gone(uint32_t domid, int timeout_ms);

/* life.c */
int vm_start(struct vm *vm, bool paused, bool fresh_log, struct err *e);
/* Undoes all that vm_start() does, as far as it got. The vm has no domain then. */
void vm_stop(struct vm *vm, bool keep_console);
void vm_destroy(struct vm *vm); /* vm_stop() and registry_remove() */
/* Starts a held vm without a domain, and publishes it; or says why not, and forgets it. */
void start_unattended(struct vm *vm, bool fresh_log);
void *monitor_main(void *arg);

/* devices.c */
int devices_check(const struct vm *vm, struct err *e); /* bridges, drivers: before a build */
int disks_open(struct vm *vm, uint32_t (*numbers)[2], struct err *e); /* major, minor of each */
void disks_close(struct vm *vm); /* descriptors only: the backends hold the devices now */
int devices_wait(struct vm *vm, struct store *s, struct err *e);
void devices_remove(struct vm *vm, struct store *s);
/* Name of the interface in dom0 of vif @i. */
void vif_interface(const struct vm *vm, size_t i, char name[16]);

/* record.c: what is needed to carry on after domd itself was restarted */
int record_begin(uint32_t domid, struct store *s); /* a domain without its config yet */
int record_write(const struct vm *vm, struct store *s);
void record_remove(uint32_t domid, struct store *s);
bool record_adopt_all(void); /* false: no store to read */
/* Each member of a config below @base/config. */
int record_write_config(const struct guest_config *g, const char *base, struct store *s,
                        uint32_t tx);
int record_read_config(struct guest_config *g, const char *base, struct store *s);

/* pending.c: what was begun and is to be brought to its end, also by the next domd */
int pending_complete(struct vm *vm, struct store *s); /* a start has succeeded */
void pending_end(struct vm *vm,
                 bool again);             /* its domain goes; @again: the guest is started anew */
void pending_forget(const struct vm *vm); /* it is not started anew */
bool pending_is_complete(uint32_t domid, struct store *s);
void pending_resume(struct store *s);

/* console.c: requests to consoled */
int console_add(const struct vm *vm, uint32_t port, bool fresh_log, struct err *e);
void console_drop(const struct vm *vm, bool keep);
int console_attach(const char *name, struct err *e); /* a descriptor or -1 */

/* requests.c: one client */
void *client_main(void *arg);

/* main.c */
int open_store(struct store **s, struct err *e);
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
