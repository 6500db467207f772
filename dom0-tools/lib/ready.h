/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_READY_H
#define DOM0_TOOLS_LIB_READY_H

/*
 * Tells the supervisor that the daemon serves: a datagram "READY=1" to the socket that
 * $NOTIFY_SOCKET names, as systemd's services of Type=notify do. Nothing where it is not set.
 */
void ready_tell(void);

#endif
