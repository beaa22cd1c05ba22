/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to numbers. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/parse.h"
#include "util/util.h"

static int parse_base(const char *s, int base, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	unsigned long long v = strtoull(s, &end, base);
	if (*end)
		return -EINVAL;
	if (errno)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_u64(const char *s, uint64_t *ret)
{
	return parse_base(s, 10, ret);
}

int parse_c_u64(const char *s, uint64_t *ret)
{
	return parse_base(s, 0, ret);
}

static int parse_signed(const char *s, int base, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t v;

	int r = parse_base(s + negative, base, &v);
	if (r < 0)
		return r;
	if (v > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int parse_i64(const char *s, int64_t *ret)
{
	return parse_signed(s, 10, ret);
}

int parse_c_i64(const char *s, int64_t *ret)
{
	return parse_signed(s, 0, ret);
}

int parse_u32(const char *s, uint32_t *ret)
{
	uint64_t v;

	int r = parse_u64(s, &v);
	if (r < 0)
		return r;
	if (v > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

int parse_bool(const char *s, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true }, { "false", false }, { "1", true }, { "0", false },
		{ "yes", true },  { "no", false },    { "t", true }, { "f", false }
	}; /* these two: Go's */

	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		if (strcasecmp(s, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

/* 0: it is none */
static uint64_t unit_size(const char *unit)
{
	static const char units[] = "kmgtp";
	const char *u = *unit ? strchr(units, tolower((unsigned char)*unit)) : NULL;

	if (!*unit || strcasecmp(unit, "b") == 0)
		return 1;
	if (!u || (unit[1] && strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0))
		return 0;
	return UINT64_C(1024) << 10 * (u - units);
}

int parse_size(const char *s, int64_t *ret)
{
	static const char digits[] = "0123456789";
	uint64_t v = 0, part = 0;

	if (strcmp(s, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	size_t whole = strspn(s, digits), point = s[whole] == '.';
	const char *fraction = s + whole + point;
	size_t n = point ? strspn(fraction, digits) : 0;
	uint64_t unit = unit_size(fraction + n + (fraction[n] == ' '));
	if (whole + n == 0 || unit == 0)
		return -EINVAL;
	for (size_t i = 0; i < whole; i++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return -ERANGE;
	}
	for (size_t i = n; i > 0; i--) /* exact, whatever its length */
		part = (unit * (uint64_t)(fraction[i - 1] - '0') + part) / 10;
	if (__builtin_mul_overflow(v, unit, &v) || __builtin_add_overflow(v, part, &v) ||
	    v > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}

static int parse_rt_signal(const char *name, int *ret)
{
	uint32_t n = 0;

	if (strncasecmp(name, "RTMIN", 5) == 0 &&
	    (!name[5] || (name[5] == '+' && parse_u32(name + 6, &n) == 0)) &&
	    n <= (uint32_t)(SIGRTMAX - SIGRTMIN))
		*ret = SIGRTMIN + (int)n;
	else if (strncasecmp(name, "RTMAX", 5) == 0 &&
		 (!name[5] || (name[5] == '-' && parse_u32(name + 6, &n) == 0)) &&
		 n <= (uint32_t)(SIGRTMAX - SIGRTMIN))
		*ret = SIGRTMAX - (int)n;
	else
		return -EINVAL;
	return 0;
}

int parse_signal(const char *s, int *ret)
{
	uint32_t number;

	if (isdigit((unsigned char)*s)) {
		if (parse_u32(s, &number) < 0 || number > (uint32_t)SIGRTMAX)
			return -EINVAL;
		*ret = (int)number;
		return 0;
	}
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	if (strcasecmp(s, "IOT") == 0)
		s = "ABRT";
	if (strcasecmp(s, "POLL") == 0)
		s = "IO";
	if (strcasecmp(s, "CLD") == 0)
		s = "CHLD";
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *name = sigabbrev_np(i);

		if (name &&
		    (strcasecmp(s, name) == 0 || (i == SIGIO && strcasecmp(s, "IO") == 0))) {
			*ret = i;
			return 0;
		}
	}
	return parse_rt_signal(s, ret);
}

const char *signal_name(int sig)
{
	return sig > 0 && sig < SIGRTMIN ? sigabbrev_np(sig) : NULL;
}

static int parse_number_until(const char **s, uint32_t max, uint32_t *ret)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)**s))
		return -EINVAL;
	for (; isdigit((unsigned char)**s); (*s)++) {
		v = v * 10 + (uint64_t)(**s - '0');
		if (v > max)
			return -ERANGE;
	}
	*ret = (uint32_t)v;
	return 0;
}

int parse_ranges(const char *s, uint32_t max, int (*fn)(void *ctx, uint32_t first, uint32_t last),
		 void *ctx)
{
	while (*s && *s != '\n') {
		uint32_t first, last;

		s += strspn(s, " ");
		int r = parse_number_until(&s, max, &first);
		if (r < 0)
			return r;
		last = first;
		if (*s == '-') {
			s++;
			r = parse_number_until(&s, max, &last);
			if (r < 0)
				return r;
		}
		if (last < first)
			return -ERANGE;
		r = fn ? fn(ctx, first, last) : 0;
		if (r < 0)
			return r;
		s += strspn(s, " ");
		if (*s == ',') {
			s++;
			if (!*s || *s == '\n')
				return -EINVAL;
		} else if (*s && *s != '\n') {
			return -EINVAL;
		}
	}
	return 0;
}

const char *parse_list_word(const char **at, size_t *ret_len)
{
	const char *word = *at + strspn(*at, ":");

	*ret_len = strcspn(word, ":");
	*at = word + *ret_len;
	return *ret_len ? word : NULL;
}

int parse_duration_ms(const char *s, uint64_t *ret)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 } };
	const uint64_t longest = INT64_MAX / 1000000; /* it is counted in nanoseconds, as in Go */
	uint64_t total = 0;
	bool first = true;

	if (!*s)
		return -EINVAL;
	for (; *s; first = false) {
		uint32_t n;
		size_t i;

		int r = parse_number_until(&s, UINT32_MAX, &n);
		if (r < 0)
			return r;
		if (!*s && first) { /* a bare number: seconds */
			*ret = (uint64_t)n * 1000;
			return 0;
		}
		for (i = 0; i < N_ELEMENTS(units); i++) {
			if (strncmp(s, units[i].unit, strlen(units[i].unit)) == 0)
				break;
		}
		if (i == N_ELEMENTS(units))
			return -EINVAL;
		total += n * units[i].ms;
		if (total > longest)
			return -ERANGE;
		s += strlen(units[i].unit);
	}
	*ret = total;
	return 0;
}
