/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRIU's RPC on the wire, what is read of its log, and the files that ketch adds to an image. */
#include <errno.h>

#include "criu/checkpoint.h"
#include "criu/image.h"
#include "criu/swrk.h"
#include "scratch.h"
#include "tap.h"
#include "util/pb.h"

static void hex(const struct buf *b, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < b->len && 2 * i + 2 < size; i++)
		snprintf(out + 2 * i, 3, "%02x", (unsigned char)b->p[i]);
}

#define CHECK_HEX(buf, want)                                                                       \
	do {                                                                                       \
		char got_hex[1024];                                                                \
		hex(buf, got_hex, sizeof(got_hex));                                                \
		CHECK_STR(got_hex, want);                                                          \
	} while (0)

/* The examples of protobuf.dev, "Encoding". */
static void wire(void)
{
	auto_buf struct buf b = { 0 };
	struct pb_reader r;
	struct pb_field f;

	pb_add_number(&b, 1, 150);
	pb_add_str(&b, 2, "testing");
	pb_add_number(&b, 16, -2);
	CHECK_HEX(&b, "089601120774657374696e678001feffffffffffffffff01");
	r = (struct pb_reader){ buf_str(&b), b.len };
	CHECK_INT(pb_next(&r, &f), 1);
	CHECK(f.number == 1 && f.wire == PB_VARINT && f.value == 150);
	CHECK_INT(pb_next(&r, &f), 1);
	CHECK(f.number == 2 && f.len == 7 && memcmp(f.data, "testing", 7) == 0);
	CHECK_INT(pb_next(&r, &f), 1);
	CHECK(f.number == 16 && (int64_t)f.value == -2);
	CHECK_INT(pb_next(&r, &f), 0);
}

static void bad_wire(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x08", 1 },	    /* a tag alone */
		{ "\x08\x80", 2 },  /* a number that does not end */
		{ "\x0a\x05x", 3 }, /* longer than what is there */
		{ "\x0b", 1 },	    /* a group */
		{ "\x00\x01", 2 },  /* field 0 */
		{ "\x0d\x01\x02", 3 },
		{ "\x09\x01\x02", 3 },
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11 }, /* over 64 bits */
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
	};

	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		struct pb_reader r = { bad[i].bytes, bad[i].len };
		struct pb_field f;

		CHECK_INT(pb_next(&r, &f), -EBADMSG);
	}
}

static void requests(void)
{
	auto_buf struct buf version = { 0 }, features = { 0 }, yes = { 0 }, no = { 0 };

	CHECK_INT(criu_write_version(&version), 0);
	CHECK_HEX(&version, "080a2001");
	CHECK_INT(criu_write_features(CRIU_FEATURE_MEM_TRACK | CRIU_FEATURE_LAZY_PAGES, &features),
		  0);
	CHECK_HEX(&features, "080920012a0408011001");
	CHECK_INT(criu_write_notified(true, &yes), 0);
	CHECK_HEX(&yes, "08061801");
	CHECK_INT(criu_write_notified(false, &no), 0);
	CHECK_HEX(&no, "08061800");
}

/* Each kind of option once, with the numbers of rpc.proto. */
static void options(void)
{
	struct criu_opts o = CRIU_OPTS_INIT;
	auto_buf struct buf b = { 0 };

	o.images_dir_fd = 5;	/* 1 */
	o.pid = 300;		/* 2 */
	o.leave_running = true; /* 3 */
	o.log_file = "l";	/* 10 */
	o.cg_mode = CRIU_CG_IGNORE;
	o.network_lock = CRIU_LOCK_SKIP;
	o.page_server = "a";
	o.page_server_port = 7;
	CHECK_INT(strv_add(&o.external, "mnt[/a]:/b"), 0);
	CHECK_INT(criu_pairs_add(&o.cgroup_root, NULL, "/x", 0), 0);
	CHECK_INT(criu_pairs_add(&o.inherit_fd, "k", NULL, 10), 0);
	CHECK_INT(criu_pairs_add(&o.join_ns, "uts", "/p", 0), 0);
	CHECK_INT(criu_write_request(CRIU_DUMP, &o, &b), 0);
	CHECK_HEX(&b, "0801123f"		   /* type, opts */
		      "080510ac021801"		   /* 1, 2, 3 */
		      "52016c"			   /* 10 */
		      "ca010412022f78"		   /* 25 cg_root */
		      "da01050a016b100a"	   /* 27 inherit_fd */
		      "900200"			   /* 34 manage_cgroups_mode IGNORE */
		      "aa020a6d6e745b2f615d3a2f62" /* 37 external */
		      "ba02090a0375747312022f70"   /* 39 join_ns */
		      "800403"			   /* 64 network_lock */
		      "5a050a01611007");	   /* 11 ps */
	criu_opts_clear(&o);
}

