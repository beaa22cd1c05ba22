/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the kernel starts the program (the linker's -e): selfcopy_early() with the stack as it is, then the C library's own
 * entry point, which finds everything as if it had been called first. x86-64 System V ABI, "Process Initialization". */
#ifdef __CET__
#include <cet.h>
#endif
	.text
	.globl	ketch_entry
	.hidden	ketch_entry
	.type	ketch_entry, @function
ketch_entry:
	.cfi_startproc
	.cfi_undefined	rip
	xorl	%ebp, %ebp
	movq	%rdx, %rbx		/* for atexit(3), if the kernel ever gives one */
	movq	%rsp, %r12
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	selfcopy_early
	movq	%r12, %rsp
	movq	%rbx, %rdx
	jmp	_start
	.cfi_endproc
	.size	ketch_entry, . - ketch_entry
	.section .note.GNU-stack, "", @progbits
