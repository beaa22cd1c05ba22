/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls for code that runs before the C library does (sys/selfcopy.c): no errno, no TLS, no relocation. Returns
 * what the kernel returns, -errno included.
 */
#pragma once

#include <sys/syscall.h>

#if defined(__x86_64__) && !defined(__ILP32__)
static inline long bare_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#else
/* Here nothing runs before the C library. */
#include <errno.h>
#include <unistd.h>

static inline long bare_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret = syscall(nr, a, b, c, d, e, f);

	return ret < 0 ? -errno : ret;
}
#endif

#define BARE_PICK(_1, _2, _3, _4, _5, _6, _7, name, ...) name
#define bare_1(n, a)					 bare_syscall6(n, (long)(a), 0, 0, 0, 0, 0)
#define bare_2(n, a, b)					 bare_syscall6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define bare_3(n, a, b, c)				 bare_syscall6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define bare_4(n, a, b, c, d)				 bare_syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define bare_5(n, a, b, c, d, e)                                                                   \
	bare_syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
/* bare(SYS_close, fd) */
#define bare(...) BARE_PICK(__VA_ARGS__, 0, bare_5, bare_4, bare_3, bare_2, bare_1, 0)(__VA_ARGS__)
