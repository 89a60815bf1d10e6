/* SPDX-License-Identifier: MIT */
/* The pool of standing workers, for the models that have one: members of struct model_ops (contract/model.h). */
#ifndef MODEL_PREFORK_H
#define MODEL_PREFORK_H

#include <stdint.h>

struct brood_conn;
struct model;
struct model_config;

int prefork_capacity(const struct model_config *config);
int prefork_room(const struct model *model);
int prefork_start(struct model *model);
int prefork_place(struct model *model, struct brood_conn *conn);
void prefork_sweep(struct model *model, int64_t now_ns);
void prefork_kill(struct model *model);
void prefork_go(struct model *model);
void prefork_yield(struct model *model);
void prefork_empty(struct model *model, uint32_t queues);
int prefork_left(const struct model *model);
void prefork_forget(const struct model *model);
int prefork_resize(struct model *model, int workers);
void prefork_stop(struct model *model);

#endif
