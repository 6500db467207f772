/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a disk is in dom0: a block device as it is, a loop device over a file, or, with an overlay, a
 * device-mapper device over both, whose name tells guest and disk, so that a domd that is restarted
 * finds it without a record. A link of that name in OVERLAYS_NEW leads to an overlay's file that was
 * made for a start or an attach, until that has succeeded.
 */
#include "dom0-tools/domd/domd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/dm.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/loop.h"

#define OVERLAY_PREFIX "pavo-"
#define OVERLAYS_NEW   "/run/pavo/overlays-new"

/* @kind: "disk" or "overlay". */
static int disk_failed(const char *kind, const char *path, int error, struct err *e)
{
    bool full = error == ENOMEM || error == ENOSPC || error == EDQUOT;
    const char *hint = NULL;
    char what[300];

    if (error == ENOENT)
        hint = "check the path";
    else if (error == EBUSY)
        hint = "unmount it";
    else if ((error == EROFS || error == EACCES) && *kind == 'd')
        hint = "access ro would do";
    snprintf(what, sizeof(what), "%s %.280s", kind, path);
    return err_set(e, full ? STATUS_RESOURCES : STATUS_USAGE, what, hint, "%s",
                   error == ENOENT  ? "no such file"
                   : error == EBUSY ? "dom0 itself uses this device"
                                    : strerror(error));
}

static int check_unused(const struct vm *vm, const struct disk_spec *d, const char *path,
                        bool writable, struct err *e)
{
    char user[GUEST_NAME_MAX + 1], what[300];

    if (!registry_uses_file(d, path, writable, user))
        return 0;
    snprintf(what, sizeof(what), "disk %.280s", path);
    if (!strcmp(user, vm->cfg.name))
        return err_set(e, STATUS_FAILED, what, NULL, "%s has it already, as another disk", user);
    return err_set(e, STATUS_FAILED, what, "share a disk read-only, or not at all",
                   "in use by domain %s", user);
}

/* A loop device over the open file @fd. */
static int attach_loop(struct vm_loop *loop, int fd, const char *path, bool writable,
                       uint32_t numbers[2], struct err *e)
{
    char what[300];
    struct stat st;
    int dev = loop_attach(fd, path, writable, &loop->number, &loop->created);

    snprintf(what, sizeof(what), "disk %.280s", path);
    if (dev < 0)
        return err_set(e, dev == -ENOMEM ? STATUS_RESOURCES : STATUS_FAILED, what,
                       dev == -ENOENT ? "modprobe loop" : NULL, "no loop device: %s",
                       strerror(-dev));
    loop->used = true;
    loop->fd = dev;
    if (fstat(dev, &st))
        return disk_failed("disk", path, errno, e);
    numbers[0] = major(st.st_rdev);
    numbers[1] = minor(st.st_rdev);
    return 0;
}

/* ---- targets */

static int target_open(const char *path, bool writable, struct err *e)
{
    int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK), again;
    struct stat st;

    if (fd < 0)
        return disk_failed("disk", path, errno, e);
    /* Mounted, or a part of something that is: exclusive use is how the kernel tells. */
    if (writable && !fstat(fd, &st) && S_ISBLK(st.st_mode)) {
        again = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_EXCL);
        if (again < 0) {
            int error = errno;

            close(fd);
            return disk_failed("disk", path, error, e);
        }
        close(again);
    }
    return fd;
}

/* Makes the open file or device @fd a block device of so many @sectors. */
static int target_attach(struct vm_loop *loop, int fd, const char *path, bool writable,
                         uint32_t numbers[2], uint64_t *sectors, struct err *e)
{
    uint64_t bytes;
    struct stat st;
    char what[300];

    if (fstat(fd, &st))
        return disk_failed("disk", path, errno, e);
    if (S_ISBLK(st.st_mode)) {
        if (ioctl(fd, BLKGETSIZE64, &bytes))
            return disk_failed("disk", path, errno, e);
        numbers[0] = major(st.st_rdev);
        numbers[1] = minor(st.st_rdev);
        *sectors = bytes / 512;
        return 0;
    }
    snprintf(what, sizeof(what), "disk %.280s", path);
    if (!S_ISREG(st.st_mode) || st.st_size < 512)
        return err_set(e, STATUS_USAGE, what, NULL,
                       S_ISREG(st.st_mode) ? "smaller than one sector: no disk image"
                                           : "neither a file nor a block device");
    *sectors = (uint64_t)st.st_size / 512;
    return attach_loop(loop, fd, path, writable, numbers, e);
}

