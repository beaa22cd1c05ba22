/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rtnetlink(7) requests, one at a time, each acknowledged. Fixed buffers, 32-bit lengths, every attribute checked against
 * its message. Answers count only when they come from the kernel: anyone in the namespace may send to our port. */
#include "sys/netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/util.h"

_Static_assert(NL_IFNAME == IFNAMSIZ, "names of links");

/* Flags of an address that belong to how it was configured; the others tell its state. */
#define CONFIGURED_FLAGS                                                                           \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |            \
	 IFA_F_MCAUTOJOIN)

struct request {
	struct nlmsghdr h;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		char room[240];
	} u;
};

/* Called for each message that is not the end; a negative return ends. */
typedef int (*message_fn)(void *ctx, const struct nlmsghdr *h);

static struct request new_request(uint16_t type, uint16_t flags, size_t header)
{
	struct request q;

	memset(&q, 0, sizeof(q));
	q.h.nlmsg_len = (uint32_t)NLMSG_LENGTH(header);
	q.h.nlmsg_type = type;
	q.h.nlmsg_flags = NLM_F_REQUEST | flags;
	return q;
}

static int add_attr(struct request *q, uint16_t type, const void *data, size_t len)
{
	uint32_t at = NLMSG_ALIGN(q->h.nlmsg_len);

	if (len > sizeof(*q) || at + RTA_SPACE(len) > sizeof(*q))
		return -EMSGSIZE;
	struct rtattr attr = { .rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = type };

	memcpy((char *)q + at, &attr, sizeof(attr));
	memcpy((char *)q + at + RTA_LENGTH(0), data, len);
	q->h.nlmsg_len = at + (uint32_t)RTA_SPACE(len);
	return 0;
}

static int add_name(struct request *q, const char *name)
{
	size_t len = strlen(name);

	return len == 0 || len >= IFNAMSIZ ? -EINVAL : add_attr(q, IFLA_IFNAME, name, len + 1);
}

int nl_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

int nl_check(int fd)
{
	int domain = -1, protocol = -1;
	socklen_t len = sizeof(int), len2 = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len2) < 0)
		return -EINVAL;
	return domain == AF_NETLINK && protocol == NETLINK_ROUTE ? 0 : -EINVAL;
}

int nl_netns(int nl)
{
	int fd = ioctl(nl, SIOCGSKNS);

	return fd < 0 ? -errno : fd;
}

static ssize_t receive(int nl, void *buf, size_t size)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		struct iovec iov = { buf, size };
		struct msghdr m = { .msg_name = &from,
				    .msg_namelen = sizeof(from),
				    .msg_iov = &iov,
				    .msg_iovlen = 1 };
		ssize_t n = recvmsg(nl, &m, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (m.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (from.nl_pid == 0)
			return n;
	}
}

/* 1 when H ends the answer, with *result its -errno. */
static int is_end(const struct nlmsghdr *h, int *result)
{
	if (h->nlmsg_type != NLMSG_ERROR && h->nlmsg_type != NLMSG_DONE)
		return 0;
	*result = 0;
	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(int)))
		memcpy(result, NLMSG_DATA(h), sizeof(int)); /* both kinds begin with one */
	if (*result > 0)
		*result = -EPROTO;
	return 1;
}

/* Sends Q and reads up to its acknowledgement or the end of a dump. */
static int exchange(int nl, struct request *q, message_fn fn, void *ctx)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_Alignas(struct nlmsghdr) char buf[16384];
	int failed = 0;

	struct timespec now;

	/* Tells the answer from the rest of an earlier one that could not be read to its end. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	q->h.nlmsg_seq = (uint32_t)now.tv_nsec + 1;
	if (sendto(nl, q, q->h.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	for (;;) {
		ssize_t n = receive(nl, buf, sizeof(buf));
		uint32_t left = n < 0 ? 0 : (uint32_t)n;

		if (n < 0)
			return (int)n;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buf; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left)) {
			int result;

			if (h->nlmsg_seq != q->h.nlmsg_seq)
				continue;
			if (h->nlmsg_flags & NLM_F_DUMP_INTR)
				failed = -EAGAIN;
			if (is_end(h, &result))
				return result < 0 ? result : failed;
			int r = fn && failed == 0 ? fn(ctx, h) : 0;
			if (r < 0)
				failed = r; /* read on: the socket is used again */
		}
	}
}

