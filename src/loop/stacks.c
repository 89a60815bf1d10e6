/* SPDX-License-Identifier: MIT */
/*
 * Where stacks lie, and which is taken next. The reservation begins with the notes, then come guard, stack, guard,
 * stack … in ascending order; stacks below `opened` can be used, addresses above cannot be touched yet. Invariant:
 * each opened stack is taken, or in the warm list, or in the list of bare ones.
 */
#include "loop/stacks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/fiber_check.h"

#define NONE          UINT_MAX
#define GUARD_INSTALL 102  /* MADV_GUARD_INSTALL, younger than Debian 12's headers */
#define SPARE_MAPS    1024 /* mappings for everything else in the process */
#define PAGES_ASKED   64   /* of one mincore(2) */

struct stack_note {
	unsigned int colder, warmer; /* neighbours while it is free; colder: also the next bare one */
	unsigned int check;          /* of fiber_check_map */
};

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t whole_pages(size_t bytes)
{
	size_t page = page_bytes();

	return (bytes + page - 1) / page * page;
}

static char *guard_of(const struct stacks *stacks, unsigned int stack)
{
	return stacks->first + (size_t)stack * (stacks->guard + stacks->size);
}

char *stacks_bottom(const struct stacks *stacks, unsigned int stack)
{
	return guard_of(stacks, stack) + stacks->guard;
}

char *stacks_top(const struct stacks *stacks, unsigned int stack)
{
	return guard_of(stacks, stack + 1);
}

/* ---- The reservation ---- */

int stacks_init(struct stacks *stacks, size_t size, unsigned int most)
{
	size_t guard = whole_pages(STACKS_GUARD_BYTES);
	size_t notes = whole_pages(most * sizeof(struct stack_note));
	size_t total;
	char *mapping;

	if (!size || !most)
		return -EINVAL;
	if (size > PTRDIFF_MAX / 2 || __builtin_mul_overflow(whole_pages(size) + guard, most, &total) ||
		__builtin_add_overflow(total, notes, &total))
		return -ENOMEM;
	mapping = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (mapping == MAP_FAILED)
		return -ENOMEM;
	if (mprotect(mapping, notes, PROT_READ | PROT_WRITE))
		goto unmap;
	/* Else the first byte of a stack might cost 2 MiB. Fails only where there are no huge pages. */
	madvise(mapping, total, MADV_NOHUGEPAGE);
	*stacks = (struct stacks){ .mapping = mapping,
		.mapping_size = total,
		.notes = (struct stack_note *)(void *)mapping,
		.first = mapping + notes,
		.guard = guard,
		.size = whole_pages(size),
		.marks = madvise(mapping + notes, guard, GUARD_INSTALL) == 0,
		.most = most,
		.warmest = NONE,
		.coldest = NONE,
		.bare = NONE };
	return 0;

unmap:
	munmap(mapping, total);
	return -ENOMEM;
}

void stacks_fini(struct stacks *stacks)
{
	for (unsigned int i = 0; i < stacks->opened; i++)
		fiber_check_unmap(stacks->notes[i].check, stacks_bottom(stacks, i), stacks->size);
	munmap(stacks->mapping, stacks->mapping_size);
}

/* Where marks are refused after all (mlockall came later), this guard is one of two mappings. */
static int mark_guard(char *guard, size_t size)
{
	if (madvise(guard, size, GUARD_INSTALL) && mprotect(guard, size, PROT_NONE))
		return -ENOMEM;
	return 0;
}

/* Make further stacks usable: one, or with marks a whole block, which joins the mapping of those before. */
static int open_more(struct stacks *stacks)
{
	unsigned int left = stacks->most - stacks->opened;
	unsigned int count = stacks->marks ? STACKS_BLOCK : 1;
	char *begin = stacks->marks ? guard_of(stacks, stacks->opened) : stacks_bottom(stacks, stacks->opened);

	if (count > left)
		count = left;
	if (!count || mprotect(begin, guard_of(stacks, stacks->opened + count) - begin, PROT_READ | PROT_WRITE))
		return -ENOMEM;
	for (unsigned int i = 0; stacks->marks && i < count; i++) {
		if (mark_guard(guard_of(stacks, stacks->opened + i), stacks->guard))
			return -ENOMEM;
	}
	for (unsigned int i = stacks->opened + count; i-- > stacks->opened;) {
		stacks->notes[i].check = fiber_check_map(stacks_bottom(stacks, i), stacks->size);
		stacks->notes[i].colder = stacks->bare;
		stacks->bare = i;
	}
	stacks->opened += count;
	return 0;
}

/* ---- Free ones ---- */

