/* SPDX-License-Identifier: MIT */
/* What a client would rather have (RFC 9110, 12.5.3), as handlers ask for it. */
#include <string.h>

#include "http/http_private.h"
#include "protocol/http1_coding.h"

unsigned int brood_http_accepts(struct brood_http *http, const char *coding)
{
	struct http1_codings codings;
	const char *value;

	http1_coding_begin(&codings);
	for (unsigned int i = 0; (value = brood_http_field(http, "Accept-Encoding", i)) != NULL; i++)
		http1_coding_read(&codings, value, strlen(value));
	for (unsigned int i = 0; i < HTTP1_CODINGS; i++)
		if (strcmp(coding, http1_coding_name((enum http1_coding)i)) == 0)
			return http1_coding_weight(&codings, (enum http1_coding)i);
	return 0;
}