static int read_answer(const char *bytes, size_t len, struct criu_answer *a)
{
	memset(a, 0xaa, sizeof(*a));
	return criu_read_answer(bytes, len, a);
}

static void answers(void)
{
	struct criu_answer a;

	CHECK_INT(read_answer("\x08\x0a\x10\x01\x52\x06\x08\x04\x10\x01\x20\x01", 12, &a), 0);
	CHECK(a.type == CRIU_VERSION && a.success && a.version == 40101);
	CHECK_INT(read_answer("\x08\x02\x10\x01\x22\x02\x08\x2a", 8, &a), 0);
	CHECK(a.type == CRIU_RESTORE && a.pid == 42);
	CHECK_INT(read_answer("\x08\x06\x10\x01\x2a\x0e\x0a\x0apost-dump!\x10\x07", 20, &a), 0);
	CHECK(a.type == CRIU_NOTIFY && a.pid == 7);
	CHECK_STR(a.script, "post-dump!");
	CHECK_INT(read_answer("\x08\x01\x10\x00\x38\x01\x4a\x04no\n!", 12, &a), 0);
	CHECK(!a.success && a.cr_errno == 1);
	CHECK_STR(a.errmsg, "no?!");
	CHECK_INT(read_answer("\x08\x09\x10\x01\x42\x04\x08\x01\x10\x00", 10, &a), 0);
	CHECK_INT(a.features, CRIU_FEATURE_MEM_TRACK);
	/* a restore that came to no process says -1 */
	CHECK_INT(
		read_answer("\x08\x02\x10\x00\x22\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
			    17, &a),
		0);
	CHECK_INT(a.pid, 0);
	/* fields of a newer CRIU are passed over */
	CHECK_INT(read_answer("\x08\x01\x10\x01\xfa\x3e\x01x", 8, &a), 0);
}

static void bad_answers(void)
{
	static const char good[] = "\x08\x06\x10\x01\x2a\x0e\x0a\x0apost-dump!\x10\x07";
	struct criu_answer a;

	CHECK_INT(read_answer("", 0, &a), -EBADMSG);
	CHECK_INT(read_answer("\x08\x01", 2, &a), -EBADMSG);	      /* no success */
	CHECK_INT(read_answer("\x0a\x01x\x10\x01", 5, &a), -EBADMSG); /* type is a string */
	CHECK_INT(read_answer("\x08\x0a\x10\x01\x52\x03\x08\xe8\x07", 9, &a),
		  -EBADMSG); /* version 1000 */
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		int r = read_answer(good, i, &a);

		CHECK(r == -EBADMSG || i == 4);
	}
}

/* What is told of a log when CRIU answered with those words. */
static void explains(struct err *e, const char *log, const char *answer, const char *path,
		     const char *command)
{
	err_set(e, ERR_KERNEL, "%s", answer);
	CHECK(criu_explain_text(log, path, command, e) < 0);
}

