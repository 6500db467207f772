/* SPDX-License-Identifier: GPL-2.0-only */
/* The store's nodes of a domain: names, values, and who may write what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "dom0-tools/lib/guest.h"
#include "dom0-tools/lib/nodes.h"

static struct disk_spec disks[] = {
    {.target = "/images/a b", .vdev = "xvda", .devid = 51712, .writable = true},
    {.target = "/dev/sdb", .vdev = "xvdb", .devid = 51728, .untrusted = true},
};
static struct vif_spec vifs[] = {
    {.mac = {0, 0x16, 0x3e, 1, 2, 3}, .bridge = "pavobr0"},
    {.mac = {0, 0x16, 0x3e, 1, 2, 4},
     .bridge = "br1",
     .vifname = "web",
     .devid = 4,
     .rate_bytes = 62500,
     .rate_usecs = 50000,
     .untrusted = true},
};
static struct guest_config config = {.name = "g",
                                     .memory_mib = 64,
                                     .maxmem_mib = 128,
                                     .vcpus = 1,
                                     .maxvcpus = 2,
                                     .disks = disks,
                                     .nr_disks = 2,
                                     .vifs = vifs,
                                     .nr_vifs = 2};

static const struct node *find(const struct node_list *l, const char *path)
{
    const struct node *found = NULL;
    size_t i;

    for (i = 0; i < l->count; i++)
        if (!strcmp(l->nodes[i].path, path)) {
            assert_null(found);
            found = &l->nodes[i];
        }
    return found;
}

static void assert_node(const struct node_list *l, const char *path, const char *value,
                        enum node_perm perm)
{
    const struct node *n = find(l, path);

    assert_non_null(n);
    assert_string_equal(n->value, value);
    assert_int_equal(n->perm, perm);
}

static void a_domain_has_what_linux_reads(void **state)
{
    struct node_domain d = {.domid = 7,
                            .uuid = {1},
                            .store_mfn = 100,
                            .console_mfn = 101,
                            .store_port = 1,
                            .console_port = 2,
                            .start_time = 99};
    struct node_list l = {0};

    nodes_domain(&l, &config, &d);
    assert_false(l.failed);
    assert_node(&l, "/local/domain/7", "", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/name", "g", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/domid", "7", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/vm", "/vm/01000000-0000-0000-0000-000000000000",
                NODE_GUEST_READ);
    assert_node(&l, "/vm/01000000-0000-0000-0000-000000000000/name", "g", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/memory/target", "65536", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/memory/static-max", "131072", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/cpu/0/availability", "online", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/cpu/1/availability", "offline", NODE_GUEST_READ);
    assert_null(find(&l, "/local/domain/7/cpu/2/availability"));
    assert_node(&l, "/local/domain/7/store/ring-ref", "100", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/store/port", "1", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/console/ring-ref", "101", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/console/port", "2", NODE_GUEST_READ);
    node_list_free(&l);
}

static void a_guest_owns_only_what_it_must_write(void **state)
{
    static const char *const own[] = {"/control/shutdown",
                                      "/control/feature-poweroff",
                                      "/control/feature-reboot",
                                      "/control/feature-suspend",
                                      "/control/sysrq",
                                      "/data",
                                      "/drivers",
                                      "/feature",
                                      "/attr",
                                      "/error"};
    struct node_domain d = {.domid = 7};
    struct node_list l = {0};
    size_t i, k;

    nodes_domain(&l, &config, &d);
    for (i = 0; i < l.count; i++) {
        const char *path = l.nodes[i].path + strlen("/local/domain/7");
        bool listed = false;

        for (k = 0; k < sizeof(own) / sizeof(own[0]); k++)
            listed |= !strcmp(path, own[k]);
        assert_int_equal(l.nodes[i].perm == NODE_GUEST_OWN, listed);
    }
    node_list_free(&l);
}

static void an_untrusted_backend_is_told_to_the_frontend(void **state)
{
    struct node_disk disk = {7, 3};
    struct node_list l = {0};

    nodes_disk(&l, &config, 0, 7, &disk);
    nodes_disk(&l, &config, 1, 7, &disk);
    nodes_vif(&l, &config, 0, 7);
    nodes_vif(&l, &config, 1, 7);
    assert_null(find(&l, "/local/domain/7/device/vbd/51712/trusted"));
    assert_node(&l, "/local/domain/7/device/vbd/51728/trusted", "0", NODE_GUEST_OWN);
    assert_null(find(&l, "/local/domain/7/device/vif/0/trusted"));
    assert_node(&l, "/local/domain/7/device/vif/4/trusted", "0", NODE_GUEST_OWN);
    node_list_free(&l);
}

static void disks_have_two_ends(void **state)
{
    struct node_disk loop = {7, 3}, sdb = {8, 0x10};
    struct node_list l = {0};

    nodes_disk(&l, &config, 0, 7, &loop);
    nodes_disk(&l, &config, 1, 7, &sdb);
    assert_node(&l, "/local/domain/7/device/vbd/51712/backend",
                "/local/domain/0/backend/vbd/7/51712", NODE_GUEST_OWN);
    assert_node(&l, "/local/domain/7/device/vbd/51712/state", "1", NODE_GUEST_OWN);
    assert_node(&l, "/local/domain/7/device/vbd/51712/virtual-device", "51712", NODE_GUEST_OWN);
    assert_node(&l, "/local/domain/0/backend/vbd/7/51712/frontend",
                "/local/domain/7/device/vbd/51712", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/0/backend/vbd/7/51712/physical-device", "7:3", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/0/backend/vbd/7/51712/mode", "w", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/0/backend/vbd/7/51712/params", "/images/a b", NODE_PRIVATE);
    assert_node(&l, "/local/domain/0/backend/vbd/7/51728/physical-device", "8:10", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/0/backend/vbd/7/51728/mode", "r", NODE_GUEST_READ);
    node_list_free(&l);
}

static void vifs_have_two_ends(void **state)
{
    struct node_list l = {0};

    nodes_vif(&l, &config, 0, 7);
    nodes_vif(&l, &config, 1, 7);
    assert_node(&l, "/local/domain/7/device/vif/0/mac", "00:16:3e:01:02:03", NODE_GUEST_OWN);
    assert_node(&l, "/local/domain/7/device/vif/0/handle", "0", NODE_GUEST_OWN);
    assert_node(&l, "/local/domain/0/backend/vif/7/0/script", "", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/0/backend/vif/7/0/bridge", "pavobr0", NODE_GUEST_READ);
    assert_null(find(&l, "/local/domain/0/backend/vif/7/0/rate"));
    assert_node(&l, "/local/domain/0/backend/vif/7/4/rate", "62500,50000", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/0/backend/vif/7/4/vifname", "web", NODE_GUEST_READ);
    assert_node(&l, "/local/domain/7/device/vif/4/handle", "4", NODE_GUEST_OWN);
    /* Not before dom0's end is plugged in: the backend waits for it. */
    assert_null(find(&l, "/local/domain/0/backend/vif/7/0/hotplug-status"));
    node_list_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_has_what_linux_reads),
        cmocka_unit_test(a_guest_owns_only_what_it_must_write),
        cmocka_unit_test(an_untrusted_backend_is_told_to_the_frontend),
        cmocka_unit_test(disks_have_two_ends),
        cmocka_unit_test(vifs_have_two_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
