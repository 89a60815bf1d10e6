/* SPDX-License-Identifier: MIT */
#include "supervise/access_logs.h"

#include <sysexits.h>

#include "observe/log.h"
#include "supervise/channel.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"

int access_logs_open(struct supervised *service, struct sentence *why)
{
	const char *path = service->effective.access_log_file, *at = service->config->config_at;
	struct sentence reason;

	if (!path || service->access_log.path)
		return 0;
	service->access_log.is_foreign = true;
	if (log_open(&service->access_log, path, &reason) == 0)
		return 0;
	return sentence_set(why, EX_CANTCREAT, "%s%sservice %s: %s", at ? at : "", at ? ": " : "",
		service->effective.name, reason.text);
}

void access_logs_close(struct supervised *service)
{
	log_fini(&service->access_log);
}

bool access_logs_exist(const struct supervisor *supervisor)
{
	const struct supervised *service = NULL;

	while ((service = generation_next(supervisor, service)))
		if (service->access_log.path)
			return true;
	return false;
}

static int reopen(struct supervised *service, struct sentence *why)
{
	struct log *log = &service->access_log;
	int r = log_reopen(log, why);

	report_event(service, r < 0 ? BROOD_ERROR : BROOD_INFO,
		r < 0 ? "access log not reopened" : "access log reopened",
		(struct log_field[]){ LOG_TEXT("why", r < 0 ? why->text : NULL) }, 1);
	if (r == 0 && log->fd >= 0 && supervised_has_process(service) &&
		channel_send_access_log(service->channel_source.fd, log->fd) == 0)
		service->reopens++;
	return r;
}

int access_logs_reopen(struct supervisor *supervisor, struct sentence *why)
{
	struct supervised *service = NULL;
	struct sentence reason;
	int r, result = 0;

	while ((service = generation_next(supervisor, service))) {
		r = service->access_log.path ? reopen(service, &reason) : 0;
		if (r < 0)
			result = sentence_set(why, r, "%s", reason.text);
	}
	return result;
}