static void explain(void)
{
	static const char log[] =
		"(00.000001) Version: 4.1.1\n"
		"(00.000100) Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE for self: "
		"Operation not permitted\n"
		"(00.001000)     12: Error (criu/sk-inet.c:191): inet: Connected TCP socket, "
		"consider using "
		"--tcp-established option.\n"
		"(00.001001) a line with Error (inside): of it\n"
		"(00.001002) Error (criu/cr-dump.c:1681): Dump files (pid: 35) failed with -1\n"
		"(00.002000) Error (criu/cr-dump.c:2111): Dumping FAILED.\n";
	struct err e;

	explains(&e, log, "first words", "/w/dump.log", "checkpoint");
	CHECK_STR(e.msg, "checkpoint failed: inet: Connected TCP socket, consider using "
			 "--tcp-established option. (log: /w/dump.log)");
	CHECK(strstr(e.hint, "--tcp-established keeps it"));
	/* without an error in the log, what CRIU answered */
	explains(&e, "nothing\n", "first words", "/w/dump.log", "checkpoint");
	CHECK_STR(e.msg, "checkpoint failed: first words (log: /w/dump.log)");
	/* which may be of those that say nothing */
	explains(&e, "nothing\n", "Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE",
		 "/w/dump.log", "checkpoint");
	CHECK_STR(e.msg, "checkpoint failed: CRIU's log gives no reason (log: /w/dump.log)");
	CHECK(strstr(e.hint, "a file of the image may be missing"));
}

static void explain_port(void)
{
	static const char log[] =
		"(00.1)      1: inet: \tRestore: family AF_INET    type SOCK_STREAM    proto "
		"IPPROTO_TCP      port 80 state TCP_LISTEN       src_addr 10.0.0.1\n"
		"(00.2)      1: Error (criu/sk-inet.c:1035): inet: Can't bind inet socket (id 7): "
		"Address already in use\n";
	struct err e;

	explains(&e, log, "first words", "/w/restore.log", "restore");
	CHECK_STR(e.msg, "restore failed: inet: Can't bind inet socket (id 7): Address already in "
			 "use (port 80 of address 10.0.0.1) (log: /w/restore.log)");
	CHECK(strstr(e.hint, "is taken on this host"));
}

/* images/pagemap.proto, as CRIU 4.1 writes it */
static void pagemaps(void)
{
	static const char head[] =
		"\x19\x43\x56\x54\x25\x40\x08\x56"
		"\x02\0\0\0\x08\x03"
		/* 5 pages that are there, 7 of the parent, 9 that lazy-pages has */
		"\x06\0\0\0\x08\x01\x10\x05\x20\x04"
		"\x06\0\0\0\x08\x01\x10\x07\x20\x01"
		"\x06\0\0\0\x08\x01\x10\x09\x20\x02"
		/* older: one of the parent, one that is there */
		"\x06\0\0\0\x08\x01\x10\x07\x18\x01"
		"\x04\0\0\0\x08\x01\x10\x02"
		/* newer: more than 32 bits have */
		"\x08\0\0\0\x08\x01\x10\x00\x20\x06\x28\x64";
	uint32_t id;
	uint64_t pages;

	CHECK_INT(image_pagemap_parse(head, sizeof(head) - 1, &id, &pages), 0);
	CHECK_INT(id, 3);
	CHECK_INT(pages, 5 + 2 + 100);
	CHECK_INT(image_pagemap_parse(head, sizeof(head) - 2, &id, &pages), -EBADMSG);
	CHECK_INT(image_pagemap_parse(head, 8, &id, &pages), 0);
	CHECK_INT(pages, 0);
	CHECK_INT(image_pagemap_parse(head, 7, &id, &pages), -EBADMSG);
	CHECK_INT(image_pagemap_parse("0123456789", 10, &id, &pages), -EBADMSG);
	CHECK_INT(image_pagemap_parse(head, 10, &id, &pages), -EBADMSG);
}

static int sum_pids(void *ctx, uint32_t pid)
{
	*(uint32_t *)ctx += pid;
	return pid == 99 ? -ECANCELED : 0;
}

/* images/pstree.proto: pid, ppid, pgid, sid, threads */
static void process_trees(void)
{
	static const char tree[] = "\x19\x43\x56\x54\x30\x30\x27\x50"
				   "\x0a\0\0\0\x08\x01\x10\x00\x18\x01\x20\x01\x28\x01"
				   "\x0a\0\0\0\x08\x07\x10\x01\x18\x01\x20\x01\x28\x07"
				   "\x0a\0\0\0\x08\x63\x10\x01\x18\x01\x20\x01\x28\x63";
	const size_t two = 8 + 2 * 14;
	uint32_t sum = 0;

	CHECK_INT(image_pstree_parse(tree, two, sum_pids, &sum), 0);
	CHECK_INT(sum, 8);
	CHECK_INT(image_pstree_parse(tree, sizeof(tree) - 1, sum_pids, &sum), -ECANCELED);
	CHECK_INT(image_pstree_parse(tree, two - 1, sum_pids, &sum), -EBADMSG);
	CHECK_INT(image_pstree_parse(tree, 7, sum_pids, &sum), -EBADMSG);
	CHECK_INT(image_pstree_parse("0123456789", 10, sum_pids, &sum), -EBADMSG);
}

