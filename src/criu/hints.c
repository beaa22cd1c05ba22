/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What CRIU's log says about a failure, and what can be done about it. Words are those of CRIU 3.16 to 4.1. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "criu/swrk.h"
#include "sys/hostfs.h"
#include "sys/raw.h"

enum { LOG_MAX = 64 << 20, SHOWN = 2, SHOWN_LEN = 230 };

/* Every failure ends with these, and they say nothing. */
static const char *const noise[] = {
	"Dumping FAILED",
	"Restoring FAILED",
	"Pre-dumping FAILED",
	"rlimit: Can't setup",
	"exited, status=",
	"failed with -1",
	"Unlock network",
	"Network namespace unlocking",
	"Can't wait or bad status",
	"cg yard: ",
	"Failed to restore",
	"killed by signal 9",
	"tun: Unable to create tun",
	"Unable to detach from",
	"cgroupd: recv req error",
};

/* Causes that CRIU does not call errors. */
static const char *const quiet[] = {
	"Can't connect to server",
};

#define DAMAGED "the image is damaged or incomplete: copy it again, or make another checkpoint"

#define NETWORK                                                                                    \
	"CRIU sets up the network with the programs ip, iptables-restore and nft: see in the log " \
	"what they said"

/* The first whose words stand in an error line. */
static const struct hint {
	const char *words, *hint;
} hints[] = {
	{ "Unexpected EOF", DAMAGED },
	{ "agic doesn't match", DAMAGED },
	{ "bytes while", DAMAGED },
	{ "Img trimmed", DAMAGED },
	{ "Images corrupted", DAMAGED },
	{ "No root found for tree", DAMAGED },
	{ "Core IDS data missed", DAMAGED },
	{ "Can't read mapping page", DAMAGED },
	{ "Can't restore tmpfs content", DAMAGED },
	{ "signal 11: Segmentation fault", DAMAGED },
	{ "BUG at criu", DAMAGED },
	{ "IP tool failed on", NETWORK },
	{ "tables-legacy-restore -w failed", NETWORK },
	{ "nft command error", NETWORK },
	{ "Can't open file ile[",
	  "a file from outside was open in the container, and ketch.json of "
	  "the image, which names it, is missing" },
	{ "onsider using --tcp-established",
	  "a TCP connection is open: --tcp-established keeps it, --tcp-close at restore drops it" },
	{ "--tcp-established", "give --tcp-established to restore too, or --tcp-close" },
	{ "inet: In-flight",
	  "a connection is being made: try again, or give --tcp-skip-in-flight" },
	{ "--ext-unix-sk", "a unix socket has its other end outside the container: --ext-unix-sk" },
	{ "without peer", "a unix socket has its other end outside the container's network "
			  "namespace: close it; --ext-unix-sk is for those of the same one" },
	{ "--shell-job",
	  "a terminal from outside the container is open: give --shell-job, or run it with "
	  "process.terminal or stdio that is no terminal" },
	{ "No task found with sid", "a terminal from outside the container was open: give "
				    "--shell-job" },
	{ "Standard stream is not a terminal", "--shell-job needs a terminal as standard input" },
	{ "dangling tty", "a terminal from outside the container is open: give --shell-job" },
	{ "--file-locks", "file locks are held: give --file-locks" },
	{ "link-remap", "an open file was deleted while it has other names: --link-remap" },
	{ "ghost", "an open deleted file is larger than ghost-limit: raise it in CRIU's config" },
	{ "doesn't have a proper root mount",
	  "a mount comes from outside and not from the config's mounts: add it there" },
	{ "unreachable sharing",
	  "a mount shares propagation with the host: make it private in the config" },
	{ "No mapping for",
	  "the image has a bind mount that the new config.json lacks: add it to mounts" },
	{ "iptables", "CRIU locks the network by iptables: install it, or --network-lock nftables "
		      "or skip" },
	{ "nftables", "CRIU locks the network by nftables: --network-lock iptables or skip" },
	{ "Unexpected rt vDSO", "this CRIU is older than the kernel: a newer version is needed" },
	{ "sockets: Can't get", "this CRIU is older than the kernel: a newer one is needed" },
	{ "Can't handle rt vDSO", "this CRIU is older than the kernel: a newer one is needed" },
	{ "task interruption", "a signal came in between: try again" },
	{ "io_uring", "processes that use io_uring can't be dumped" },
	{ "file [size]", "the root file system differs from that at checkpoint" },
	{ "has bad size", "a file changed since the checkpoint: restore on the same root file "
			  "system" },
	{ "has bad mode", "a file changed since the checkpoint" },
	{ "has bad build-ID", "a program file is another than at the checkpoint" },
	{ "Address already in use",
	  "an address or port of the container is taken on this host: `ss -lntup` shows by whom; "
	  "or restore it in a network namespace of its own" },
	{ "Cannot assign requested address", "an address of the container is not there: set up "
					     "its network first (hook or joined namespace)" },
	{ "Can't fork for", "a process id is taken: a container without its own pid namespace "
			    "needs its old pids free" },
	{ "cg: Cgroup dir", "a cgroup below the container's is not there: "
			    "--manage-cgroups-mode soft makes it" },
	{ "Pid ", "a process id is taken: a container without its own pid namespace needs its old "
		  "pids free" },
	{ "File exists", "a process id or file of the image exists here already" },
	{ "cpu: ", "this CPU lacks what the image's processes use: see cpu-cap in criu(8)" },
	{ "soft-dirty", "this kernel can't track memory: no --pre-dump, no --parent-path" },
	{ "mem_dirty_track", "this kernel can't track memory: no --pre-dump, no --parent-path" },
	{ "userfaultfd", "lazy pages need userfaultfd: see vm.unprivileged_userfaultfd" },
	{ "uffd", "lazy pages need userfaultfd and `criu lazy-pages` running in the work "
		  "directory" },
	{ "seccomp", "the seccomp filter can't be dumped: a listener, or a kernel without it" },
	{ "Timeout reached", "a process does not stop: it hangs in the kernel; see its /proc/PID/"
			     "stack" },
	{ "lsm", "the LSM profile of the image is not loaded here: load it or give --lsm-profile" },
	{ "apparmor", "the AppArmor profile of the image is not loaded here: load it or give "
		      "--lsm-profile" },
	{ "selinux", "the SELinux label of the image is not allowed here: --lsm-profile" },
	{ "Can't lookup mount", "a descriptor comes from outside the container's mounts: close it "
				"there, or mount what it is in" },
	{ "parent", "--parent-path is relative to --image-path, and holds a pre-dump" },
	{ "Can't connect to server", "start `criu page-server` there first" },
	{ "Failed to resolve hostname", "--page-server names a host that is not known here" },
	{ "page server doesn't answer", "`criu page-server` has ended there: see its log" },
	{ "lazy-pages.socket", "start `criu lazy-pages` in the work directory first" },
	{ "Connection refused", "start `criu page-server` (or lazy-pages) there first" },
	{ "Can't open sysctl kernel/", "for other users than root CRIU can't restore a UTS "
				       "namespace: run the container without one of its own" },
	{ "Operation not permitted", "CRIU lacks a capability: it needs root, or as an ordinary "
				     "user CAP_SYS_ADMIN, CAP_SYS_CHROOT, CAP_SETGID, CAP_SETUID" },
	{ "Permission denied", "CRIU lacks a capability, or a security module forbids it" },
	{ "No space left", "the disk is full" },
	{ "gives no reason", "a file of the image may be missing; the log's last lines show where "
			     "CRIU was" },
	{ "ended without an answer", "criu died: a damaged image, or a bug of CRIU" },
};

