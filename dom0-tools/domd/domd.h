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
#include "xenstore-like/client.h"

struct err;
struct foreign;
struct hv;
struct json;
struct json_out;
struct node_list;
struct store;

enum vm_state {
    VM_STARTING,  /* being built; nobody but its creator sees it */
    VM_LIVE,      /* runs, or is paused by a person */
    VM_PRESERVED, /* has ended and is kept for a look */
};

struct vm_loop {
    bool used, created;
    int number, fd; /* fd: open until the backend holds the device, else -1 */
};

/* What serves a disk in dom0. */
struct vm_disk {
    struct vm_loop image, overlay;
    char mapped[64];   /* name of the device-mapper device that joins the two; empty: none */
    bool overlay_made; /* the overlay's file is new, and goes if the start or the attach fails */
};

struct vm {
    struct vm *next;
    struct guest_config cfg; /* with all MACs filled in */
    uint8_t uuid[16];
    uint32_t domid; /* 0: has no domain now */
    uint32_t last_domid;
    enum vm_state state;
    bool busy;
    int64_t started;       /* seconds since 1970 */
    struct vm_disk *disks; /* one per disk of cfg, in its order */
    bool console;          /* consoled knows it */
    bool unattended;       /* is being started again by itself: nobody hears of a crash at once */
    bool kept;             /* has ended and has a successor, which has its devices */
    bool delayed;          /* has ended; is started again at not_before */
    int64_t not_before;    /* CLOCK_MONOTONIC, in seconds; so is what follows */
    int64_t final_until;   /* an end before that is the last, whatever its config says */
    uint32_t short_lives;  /* in a row: see policy.h */
    struct timing *timing; /* of the create that is going on, or NULL */
};

/* How long the phases of a create took. */
struct timing {
    uint64_t last_us;
    size_t count;
    struct {
        const char *name;
        uint64_t us;
    } phase[16];
};

struct domd {
    struct hv *hv;
    struct foreign *foreign;
    char version[64];
    bool adopted; /* the guests that are in the store have been taken over */
};

extern struct domd domd;

/* registry.c */
struct vm *registry_add(struct guest_config *cfg, struct err *e); /* takes *cfg; held by caller */
struct vm *registry_adopt(struct guest_config *cfg, uint32_t domid);
void registry_show(struct vm *vm, enum vm_state state);    /* and still held */
void registry_publish(struct vm *vm, enum vm_state state); /* and no longer held */
void registry_set_domid(struct vm *vm, uint32_t domid);    /* of a held vm */
void registry_set_uuid(struct vm *vm, const uint8_t uuid[16]);
void registry_remove(struct vm *vm); /* frees a held vm */
/* Changes the name of a held vm. -1 with *@e (STATUS_USAGE) if another one has it. */
int registry_rename(struct vm *vm, const char *name, struct err *e);
/* By name, number or UUID. Waits while somebody else holds it. NULL with *@e (STATUS_NO_DOMAIN). */
struct vm *registry_acquire(const char *name, struct err *e);
void registry_release(struct vm *vm);
/* Holds the vm of that domid if nobody does, it is live and not delayed, else NULL. */
struct vm *registry_try_domid(uint32_t domid);
/* Numbers of live domains; returns their count. */
size_t registry_domids(uint32_t *domids, size_t max);
/* Copies of a vm's names by domid. False if domd knows none. */
bool registry_describe(uint32_t domid, char name[GUEST_NAME_MAX + 1], enum vm_state *state);
/* When that domain started, in seconds since 1970. False if domd does not know it. */
bool registry_started(uint32_t domid, int64_t *started);
/*
 * What the domain is called, "(unknown)" if domd knows nothing of it. False while it is being built:
 * nobody is told of it.
 */
bool registry_shows(uint32_t domid, const uint8_t uuid[16], char name[GUEST_NAME_MAX + 1]);
/* The domid of a visible guest by name, number or UUID; 0 is dom0. False when there is none. */
bool registry_domid(const char *name, uint32_t *domid, struct err *e);
/*
 * True if a disk other than @self has the file or device @path, and one of the two writes it; the name
 * of the disk's guest into @name.
 */
bool registry_uses_file(const struct disk_spec *self, const char *path, bool writable, char *name);
/* True if the guest of @uuid has a disk @vdev with an overlay. */
bool registry_has_overlay(const uint8_t uuid[16], const char *vdev);
/*
 * A held vm's devices. Adding takes *@d over, puts it at the end and checks the config as a whole: -1
 * with *@e, nothing changed. Others look at them meanwhile, hence here.
 */