/* Lines of CRIU 4.1, each from a failure that was provoked; tests/bats/56-checkpoint-options.bats provokes most of them. */
static void causes(void)
{
	static const struct {
		const char *line, *hint;
	} all[] = {
		{ "Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using "
		  "--tcp-established option.",
		  "--tcp-established keeps it" },
		{ "Error (criu/sk-inet.c:165): inet: In-flight connection (l) for 6baf",
		  "--tcp-skip-in-flight" },
		{ "Error (criu/files-reg.c:1117): Can't create link remap for /tmp/a. Use "
		  "link-remap option.",
		  "--link-remap" },
		{ "Error (criu/file-lock.c:106): Some file locks are hold by dumping tasks! You "
		  "can try --file-locks to dump them.",
		  "--file-locks" },
		{ "Error (criu/sk-unix.c:867): unix: Unix socket 26408529 without peer 26408463",
		  "network namespace" },
		{ "Error (criu/files-reg.c:981): Can't dump ghost file /tmp/big of 3145728 size, "
		  "increase limit",
		  "ghost-limit" },
		{ "Can't connect to server 127.0.0.1:7655", "criu page-server" },
		{ "Error (criu/uffd.c:307): uffd: connect to lazy-pages.socket failed: No such "
		  "file or directory",
		  "criu lazy-pages" },
		{ "Error (criu/bfd.c:131): bfd: Error flushing image: No space left on device",
		  "the disk is full" },
		{ "Error (criu/util.c:602): execvp(\"iptables-restore\", ...) failed: No such file "
		  "or directory",
		  "--network-lock nftables" },
		{ "Error (criu/cr-restore.c:1135): Can't fork for 26247: File exists",
		  "a process id is taken" },
		{ "Error (criu/files-reg.c:2014): File bin/busybox has bad size 1982261 (expect "
		  "1982256)",
		  "root file system" },
		{ "Error (criu/cgroup.c:1800): cg: Cgroup dir unified//kt/sub doesn't exist",
		  "--manage-cgroups-mode soft" },
		{ "Error (compel/src/lib/infect.c:609): Unexpected 31048 task interruption, "
		  "aborting",
		  "try again" },
		{ "Error (criu/sockets.c:628): sockets: Can't get 1:16 opt: Operation not "
		  "supported",
		  "newer" },
	};

	for (size_t i = 0; i < N_ELEMENTS(all); i++) {
		auto_buf struct buf log = { 0 };
		struct err e;

		buf_addf(&log,
			 "(00.000100) Error (criu/tun.c:85): tun: Unable to create tun: Operation "
			 "not permitted\n(00.197475)     35: %s\n(00.197475) %s\n",
			 all[i].line, all[i].line);
		err_set(&e, ERR_KERNEL, "first words");
		CHECK(criu_explain_text(buf_str(&log), "/w/log", "dump", &e) < 0);
		CHECK(strstr(e.hint, all[i].hint));
		/* said once, and nothing of what the host lacks anyway */
		CHECK(!strstr(e.msg, "; ") && !strstr(e.msg, "tun:"));
	}
}

