/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each operation that docs/hypercalls.md calls refused, with harmless arguments: the error must be
 * the one that stands there. refused.h is made from the same table.
 */
#include "mini.h"
#include "pv-abi/domctl.h"
#include "pv-abi/platform.h"
#include "pv-abi/sysctl.h"
#include "refused.h"

static uint64_t room[PAGE_SIZE / 8];

static long call(unsigned int i)
{
    uint32_t number = refused[i].call, operation = refused[i].operation;
    uint32_t *words = (uint32_t *)room;

    memset(room, 0, sizeof(room));
    switch (refused[i].kind) {
    case REFUSED_CALL:
        return hypercall4(number, 0, PTR(room), 0, 0);
    case REFUSED_DOMCTL:
        words[0] = operation;
        words[1] = XEN_DOMCTL_INTERFACE_VERSION;
        return hypercall1(number, PTR(room)); /* on domain 0 */
    case REFUSED_SYSCTL:
        words[0] = operation;
        words[1] = XEN_SYSCTL_INTERFACE_VERSION;
        return hypercall1(number, PTR(room));
    case REFUSED_PLATFORM_OP:
        words[0] = operation;
        words[1] = XENPF_INTERFACE_VERSION;
        return hypercall1(number, PTR(room));
    case REFUSED_MCA:
        words[0] = operation;
        words[1] = 0x01ecc003; /* version of that interface */
        return hypercall1(number, PTR(room));
    case REFUSED_MMUEXT_OP:
        words[0] = operation;
        return hypercall4(number, PTR(room), 1, 0, DOMID_SELF);
    case REFUSED_VCPU_OP:
        return hypercall3(number, operation, 0, PTR(room));
    case REFUSED_GRANT_TABLE_OP:
        return hypercall3(number, operation, PTR(room), 1);
    case REFUSED_VM_ASSIST:
        return hypercall2(number, VMASST_CMD_enable, operation);
    case REFUSED_CALLBACK_OP:
        *(uint16_t *)room = (uint16_t)operation;
        room[1] = PTR(call); /* any address of the kernel's */
        return hypercall2(number, CALLBACKOP_register, PTR(room));
    case REFUSED_MEMORY_OP:
        *(domid_t *)room = DOMID_SELF;
        return hypercall2(number, operation, PTR(room));
    default:
        return hypercall3(number, operation, PTR(room), 0);
    }
}

TEST(each_refused_operation_gives_its_error)
{
    /* Xen serves some of them. */
    if (!is_pavo())
        return;
    for (unsigned int i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        long rc = call(i);
        int want = refused[i].error;
        int is_control = refused[i].kind == REFUSED_DOMCTL || refused[i].kind == REFUSED_SYSCTL ||
                         refused[i].kind == REFUSED_PLATFORM_OP;

        if (!is_dom0() &&
            (is_control || (refused[i].kind == REFUSED_PHYSDEV_OP && rc == -XEN_EPERM)))
            want = XEN_EPERM;
        check_equal(__FILE__, (int)refused[i].operation, refused[i].name, rc, -want);
    }
}
