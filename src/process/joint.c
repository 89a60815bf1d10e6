/* SPDX-License-Identifier: MIT */
#include "process/joint.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static int join(struct dl_phdr_info *object, size_t size, void *arg)
{
	const uintptr_t page = *(const uintptr_t *)arg;

	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + header->p_vaddr, end = start + header->p_filesz;

		if (header->p_type != PT_LOAD || (header->p_flags & (PF_R | PF_W | PF_X)) != PF_R)
			continue;
		start -= start % page;
		/* Refused, it stays as it is. */
		if (mprotect((void *)start, end - start, PROT_READ | PROT_EXEC) < 0)
			continue;
	}
	return 0;
}

void joint_make(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	dl_iterate_phdr(join, &page);
}