static void notes(void)
{
	struct image_note w = { .added = true, .nested_cgroups = true }, r = { 0 };
	struct err e = { 0 };
	int dir = scratch_make();
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(strv_add(&w.namespaces, "network"), 0);
	CHECK_INT(strv_add(&w.descriptors, "pipe:[7]"), 0);
	for (int i = 0; i < 9; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/m\"%d", i);
		CHECK_INT(image_note_add_mount(&w, name, i ? "/s" : ""), 0);
	}
	CHECK_INT(image_note_add_mount(&w, "/data]:/x", "/dev/null"), -EILSEQ);
	CHECK_INT(image_note_add_file(&w, "file[1:2]", 1, "/log", false), 0);
	CHECK_INT(image_note_write(&w, fd, &e), 0);
	CHECK_INT(image_note_read(&r, fd, &e), 0);
	CHECK(r.found && r.nested_cgroups && r.mounts.n == 9 && r.files.n == 1);
	CHECK(strv_has(&r.namespaces, "network") && strv_has(&r.descriptors, "pipe:[7]"));
	const struct image_mount *m = image_note_mount(&r, "/m\"0");
	CHECK(m && !*m->source);
	CHECK(!image_note_mount(&r, "/m"));
	CHECK(r.files.n == 1 && r.files.v[0].fd == 1);
	image_note_clear(&w);
	image_note_clear(&r);
	/* the images of others have none, or only descriptors.json */
	CHECK(unlinkat(fd, IMAGE_NOTE, 0) == 0 && unlinkat(fd, IMAGE_DESCRIPTORS, 0) == 0);
	CHECK(image_note_read(&r, fd, &e) >= 0 && !r.found);
	image_note_clear(&r);
	close(fd);
	close(dir);
	scratch_remove();
}

static void bad_notes(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"version\":2}",
		"{\"version\":1,\"files\":[{\"key\":\"k\",\"fd\":3,\"path\":\"p\"}]}",
		"{\"version\":1,\"mounts\":[{\"name\":\"\",\"source\":\"\"}]}",
	};

	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		struct image_note n = { 0 };
		struct err e = { 0 };

		CHECK(image_note_parse(&n, bad[i], strlen(bad[i]), &e) < 0 && e.msg[0]);
		image_note_clear(&n);
	}
	struct image_note n = { 0 };
	struct err e = { 0 };
	CHECK(image_descriptors_parse(&n, "{}", 2, &e) < 0);
	CHECK(image_descriptors_parse(&n, "[\"a\"]},{", 8, &e) < 0);
	image_note_clear(&n);
}

/* Does a note with that mount, or that file, get an error that names PLACE? NULL: no error. */
static bool refused(const char *list, const char *element, const char *place)
{
	auto_buf struct buf text = { 0 };
	struct image_note n = { 0 };
	struct err e = { 0 };

	buf_addf(&text, "{\"version\":1,\"%s\":[%s]}", list, element);
	int r = image_note_parse(&n, buf_str(&text), text.len, &e);
	image_note_clear(&n);
	return place ? r < 0 && strstr(e.msg, place) && !e.where[0] : r >= 0;
}

/* CRIU takes the last of the entries "mnt[NAME]:SOURCE" that begins with the name it looks for. */
static void names_in_notes(void)
{
	static const struct {
		const char *list, *property, *rest;
		const char *bad[16];
	} all[] = {
		{ "mounts",
		  "name",
		  "\"source\":\"/dev/null\"",
		  { "data", "/data]:/x", "/data]", "/a\\nb", "" } },
		{ "files",
		  "key",
		  "\"fd\":1,\"path\":\"/p\"",
		  { "", "k", "file[]", "file[1:2", "file[1:2]]", "file[1:]", "file[:2]", "file[1]",
		    "file[1:2]:/x]", "tty[1:2]:x", "tty[8:1]x", "mnt[/data]:", "net[1:2]",
		    "file[1:2]\\n", "file[x:2]" } },
	};
	char element[256], place[128];

	for (size_t i = 0; i < N_ELEMENTS(all); i++) {
		snprintf(place, sizeof(place), "ketch.json of the image is damaged: $.%s[0].%s",
			 all[i].list, all[i].property);
		for (size_t k = 0; all[i].bad[k]; k++) {
			snprintf(element, sizeof(element), "{\"%s\":\"%s\",%s}", all[i].property,
				 all[i].bad[k], all[i].rest);
			CHECK(refused(all[i].list, element, place));
		}
	}
	CHECK(refused("mounts", "{\"name\":\"/a[b\",\"source\":\"\"}", NULL));
	CHECK(refused("files", "{\"key\":\"file[1f:20a]\",\"fd\":1,\"path\":\"/p\"}", NULL));
	CHECK(refused("files", "{\"key\":\"tty[8801:1b]\",\"fd\":1,\"path\":\"/p\"}", NULL));
}

