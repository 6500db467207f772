/* SPDX-License-Identifier: GPL-2.0-only */
/* Disk and network specifications, UUIDs, MACs, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "dom0-tools/lib/guest.h"

static char why[256], heard[512];

/* What was warned of, one behind the other. */
static void hear(const char *text, void *arg)
{
    strncat(heard, text, sizeof(heard) - strlen(heard) - 2);
    strcat(heard, ";");
}

static void assert_disk(const char *text, const char *target, const char *vdev, bool writable)
{
    struct disk_spec d;

    assert_int_equal(disk_spec_parse(&d, text, hear, NULL, why, sizeof(why)), 0);
    assert_string_equal(d.target, target);
    assert_string_equal(d.vdev, vdev);
    assert_int_equal(d.writable, writable);
    disk_spec_free(&d);
}

static void assert_no_disk(const char *text, const char *message)
{
    struct disk_spec d;

    assert_int_equal(disk_spec_parse(&d, text, hear, NULL, why, sizeof(why)), -1);
    assert_string_equal(why, message);
    assert_null(d.target);
}

static void positional_disks(void **state)
{
    assert_disk("/a/b.img,raw,xvda,rw", "/a/b.img", "xvda", true);
    assert_disk("/a/b.img,,xvda,", "/a/b.img", "xvda", true);
    assert_disk(" /a/b.img , raw , sda2 , ro ", "/a/b.img", "sda2", false);
    assert_disk("/a/b.img,raw,hda", "/a/b.img", "hda", true);
}

static void old_prefixes_leave_out_the_format(void **state)
{
    assert_disk("file:/path,xvda,w", "/path", "xvda", true);
    assert_disk("phy:/dev/vg/lv,xvdb1,r", "/dev/vg/lv", "xvdb1", false);
    assert_disk("tap:aio:/path,xvda,w", "/path", "xvda", true);
    assert_disk("ioemu:file:/path,hda,w", "/path", "hda", true);
    assert_no_disk("tap:qcow2:/path,xvda,w",
                   "'qcow2:' is not supported, only raw files and devices");
    assert_no_disk("iscsi:iqn,xvda,w", "'iscsi:' is not supported, only raw files and devices");
}

static void key_value_disks(void **state)
{
    assert_disk("format=raw,vdev=xvda,access=rw,target=/path", "/path", "xvda", true);
    assert_disk("vdev=xvdc, access=ro, discard, target=/with,comma=and more",
                "/with,comma=and more", "xvdc", false);
    assert_disk("/path,vdev=xvda,format=raw", "/path", "xvda", true);
    assert_disk("/path=odd,raw,xvda,w", "/path=odd", "xvda", true);
}

static void an_overlay_may_be_named(void **state)
{
    struct disk_spec d;

    assert_int_equal(
        disk_spec_parse(&d, "overlay=/o,vdev=xvda,target=/a,b", NULL, NULL, why, sizeof(why)), 0);
    assert_string_equal(d.overlay, "/o");
    assert_string_equal(d.target, "/a,b");
    disk_spec_free(&d);
    assert_null(d.overlay);
    assert_int_equal(disk_spec_parse(&d, "a,raw,xvda,rw,overlay=o", NULL, NULL, why, sizeof(why)),
                     0);
    assert_true(disk_spec_complete(&d, "/dir"));
    assert_string_equal(d.target, "/dir/a");
    assert_string_equal(d.overlay, "/dir/o");
    disk_spec_free(&d);
    assert_no_disk("/a,raw,xvda,rw,overlay=", "the overlay path is empty");
    assert_no_disk("/a,raw,xvda,rw,overlay=/b,overlay=/c", "overlay is given twice");
}

