/* SPDX-License-Identifier: MIT */
/*
 * Decides which processes belong to the picture: the supervisor and whatever descends from it, in the order of their pids.
 * Invariant: where /proc hides processes of others, the picture has fewer, and nothing else changes.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "process/usage.h"
#include "top/picture.h"

#define PROCESSES_MAX 65536

struct all {
	struct picture_process *processes;
	size_t count, capacity;
};

static void read_name(char name[PICTURE_WORD], pid_t pid)
{
	char path[64];
	FILE *file;

	name[0] = '\0';
	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(name, PICTURE_WORD, file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

static bool add_process(struct all *all, pid_t pid)
{
	struct picture_process *more;
	struct usage usage;

	if (usage_of(pid, &usage) < 0)
		return true;
	if (all->count == all->capacity) {
		all->capacity = all->capacity > 0 ? all->capacity * 2 : 256;
		more = reallocarray(all->processes, all->capacity, sizeof *more);
		if (!more)
			return false;
		all->processes = more;
	}
	all->processes[all->count++] = (struct picture_process){
		.pid = pid,
		.parent = usage.parent,
		.cpu_ms = usage.cpu_ms,
		.resident_bytes = usage.resident_bytes,
		.cpu_percent = PICTURE_UNKNOWN,
	};
	return true;
}

static int by_pid(const void *a, const void *b)
{
	const struct picture_process *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

static void read_all(struct all *all)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return;
	while (all->count < PROCESSES_MAX && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) && !add_process(all, atoi(entry->d_name)))
			break;
	closedir(proc);
	if (all->count > 0)
		qsort(all->processes, all->count, sizeof *all->processes, by_pid);
}

static struct picture_process *find(const struct all *all, pid_t pid)
{
	const struct picture_process wanted = { .pid = pid };

	return all->count > 0 ? bsearch(&wanted, all->processes, all->count, sizeof wanted, by_pid) : NULL;
}

/* Bounded: pids may be reused while we read, and parents lead in a circle. */
static bool is_below(const struct all *all, const struct picture_process *process, pid_t top)
{
	for (int depth = 0; process && depth < 64; depth++) {
		if (process->pid == top)
			return true;
		process = find(all, process->parent);
	}
	return false;
}

static double percent_since(const struct picture *before, const struct picture_process *now, int64_t now_ns)
{
	const struct picture_process *then = before ? picture_process(before, now->pid) : NULL;
	int64_t passed_ns = before ? now_ns - before->taken_ns : 0;

	if (!then || passed_ns <= 0 || now->cpu_ms < then->cpu_ms)
		return PICTURE_UNKNOWN;
	return (double)(now->cpu_ms - then->cpu_ms) * (double)NS_PER_MS * 100 / (double)passed_ns;
}

void picture_add_processes(struct picture *picture, const struct picture *before)
{
	struct all all = { 0 };

	picture->taken_ns = clock_now_ns();
	read_all(&all);
	picture->processes = calloc(all.count + 1, sizeof *picture->processes);
	for (size_t i = 0; i < all.count && picture->processes; i++) {
		struct picture_process *process = &all.processes[i];

		if (!is_below(&all, process, picture->pid))
			continue;
		read_name(process->name, process->pid);
		process->cpu_percent = percent_since(before, process, picture->taken_ns);
		picture->processes[picture->process_count++] = *process;
	}
	free(all.processes);
}

const struct picture_process *picture_process(const struct picture *picture, pid_t pid)
{
	const struct all all = { picture->processes, picture->process_count, 0 };

	return find(&all, pid);
}