static void memory_in_notes(void)
{
	static const struct {
		const char *path;
		bool kept;
	} all[] = {
		{ "/memfd:cache (deleted)", false },
		{ "/memfd: (deleted)", false },
		{ "/memfd:cache", true },
		{ "/memfd (deleted)", true },
		{ "/a/memfd:b (deleted)", true },
		{ "/log (deleted)", true },
		{ "/SYSV00000000 (deleted)", false },
		{ "/SYSV", true },
		{ "/dev/zero (deleted)", false },
		{ "/dev/zero", true },
	};

	for (size_t i = 0; i < N_ELEMENTS(all); i++) {
		auto_buf struct buf text = { 0 };
		struct image_note n = { 0 };
		struct err e = { 0 };

		buf_addf(&text,
			 "{\"version\":1,\"files\":[{\"key\":\"file[0:1]\",\"fd\":1,\"path\":\"%"
			 "s\"},"
			 "{\"key\":\"file[7:2]\",\"fd\":1,\"path\":\"/p\"}]}",
			 all[i].path);
		CHECK_INT(image_note_parse(&n, buf_str(&text), text.len, &e), 0);
		CHECK_INT(n.files.n, 1 + all[i].kept);
		CHECK(n.files.n && strcmp(n.files.v[n.files.n - 1].path, "/p") == 0);
		image_note_clear(&n);
	}
}

/* Whether a note with N elements in LIST is read; if not, the error names it. */
static bool takes(const char *list, const char *element, unsigned n)
{
	auto_buf struct buf text = { 0 };
	struct image_note note = { 0 };
	struct err e = { 0 };

	buf_addf(&text, "{\"version\":1,\"%s\":[%s", list, element);
	for (unsigned i = 1; i < n; i++)
		buf_addf(&text, ",%s", element);
	buf_adds(&text, "]}");
	int r = image_note_parse(&note, buf_str(&text), text.len, &e);
	image_note_clear(&note);
	CHECK(r >= 0 || (strstr(e.msg, IMAGE_NOTE) && strstr(e.msg, list)));
	return r >= 0;
}

static void long_notes(void)
{
	static const struct {
		const char *list, *element;
	} all[] = {
		{ "namespaces", "\"network\"" },
		{ "binds", "\"/b\"" },
		{ "mounts", "{\"name\":\"/m\",\"source\":\"\"}" },
		{ "files", "{\"key\":\"file[1:2]\",\"fd\":-1,\"path\":\"/p\"}" },
	};

	for (size_t i = 0; i < N_ELEMENTS(all); i++) {
		CHECK(takes(all[i].list, all[i].element, 8192));
		CHECK(!takes(all[i].list, all[i].element, 8193));
	}
}

static void addresses(void)
{
	static const char *const bad[] = { "", "x", "x:", ":1", "[]:1", "x:0", "x:70000", "x:1a" };
	char *address = NULL;
	struct err e;
	int port = 0;

	CHECK_INT(criu_parse_address("10.0.0.1:27", &address, &port, &e), 0);
	CHECK(port == 27);
	CHECK_STR(address, "10.0.0.1");
	free(address);
	CHECK_INT(criu_parse_address("[::1]:27", &address, &port, &e), 0);
	CHECK_STR(address, "::1");
	free(address);
	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		CHECK(criu_parse_address(bad[i], &address, &port, &e) < 0);
}

static const struct test tests[] = {
	{ "protobuf: the documentation's examples", wire },
	{ "protobuf: what is none", bad_wire },
	{ "requests", requests },
	{ "options have the numbers of rpc.proto", options },
	{ "answers", answers },
	{ "what is no answer", bad_answers },
	{ "an error is explained by CRIU's log", explain },
	{ "a port that is taken is named", explain_port },
	{ "what can be done about each known cause", causes },
	{ "pagemaps", pagemaps },
	{ "process_trees", process_trees },
	{ "the note of an image goes to and fro", notes },
	{ "damaged notes", bad_notes },
	{ "names in a note that would take another's place", names_in_notes },
	{ "memfds and shared memory in an older note are passed over", memory_in_notes },
	{ "a note with more than can be", long_notes },
	{ "addresses of page servers", addresses },
};

TAP_MAIN(tests)
