/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forms that strings of config.json must have: each function says NULL, or what the string must be. */
#include <string.h>

#include "spec/tables.h"
#include "util/parse.h"
#include "util/path.h"

/* Far above CONFIG_NR_CPUS (8192) and MAX_NUMNODES (1024); which of them exist is a question for the host. */
enum {
	MAX_CPU = 65535,
	MAX_NODE = 4095,
	IFNAMSIZ_ = 16,
	RDMA_NAME_ = 64,
	HOST_NAME_MAX_ = 64,
	NAME_MAX_ = 255
};

static bool list_ok(const char *s, uint32_t max)
{
	return !strchr(s, '\n') && parse_ranges(s, max, NULL, NULL) == 0;
}

const char *form_cpu_list(const char *s)
{
	return list_ok(s, MAX_CPU) ? NULL : "a list of CPUs such as '0-3,7'";
}

const char *form_node_list(const char *s)
{
	return list_ok(s, MAX_NODE) ? NULL : "a list of memory nodes such as '0-1,3'";
}

/* config-linux.md "Huge page limits": ^[1-9][0-9]*[KMG]B$, as the kernel spells the names of its hugetlb files. */
const char *form_page_size(const char *s)
{
	size_t digits = strspn(s, "0123456789");
	bool ok = digits > 0 && s[0] != '0' && s[digits] && strchr("KMG", s[digits]) &&
		  strcmp(s + digits + 1, "B") == 0;

	return ok ? NULL : "a page size such as '64KB', '2MB' or '1GB'";
}

const char *form_host_name(const char *s)
{
	return strlen(s) <= HOST_NAME_MAX_ && !strchr(s, '\n')
		       ? NULL
		       : "a name of at most 64 bytes on one line";
}

/* What the kernel's dev_valid_name() takes; a '%' would make it a template. */
const char *form_interface(const char *s)
{
	bool ok = *s && strlen(s) < IFNAMSIZ_ && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 &&
		  !strpbrk(s, "/:% \t\n\v\f\r");

	return ok ? NULL
		  : "a network interface name (1 to 15 bytes, without '/', ':', '%' and blanks)";
}

/* The same, with at most one "%d" for the kernel to number. */
const char *form_interface_template(const char *s)
{
	const char *percent = strchr(s, '%');
	bool ok = *s && strlen(s) < IFNAMSIZ_ && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 &&
		  !strpbrk(s, "/: \t\n\v\f\r") &&
		  (!percent || (percent[1] == 'd' && !strchr(percent + 1, '%')));

	return ok ? NULL
		  : "a network interface name (1 to 15 bytes, without '/', ':' and blanks, at most "
		    "one '%d')";
}

/* rdma.max takes a name and, after a blank, limits. The kernel keeps 64 bytes of a name (IB_DEVICE_NAME_MAX). */
const char *form_rdma_device(const char *s)
{
	bool ok = *s && strlen(s) < RDMA_NAME_ && !strpbrk(s, "/ \t\n\v\f\r");

	return ok ? NULL : "the name of an RDMA device (1 to 63 bytes, without '/' and blanks)";
}

/* A file in the container's own cgroup, nothing below or above it. */
const char *form_cgroup_file(const char *s)
{
	bool ok = *s && !strpbrk(s, "/\n") && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 &&
		  strlen(s) <= NAME_MAX_;

	return ok ? NULL : "the name of a file of the cgroup, without '/'";
}

const char *form_cgroups_path(const char *s)
{
	return path_leads_up(s) || strchr(s, '\n') ? "a path without '..' and newlines" : NULL;
}

/* A directory of resctrl that is not one of its own. */
const char *form_clos_id(const char *s)
{
	static const char *const own[] = { ".", "..", "info", "mon_groups", "mon_data" };
	bool ok = strcmp(s, "/") == 0 || (!strpbrk(s, "/\n") && strlen(s) <= NAME_MAX_);

	for (size_t i = 0; i < N_ELEMENTS(own); i++)
		ok = ok && strcmp(s, own[i]) != 0;
	return ok ? NULL
		  : "the name of a resctrl group without '/' ('/' alone is the default group)";
}

const char *form_mb_schema(const char *s)
{
	return strncmp(s, "MB:", 3) == 0 && !strchr(s, '\n') ? NULL
							     : "one line that begins with 'MB:'";
}

/* Components of letters, digits and the few others that names below /proc/sys have, split by '.' or '/'. */
const char *form_sysctl_key(const char *s)
{
	static const char *const must =
		"the name of a kernel parameter such as 'net.ipv4.ip_forward'";
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@:./";

	if (s[strspn(s, chars)] || strlen(s) > NAME_MAX_)
		return must;
	for (;;) {
		size_t n = strcspn(s, "./");

		if (n == 0)
			return must; /* an empty component, "." and ".." among them */
		if (!s[n])
			return NULL;
		s += n + 1;
	}
}
