/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ICU data library without a single table: dom0's image carries it in place of the real one, whose
 * 31 MB would slow every boot. libxml2 asks ICU only for encodings that it does not know itself
 * (UTF-8, UTF-16, ISO 8859-1, ASCII); a document in another one is refused then.
 * The layout is that of ICU's common data: a header, then a table of contents with its length.
 */
#include <stdint.h>

#ifndef ENTRY_POINT
#define ENTRY_POINT icudt_dat
#endif

struct icu_data {
    uint16_t header_bytes;
    uint8_t magic[2];
    uint16_t info_bytes, reserved;
    uint8_t big_endian, charset, char_bytes, reserved_byte;
    uint8_t format[4], format_version[4], data_version[4];
    uint8_t padding[8];
    uint32_t entries, reserved_word;
};

extern const struct icu_data ENTRY_POINT;
const struct icu_data ENTRY_POINT = {
    .header_bytes = 32,
    .magic = {0xda, 0x27},
    .info_bytes = 20,
    .char_bytes = 2,
    .format = {'T', 'o', 'C', 'P'},
    .format_version = {1},
};
