/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a disk is in dom0: a block device as it is, a loop device over a file, or, with an overlay, a
 * device-mapper device over both, whose name tells guest and disk, so that a domd that is restarted
 * finds it without a record.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dom0-tools/lib/dm.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/loop.h"

#define OVERLAY_PREFIX "pavo-"

static int disk_failed(const char *path, int error, struct err *e)
{
    char what[300];

    snprintf(what, sizeof(what), "disk %.280s", path);
    return err_set(e, error == ENOMEM ? STATUS_RESOURCES : STATUS_USAGE, what,
                   error == ENOENT                     ? "check the path"
                   : error == EROFS || error == EACCES ? "access ro would do"
                   : error == EBUSY                    ? "unmount it"
                                                       : NULL,
                   "%s",
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
        return disk_failed(path, errno, e);
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
        return disk_failed(path, errno, e);
    /* Mounted, or a part of something that is: exclusive use is how the kernel tells. */
    if (writable && !fstat(fd, &st) && S_ISBLK(st.st_mode)) {
        again = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_EXCL);
        if (again < 0) {
            int error = errno;

            close(fd);
            return disk_failed(path, error, e);
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
        return disk_failed(path, errno, e);
    if (S_ISBLK(st.st_mode)) {
        if (ioctl(fd, BLKGETSIZE64, &bytes))
            return disk_failed(path, errno, e);
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

void disk_name_overlay(struct vm *vm, size_t i)
{
    char uuid[37];

    uuid_format(uuid, vm->uuid);
    snprintf(vm->disks[i].mapped, sizeof(vm->disks[i].mapped), OVERLAY_PREFIX "%s-%s", uuid,
             vm->cfg.disks[i].vdev);
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
        return disk_failed(path, errno, e);
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
    return (uint64_t)st.st_size < size && ftruncate(fd, (off_t)size) ? disk_failed(path, errno, e)
                                                                     : 0;
}

static int overlay_open(struct vm_disk *disk, const char *path, uint64_t size, struct err *e)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, 0600);

    disk->overlay_made = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return disk_failed(path, errno, e);
    if (overlay_check(fd, path, size, e)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Puts the overlay over @numbers, which become those of the joint device. */
static int overlay_attach(struct vm *vm, size_t i, uint64_t sectors, uint32_t numbers[2],
                          struct err *e)
{
    struct vm_disk *disk = &vm->disks[i];
    const char *path = vm->cfg.disks[i].overlay;
    uint32_t origin[2] = {numbers[0], numbers[1]}, cow[2];
    char what[300];
    int fd, rc;

    if (check_unused(vm, &vm->cfg.disks[i], path, true, e))
        return -1;
    fd = overlay_open(disk, path, dm_cow_size(sectors * 512), e);
    if (fd < 0)
        return -1;
    rc = attach_loop(&disk->overlay, fd, path, true, cow, e);
    close(fd);
    if (rc)
        return -1;
    disk_name_overlay(vm, i);
    rc = dm_snapshot_create(disk->mapped, sectors, origin, cow, numbers);
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
    if (loop->used && (loop_serves(loop->number, path) || !loop_in_use(loop->number)))
        loop_detach(loop->number, loop->created);
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
    if (disk->overlay_made) /* by a start or an attach that failed: it holds nothing of anybody's */
        unlink(vm->cfg.disks[i].overlay);
    disk->overlay_made = false;
}

/* ---- after a restart */

static void sweep_overlay(const char *name, void *arg)
{
    size_t prefix = strlen(OVERLAY_PREFIX);
    char uuid_text[37];
    uint8_t uuid[16];
    int rc;

    if (strncmp(name, OVERLAY_PREFIX, prefix) || strlen(name) < prefix + 38)
        return;
    memcpy(uuid_text, name + prefix, 36);
    uuid_text[36] = '\0';
    if (name[prefix + 36] != '-' || !uuid_parse(uuid, uuid_text) ||
        registry_has_overlay(uuid, name + prefix + 37))
        return;
    rc = dm_remove(name);
    log_line("%s: left over, %s", name, rc ? strerror(-rc) : "removed");
}

void disks_sweep(void)
{
    dm_list(sweep_overlay, NULL);
}
