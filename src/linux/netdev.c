/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loopback device of a new network namespace, and linux.netDevices: devices of the host moved into the container's
 * namespace under a new name, with their permanent global addresses, and set up (config-linux.md#network-devices). Init makes
 * a netlink socket in its namespace and hands it to the parent, which so acts in both namespaces without leaving its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "linux/netdev.h"
#include "linux/steps.h"
#include "util/cleanup.h"

enum { LOOPBACK_INDEX = 1, MAX_NUMBER = 4096 };

/* ---- net.loopback ---- */

static bool has_new_netns(const struct plan *p)
{
	return p->network_ns_new;
}

static int run_loopback(struct run *r, struct err *e)
{
	(void)r;
	auto_fd int nl = nl_open();
	int ret = nl < 0 ? nl : nl_link_up(nl, LOOPBACK_INDEX);

	return ret < 0 ? err_sys(e, ret, "set up the loopback device") : 0;
}

const struct step step_net_loopback = {
	.name = "net.loopback",
	.what = "set up the loopback device of the new network namespace",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = has_new_netns,
	.run = run_loopback,
};

/* ---- net.devices ---- */

static bool has_devices(const struct plan *p)
{
	return p->spec->lnx->net_devices.n > 0;
}

static int run_devices(struct run *r, struct err *e)
{
	auto_fd int nl = nl_open();

	if (nl < 0)
		return err_sys(e, nl, "open a netlink socket");
	return chan_ask(&r->chan, MSG_NETDEV, NULL, 0, &nl, 1, NULL, e);
}

const struct step step_net_devices = {
	.name = "net.devices",
	.what = "have the host's network devices moved in",
	.stage = STAGE_INIT,
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = has_devices,
	.run = run_devices,
};

/* ---- net.move ---- */

struct moved {
	const char *host_name; /* the spec's */
	char name[NL_IFNAME];  /* in the container */
	bool up;	       /* on the host, before */
	size_t n_addrs;
	struct nl_addr addrs[NL_MAX_ADDRS];
};

struct net_moved {
	int host, inside;	/* netlink sockets */
	int host_ns, inside_ns; /* and their namespaces */
	size_t n;
	struct moved dev[];
};

void net_moved_free(struct net_moved *m)
{
	if (!m)
		return;
	close_fd(m->host);
	close_fd(m->inside);
	close_fd(m->host_ns);
	close_fd(m->inside_ns);
	free(m);
}

int netdev_name(const char *template, unsigned n, char out[NL_IFNAME])
{
	const char *number = strstr(template, "%d");
	int len;

	if (strcspn(template, "%") != (number ? (size_t)(number - template) : strlen(template)) ||
	    (number && strchr(number + 2, '%')))
		return -EINVAL;
	if (number)
		len = snprintf(out, NL_IFNAME, "%.*s%u%s", (int)(number - template), template, n,
			       number + 2);
	else
		len = snprintf(out, NL_IFNAME, "%s", template);
	return len <= 0 ? -EINVAL : len >= NL_IFNAME ? -ENAMETOOLONG : 0;
}

/* Addresses are lost when a device changes its namespace. */
static int configure(int nl, int index, const struct moved *d, bool up)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->n_addrs; i++)
		r = nl_addr_add(nl, index, &d->addrs[i]);
	return r >= 0 && up ? nl_link_up(nl, index) : r;
}

/* A name that nobody has in the container. Spec: an existing one is an error, unless it is a template. */
static int free_name(const struct net_moved *m, const char *template, char name[NL_IFNAME],
		     struct err *e)
{
	bool many = strchr(template, '%') != NULL;

	for (unsigned n = 0; n < (many ? MAX_NUMBER : 1); n++) {
		int r = netdev_name(template, n, name);
		if (r < 0)
			return err_set(e, ERR_SPEC, "'%s' can't be the name of a network device",
				       template);
		r = nl_link_index(m->inside, name);
		if (r == -ENODEV)
			return 0;
		if (r < 0)
			return err_sys(e, r, "look for network device '%s' in the container", name);
	}
	err_sys(e, -EEXIST, "network device '%s' in the container", template);
	return err_hint(e, "choose another name, or a template such as \"eth%%d\"");
}

/* The kernel moves first and renames then: a failed rename leaves the device moved, under its old name. */
static bool has_moved_anyway(const struct net_moved *m, int index)
{
	char name[NL_IFNAME];

	return nl_link_name(m->host, index, name) == -ENODEV;
}

static int look_up(struct net_moved *m, struct moved *d, struct nl_link *link, struct err *e)
{
	int r = nl_link_get(m->host, d->host_name, link);

	if (r == -ENODEV) {
		err_sys(e, r, "network device '%s'", d->host_name);
		return err_hint(e, "it must exist in the network namespace that ketch runs in");
	}
	if (r < 0)
		return err_sys(e, r, "look for network device '%s'", d->host_name);
	d->up = link->up;
	r = nl_addr_list(m->host, link->index, d->addrs, NL_MAX_ADDRS);
	if (r < 0)
		return err_sys(e, r, "read the addresses of network device '%s'", d->host_name);
	d->n_addrs = (size_t)r;
	return 0;
}