/* ---- overlays */

static void overlay_name(const struct vm *vm, size_t i, char name[64])
{
    char uuid[37];

    uuid_format(uuid, vm->uuid);
    snprintf(name, 64, OVERLAY_PREFIX "%s-%s", uuid, vm->cfg.disks[i].vdev);
}

void disk_name_overlay(struct vm *vm, size_t i)
{
    overlay_name(vm, i, vm->disks[i].mapped);
}

/* Judges a file: an overlay made before, or nothing but holes, will do; made as large as it must be. */
static int overlay_check(int fd, const char *path, uint64_t size, struct err *e)
{
    uint8_t head[16];
    struct stat st;
    char what[300];
    int rc;

    snprintf(what, sizeof(what), "overlay %.280s", path);
    if (fstat(fd, &st))
        return disk_failed("overlay", path, errno, e);
    if (!S_ISREG(st.st_mode))
        return err_set(e, STATUS_USAGE, what, NULL, "not a regular file");
    rc = lseek(fd, 0, SEEK_DATA) < 0 && errno == ENXIO
             ? 0
             : dm_cow_header_check(head, pread(fd, head, sizeof(head), 0) == sizeof(head) ? 16 : 0);
    if (rc == -ENODATA)
        return err_set(e, STATUS_USAGE, what, "remove it to begin anew from the target",
                       "it ran full once: what was written to it is lost");
    if (rc)
        return err_set(e, STATUS_USAGE, what, "name a file that does not exist yet",
                       "this file is no overlay");
    /* One that ran full would lose all that the guest wrote. */
    return (uint64_t)st.st_size < size && ftruncate(fd, (off_t)size)
               ? disk_failed("overlay", path, errno, e)
               : 0;
}

/* The link that notes it while it is new. */
static void new_path(const struct vm *vm, size_t i, char path[128])
{
    char name[64];

    overlay_name(vm, i, name);
    snprintf(path, 128, OVERLAYS_NEW "/%s", name);
}

/* Makes and opens it if it does not exist. Noted before: a link that leads nowhere does no harm. */
static int overlay_make(struct vm *vm, size_t i, const char *path)
{
    char link[128];
    int fd, error;

    new_path(vm, i, link);
    mkdir(OVERLAYS_NEW, 0700);
    if (!access(path, F_OK))
        return -EEXIST;
    unlink(link);
    if (symlink(path, link))
        return -errno;
    crash_point();
    fd = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, 0600);
    error = errno;
    crash_point();
    if (fd < 0)
        unlink(link);
    vm->disks[i].overlay_made = fd >= 0;
    return fd < 0 ? -error : fd;
}

