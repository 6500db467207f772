# SPDX-License-Identifier: GPL-2.0-only
fuzz-tests += config
fuzz-config := $(tools-common)
fuzz-config-libs := -lyajl
fuzz-config-cflags := -Wno-unused-parameter
fuzz-tests += image
fuzz-image := dom0-tools/lib/decompress.c dom0-tools/lib/err.c dom0-tools/lib/image.c
fuzz-image += dom0-tools/lib/pvlayout.c
fuzz-image-libs := -lz -llzma -lzstd -llz4
fuzz-tests += guestfile
fuzz-guestfile := $(tools-common) dom0-tools/domxml/xml.c dom0-tools/lib/cfgtext.c dom0-tools/lib/guestfile.c
fuzz-guestfile-cflags := -Wno-unused-parameter -I/usr/include/libxml2
fuzz-guestfile-libs := -lyajl -lxml2
