/* SPDX-License-Identifier: MIT */
#include "core/http_defaults.h"

#include <errno.h>
#include <string.h>

/* Keep-alive connections that say nothing are many, and cost their client nothing to open again. */
#define HTTP_IDLE_MS    15000
#define HTTP_REQUEST_MS 60000

/* What is said by others than the handler is short, the same for everybody, and the last of its connection. */
#define WORDS(status, fields, text)                                                \
	"HTTP/1.1 " status "\r\nContent-Type: text/plain\r\nContent-Length: " text \
	"\r\nConnection: close\r\n" fields "\r\n" status "\n"

static const char refusal[] = WORDS("503 Service Unavailable", "Retry-After: 5\r\n", "24");
static const char crashed[] = WORDS("502 Bad Gateway", "", "16");
static const char killed[] = WORDS("503 Service Unavailable", "Retry-After: 1\r\n", "24");
static const char late[] = WORDS("504 Gateway Timeout", "", "20");

static void set_words(const void **text, size_t *size, const char *words)
{
	if (*text)
		return;
	*text = words;
	*size = strlen(words);
}

void http_defaults(struct brood_service *service)
{
	/* Words of the user's own hold for all three, unless each has some. */
	bool own_words = service->last_words != NULL;

	if (service->idle_timeout_ms == 0)
		service->idle_timeout_ms = HTTP_IDLE_MS;
	if (service->request_timeout_ms == 0)
		service->request_timeout_ms = HTTP_REQUEST_MS;
	set_words(&service->refusal, &service->refusal_size, refusal);
	set_words(&service->last_words, &service->last_words_size, crashed);
	if (own_words)
		return;
	set_words(&service->late_words, &service->late_words_size, late);
	set_words(&service->killed_words, &service->killed_words_size, killed);
}

int http_defaults_check(const struct brood_service *service, struct sentence *why)
{
	static const char *const formats[] = { "common", "combined", "combined+", "json" };

	if (service->access_log_file && !service->access_log)
		return sentence_set(why, -EINVAL,
			"service %s: access_log_file without an access_log: choose its format", service->name);
	if (!service->access_log)
		return 0;
	if (!service->handler.http)
		return sentence_set(why, -EINVAL,
			"service %s: access_log is for handlers that speak HTTP, and this one does not",
			service->name);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(service->access_log, formats[i]) == 0)
			return 0;
	return sentence_set(why, -EINVAL,
		"service %s: access_log is '%.40s'; it must be common, combined, combined+ or json", service->name,
		service->access_log);
}
