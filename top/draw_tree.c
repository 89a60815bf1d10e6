/* SPDX-License-Identifier: MIT */
/*
 * Decides how processes hang together: what the supervisor says of its services and workers, laid over the parents that /proc
 * knows. Keepers, of which there is one for each worker, share a line. Where /proc is silent, workers hang below their service.
 */
#include "top/draw_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/tree_line.h"

#define STATUS_NAME "brood-status"

static int process_by_parent(const void *a, const void *b)
{
	const struct picture_process *left = *(const struct picture_process *const *)a;
	const struct picture_process *right = *(const struct picture_process *const *)b;

	if (left->parent != right->parent)
		return left->parent < right->parent ? -1 : 1;
	return (left->pid > right->pid) - (left->pid < right->pid);
}

static int worker_by_pid(const void *a, const void *b)
{
	const struct picture_worker *left = *(const struct picture_worker *const *)a;
	const struct picture_worker *right = *(const struct picture_worker *const *)b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

/* ---- Who is below whom ---- */

static bool is_worker(const struct branch *branch, pid_t pid)
{
	const struct picture_worker wanted = { .pid = pid }, *pointer = &wanted;

	return bsearch(&pointer, branch->workers_by_pid, branch->picture->worker_count, sizeof pointer,
		       worker_by_pid) != NULL;
}

/* Number of its service, or count of them. */
static size_t find_service(const struct picture *picture, pid_t pid)
{
	size_t i = 0;

	while (i < picture->service_count && picture->services[i].pid != pid)
		i++;
	return i;
}

/* The first child among those ordered by parent; others follow it. */
static const struct picture_process **first_child(const struct branch *branch, pid_t parent)
{
	size_t low = 0, high = branch->picture->process_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (branch->by_parent[middle]->parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return branch->by_parent + low;
}

static bool is_child(const struct branch *branch, const struct picture_process **at, pid_t parent)
{
	return at < branch->by_parent + branch->picture->process_count && (*at)->parent == parent;
}

static void descend(struct branch *branch, bool last)
{
	branch->trunk[branch->depth++] = last ? branch->tree->none : branch->tree->trunk;
}

/* Whatever somebody's worker has started. */
static void draw_programs(struct branch *branch, pid_t parent)
{
	for (const struct picture_process **at = first_child(branch, parent); is_child(branch, at, parent); at++) {
		bool last = !is_child(branch, at + 1, parent);

		tree_line_begin(branch, (*at)->pid, last, CANVAS_DIM, (*at)->name);
		tree_line_usage(branch, (*at)->pid);
		if (branch->depth + 1 >= TREE_DEPTH_MAX)
			continue;
		descend(branch, last);
		draw_programs(branch, (*at)->pid);
		branch->depth--;
	}
}

/* ---- The processes of a service ---- */

/* Children of a service process that are no worker, as far as it says: of prefork and event, keepers. */
static size_t count_others(const struct branch *branch, pid_t service_pid)
{
	size_t count = 0;

	for (const struct picture_process **at = first_child(branch, service_pid); is_child(branch, at, service_pid);
		at++)
		count += !is_worker(branch, (*at)->pid);
	return count;
}

static void put_keepers(struct branch *branch, size_t count)
{
	char label[32];

	snprintf(label, sizeof label, "%zu keeper%s", count, count == 1 ? "" : "s");
	tree_line_begin(branch, 0, true, CANVAS_DIM, label);
}

static void draw_others(struct branch *branch, const struct picture_service *service, size_t count)
{
	if (count > 0 && (strcmp(service->model, "prefork") == 0 || strcmp(service->model, "event") == 0)) {
		put_keepers(branch, count);
		return;
	}
	for (const struct picture_process **at = first_child(branch, service->pid);
		is_child(branch, at, service->pid) && count > 0; at++)
		if (!is_worker(branch, (*at)->pid)) {
			tree_line_begin(branch, (*at)->pid, --count == 0, CANVAS_DIM, (*at)->name);
			tree_line_usage(branch, (*at)->pid);
		}
}

static void draw_workers(struct branch *branch, size_t number)
{
	const struct picture *picture = branch->picture;
	const struct picture_service *service = &picture->services[number];
	size_t others = count_others(branch, service->pid), left = 0;

	for (size_t i = 0; i < picture->worker_count; i++)
		left += picture->workers[i].service == number;
	for (size_t i = 0; i < picture->worker_count; i++) {
		const struct picture_worker *worker = &picture->workers[i];

		if (worker->service != number)
			continue;
		left--;
		tree_line_worker(branch, worker, left + others == 0);
		if (worker->pid == 0)
			continue;
		descend(branch, left + others == 0);
		draw_programs(branch, worker->pid);
		branch->depth--;
	}
	draw_others(branch, service, others);
}

static void draw_service(struct branch *branch, size_t number, bool last)
{
	const struct picture_service *service = &branch->picture->services[number];
	char label[PICTURE_NAME + PICTURE_WORD + sizeof " ()"];

	snprintf(label, sizeof label, "%s (%s)", service->name, service->model);
	tree_line_begin(branch, service->pid, last, CANVAS_PLAIN, label);
	tree_line_state(branch, strcmp(service->state, "ready") == 0 ? CANVAS_GOOD : CANVAS_WARN, service->state,
		service->state_ms);
	tree_line_usage(branch, service->pid);
	descend(branch, last);
	draw_workers(branch, number);
	branch->depth--;
}

/* A child of the supervisor that is no service in force. */
static void draw_stranger(struct branch *branch, const struct picture_process *process, bool last)
{
	bool is_status = strcmp(process->name, STATUS_NAME) == 0;

	tree_line_begin(branch, process->pid, last, CANVAS_PLAIN, is_status ? "status" : process->name);
	if (!is_status)
		tree_line_state(branch, CANVAS_DIM, "leaving", PICTURE_UNKNOWN); /* of an earlier generation */
	tree_line_usage(branch, process->pid);
	descend(branch, last);
	draw_programs(branch, process->pid);
	branch->depth--;
}

static void draw_supervisor(struct branch *branch)
{
	const struct picture *picture = branch->picture;
	pid_t pid = picture->pid;
	size_t left = picture->service_count;

	tree_line_begin(branch, pid, true, CANVAS_PLAIN, "supervisor");
	tree_line_usage(branch, pid);
	branch->depth = 1;
	for (const struct picture_process **at = first_child(branch, pid); is_child(branch, at, pid); at++)
		left += find_service(picture, (*at)->pid) == picture->service_count;
	for (size_t i = 0; i < picture->service_count; i++)
		draw_service(branch, i, --left == 0);
	for (const struct picture_process **at = first_child(branch, pid); is_child(branch, at, pid); at++)
		if (find_service(picture, (*at)->pid) == picture->service_count)
			draw_stranger(branch, *at, --left == 0);
}

void draw_tree(struct canvas *canvas, const struct picture *picture, const struct canvas_tree *tree)
{
	struct branch branch = { .canvas = canvas, .picture = picture, .tree = tree };

	branch.by_parent = calloc(picture->process_count + 1, sizeof *branch.by_parent);
	branch.workers_by_pid = calloc(picture->worker_count + 1, sizeof *branch.workers_by_pid);
	if (!branch.by_parent || !branch.workers_by_pid) {
		canvas->failed = true;
		goto free_orders;
	}
	for (size_t i = 0; i < picture->process_count; i++)
		branch.by_parent[i] = &picture->processes[i];
	for (size_t i = 0; i < picture->worker_count; i++)
		branch.workers_by_pid[i] = &picture->workers[i];
	qsort(branch.by_parent, picture->process_count, sizeof *branch.by_parent, process_by_parent);
	qsort(branch.workers_by_pid, picture->worker_count, sizeof *branch.workers_by_pid, worker_by_pid);
	tree_line_heading(canvas);
	draw_supervisor(&branch);
free_orders:
	free(branch.by_parent);
	free(branch.workers_by_pid);
}
