/* SPDX-License-Identifier: GPL-2.0-only */
/* Between emulate.c, mmu.c, msr.c and ioport.c. All for current. */
#ifndef ASM_EMULATE_H
#define ASM_EMULATE_H

#include <asm/decode.h>
#include <hv/types.h>

/* Read up to INSN_MAX bytes of the instruction at @rip. Their number; 0: none can be read. */
unsigned int insn_fetch(uint64_t rip, uint8_t insn[INSN_MAX]);

/* msr.c. false: the guest gets #GP. */
bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val);
bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val);

/* ioport.c. May current's present mode touch ports [@port, @port + @size)? else #GP. */
bool iopl_ok(const struct vcpu *v); /* ports, cli and sti by virtual IOPL */
bool ioport_allowed(const struct vcpu *v, uint16_t port, unsigned int size);
/* @size 1, 2 or 4; what is read counts in its low @size bytes. Ports that the hypervisor keeps read as all ones, writes to them are dropped. */
uint32_t ioport_read(struct domain *d, uint16_t port, unsigned int size);
void ioport_write(struct domain *d, uint16_t port, unsigned int size, uint32_t val);

#endif
