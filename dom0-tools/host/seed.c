// SPDX-License-Identifier: GPL-2.0-only
/*
 * seed FILE: credit the bytes of FILE to the kernel's random pool, then remove it.
 * Virtual CPUs such as QEMU's qemu64 have no RDRAND, and a machine without disks and keys has no
 * other source: without this, the first getrandom() blocks for seconds.
 */
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct {
        struct rand_pool_info info;
        unsigned char bytes[256];
    } pool;
    ssize_t got;
    int fd;

    if (argc != 2) {
        fprintf(stderr, "usage: seed FILE\n");
        return 2;
    }
    fd = open(argv[1], O_RDONLY);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    got = read(fd, pool.bytes, sizeof(pool.bytes));
    close(fd);
    if (got <= 0)
        return 1;
    unlink(argv[1]);
    pool.info.entropy_count = (int)got * 8;
    pool.info.buf_size = (int)got;
    fd = open("/dev/urandom", O_WRONLY);
    if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool)) {
        perror("/dev/urandom");
        return 1;
    }
    return 0;
}
