/* SPDX-License-Identifier: MIT */
/* What is answered at --status-listen: head and body. */
#ifndef SUPERVISE_STATUS_ANSWER_H
#define SUPERVISE_STATUS_ANSWER_H

#include <stddef.h>

struct status_request;
struct status_view;

/* Memory of malloc, the caller's; NULL if there is none. */
char *status_answer(struct status_view *view, const struct status_request *request, size_t *ret_size);

#endif