static bool is_noise(const char *line)
{
	for (size_t i = 0; i < N_ELEMENTS(noise); i++) {
		if (strstr(line, noise[i]))
			return true;
	}
	return false;
}

static const char *quiet_text(const char *line)
{
	const char *text = line + strspn(line, "(0123456789.): ");

	for (size_t i = 0; i < N_ELEMENTS(quiet); i++) {
		if (strncmp(text, quiet[i], strlen(quiet[i])) == 0)
			return text;
	}
	return NULL;
}

/* "(00.012345)   12: Error (criu/x.c:12): text" → text; NULL for another line. LINE is ended by a NUL. */
static const char *error_text(const char *line)
{
	const char *at = strstr(line, "Error (");

	/* before the word: time and pid only */
	if (!at || strspn(line, "(0123456789.): ") != (size_t)(at - line))
		return quiet_text(line);
	const char *end = strstr(at, "): ");
	return end ? end + 3 : NULL;
}

/*
 * CRIU tells an address that is taken by a number of its own; which it is stood in the line before that told what is restored:
 * "(00.031)      1: inet: \tRestore: family AF_INET type SOCK_STREAM proto IPPROTO_TCP port 80 state TCP_LISTEN src_addr 0.0.0.0"
 */
enum { ADDRESS_LEN = 120 };

