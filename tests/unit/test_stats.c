/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from the kernel for events, stats, top and devices, as text. */
#include <errno.h>
#include <string.h>

#include "core/stats.h"
#include "core/top.h"
#include "linux/cgroup_devices.h"
#include "tap.h"

static struct arena arena;

static void pressure(void)
{
	struct cgroup_pressure p;

	cgroup_pressure_parse("some avg10=1.25 avg60=0.00 avg300=100.00 total=12345\n"
			      "full avg10=0.01 avg60=0.10 avg300=0.00 total=6\n",
			      &p);
	CHECK(p.has_some && p.has_full);
	CHECK_INT(p.some.avg10, 125);
	CHECK_INT(p.some.avg300, 10000);
	CHECK_INT(p.some.total, 12345);
	CHECK_INT(p.full.avg10, 1);
	CHECK_INT(p.full.avg60, 10);
	cgroup_pressure_parse("some avg10=x\nnonsense", &p);
	CHECK(!p.has_some && !p.has_full);
}

static void network(void)
{
	struct stats s = { 0 };

	CHECK_INT(
		stats_parse_net(
			"Inter-|   Receive                  |  Transmit\n"
			" face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
			"    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n"
			"  eth0:1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n",
			&s),
		0);
	CHECK_INT(s.net.n, 1);
	CHECK_STR(s.net.v[0].name, "eth0");
	CHECK_INT(s.net.v[0].rx_dropped, 4);
	CHECK_INT(s.net.v[0].tx_bytes, 5);
	CHECK_INT(s.net.v[0].tx_dropped, 8);
	stats_clear(&s);
	CHECK_INT(stats_parse_net("", &s), 0);
	CHECK_INT(s.net.n, 0);
	stats_clear(&s);
}

static void metrics_are_utf8(void)
{
	const char *const ids[] = { "c" };
	auto_buf struct buf out = { 0 };
	struct stats s = { 0 };

	CHECK_INT(stats_parse_net("a\xff\"b: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n"
				  "a\xfe\"b: 3 0 0 0 0 0 0 0 4 0 0 0 0 0 0 0\n"
				  "\xc3\xa9: 5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0\n",
				  &s),
		  0);
	stats_metrics(&s, ids, 1, &out);
	const char *at = strstr(buf_str(&out), "ketch_network_bytes_total{") ?: "";
	CHECK(strstr(at, "interface=\"a\ufffd\\\"b\",number=\"0\",direction=\"receive\"} 1\n"));
	CHECK(strstr(at, "interface=\"a\ufffd\\\"b\",number=\"1\",direction=\"transmit\"} 4\n"));
	CHECK(strstr(at, "interface=\"\u00e9\",direction=\"receive\"} 5\n"));
	stats_clear(&s);
}

static void process(void)
{
	struct top_process p;

	CHECK_INT(top_parse_stat("7 (a) b) (c) S 1 7 7 0 -1 4194560 1 2 3 4 50 60 0 0 20 0 1 0 777 "
				 "1000 9 18446744073709551615",
				 4096, &p),
		  0);
	CHECK_INT(p.state, 'S');
	CHECK_INT(p.ticks, 110);
	CHECK_INT(p.start_time, 777);
	CHECK_INT(p.rss, 9 * 4096);
	CHECK_INT(top_parse_stat("7 (a", 4096, &p), -EINVAL);
	CHECK_INT(top_parse_stat("", 4096, &p), -EINVAL);
	CHECK_INT(top_parse_stat("7 (a) S 1", 4096, &p), -EINVAL);
}

static void devices(void)
{
	struct cgroup_devices d;
	char words[48];

	CHECK_INT(cgroup_device_list_parse("c *:* m\nc 1:3 rwm\nb 7:* r\nnonsense\nc x:1 r\n",
					   &arena, &d),
		  0);
	CHECK(!d.allow_all);
	CHECK_INT(d.rules.n, 3);
	cgroup_device_words(&d.rules.v[2].rule, words);
	CHECK_STR(words, "b 7:* r");
	CHECK_INT(cgroup_device_list_parse("a *:* rwm\n", &arena, &d), 0);
	CHECK(d.allow_all && d.rules.n == 0);
}

static const struct test tests[] = {
	{ "pressure stall information", pressure },
	{ "/proc/PID/net/dev", network },
	{ "metrics: what is not UTF-8 in a container's names", metrics_are_utf8 },
	{ "/proc/PID/stat", process },
	{ "devices.list", devices },
};

TAP_MAIN(tests)
