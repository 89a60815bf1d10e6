/* SPDX-License-Identifier: MIT */
/* Model prefork. */
#include <errno.h>

#include "contract/model.h"
#include "model/wait.h"

static int prefork_capacity(const struct model_config *config)
{
	return config->workers + (config->workers + 9) / 10;
}

static int prefork_room(const struct model *model)
{
	(void)model;
	return 0;
}

static int prefork_start(struct model *model)
{
	(void)model;
	return -ENOSYS;
}

static int prefork_place(struct model *model, struct brood_conn *conn)
{
	(void)model;
	(void)conn;
	return -EAGAIN;
}

static void prefork_sweep(struct model *model, int64_t now_ns)
{
	(void)model;
	(void)now_ns;
}

static void prefork_nothing(struct model *model)
{
	(void)model;
}

const struct model_ops model_prefork = {
	.name = "prefork",
	.standing = true,
	.has_control = true,
	.descriptors = 2,
	.accept_batch = 1,
	.capacity = prefork_capacity,
	.room = prefork_room,
	.start = prefork_start,
	.place = prefork_place,
	.wait = wait_poll,
	.sweep = prefork_sweep,
	.kill = prefork_nothing,
	.stop = prefork_nothing,
};
