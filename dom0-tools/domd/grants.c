/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How full the guests' grant tables are. A guest whose table is full cannot use its devices any more
 * and seldom says so: it is warned of at 80 %, in the log once and in whatever answer concerns it. A
 * guest's kernel takes a frame when it runs out of grants and never gives one back, so the frames
 * taken are what it needed at most.
 */
#include "dom0-tools/domd/domd.h"

#include <stdio.h>

#include "dom0-tools/lib/grantsize.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"

#define DOMIDS 0x8000

bool grants_warning(const char *name, uint32_t domid, char *text, size_t size)
{
    uint32_t used, max;

    if (hv_grant_frames(domd.hv, domid, &used, &max) || !grant_frames_tight(used, max))
        return false;
    snprintf(
        text, size,
        "%s: its grant table is nearly full: %u of %u frames are taken; raise max_grant_frames "
        "in its config",
        name, used, max);
    return true;
}

void grants_look(uint32_t domid)
{
    static uint8_t told[DOMIDS / 8]; /* only the monitor's thread looks */
    char name[GUEST_NAME_MAX + 1], text[256];
    enum vm_state state;
    uint8_t bit = (uint8_t)(1u << domid % 8);

    if (domid >= DOMIDS || !registry_describe(domid, name, &state))
        return;
    if (!grants_warning(name, domid, text, sizeof(text))) {
        told[domid / 8] &= (uint8_t)~bit;
    } else if (!(told[domid / 8] & bit)) {
        told[domid / 8] |= bit;
        log_line("%s", text);
    }
}

void grants_tell(const struct vm *vm, struct json_out *o)
{
    char text[256];
    uint32_t used, max;

    if (hv_grant_frames(domd.hv, vm->domid, &used, &max))
        return;
    json_put_u64(o, "grant_frames", used);
    json_put_u64(o, "grant_frames_max", max);
    if (grants_warning(vm->cfg.name, vm->domid, text, sizeof(text)))
        json_put_str(o, "warning", text);
}