static int move_err(const struct moved *d, int r, struct err *e)
{
	err_sys(e, r, "move network device '%s' into the container as '%s'", d->host_name, d->name);
	return err_hint(e, "%s",
			r == -EPERM    ? "CAP_NET_ADMIN is needed on the host"
			: r == -EINVAL ? "devices that belong to one namespace (loopback, some "
					 "tunnels and bridges) can't be moved"
				       : "");
}

static int move_one(struct net_moved *m, const struct spec_net_device *spec, struct err *e)
{
	struct moved *d = &m->dev[m->n];
	struct nl_link link;

	d->host_name = spec->host_name;
	int r = look_up(m, d, &link, e);
	if (r >= 0)
		r = free_name(m, spec->name, d->name, e);
	if (r < 0)
		return r;
	r = nl_link_move(m->host, link.index, m->inside_ns, d->name);
	if (r >= 0) {
		m->n++;
	} else {
		move_err(d, r, e);
		if (has_moved_anyway(m, link.index)) {
			snprintf(d->name, sizeof(d->name), "%s", d->host_name);
			m->n++;
		}
		return r;
	}
	r = nl_link_index(m->inside, d->name);
	if (r >= 0)
		r = configure(m->inside, r, d, true);
	return r < 0 ? err_sys(e, r, "set up network device '%s' in the container", d->name) : 0;
}

static int open_both(struct net_moved *m, const struct packet *request, struct err *e)
{
	struct stat a, b;

	m->inside = request->n_fds == 1 ? fcntl(request->fds[0], F_DUPFD_CLOEXEC, 3) : -EPROTO;
	if (m->inside < 0 || nl_check(m->inside) < 0)
		return err_set(e, ERR_INTERNAL, "no netlink socket came with NETDEV");
	m->inside_ns = nl_netns(m->inside);
	if (m->inside_ns < 0)
		return err_sys(e, m->inside_ns, "find the container's network namespace");
	m->host = nl_open();
	m->host_ns = m->host < 0 ? m->host : nl_netns(m->host);
	if (m->host_ns < 0) {
		err_sys(e, m->host_ns, "prepare to move network devices");
		return err_hint(e, "%s",
				m->host_ns == -EPERM ? "CAP_NET_ADMIN is needed on the host" : "");
	}
	if (fstat(m->inside_ns, &a) < 0 || fstat(m->host_ns, &b) < 0)
		return err_sys(e, -errno, "compare network namespaces");
	if (a.st_ino == b.st_ino && a.st_dev == b.st_dev) {
		err_set(e, ERR_SPEC,
			"the container shares our network namespace: there is nowhere to move "
			"devices to");
		return err_hint(e, "add {\"type\": \"network\"} to linux.namespaces");
	}
	return 0;
}

/* As JSON paths are written everywhere: in brackets where there is more than a word ("eth0.100"). */
static int at_device(const char *name, struct err *e)
{
	static const char word[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return err_at(e,
		      name[strspn(name, word)] ? "$.linux.netDevices[\"%s\"]"
					       : "$.linux.netDevices.%s",
		      name);
}

static int run_move(struct run *r, struct err *e)
{
	const struct spec_linux *l = r->plan->spec->lnx;
	struct net_moved *m = calloc(1, sizeof(*m) + l->net_devices.n * sizeof(m->dev[0]));

	if (!m)
		return err_sys(e, -ENOMEM, "move network devices");
	m->host = m->inside = m->host_ns = m->inside_ns = -EBADF;
	r->net_moved = m;
	if (open_both(m, r->request, e) < 0)
		return err_at(e, "$.linux.netDevices");
	for (size_t i = 0; i < l->net_devices.n; i++) {
		if (move_one(m, &l->net_devices.v[i], e) < 0)
			return at_device(l->net_devices.v[i].host_name, e);
	}
	return 0;
}

/* Best effort: what can't go back goes the kernel's way when the namespace ends (physical devices to the first one). */
static void undo_move(struct run *r)
{
	struct net_moved *m = r->net_moved;

	while (m && m->n > 0) {
		const struct moved *d = &m->dev[--m->n];
		int index = nl_link_index(m->inside, d->name);

		int ret = index < 0 ? index
				    : nl_link_move(m->inside, index, m->host_ns, d->host_name);
		if (ret >= 0)
			ret = nl_link_index(m->host, d->host_name);
		if (ret >= 0)
			ret = configure(m->host, ret, d, d->up);
		if (ret < 0)
			run_warn(r, "network device '%s' could not be moved back: %s", d->host_name,
				 strerror(-ret));
	}
	net_moved_free(m);
	r->net_moved = NULL;
}

static void explain_move(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->spec->lnx->net_devices.n; i++) {
		const struct spec_net_device *d = &p->spec->lnx->net_devices.v[i];

		buf_addf(out, "%s as %s\n", d->host_name, d->name);
	}
}

const struct step step_net_move = {
	.name = "net.move",
	.what = "move network devices into the container's namespace, with their addresses",
	.stage = STAGE_SERVE,
	.on = MSG_BIT(MSG_NETDEV),
	.use = FOR_CREATE | FOR_RESTORE,
	.applies = has_devices,
	.run = run_move,
	.undo = undo_move,
	.explain = explain_move,
};