/* Calls FN for each attribute behind a message header of HEADER bytes. */
static void each_attr(const struct nlmsghdr *h, size_t header,
		      void (*fn)(void *ctx, const struct rtattr *a), void *ctx)
{
	if (h->nlmsg_len < NLMSG_LENGTH(header))
		return;
	uint32_t left = h->nlmsg_len - (uint32_t)NLMSG_SPACE(header);

	if (h->nlmsg_len < NLMSG_SPACE(header))
		return;
	for (const struct rtattr *a =
		     (const struct rtattr *)((const char *)NLMSG_DATA(h) + NLMSG_ALIGN(header));
	     RTA_OK(a, left); a = RTA_NEXT(a, left))
		fn(ctx, a);
}

/* ---- links ---- */

static void take_name(void *ctx, const struct rtattr *a)
{
	struct nl_link *link = ctx;
	size_t len = RTA_PAYLOAD(a);

	if (a->rta_type == IFLA_IFNAME && len > 0 && len <= sizeof(link->name))
		memcpy(link->name, RTA_DATA(a), len - 1);
}

static int take_link(void *ctx, const struct nlmsghdr *h)
{
	struct nl_link *link = ctx;
	struct ifinfomsg m;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(m)))
		return -EPROTO;
	memcpy(&m, NLMSG_DATA(h), sizeof(m));
	link->index = m.ifi_index;
	link->up = m.ifi_flags & IFF_UP;
	each_attr(h, sizeof(m), take_name, link);
	return 0;
}

static int get_link(int nl, int index, const char *name, struct nl_link *ret)
{
	struct request q = new_request(RTM_GETLINK, NLM_F_ACK, sizeof(q.u.link));

	q.u.link.ifi_index = index;
	memset(ret, 0, sizeof(*ret));
	int r = name ? add_name(&q, name) : 0;
	if (r >= 0)
		r = exchange(nl, &q, take_link, ret);
	return r < 0 ? r : ret->index > 0 && ret->name[0] ? 0 : -EPROTO;
}

int nl_link_get(int nl, const char *name, struct nl_link *ret)
{
	return get_link(nl, 0, name, ret);
}

int nl_link_index(int nl, const char *name)
{
	struct nl_link link;
	int r = get_link(nl, 0, name, &link);

	return r < 0 ? r : link.index;
}

int nl_link_name(int nl, int index, char name[NL_IFNAME])
{
	struct nl_link link;
	int r = get_link(nl, index, NULL, &link);

	if (r >= 0)
		memcpy(name, link.name, sizeof(link.name));
	return r;
}

static int set_up(int nl, int index, bool up)
{
	struct request q = new_request(RTM_NEWLINK, NLM_F_ACK, sizeof(q.u.link));

	q.u.link.ifi_index = index;
	q.u.link.ifi_change = IFF_UP;
	q.u.link.ifi_flags = up ? IFF_UP : 0;
	return exchange(nl, &q, NULL, NULL);
}

int nl_link_up(int nl, int index)
{
	return set_up(nl, index, true);
}

int nl_link_down(int nl, int index)
{
	return set_up(nl, index, false);
}

int nl_link_move(int nl, int index, int netns_fd, const char *new_name)
{
	struct request q = new_request(RTM_NEWLINK, NLM_F_ACK, sizeof(q.u.link));

	q.u.link.ifi_index = index;
	int r = add_attr(&q, IFLA_NET_NS_FD, &netns_fd, sizeof(netns_fd));
	if (r >= 0)
		r = add_name(&q, new_name);
	return r < 0 ? r : exchange(nl, &q, NULL, NULL);
}