static void bad_disks_say_why(void **state)
{
    assert_no_disk("", "the target path is empty");
    assert_no_disk("/a,raw", "no virtual device (vdev), such as xvda");
    assert_no_disk("vdev=xvda", "no target path");
    assert_no_disk("/a,qcow2,xvda,rw", "format 'qcow2' is not supported, only raw");
    assert_no_disk("/a,raw,floppy,rw", "'floppy' is no virtual device, such as xvda");
    assert_no_disk("/a,raw,xvda,maybe", "access 'maybe' is neither ro nor rw");
    assert_no_disk("/a,raw,xvda,rw,more", "'more' is one element too many");
    assert_no_disk("/a,raw,xvda,vdev=xvdb", "vdev is given twice");
    assert_no_disk("/a,raw,xvda,script=x", "'script' is not supported: domd prepares disks itself: "
                                           "name a file or a block device");
    assert_no_disk("/a,raw,xvda,what=x", "'what' is not supported");
    assert_no_disk("/a,raw,xvda,rw,backend=web",
                   "'backend' is not supported: no backend but dom0's serves guests");
    assert_no_disk("/a,,hdc,cdrom", "'cdrom' is not supported: a PV guest has no CD drive: "
                                    "give it the image as a disk, ro");
    assert_no_disk("/a,raw,xvda,rw,colo", "'colo' is not supported: guests are not replicated");
    assert_no_disk("/a,raw,xvda,specification=virtio",
                   "specification 'virtio' is not supported, only xen");
    assert_no_disk("/a,raw,xvda,devtype=cdrom", "devtype 'cdrom' is not supported, only disk");
    assert_no_disk("/a,raw,xvda,backendtype=qdisk",
                   "backendtype 'qdisk' is not supported, only phy");
}

static void disk_words_of_xl_are_taken_or_have_a_reason(void **state)
{
    struct disk_spec d;

    heard[0] = '\0';
    assert_disk("/a,raw,xvda,rw,no-discard,trusted", "/a", "xvda", true);
    assert_disk("trusted,/a,,xvda,,specification=xen,backendtype=,devtype=", "/a", "xvda", true);
    assert_disk("/a,raw,xvda,rw,backend=0", "/a", "xvda", true);
    assert_disk("/a,raw,xvda,rw,backend=Domain-0,backendtype=phy", "/a", "xvda", true);
    assert_string_equal(heard, "");
    assert_disk("discard,/a,raw,xvda,rw,direct-io-safe", "/a", "xvda", true);
    assert_string_equal(heard,
                        "'discard' has no effect: no disk is offered with discard;"
                        "'direct-io-safe' has no effect: dom0's backend has no workaround that "
                        "could be turned off;");
    assert_int_equal(disk_spec_parse(&d, "/a,raw,xvda,rw", NULL, NULL, why, sizeof(why)), 0);
    assert_false(d.untrusted);
    disk_spec_free(&d);
    assert_int_equal(
        disk_spec_parse(&d, "untrusted,/a,raw,xvda,rw,discard", NULL, NULL, why, sizeof(why)), 0);
    assert_true(d.untrusted);
    disk_spec_free(&d);
}

static void device_numbers_are_the_published_ones(void **state)
{
    static const struct {
        const char *vdev;
        uint32_t devid;
    } known[] = {
        {"xvda", 51712},
        {"xvda1", 51713},
        {"xvdb", 51728},
        {"xvdp15", 51967},
        {"xvda16", 1u << 28 | 16},
        {"xvdq", 1u << 28 | 16 << 8},
        {"xvdaa", 1u << 28 | 26 << 8},
        {"sda", 2048},
        {"sdb3", 2067},
        {"hda", 768},
        {"hdb1", 833},
        {"hdc", 5632},
        {"d0", 51712},
        {"d1p2", 51730},
        {"d16", 1u << 28 | 16 << 8},
    };
    static const char *const none[] = {"",      "x",      "xvd", "xvd1",  "xvda256", "xvda01",
                                       "xvdA",  "hde",    "sdq", "sda16", "d",       "d1p",
                                       "xvda ", "d1p256", "vda", "hda64", "xvdaaaa"};
    uint32_t devid;
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_true(vdev_to_devid(known[i].vdev, &devid));
        assert_int_equal(devid, known[i].devid);
    }
    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_false(vdev_to_devid(none[i], &devid));
}