int registry_add_disk(struct vm *vm, struct disk_spec *d, struct err *e);
int registry_add_vif(struct vm *vm, const struct vif_spec *v, struct err *e);
void registry_drop_disk(struct vm *vm, size_t i);
void registry_drop_vif(struct vm *vm, size_t i);
void registry_drop_devices(struct vm *vm); /* all of them */
/*
 * Waits until the guest of @domid has ended and, if it is not kept for a look or @really, is gone, or
 * another domain has taken its place. False: time.
 */
bool registry_wait_gone(uint32_t domid, bool really, int timeout_ms);

/* How long an end may be the last: as long as domctl lets anybody wait, and a minute. */
#define FINAL_MAX_S   86400
#define FINAL_SPARE_S 60 /* for the client to say that its time is over */

/* life.c */
int vm_start(struct vm *vm, bool paused, bool fresh_log, struct err *e);
/* Undoes all that vm_start() does, as far as it got. The vm has no domain then. */
void vm_stop(struct vm *vm, bool keep_console);
void vm_destroy(struct vm *vm); /* vm_stop() and registry_remove() */
/* Starts a held vm without a domain, and publishes it; or says why not, and forgets it. */
void start_unattended(struct vm *vm, bool fresh_log);
void timing_mark(struct vm *vm, const char *phase); /* that just ended */
int64_t now_s(void);                                /* CLOCK_MONOTONIC */
long now_ms(void);
void *monitor_main(void *arg);
/* Starts @cfg (taken) as the successor of a kept domain, in a thread of its own. */
void successor_start(struct guest_config *cfg, uint32_t kept_domid, uint32_t short_lives);

/* devices.c: of one (disk @i, or vif @i if @is_vif), and of all */
int device_check(const struct vm *vm, int is_vif, size_t i, struct err *e); /* bridges, drivers */
int device_wait(struct vm *vm, int is_vif, size_t i, struct store *s, struct err *e);
/* -1 with *@e if dom0's kernel reported an error of the backend. */
int device_failed(const struct vm *vm, int is_vif, size_t i, struct store *s, const char *what,
                  struct err *e);
/* The kernel's device of the backend is there. */
bool device_served(const struct vm *vm, int is_vif, size_t i);
void device_remove(struct vm *vm, int is_vif, size_t i, struct store *s); /* as by pulling a plug */
int devices_open(struct vm *vm, uint32_t (*numbers)[2], struct err *e);   /* checks, disk_open() */
int devices_wait(struct vm *vm, struct store *s, struct err *e);
void devices_remove(struct vm *vm, struct store *s);
/* Name of the interface in dom0 of vif @i. */
void vif_interface(const struct vm *vm, size_t i, char name[16]);

/* disks.c: the block device behind a disk */
int disk_open(struct vm *vm, size_t i, uint32_t numbers[2], struct err *e); /* major, minor */
void disk_held(struct vm *vm, size_t i);         /* by the backend now: descriptors are closed */
void disk_drop(struct vm *vm, size_t i);         /* undoes disk_open(), as far as it got */
void disk_name_overlay(struct vm *vm, size_t i); /* sets disks[i].mapped */
void disk_keep_overlay(struct vm *vm, size_t i); /* the start or the attach has succeeded */
void disks_sweep(void); /* removes what guests that do not exist left in the device mapper */

/* grants.c */
bool grants_warning(const char *name, uint32_t domid, char *text, size_t size); /* true: at 80 % */
void grants_look(uint32_t domid);                                               /* logs that once */
void grants_tell(const struct vm *vm, struct json_out *o); /* members of an object */

/* record.c: what is needed to carry on after domd itself was restarted */
int record_begin(uint32_t domid, struct store *s); /* a domain without its config yet */
int record_put(const struct vm *vm, struct store *s, store_tx_t tx);
int record_write(const struct vm *vm, struct store *s);  /* the same as a transaction of its own */
int record_rename(const struct vm *vm, struct store *s); /* wherever the name stands */
/*
 * A domain that has ended is kept, for a domd that is restarted: @successor NULL: just so; else the
 * vm has got another name and UUID, and this config is to be started in its place. Its record keeps
 * the devices for the successor until record_succeeded().
 */
int record_kept(const struct vm *vm, const struct guest_config *successor, const char *old_uuid,
                struct store *s);
void record_delayed(const struct vm *vm, int64_t until, struct store *s); /* seconds since 1970 */
void record_succeeded(uint32_t domid, struct store *s);
/* An end before @until (seconds since 1970) is the last, whatever the config says; 0: it is not. */
int record_final(const struct vm *vm, int64_t until, struct store *s, store_tx_t tx);
int config_copy(struct guest_config *to, const struct guest_config *from);
void record_remove(uint32_t domid, struct store *s);
bool record_adopt_all(void); /* false: no store to read */
/* What the store answered while guests are taken over: 0, 1, -ENOENT, -EINVAL; else domd ends. */
int adoption_answer(int rc);
int remove_path(struct store *s, store_tx_t tx, const char *path); /* 0 also when it is missing */
/* Each member of a config below @base/config. */
int record_write_config(const struct guest_config *g, const char *base, struct store *s,
                        uint32_t tx);
