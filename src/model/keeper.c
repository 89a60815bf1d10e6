/* SPDX-License-Identifier: MIT */
#include "model/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/model.h"
#include "model/held.h"
#include "platform/clone.h"
#include "process/descriptors.h"

/* It takes a fork. Who waits so long for one that is stopped, or cannot close what its last worker left, waits no longer. */
#define LAST_ANSWER_MS 1000

/* The kernel may have no memory for the message at this moment. A worker that nobody knows of would be worse than a late one. */
#define TELL_TRIES    100
#define TELL_PAUSE_MS 10

enum order { ORDER_CLEAN = 'c', ORDER_WORKER = 'w' };

/* ---- In the keeper ---- */

struct keeping {
	struct model *model;
	unsigned int index;
	pid_t parent;
	int channel;
	ino_t channel_inode;
	int end; /* of the table, before any worker had it */
};

static ino_t inode_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

/* A worker's table is ours: what it left open is closed here, and our channel may be something else by now. */
static bool clean(const struct keeping *keeping)
{
	if (inode_of(keeping->channel) != keeping->channel_inode)
		return false;
	clone_close_range((unsigned int)keeping->end, ~0U);
	return keeping->model->host->standing->restore(keeping->model->service) == 0;
}

static _Noreturn void run_worker(const struct keeping *keeping)
{
	struct model *model = keeping->model;
	int r = model->host->standing->stand(model->service, keeping->index, keeping->parent);

	held_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* False: whom we tell is gone, or cannot be told. */
static bool tell(const struct keeping *keeping, int32_t pid)
{
	for (int i = 0; i < TELL_TRIES; i++) {
		if (send(keeping->channel, &pid, sizeof pid, MSG_NOSIGNAL) == sizeof pid)
			return true;
		if (errno == EPIPE || errno == ECONNRESET)
			return false;
		if (errno != EINTR)
			poll(NULL, 0, TELL_PAUSE_MS);
	}
	return false;
}

static _Noreturn void keep(const struct keeping *keeping)
{
	char order;

	while (read(keeping->channel, &order, 1) == 1 && clean(keeping)) {
		int32_t pid;

		if (order != ORDER_WORKER)
			continue;
		pid = clone_sibling_sharing_files();
		if (pid == 0)
			run_worker(keeping);
		if (!tell(keeping, pid))
			break;
	}
	_exit(EXIT_SUCCESS);
}

/* It can keep nothing: whoever asks it for a worker hears why. */
static _Noreturn void decline(const struct keeping *keeping, int error)
{
	char order;

	while (read(keeping->channel, &order, 1) == 1 && order != ORDER_WORKER)
		continue;
	tell(keeping, error);
	_exit(EXIT_FAILURE);
}

static _Noreturn void run(struct model *model, unsigned int index, int channel)
{
	struct keeping keeping = { .model = model, .index = index, .parent = model->pid, .channel = channel };
	int r = model->host->standing->enter(model->service, index, channel);

	if (r < 0)
		decline(&keeping, r);
	if (!model->config.supervised)
		held_catch_exit(model);
	keeping.channel_inode = inode_of(channel);
	keeping.end = descriptors_end();
	/* So that whatever a worker opens is above that. */
	r = keeping.end < 0 ? keeping.end : descriptors_plug(keeping.end);
	if (r < 0)
		decline(&keeping, r);
	keep(&keeping);
}

/* ---- In the service process ---- */

int keeper_start(struct keeper *keeper, struct model *model, unsigned int index)
{
	int ends[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	r = child_spawn(!model->config.supervised, &keeper->child);
	if (r == 0) {
		close(ends[0]);
		run(model, index, ends[1]);
	}
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		keeper->child.pidfd = -1;
		return r;
	}
	keeper->channel = ends[0];
	return 0;
}

void keeper_end(struct keeper *keeper)
{
	struct pollfd ended = { .fd = keeper->child.pidfd, .events = POLLIN };
	struct child_exit how;

	if (keeper->child.pidfd < 0)
		return;
	/* KILL cannot be caught, so the wait is short. */
	child_signal(&keeper->child, SIGKILL);
	while (child_reap(&keeper->child, &how) == -EAGAIN)
		poll(&ended, 1, -1);
	keeper_close(keeper);
}

void keeper_close(struct keeper *keeper)
{
	if (keeper->child.pidfd < 0)
		return;
	child_close(&keeper->child);
	close(keeper->channel);
	keeper->channel = -1;
}

static int send_order(const struct keeper *keeper, char order)
{
	if (keeper->child.pidfd < 0)
		return -EPIPE;
	return send(keeper->channel, &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int keeper_ask(const struct keeper *keeper)
{
	return send_order(keeper, ORDER_WORKER);
}

int keeper_clean(const struct keeper *keeper)
{
	return send_order(keeper, ORDER_CLEAN);
}

int keeper_answer(const struct keeper *keeper, pid_t *ret_pid)
{
	int32_t pid;
	ssize_t n = recv(keeper->channel, &pid, sizeof pid, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n != sizeof pid)
		return -EPIPE;
	*ret_pid = pid;
	return 0;
}

/* Killed at once it might have made a worker, and not have told yet whom. */
int keeper_last_answer(const struct keeper *keeper, pid_t *ret_pid)
{
	struct pollfd answer = { .fd = keeper->channel, .events = POLLIN };

	poll(&answer, 1, LAST_ANSWER_MS);
	return keeper_answer(keeper, ret_pid);
}
