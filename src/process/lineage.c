/* SPDX-License-Identifier: MIT */
#include "process/lineage.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/leak_check.h"

/* Of what is larger the copy may cost more than all forks would. */
#define COPIED_MAX ((size_t)512 << 10)

struct span {
	uintptr_t start, end;
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static uintptr_t page_of(uintptr_t address)
{
	return address - address % page_size();
}

static bool is_zero(const char *page, size_t size)
{
	return page[0] == 0 && memcmp(page, page + 1, size - 1) == 0;
}

/* Pages that were never written stay so: each that is in use is copied by each fork. */
static void copy_pages(char *to, const char *from, size_t size)
{
	size_t page = page_size();

	for (size_t at = 0; at < size; at += page)
		if (!is_zero(from + at, page))
			memcpy(to + at, from + at, page);
}

/* The copy takes the place of what is there in one call: nobody sees anything missing. */
static void renew(const struct span *span, int protection)
{
	size_t size = span->end - span->start;
	char *copy;

	if (span->end <= span->start || size > COPIED_MAX)
		return;
	copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return;
	copy_pages(copy, (const char *)span->start, size);
	if (mprotect(copy, size, protection) < 0 ||
		mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)span->start) == MAP_FAILED)
		munmap(copy, size);
}

/* What is only written while the object is loaded; the dynamic linker has made it read-only since. */
static struct span read_only_of(const struct dl_phdr_info *object)
{
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_GNU_RELRO)
			return (struct span){ page_of(start), page_of(start + header->p_memsz) };
	}
	return (struct span){ 0 };
}

static int renew_variables(struct dl_phdr_info *object, size_t size, void *arg)
{
	struct span read_only = read_only_of(object);

	(void)size;
	(void)arg;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + header->p_vaddr;
		struct span all = { page_of(start), page_of(start + header->p_memsz + page_size() - 1) };

		if (header->p_type != PT_LOAD || (header->p_flags & (PF_W | PF_X)) != PF_W)
			continue;
		if (read_only.start == all.start) {
			renew(&read_only, PROT_READ);
			all.start = read_only.end;
		}
		if (read_only.start <= all.start || read_only.start >= all.end)
			renew(&all, PROT_READ | PROT_WRITE);
	}
	return 0;
}

void lineage_end(void)
{
	/* Between two variables there is memory that nobody may read. */
	if (!LEAK_CHECKED)
		dl_iterate_phdr(renew_variables, NULL);
}
