/* SPDX-License-Identifier: MIT */
/* Options that mean something only where a service speaks HTTP. */
#ifndef CLI_HTTP_OPTIONS_H
#define CLI_HTTP_OPTIONS_H

#include <stdbool.h>

#include "base/sentence.h"

struct option;
struct plan_service;

bool http_options_has(const struct option *option);

/* As far as its handler is there: for one that is not loaded yet, call it again. 0, or an exit status with a
 * sentence. */
int http_options_check(const struct plan_service *service, struct sentence *why);

#endif
