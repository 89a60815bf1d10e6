/* SPDX-License-Identifier: MIT */
/* Whatever a URL is: it is understood and within its limits, or refused with a sentence. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sentence why = { "" };
	struct url url;

	if (url_parse((const char *)data, size, &url, &why) < 0) {
		if (!why.text[0])
			abort();
		return 0;
	}
	if (strlen(url.host) > URL_HOST_MAX || strlen(url.path) > URL_PATH_MAX || url.settings > URL_SETTINGS_MAX)
		abort();
	for (size_t i = 0; i < url.settings; i++)
		if (url_setting(&url, url.setting[i].key) != url.setting[i].value)
			abort();
	return 0;
}
