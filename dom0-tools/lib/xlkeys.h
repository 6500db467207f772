/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_XLKEYS_H
#define DOM0_TOOLS_LIB_XLKEYS_H

/* Why a key of xl.cfg(5) has no effect on Pavo; NULL: xl has no such key, or it has one here. */
const char *xl_key_reason(const char *key);

#endif
