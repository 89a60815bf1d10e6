/* SPDX-License-Identifier: MIT */
#include "platform/direct.h"

#include <errno.h>
#include <signal.h>

#if defined(__x86_64__)
/* What the kernel calls struct sigaction: not what libc does. */
struct kernel_sigaction {
	void (*handler)(int signal);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

#define KERNEL_RESTORER 0x04000000

void direct_return_from_signal(void);
__asm__(".pushsection .text\n"
	".type direct_return_from_signal, @function\n"
	"direct_return_from_signal:\n"
	"	mov $15, %eax\n" /* rt_sigreturn */
	"	syscall\n"
	".size direct_return_from_signal, . - direct_return_from_signal\n"
	".popsection\n");

int direct_handle_signal(int signal, void (*handler)(int signal))
{
	struct kernel_sigaction action = {
		.handler = handler,
		.flags = SA_RESTART | KERNEL_RESTORER,
		.restorer = direct_return_from_signal,
	};

	return (int)direct_call(SYS_rt_sigaction, signal, (long)(intptr_t)&action, 0, sizeof action.mask, 0, 0);
}
#else
int direct_handle_signal(int signal, void (*handler)(int signal))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	return sigaction(signal, &action, NULL) < 0 ? -errno : 0;
}
#endif