static void vifs_are_read(void **state)
{
    struct vif_spec v;
    static const uint8_t mac[6] = {0x00, 0x16, 0x3e, 0xaa, 0xbb, 0xcc};

    assert_int_equal(vif_spec_parse(&v, "mac=00:16:3E:aa:bb:cc, bridge=br0,vifname=web", NULL, NULL,
                                    why, sizeof(why)),
                     0);
    assert_true(v.has_mac);
    assert_memory_equal(v.mac, mac, 6);
    assert_string_equal(v.bridge, "br0");
    assert_string_equal(v.vifname, "web");
    assert_int_equal(v.rate_bytes, 0);
    assert_false(v.has_devid);
    assert_int_equal(vif_spec_parse(&v, "devid=255", NULL, NULL, why, sizeof(why)), 0);
    assert_true(v.has_devid);
    assert_int_equal(v.devid, 255);
    assert_int_equal(vif_spec_parse(&v, "", NULL, NULL, why, sizeof(why)), 0);
    assert_false(v.has_mac);
}

static void rates_become_bytes_per_interval(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
        uint32_t usecs;
    } good[] = {
        {"rate=10Mb/s", 62500, 50000},
        {"rate=1MB/s@20ms", 20000, 20000},
        {"rate=250KB/s", 12500, 50000},
        {"rate=8000b/s@1s", 1000, 1000000},
        {"rate=1MB/s@20000", 20000, 20000}, /* microseconds */
        {"rate=1MB/s@20000us", 20000, 20000},
        {"rate=10000000B/s", 500000, 50000},
        {"rate=1500000Kb/s", 9375000, 50000},
        {"rate=100Gb/s", 625000000, 50000},
        {"rate=500B/s", 25, 50000},
        {"rate=1500B/s", 75, 50000},
        {"rate=1001b/s@8s", 1001, 8000000},
        {"rate=20B/s", 1, 50000},
        {"rate=1B/s@1s", 1, 1000000},
        {"rate=1b/s@4294967000", 536, 4294967000},
        {"rate=20000GB/s", 1000000000000, 50000},
        /* netback counts milliseconds; the rate is the same. */
        {"rate=1Gb/s@100us", 125000, 1000},
        {"rate=1MB/s@1500us", 2000, 2000},
        {"rate=1MB/s@1", 1000, 1000},
    };
    static const struct {
        const char *text, *message;
    } none[] = {
        {"rate=", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=20TB/s", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=10", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=Mb/s", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=-1Mb/s", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=1Mb/sx", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=1Mb/s@9h", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=1Mb/s@", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=1Mb/s@-1", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=1Mb/s@0ms", "its interval is 0"},
        {"rate=1Mb/s@4294967001", "its interval is more than 4294 s"},
        {"rate=1Mb/s@4295s", "its interval is more than 4294 s"},
        {"rate=1Mb/s@18446744073709552s", "it is not like 10Mb/s or 1MB/s@20ms"},
        {"rate=0Mb/s", "it allows less than a byte in an interval: nothing would ever be sent"},
        {"rate=1b/s", "it allows less than a byte in an interval: nothing would ever be sent"},
        {"rate=19B/s", "it allows less than a byte in an interval: nothing would ever be sent"},
        {"rate=20001GB/s", "it allows more than a terabyte in an interval: leave it out"},
        {"rate=99999999999999999999b/s",
         "it allows more than a terabyte in an interval: leave it out"},
        {"rate=99999999999999999GB/s",
         "it allows more than a terabyte in an interval: leave it out"},
    };
    struct vif_spec v;
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(vif_spec_parse(&v, good[i].text, NULL, NULL, why, sizeof(why)), 0);
        assert_int_equal(v.rate_bytes, good[i].bytes);
        assert_int_equal(v.rate_usecs, good[i].usecs);
    }
    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(vif_spec_parse(&v, none[i].text, NULL, NULL, why, sizeof(why)), -1);
        assert_string_equal(strstr(why, "': ") + 3, none[i].message);
    }
}

