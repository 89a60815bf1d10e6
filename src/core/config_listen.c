/* SPDX-License-Identifier: MIT */
/*
 * Decides whether the settings in a service's URLs go with its model, before anything is opened. URLs that are none are left to
 * whoever opens them. Called by config.c.
 */
#include "core/config_listen.h"

#include <errno.h>
#include <string.h>

#include "core/engine.h"
#include "protocol/url.h"

#define URL_SEPARATORS " \t\n"

_Static_assert(URL_SOCKETS_MAX <= ENGINE_LISTENERS, "one address may have as many as a service");

int config_listen_check(const struct brood_service *service, struct sentence *why)
{
	const char *next = service->listen ? service->listen : "";
	unsigned int sockets = 0;
	bool spread = false, datagrams = false;
	struct url url;

	for (next += strspn(next, URL_SEPARATORS); *next; next += strspn(next, URL_SEPARATORS)) {
		size_t size = strcspn(next, URL_SEPARATORS);

		if (url_parse(next, size, &url, NULL) == 0 && url_check_settings(&url, NULL) == 0) {
			sockets += url_sockets(&url, service->workers);
			spread = spread || url_setting(&url, "reuseport");
			datagrams = datagrams || url.scheme == URL_UDP || url.scheme == URL_UNIXGRAM;
		}
		next += size;
	}
	if (datagrams && service->handler.http)
		return sentence_set(why, -EINVAL,
			"service %s: listen says udp or unixgram, but its handler speaks HTTP, which needs streams",
			service->name);
	if (spread && service->model != BROOD_EVENT)
		return sentence_set(why, -EINVAL,
			"service %s: listen says reuseport, which model %s does not know; model event does",
			service->name, engine_model_name(service->model));
	if (spread && sockets > ENGINE_LISTENERS)
		return sentence_set(why, -EINVAL,
			"service %s: listen says %u sockets, counting reuseport; a service has at most %d",
			service->name, sockets, ENGINE_LISTENERS);
	return 0;
}
