/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights of cgroup v1 as weights of cgroup v2, in integers: a runtime must not need libm for one table. */
#include "engine/cgroup_table.h"

enum {
	SHARES_MIN = 2,
	SHARES_MAX = 262144,
	WEIGHT_MAX = 10000,
	LOG_BITS = 58, /* of the fraction of a logarithm */
	SUM_BITS = 52,
	CMP_BITS = 48,
	SLACK_BITS = 18, /* 2^-30: far above the rounding, far below the distance of two weights */
};

/* log2(10), 60 bits of fraction */
#define LOG2_10 0x35269e12f346e2bfull

/* High half of the product. */
static uint64_t mul_high(uint64_t a, uint64_t b)
{
	uint64_t ah = a >> 32, al = (uint32_t)a, bh = b >> 32, bl = (uint32_t)b;
	uint64_t mid = ah * bl + (al * bl >> 32), mid2 = al * bh + (uint32_t)mid;

	return ah * bh + (mid >> 32) + (mid2 >> 32);
}

/* log2(N) for N > 0, with LOG_BITS of fraction: a bit for each squaring of the mantissa. */
static uint64_t log2_fixed(uint64_t n)
{
	unsigned whole = 63 - (unsigned)__builtin_clzll(n);
	uint64_t x = n << (63 - whole), fraction = 0;

	for (int bit = LOG_BITS - 1; bit >= 0; bit--) {
		x = mul_high(x, x);
		if (x >> 63)
			fraction |= 1ull << bit;
		else
			x <<= 1;
	}
	return ((uint64_t)whole << LOG_BITS) + fraction;
}

/* Smallest w with w >= 10^((l^2 + 125 l) / 612 - 7/34), l = log2(shares). */
unsigned cgroup_cpu_weight(uint64_t shares)
{
	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;

	/* both sides as 612 * log2: (l^2 + 125 l - 126) * log2(10) <= 612 * log2(w) */
	uint64_t l = log2_fixed(shares);
	uint64_t sum = mul_high(l, l) + 125 * (l >> (LOG_BITS - SUM_BITS)) - (126ull << SUM_BITS);
	uint64_t want = mul_high(sum, LOG2_10);
	unsigned low = 1, high = WEIGHT_MAX;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		uint64_t have = (log2_fixed(middle) >> (LOG_BITS - CMP_BITS)) * 612;

		if (have + (1ull << SLACK_BITS) >= want)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

unsigned cgroup_io_weight(unsigned weight)
{
	return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}
