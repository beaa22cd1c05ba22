/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network devices of the host given to a container, and what is needed to take them back when create fails. */
#pragma once

#include <stddef.h>

#include "sys/netlink.h"

struct net_moved;
void net_moved_free(struct net_moved *m);

/* Name for a TEMPLATE with one "%d" and number N ("eth%d", 3: "eth3"), or the name itself when there is none in it.
 * 0, -EINVAL for another '%', -ENAMETOOLONG. Pure. */
int netdev_name(const char *template, unsigned n, char out[NL_IFNAME]);
