/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's command line: words of the form NAME or NAME=VALUE. */
#include <hv/cmdline.h>
#include <hv/lib.h>

struct cmdline_options options = {
    .loglvl = LOGLVL_DEFAULT,
    .console = "com1",
    .console_baud = 115200,
};

/* SIZE with B, K, M, G or T behind; a bare number is KiB. In bytes. false: not a size. */
static bool parse_size(const char *s, const char **end, uint64_t *bytes)
{
    static const char units[] = {'b', 'k', 'm', 'g', 't'}; /* powers of 1024 */
    uint64_t n = simple_strtoull(s, end);
    unsigned int shift = 10;

    if (*end == s)
        return false;
    for (unsigned int i = 0; i < ARRAY_SIZE(units); i++)
        if ((**end | 0x20) == units[i]) {
            shift = i * 10;
            *end += 1;
            break;
        }
    if (n > (~0ull >> shift))
        return false;
    *bytes = n << shift;
    return true;
}

/* [min:SIZE,][max:SIZE,]SIZE: memory is fixed, so the plain size counts, else the greatest. */
static bool parse_dom0_mem(const char *s)
{
    uint64_t plain = 0, upper = 0, n;

    for (;;) {
        bool tagged = !strncmp(s, "max:", 4) || !strncmp(s, "min:", 4);

        if (tagged)
            s += 4;
        if (!parse_size(s, &s, &n))
            return false;
        if (!tagged)
            plain = n;
        else
            upper = max(upper, n);
        if (!*s)
            break;
        if (*s++ != ',')
            return false;
    }
    options.dom0_mem_pages = (plain ? plain : upper) / PAGE_SIZE;
    return true;
}

static bool parse_number(const char *s, unsigned int *out)
{
    const char *end;
    unsigned long long n = simple_strtoull(s, &end);

    if (end == s || *end || n > 0xffffffff)
        return false;
    *out = n;
    return true;
}

static bool parse_bool(const char *s, bool *out)
{
    if (!*s || !strcmp(s, "1") || !strcmp(s, "yes") || !strcmp(s, "on") || !strcmp(s, "true"))
        *out = true;
    else if (!strcmp(s, "0") || !strcmp(s, "no") || !strcmp(s, "off") || !strcmp(s, "false"))
        *out = false;
    else
        return false;
    return true;
}

static bool parse_loglvl(const char *s)
{
    static const char *const names[] = {"none", "error", "warning", "info", "debug", "all"};

    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcmp(s, names[i])) {
            options.loglvl = min(i, 4u);
            return true;
        }
    return false;
}

static bool parse_console(const char *s)
{
    if (strcmp(s, "com1") && strcmp(s, "com2") && strcmp(s, "none"))
        return false;
    strlcpy(options.console, s, sizeof(options.console));
    return true;
}

/* com1=BAUD[,8n1] */
static bool parse_baud(const char *s)
{
    const char *end;
    unsigned long long n = simple_strtoull(s, &end);

    if (end == s || (*end && *end != ',') || n < 300 || n > 115200 || 115200 % n)
        return false;
    options.console_baud = n;
    return true;
}

static bool parse_word(const char *name, const char *value)
{
    if (!strcmp(name, "dom0_mem"))
        return parse_dom0_mem(value);
    if (!strcmp(name, "dom0_max_vcpus"))
        return parse_number(value, &options.dom0_max_vcpus);
    if (!strcmp(name, "hypercall_delay"))
        return parse_number(value, &options.hypercall_delay);
    if (!strcmp(name, "loglvl"))
        return parse_loglvl(value);
    if (!strcmp(name, "console"))
        return parse_console(value);
    if (!strcmp(name, "com1") || !strcmp(name, "com2"))
        return parse_baud(value);
    if (!strcmp(name, "noreboot"))
        return parse_bool(value, &options.noreboot);
    if (!strcmp(name, "nosmp"))
        return parse_bool(value, &options.nosmp);
    return false;
}

char cmdline_text[1024];

void cmdline_parse(const char *s)
{
    char word[128], *value;
    size_t n;

    strlcpy(cmdline_text, s, sizeof(cmdline_text));
    while (*s) {
        while (*s == ' ' || *s == '\t')
            s++;
        for (n = 0; *s && *s != ' ' && *s != '\t'; s++)
            if (n < sizeof(word) - 1)
                word[n++] = *s;
        word[n] = 0;
        if (!n)
            break;
        for (value = word; *value && *value != '='; value++)
            ;
        if (*value)
            *value++ = 0;
        if (!parse_word(word, value))
            printk(LOG_WARN "command line: %s%s%s is not understood\n", word, *value ? "=" : "",
                   value);
    }
}
