/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few rtnetlink requests a runtime needs: loopback up, a device moved into a network namespace, renamed, its
 * permanent global addresses kept, set up (linux.netDevices). Lengths are checked 32-bit sums (CVE-2021-43784).
 * A socket belongs to the network namespace in which it was made, whoever uses it later. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NL_MAX_ADDRS = 64, NL_IFNAME = 16 };

struct nl_addr {
	uint8_t family, prefix_len, scope;
	uint8_t addr[16], local[16], broadcast[16];
	uint8_t addr_len, local_len, broadcast_len; /* 0: not given */
	uint32_t flags;				    /* those of IFA_F_* that one may set */
};

struct nl_link {
	int index;
	bool up;
	char name[NL_IFNAME];
};

int nl_open(void); /* NETLINK_ROUTE socket of the current network namespace */
/* Is FD, which came from elsewhere, such a socket? 0 or -EINVAL. */
int nl_check(int fd);
/* Descriptor of the network namespace that the socket belongs to. Needs CAP_NET_ADMIN over it. */
int nl_netns(int nl);
int nl_link_get(int nl, const char *name, struct nl_link *ret); /* -ENODEV: none of that name */
int nl_link_index(int nl, const char *name);			/* ifindex or -ENODEV */
int nl_link_name(int nl, int index, char name[NL_IFNAME]);
int nl_link_up(int nl, int index);
int nl_link_down(int nl, int index);
/*
 * Moves the link into the namespace NETNS_FD and gives it NEW_NAME there; the kernel takes it down. -EEXIST when the
 * name is taken there: the link may have moved all the same, under its old name, because the kernel renames after it
 * moved. Its number may be another there.
 */
int nl_link_move(int nl, int index, int netns_fd, const char *new_name);
/* Permanent global addresses of the link. Number found, or -E2BIG when they are more than MAX. */
int nl_addr_list(int nl, int index, struct nl_addr *out, size_t max);
int nl_addr_add(int nl, int index,
		const struct nl_addr *a); /* one that is there already is success */