/* 0; -ENOENT, -EINVAL: it is not (all) there; -ENOMEM; an error of the store. */
int record_read_config(struct guest_config *g, const char *base, struct store *s);

/* pending.c: what was begun and is to be brought to its end, also by the next domd */
int pending_complete(struct vm *vm, struct store *s); /* a start has succeeded */
void pending_end(struct vm *vm,
                 bool again);             /* its domain goes; @again: the guest is started anew */
void pending_forget(const struct vm *vm); /* it is not started anew */
int pending_is_complete(uint32_t domid, struct store *s);   /* 1, 0, or an error of the store */
int pending_is_again(const struct vm *vm, struct store *s); /* the same: it is to be started anew */
void pending_clear_orphans(struct store *s);                /* before anything is made */
void pending_resume(struct store *s);
int pending_resumed(struct err *e); /* waits until it is done: nothing is to be made before */

/* A pause for the time of an action, noted: the next domd would end it. -1 with *@e. */
int pending_pause(const struct vm *vm, struct err *e);
void pending_unpause(const struct vm *vm);
void pending_wake(uint32_t domid, struct store *s); /* ends one that was left behind */

/* In a transaction @tx: a device that a guest has now, or has no more; one that is coming or going. */
int record_add_device(const struct vm *vm, int is_vif, size_t i, struct store *s, store_tx_t tx);
int record_remove_device(const struct vm *vm, int is_vif, size_t i, struct store *s, store_tx_t tx);
int record_moving(const struct vm *vm, const char *what, struct store *s, store_tx_t tx);
int record_read_moving(const struct vm *vm, char **what, struct store *s);

/* attach.c: devices of a guest that runs, which the caller holds */
/* Connects the last device of cfg, which serves no one yet. -1: it is dropped from cfg again. */
int device_attach(struct vm *vm, int is_vif, unsigned int timeout_s, struct err *e);
/* Takes it away: with @force at once, else when the guest has let go of it. -1: it is still there. */
int device_detach(struct vm *vm, int is_vif, size_t i, bool force, unsigned int timeout_s,
                  struct err *e);
/* Ends what domd had begun before it was restarted, and publishes @vm; at once, or when it is done. */
void device_resume(struct vm *vm, struct store *s);
/* The state a device's @end ("state" below a frontend or backend) is in. */
int device_state(struct store *s, const char *end);

/* Nodes of domain @domid, in a transaction; @arg: struct node_write. */
struct node_write {
    const struct node_list *l;
    uint32_t domid;
    bool hidden; /* what the guest shall own is kept from its eyes for now */
};
int nodes_write(struct store *s, store_tx_t tx, void *arg);

/* dump.c */
struct dump_to {
    int fd;           /* an empty regular file */
    const char *file; /* its name, for messages */
    bool compress, live;
    int client; /* the connection whose end is the dump's, or -1 */
};
/* Writes the core of a held vm. *@unread: pages that it could not read. */
int vm_dump(const struct vm *vm, const struct dump_to *to, uint64_t *unread, struct err *e);
void dump_ended(const struct vm *vm); /* to CORE_FOLDER; the log says if it cannot */

/* console.c: requests to consoled */
int console_add(const struct vm *vm, uint32_t port, bool fresh_log, struct err *e);
void console_drop(const struct vm *vm, bool keep);
/* Of a vm that has its new name already. -1: refused. */
int console_rename(const struct vm *vm, struct err *e);
/* A descriptor or -1. @resume: without what was said before. */
int console_attach(const char *name, bool resume, struct err *e);

/* refusals.c: what the store has refused to that domain, as one more member */
void tell_refusals(struct json_out *o, uint32_t domid);

/* requests.c: one client */
void *client_main(void *arg);
/* Takes back a request for "poweroff" or "reboot" that the guest has not even taken note of. */
void withdraw_request(uint32_t domid, const char *what);

/* events.c */
/* Tells all listeners; @key and @value (or NULL) are one more member. @vm is held; NULL: of domd. */
void event_emit(const struct vm *vm, const char *event, const char *key, const char *value);
uint64_t events_now(void);            /* the number of the next event */
void events_send(int fd, uint64_t n); /* event @n and all that follow, until @fd is closed */

/* perf.c */
/* Sends the trace that op_trace() began until the client says that it is enough, then ends it. -1: only that. */
void trace_send(int fd);
void trace_forget(void); /* what a domd that was killed left in the hypervisor */

/* main.c */
int open_store(struct store **s, struct err *e);
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