static int overlay_open(struct vm *vm, size_t i, const char *path, uint64_t size, struct err *e)
{
    int fd = overlay_make(vm, i, path);

    if (fd == -EEXIST) {
        fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        fd = fd < 0 ? -errno : fd;
    }
    if (fd < 0)
        return disk_failed("overlay", path, -fd, e);
    if (overlay_check(fd, path, size, e)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The kernel says no more than that it could not write; of a file that is new. */
static bool no_room(int fd)
{
    static const char zeroes[4096];

    return pwrite(fd, zeroes, sizeof(zeroes), 0) < 0 && errno == ENOSPC;
}

void disk_keep_overlay(struct vm *vm, size_t i)
{
    char link[128];

    new_path(vm, i, link);
    if (vm->disks[i].overlay_made)
        unlink(link);
    vm->disks[i].overlay_made = false;
}

/* One that was made by a start or an attach that failed holds nothing of anybody's. */
static void overlay_unmake(struct vm *vm, size_t i)
{
    if (!vm->disks[i].overlay_made)
        return;
    unlink(vm->cfg.disks[i].overlay);
    crash_point();
    disk_keep_overlay(vm, i);
}

/* Puts the overlay over @numbers, which become those of the joint device. */
static int overlay_attach(struct vm *vm, size_t i, uint64_t sectors, uint32_t numbers[2],
                          struct err *e)
{
    struct vm_disk *disk = &vm->disks[i];
    const char *path = vm->cfg.disks[i].overlay;
    uint32_t origin[2] = {numbers[0], numbers[1]}, cow[2];
    char what[300];
    bool full;
    int fd, rc;

    if (check_unused(vm, &vm->cfg.disks[i], path, true, e))
        return -1;
    fd = overlay_open(vm, i, path, dm_cow_size(sectors * 512), e);
    if (fd < 0)
        return -1;
    if (attach_loop(&disk->overlay, fd, path, true, cow, e)) {
        close(fd);
        return -1;
    }
    disk_name_overlay(vm, i);
    rc = dm_snapshot_create(disk->mapped, sectors, origin, cow, numbers);
    full = rc == -EIO && disk->overlay_made && no_room(fd);
    close(fd);
    if (full) {
        disk->mapped[0] = '\0';
        return disk_failed("overlay", path, ENOSPC, e);
    }
    if (rc) {
        disk->mapped[0] = '\0';
        snprintf(what, sizeof(what), "overlay %.280s", path);
        return err_set(e, rc == -ENOMEM ? STATUS_RESOURCES : STATUS_FAILED, what,
                       rc == -ENOENT || rc == -ENODEV || rc == -ENXIO ? "modprobe dm-snapshot"
                                                                      : "see dom0's kernel log",
                       "no copy-on-write device: %s", strerror(-rc));
    }
    return 0;
}

/* ---- disks */

int disk_open(struct vm *vm, size_t i, uint32_t numbers[2], struct err *e)
{
    const struct disk_spec *d = &vm->cfg.disks[i];
    bool writable = d->writable && !d->overlay;
    uint64_t sectors = 0;
    int fd, rc;

    if (check_unused(vm, d, d->target, writable, e))
        return -1;
    fd = target_open(d->target, writable, e);
    if (fd < 0)
        return -1;
    rc = target_attach(&vm->disks[i].image, fd, d->target, writable, numbers, &sectors, e);
    close(fd);
    return !rc && d->overlay ? overlay_attach(vm, i, sectors, numbers, e) : rc;
}

static void loop_close(struct vm_loop *loop)
{
    if (loop->fd >= 0)
        close(loop->fd);
    loop->fd = -1;
}

void disk_held(struct vm *vm, size_t i)
{
    loop_close(&vm->disks[i].image);
    loop_close(&vm->disks[i].overlay);
}

static void loop_drop(struct vm_loop *loop, const char *path)
{
    loop_close(loop);
    if (loop->used)
        loop_detach(loop->number, path);
    loop->used = false;
}

void disk_drop(struct vm *vm, size_t i)
{
    struct vm_disk *disk = &vm->disks[i];
    int rc = disk->mapped[0] ? dm_remove(disk->mapped) : 0;

    if (rc)
        log_line("%s: %s: %s", vm->cfg.name, disk->mapped, strerror(-rc));
    disk->mapped[0] = '\0';
    loop_drop(&disk->overlay, vm->cfg.disks[i].overlay);
    loop_drop(&disk->image, vm->cfg.disks[i].target);
    overlay_unmake(vm, i);
}

/* ---- after a restart */

/* True for the name of an overlay that no guest has. */
static bool is_left_over(const char *name)
{
    size_t prefix = strlen(OVERLAY_PREFIX);
    char uuid_text[37];
    uint8_t uuid[16];

    if (strncmp(name, OVERLAY_PREFIX, prefix) || strlen(name) < prefix + 38)
        return false;
    memcpy(uuid_text, name + prefix, 36);
    uuid_text[36] = '\0';
    return name[prefix + 36] == '-' && uuid_parse(uuid, uuid_text) &&
           !registry_has_overlay(uuid, name + prefix + 37);
}

static void sweep_overlay(const char *name, void *arg)
{
    int rc;

    if (!is_left_over(name))
        return;
    rc = dm_remove(name);
    log_line("%s: left over, %s", name, rc ? strerror(-rc) : "removed");
}

/* Files made for starts and attaches that were not finished. */
static void sweep_new(void)
{
    DIR *dir = opendir(OVERLAYS_NEW);
    struct dirent *entry;
    char link[400], path[PATH_MAX];
    ssize_t n;

    while (dir && (entry = readdir(dir))) {
        snprintf(link, sizeof(link), OVERLAYS_NEW "/%s", entry->d_name);
        n = readlink(link, path, sizeof(path) - 1);
        if (n < 0)
            continue;
        path[n] = '\0';
        if (is_left_over(entry->d_name) && !unlink(path))
            log_line("%s: made for a guest that was not finished: removed", path);
        unlink(link);
    }
    if (dir)
        closedir(dir);
}

void disks_sweep(void)
{
    dm_list(sweep_overlay, NULL);
    sweep_new();
}