/* ---- addresses ---- */

struct addr_list {
	struct nl_addr *out;
	size_t n, max;
	uint32_t index;
	int error;
};

static uint8_t take_bytes(uint8_t out[16], const struct rtattr *a)
{
	size_t len = RTA_PAYLOAD(a);

	if (len > 16)
		return 0;
	memcpy(out, RTA_DATA(a), len);
	return (uint8_t)len;
}

static void take_addr_attr(void *ctx, const struct rtattr *a)
{
	struct nl_addr *addr = ctx;

	switch (a->rta_type) {
	case IFA_ADDRESS:
		addr->addr_len = take_bytes(addr->addr, a);
		break;
	case IFA_LOCAL:
		addr->local_len = take_bytes(addr->local, a);
		break;
	case IFA_BROADCAST:
		addr->broadcast_len = take_bytes(addr->broadcast, a);
		break;
	case IFA_FLAGS: /* the header has room for eight of them only */
		if (RTA_PAYLOAD(a) == sizeof(addr->flags))
			memcpy(&addr->flags, RTA_DATA(a), sizeof(addr->flags));
		break;
	default:
		break;
	}
}

static int take_addr(void *ctx, const struct nlmsghdr *h)
{
	struct addr_list *l = ctx;
	struct nl_addr a = { 0 };
	struct ifaddrmsg m;

	if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(m)))
		return -EPROTO;
	memcpy(&m, NLMSG_DATA(h), sizeof(m));
	if (m.ifa_index != l->index || m.ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	a.family = m.ifa_family;
	a.prefix_len = m.ifa_prefixlen;
	a.scope = m.ifa_scope;
	a.flags = m.ifa_flags;
	each_attr(h, sizeof(m), take_addr_attr, &a);
	if (!(a.flags & IFA_F_PERMANENT) || (a.addr_len == 0 && a.local_len == 0))
		return 0;
	a.flags &= CONFIGURED_FLAGS;
	if (l->n == l->max)
		return -E2BIG;
	l->out[l->n++] = a;
	return 0;
}

int nl_addr_list(int nl, int index, struct nl_addr *out, size_t max)
{
	int r = -EAGAIN;

	/* The table changed while it was read: again, but not for ever. */
	for (int tries = 0; r == -EAGAIN && tries < 10; tries++) {
		struct request q = new_request(RTM_GETADDR, NLM_F_DUMP, sizeof(q.u.addr));
		struct addr_list l = { .out = out, .max = max, .index = (uint32_t)index };

		r = exchange(nl, &q, take_addr, &l);
		if (r >= 0)
			r = (int)l.n;
	}
	return r;
}

int nl_addr_add(int nl, int index, const struct nl_addr *a)
{
	struct request q =
		new_request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(q.u.addr));
	int r = 0;

	q.u.addr.ifa_family = a->family;
	q.u.addr.ifa_prefixlen = a->prefix_len;
	q.u.addr.ifa_scope = a->scope;
	q.u.addr.ifa_index = (uint32_t)index;
	if (a->local_len)
		r = add_attr(&q, IFA_LOCAL, a->local, MIN(a->local_len, sizeof(a->local)));
	if (r >= 0 && a->addr_len)
		r = add_attr(&q, IFA_ADDRESS, a->addr, MIN(a->addr_len, sizeof(a->addr)));
	if (r >= 0 && a->broadcast_len)
		r = add_attr(&q, IFA_BROADCAST, a->broadcast,
			     MIN(a->broadcast_len, sizeof(a->broadcast)));
	if (r >= 0 && a->flags)
		r = add_attr(&q, IFA_FLAGS, &a->flags, sizeof(a->flags));
	if (r >= 0)
		r = exchange(nl, &q, NULL, NULL);
	return r == -EEXIST ? 0 : r;
}
