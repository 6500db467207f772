/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMXML_XML_H
#define DOM0_TOOLS_DOMXML_XML_H

/* Libvirt-style domain XML of PV guests, read and written through libxml2, which only xml.c sees. */

#include <stddef.h>

#define XML_TEXT_MAX (1u << 20)

/*
 * Reads a document. Returns JSON text, to be free()d: {"config": {...}, "warnings": [...]}, where the
 * config holds what the document says and nothing else; or {"error": "NAME:LINE: WHY"}.
 * No DTD is accepted, so no entity is expanded; nothing is ever fetched.
 * NULL when memory ran out.
 */
char *xml_read(const char *text, size_t len, const char *name);

/* Writes the JSON form of a config. Returns JSON text: {"xml": "..."} or {"error": "..."}, or NULL. */
char *xml_write(const char *json, size_t len);

#endif
