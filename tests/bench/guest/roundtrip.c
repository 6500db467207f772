// SPDX-License-Identifier: GPL-2.0-only
/*
 * roundtrip serve PORT: sends back each byte that comes on a TCP connection, one connection after the other.
 * roundtrip ADDRESS PORT COUNT: how long one byte is on its way there and back, in microseconds on
 * stdout: the mean of COUNT turns, after a tenth of them that does not count.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int die(const char *what)
{
    fprintf(stderr, "roundtrip: %s: %s\n", what, strerror(errno));
    return 1;
}

static int at_once(int fd)
{
    int on = 1;

    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int serve(const struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    char c;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        bind(fd, (const void *)at, sizeof(*at)) || listen(fd, 4))
        return die("listen");
    for (;;) {
        int peer = accept(fd, NULL, NULL);

        if (peer < 0 || at_once(peer))
            return die("accept");
        while (read(peer, &c, 1) == 1 && write(peer, &c, 1) == 1)
            ;
        close(peer);
    }
}

static int turns(int fd, unsigned long count)
{
    char c = 'x';

    while (count--)
        if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
            return -1;
    return 0;
}

static int measure(const struct sockaddr_in *to, unsigned long count)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timespec a, b;

    if (fd < 0 || connect(fd, (const void *)to, sizeof(*to)) || at_once(fd))
        return die("connect");
    if (turns(fd, count / 10 + 1))
        return die("round trip");
    clock_gettime(CLOCK_MONOTONIC, &a);
    if (turns(fd, count))
        return die("round trip");
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.3f\n", ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / 1e3 / count);
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    unsigned long count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;

    if (argc < 3 || (argc == 4 && !count) || argc > 4) {
        fprintf(stderr, "usage: roundtrip serve PORT | roundtrip ADDRESS PORT COUNT\n");
        return 2;
    }
    at.sin_port = htons(strtoul(argv[2], NULL, 10));
    if (argc == 3)
        return serve(&at);
    if (inet_pton(AF_INET, argv[1], &at.sin_addr) != 1) {
        fprintf(stderr, "roundtrip: %s: no address\n", argv[1]);
        return 2;
    }
    return measure(&at, count);
}
