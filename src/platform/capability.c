/* SPDX-License-Identifier: MIT */
#include "platform/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The sets of 64 capabilities come as two halves. */
#define HALVES _LINUX_CAPABILITY_U32S_3

int capability_clear_bounding(void)
{
	int present;

	/* Beyond the last one that this kernel knows: EINVAL. */
	for (unsigned long capability = 0; (present = prctl(PR_CAPBSET_READ, capability, 0, 0, 0)) >= 0; capability++)
		if (present && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return -errno;
	return 0;
}

int capability_clear(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[HALVES] = { 0 };

	/* The ambient ones are always among the inheritable ones, and go with them. */
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int capability_any(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct held[HALVES];

	if (syscall(SYS_capget, &header, held) < 0)
		return -errno;
	for (int i = 0; i < HALVES; i++)
		if (held[i].effective || held[i].permitted || held[i].inheritable)
			return 1;
	return 0;
}
