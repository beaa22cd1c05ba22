/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few rtnetlink requests a runtime needs: loopback up, a device moved into a network namespace, renamed, its
 * permanent global addresses kept, set up (linux.netDevices). Lengths are checked 32-bit sums (CVE-2021-43784). */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { NL_MAX_ADDRS = 64, NL_IFNAME = 16 };

struct nl_addr {
	uint8_t family, prefix_len, scope;
	uint8_t addr[16], local[16];
	uint8_t addr_len, local_len;
};

int nl_open(void); /* NETLINK_ROUTE socket of the current network namespace */
int nl_link_index(int nl, const char *name); /* ifindex or -ENODEV */
int nl_link_name(int nl, int index, char name[NL_IFNAME]);
int nl_link_up(int nl, int index);
int nl_link_down(int nl, int index);
/* Moves the link into the namespace NETNS_FD under NEW_NAME, which may hold one "%d" (the kernel picks the number).
 * -EEXIST when the name is taken there. */
int nl_link_move(int nl, int index, int netns_fd, const char *new_name);
/* Permanent global addresses of the link. Number found. */
int nl_addr_list(int nl, int index, struct nl_addr *out, size_t max);
int nl_addr_add(int nl, int index, const struct nl_addr *a);
