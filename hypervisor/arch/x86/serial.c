/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The serial line: a 16550 at COM1 or COM2. Output is polled, one look at the line status for each
 * FIFO of 16 bytes; input comes by interrupt. Source: PC16550D data sheet.
 */
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/console.h>
#include <hv/lib.h>

enum { UART_DATA, UART_IER, UART_FCR, UART_LCR, UART_MCR, UART_LSR, UART_MSR, UART_SCRATCH };
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY  0x20
#define FIFO_SIZE      16
#define POLLS_MAX      200000 /* a line that never gets ready must not stop us */

static uint16_t base; /* 0: none */
static unsigned int fifo_room;

static void put_byte(uint8_t c)
{
    if (!fifo_room) {
        for (unsigned int i = 0; i < POLLS_MAX && !(inb(base + UART_LSR) & LSR_THR_EMPTY); i++)
            __builtin_ia32_pause();
        fifo_room = FIFO_SIZE;
    }
    outb(base + UART_DATA, c);
    fifo_room--;
}

static void serial_write(const char *s, size_t n)
{
    fifo_room = 0; /* the FIFO may hold something from before */
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n')
            put_byte('\r');
        put_byte(s[i]);
    }
}

static void serial_interrupt(void)
{
    for (unsigned int i = 0; i < 64 && (inb(base + UART_LSR) & LSR_DATA_READY); i++)
        console_input(inb(base + UART_DATA));
}

uint16_t serial_port(const char *name)
{
    return !strcmp(name, "com1") ? 0x3f8 : !strcmp(name, "com2") ? 0x2f8 : 0;
}

void serial_init(const char *name, unsigned int baud)
{
    uint16_t port = serial_port(name);
    unsigned int divisor = 115200 / baud;

    if (!port)
        return;
    outb(port + UART_SCRATCH, 0x5a);
    if (inb(port + UART_SCRATCH) != 0x5a)
        return; /* nobody there */
    outb(port + UART_IER, 0);
    outb(port + UART_LCR, 0x80); /* the divisor shows at the first two registers */
    outb(port + UART_DATA, divisor & 0xff);
    outb(port + UART_IER, divisor >> 8);
    outb(port + UART_LCR, 0x03); /* 8 bits, no parity, 1 stop bit */
    outb(port + UART_FCR, 0x87); /* FIFOs on and empty, interrupt from 8 bytes on */
    outb(port + UART_MCR, 0x0b); /* DTR, RTS, OUT2: lets the interrupt through */
    base = port;
    console_set_output(serial_write);
}

void serial_irq_init(void)
{
    unsigned int gsi = base == 0x3f8 ? 4 : 3, i;

    if (!base)
        return;
    for (i = 0; i < acpi.nr_overrides; i++)
        if (acpi.override[i].irq == gsi) {
            gsi = acpi.override[i].gsi;
            break;
        }
    if (irq_request_own(gsi, serial_interrupt)) {
        printk(LOG_WARN "serial line: no interrupt, no input\n");
        return;
    }
    for (i = 0; i < 64 && (inb(base + UART_LSR) & LSR_DATA_READY); i++)
        inb(base + UART_DATA);
    outb(base + UART_IER, 1); /* data received */
}
