/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of network devices, and the netlink requests that take no privilege. */
#include <errno.h>

#include "linux/netdev.h"
#include "tap.h"
#include "util/cleanup.h"

static void names(void)
{
	char out[NL_IFNAME];

	CHECK_INT(netdev_name("eth0", 7, out), 0);
	CHECK_STR(out, "eth0");
	CHECK_INT(netdev_name("eth%d", 0, out), 0);
	CHECK_STR(out, "eth0");
	CHECK_INT(netdev_name("a%db", 4095, out), 0);
	CHECK_STR(out, "a4095b");
	CHECK_INT(netdev_name("%d", 12, out), 0);
	CHECK_STR(out, "12");
	CHECK_INT(netdev_name("eth%d%d", 0, out), -EINVAL);
	CHECK_INT(netdev_name("eth%s", 0, out), -EINVAL);
	CHECK_INT(netdev_name("%%d", 0, out), -EINVAL);
	CHECK_INT(netdev_name("eth%", 0, out), -EINVAL);
	CHECK_INT(netdev_name("", 0, out), -EINVAL);
	CHECK_INT(netdev_name("123456789012345", 0, out), 0);
	CHECK_INT(netdev_name("1234567890123456", 0, out), -ENAMETOOLONG);
	CHECK_INT(netdev_name("12345678901234%d", 10, out), -ENAMETOOLONG);
}

static void loopback(void)
{
	struct nl_link link;
	char name[NL_IFNAME];

	auto_fd int nl = nl_open();
	CHECK(nl >= 0);
	CHECK_INT(nl_check(nl), 0);
	CHECK_INT(nl_check(0), -EINVAL);
	CHECK_INT(nl_link_index(nl, "lo"), 1);
	CHECK_INT(nl_link_get(nl, "lo", &link), 0);
	CHECK_STR(link.name, "lo");
	CHECK_INT(nl_link_name(nl, 1, name), 0);
	CHECK_STR(name, "lo");
	CHECK_INT(nl_link_index(nl, "no-such-device"), -ENODEV);
	CHECK_INT(nl_link_index(nl, "a-name-that-is-too-long"), -EINVAL);
	CHECK_INT(nl_link_index(nl, ""), -EINVAL);
	CHECK_INT(nl_link_name(nl, 0x7ffffff0, name), -ENODEV);
}

static void addresses(void)
{
	struct nl_addr addrs[NL_MAX_ADDRS];

	auto_fd int nl = nl_open();
	/* Usually none: those of the loopback device are of scope host. */
	CHECK(nl_addr_list(nl, 1, addrs, NL_MAX_ADDRS) >= 0);
	/* The answer was read to its end: the socket serves again. */
	CHECK_INT(nl_link_index(nl, "lo"), 1);
}

static const struct test tests[] = { { "names", names },
				     { "loopback", loopback },
				     { "addresses", addresses } };

TAP_MAIN(tests)
