/* SPDX-License-Identifier: MIT */
/* What differs by default where a service speaks HTTP (.handler.http), and what only such a service knows. Pure. */
#ifndef CORE_HTTP_DEFAULTS_H
#define CORE_HTTP_DEFAULTS_H

#include <brood/brood.h>

#include "base/sentence.h"

/* Of stack, for what brood keeps of a request, beyond what is promised to handlers. */
#define HTTP_STACK_KIB 64

/* A client that keeps its connection may be sending just when the service drains: a request that crossed our closing is lost to
 * it. What comes in this time is answered, and the answer says that it is the last one. */
#define HTTP_LAST_CHANCE_MS 500

void http_defaults(struct brood_service *service);

/* 0, or -EINVAL with a sentence. */
int http_defaults_check(const struct brood_service *service, struct sentence *why);

#endif