static unsigned int take_warmest(struct stacks *stacks)
{
	unsigned int stack = stacks->warmest;

	stacks->warmest = stacks->notes[stack].colder;
	if (stacks->warmest == NONE)
		stacks->coldest = NONE;
	else
		stacks->notes[stacks->warmest].warmer = NONE;
	stacks->warm--;
	if (stacks->least_warm > stacks->warm)
		stacks->least_warm = stacks->warm;
	return stack;
}

static unsigned int take_coldest(struct stacks *stacks)
{
	unsigned int stack = stacks->coldest;

	stacks->coldest = stacks->notes[stack].warmer;
	if (stacks->coldest == NONE)
		stacks->warmest = NONE;
	else
		stacks->notes[stacks->coldest].colder = NONE;
	stacks->warm--;
	return stack;
}

int stacks_take(struct stacks *stacks, unsigned int *ret_stack)
{
	if (stacks->warmest != NONE) {
		*ret_stack = take_warmest(stacks);
	} else {
		int error = stacks->bare == NONE ? open_more(stacks) : 0;

		if (error)
			return error;
		*ret_stack = stacks->bare;
		stacks->bare = stacks->notes[stacks->bare].colder;
	}
	stacks->taken++;
	return 0;
}

void stacks_give(struct stacks *stacks, unsigned int stack)
{
	stacks->notes[stack] =
		(struct stack_note){ .colder = stacks->warmest, .warmer = NONE, .check = stacks->notes[stack].check };
	if (stacks->warmest == NONE)
		stacks->coldest = stack;
	else
		stacks->notes[stacks->warmest].warmer = stack;
	stacks->warmest = stack;
	stacks->warm++;
	stacks->taken--;
}

/* ---- Memory in use ---- */

/* Bytes from the lowest page that has memory up to the top. */
static size_t depth(const struct stacks *stacks, unsigned int stack)
{
	unsigned char pages[PAGES_ASKED];
	size_t page = page_bytes();
	char *top = stacks_top(stacks, stack);

	for (char *from = stacks_bottom(stacks, stack); from < top; from += PAGES_ASKED * page) {
		size_t bytes = (size_t)(top - from) < PAGES_ASKED * page ? (size_t)(top - from) : PAGES_ASKED * page;

		if (mincore(from, bytes, pages))
			return 0;
		for (size_t i = 0; i < bytes / page; i++) {
			if (pages[i] & 1)
				return (size_t)(top - from) - i * page;
		}
	}
	return 0;
}

size_t stacks_high_water(const struct stacks *stacks)
{
	size_t deepest = stacks->deepest;

	for (unsigned int i = 0; i < stacks->opened; i++) {
		size_t bytes = depth(stacks, i);

		if (bytes > deepest)
			deepest = bytes;
	}
	return deepest;
}

unsigned int stacks_trim(struct stacks *stacks, unsigned int keep)
{
	unsigned int needless = stacks->least_warm > keep ? stacks->least_warm - keep : 0;
	unsigned int count = needless < STACKS_TRIM_BATCH ? needless : STACKS_TRIM_BATCH;

	for (unsigned int i = 0; i < count; i++) {
		unsigned int stack = take_coldest(stacks);
		size_t bytes = depth(stacks, stack);

		/* Marks outlive this. */
		madvise(stacks_bottom(stacks, stack), stacks->size, MADV_DONTNEED);
		if (bytes > stacks->deepest)
			stacks->deepest = bytes;
		stacks->notes[stack].colder = stacks->bare;
		stacks->bare = stack;
	}
	/* The rest of a full batch stays as cold as it is. */
	stacks->least_warm = count == STACKS_TRIM_BATCH ? stacks->least_warm - count : stacks->warm;
	return count;
}

/* ---- Bounds ---- */

bool stacks_is_guard(const struct stacks *stacks, const void *address)
{
	uintptr_t offset = (uintptr_t)address - (uintptr_t)stacks->first;
	size_t stride = stacks->guard + stacks->size;

	/* Below the first, offset is huge. */
	return offset < stacks->opened * stride && offset % stride < stacks->guard;
}

static bool marks_work(void)
{
	size_t page = page_bytes();
	void *mapping = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool work;

	if (mapping == MAP_FAILED)
		return false;
	work = madvise(mapping, page, GUARD_INSTALL) == 0;
	munmap(mapping, page);
	return work;
}

unsigned int stacks_machine_bound(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	ssize_t size;
	unsigned long maps, bound;

	if (fd < 0)
		return UINT_MAX;
	size = read(fd, text, sizeof text - 1);
	close(fd);
	if (size <= 0)
		return UINT_MAX;
	maps = strtoul(text, NULL, 10);
	maps = maps > SPARE_MAPS ? maps - SPARE_MAPS : 0;
	bound = marks_work() ? maps * STACKS_BLOCK : maps / 2;
	return bound < UINT_MAX ? (unsigned int)bound : UINT_MAX;
}
