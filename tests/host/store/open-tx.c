/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * open-tx SOCKET: a client with a transaction open when the store's daemon is killed and started anew.
 * Says "open", waits for a line (the new daemon is there), and says what each further step gives.
 */
#include <errno.h>
#include <stdio.h>

#include "xenstore-like/client.h"

static int add(struct store *s, store_tx_t tx, void *arg)
{
    ++*(int *)arg;
    return store_write(s, tx, "/tx/redone", "1");
}

static const char *word(int rc)
{
    return !rc ? "done" : rc == -EAGAIN ? "again" : "error";
}

int main(int argc, char **argv)
{
    struct store *s;
    store_tx_t tx;
    int runs = 0;

    if (argc != 2 || store_open(&s, argv[1]) || store_begin(s, &tx) ||
        store_write(s, tx, "/tx/lost", "1"))
        return 1;
    puts("open");
    fflush(stdout);
    getchar();
    printf("write %s, ", word(store_write(s, tx, "/tx/lost", "2")));
    printf("commit %s, ", word(store_end(s, tx, true)));
    printf("anew %s ", word(store_transact(s, add, &runs)));
    printf("in %d\n", runs);
    store_close(s);
    return 0;
}