static void vif_words_of_xl_are_taken_or_have_a_reason(void **state)
{
    static const char *const idle[] = {"script=x", "gatewaydev=e", "netdev=e", "ip=1.2.3.4",
                                       "mtu=9000", "model=e1000",  "type=vif"};
    struct vif_spec v;
    size_t i;

    heard[0] = '\0';
    assert_int_equal(vif_spec_parse(&v, "backend=0,trusted", hear, NULL, why, sizeof(why)), 0);
    assert_false(v.untrusted);
    assert_int_equal(vif_spec_parse(&v, "bridge=b,untrusted", hear, NULL, why, sizeof(why)), 0);
    assert_true(v.untrusted);
    assert_string_equal(heard, "");
    for (i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
        heard[0] = '\0';
        assert_int_equal(vif_spec_parse(&v, idle[i], hear, NULL, why, sizeof(why)), 0);
        assert_non_null(strstr(heard, "' has no effect: "));
    }
    heard[0] = '\0';
    assert_int_equal(vif_spec_parse(&v, "what=x", hear, NULL, why, sizeof(why)), 0);
    assert_string_equal(heard, "'what' is an unknown key, ignored;");
    assert_int_equal(vif_spec_parse(&v, "backend=web", hear, NULL, why, sizeof(why)), -1);
    assert_string_equal(why, "'backend' is not supported: no backend but dom0's serves guests");
}

static void bad_vifs_say_why(void **state)
{
    static const char *const none[] = {"mac=01:16:3e:00:00:01",
                                       "mac=00:16:3e:00:00",
                                       "bridge=",
                                       "bridge=a/b",
                                       "bridge=averyveryverylongname",
                                       "vifname=..",
                                       "bridge",
                                       "devid=256",
                                       "devid=",
                                       "devid=1x"};
    struct vif_spec v;
    size_t i;

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        why[0] = '\0';
        assert_int_equal(vif_spec_parse(&v, none[i], NULL, NULL, why, sizeof(why)), -1);
        assert_true(why[0]);
    }
}

static void uuids_and_macs_come_back(void **state)
{
    uint8_t uuid[16], again[16], mac[6], mac2[6];
    char text[37], mtext[18];

    uuid_make(uuid);
    assert_int_equal(uuid[6] >> 4, 4);
    assert_int_equal(uuid[8] >> 6, 2);
    uuid_format(text, uuid);
    assert_int_equal(strlen(text), 36);
    assert_true(uuid_parse(again, text));
    assert_memory_equal(uuid, again, 16);
    assert_true(uuid_parse(again, "0123456789abcdef0123456789ABCDEF"));
    assert_false(uuid_parse(again, "0123"));
    assert_false(uuid_parse(again, "0123456789abcdef0123456789abcdef0"));
    mac_make(mac);
    mac_format(mtext, mac);
    assert_true(mac_parse(mac2, mtext));
    assert_memory_equal(mac, mac2, 6);
    assert_int_equal(strncmp(mtext, "00:16:3e:", 9), 0);
}

static void names_are_safe_as_files_and_nodes(void **state)
{
    char longest[66];

    memset(longest, 'a', 65);
    longest[63] = '\0';
    assert_true(guest_name_ok("web-1.example_x+y:z"));
    assert_true(guest_name_ok(longest));
    longest[63] = 'a';
    longest[64] = '\0';
    assert_false(guest_name_ok(longest));
    assert_false(guest_name_ok(""));
    assert_false(guest_name_ok("."));
    assert_false(guest_name_ok(".."));
    assert_false(guest_name_ok("-x"));
    assert_false(guest_name_ok("a/b"));
    assert_false(guest_name_ok("a b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positional_disks),
        cmocka_unit_test(old_prefixes_leave_out_the_format),
        cmocka_unit_test(key_value_disks),
        cmocka_unit_test(an_overlay_may_be_named),
        cmocka_unit_test(bad_disks_say_why),
        cmocka_unit_test(disk_words_of_xl_are_taken_or_have_a_reason),
        cmocka_unit_test(device_numbers_are_the_published_ones),
        cmocka_unit_test(vifs_are_read),
        cmocka_unit_test(rates_become_bytes_per_interval),
        cmocka_unit_test(vif_words_of_xl_are_taken_or_have_a_reason),
        cmocka_unit_test(bad_vifs_say_why),
        cmocka_unit_test(uuids_and_macs_come_back),
        cmocka_unit_test(names_are_safe_as_files_and_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