static void note_address(char a[ADDRESS_LEN], const char *line)
{
	const char *restore = strstr(line, "inet: \tRestore: family"), *port, *addr;
	unsigned long number;

	if (!restore || !(port = strstr(restore, " port ")) || !(addr = strstr(port, "src_addr ")))
		return;
	number = strtoul(port + strlen(" port "), NULL, 10);
	addr += strlen("src_addr ");
	snprintf(a, ADDRESS_LEN, " (port %lu of address %.*s)", number,
		 (int)MIN(strcspn(addr, " "), 64), addr);
}

static bool take_hint(const char *text, struct err *e)
{
	for (size_t i = 0; i < N_ELEMENTS(hints); i++) {
		if (strstr(text, hints[i].words)) {
			err_hint(e, "%s", hints[i].hint);
			return true;
		}
	}
	return false;
}

/* The first error is the cause, what follows are its consequences: the first SHOWN are told. */
int criu_explain_text(const char *log, const char *log_path, const char *verb, struct err *e)
{
	char shown[SHOWN_LEN + 1] = "", line[1024], address[ADDRESS_LEN] = "";
	struct err with = *e;
	unsigned n = 0;
	bool hinted = false;

	for (const char *at = log; *at;) {
		size_t len = strcspn(at, "\n"), cut = MIN(len, sizeof(line) - 1);

		memcpy(line, at, cut);
		line[cut] = '\0';
		at += len + (at[len] == '\n');
		note_address(address, line);
		const char *text = error_text(line);
		if (!text || is_noise(text))
			continue;
		if (n < SHOWN && !strstr(shown, text)) {
			size_t have = strlen(shown);

			snprintf(shown + have, sizeof(shown) - have, "%s%s%s", have ? "; " : "",
				 text, strstr(text, "bind inet socket") ? address : "");
			n++;
		}
		hinted = hinted || take_hint(text, &with);
	}
	for (char *p = shown; *p; p++) {
		if ((unsigned char)*p < ' ')
			*p = ' ';
	}
	if (!shown[0])
		snprintf(shown, sizeof(shown), "%s",
			 is_noise(e->msg) ? "CRIU's log gives no reason" : e->msg);
	int errnum = e->errnum;
	err_set(e, ERR_KERNEL, "%s failed: %s (log: %s)", verb, shown, log_path);
	e->errnum = errnum;
	if (!hinted)
		(void)take_hint(shown, &with);
	if (with.hint[0])
		err_hint(e, "%s", with.hint);
	return -EIO;
}

int criu_explain(int dir, const char *path, const char *name, const char *verb, struct err *e)
{
	auto_buf struct buf log = { 0 };
	auto_str char *full = NULL;

	int fd = sys_openat(dir, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	int r = fd < 0 ? fd : host_read_fd(fd, LOG_MAX, &log);
	close_fd(fd);
	if (r < 0) /* it never came to a log: the error says what is known */
		return err_wrap(e, "%s failed", verb);
	if (asprintf(&full, "%s/%s", path, name) < 0)
		return err_sys(e, -ENOMEM, "%s", verb);
	return criu_explain_text(buf_str(&log), full, verb, e);
}
