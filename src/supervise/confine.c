/* SPDX-License-Identifier: MIT */
/*
 * Decides in which order a service process becomes what its service may be. Invariant: it serves as asked or not at all.
 * What needs files of the supervisor's (/proc, the user database) comes before the change of root, what the change of
 * user undoes comes behind it.
 */
#include "supervise/confine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "process/oom_score.h"
#include "process/privileges.h"
#include "process/rlimits.h"
#include "supervise/notify.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"
#include "transport/open_fd.h"

#define NAMES_SIZE 512

static struct privileges privileges_of(const struct brood_service *effective)
{
	return (struct privileges){
		.user = effective->user,
		.group = effective->group,
		.chroot = effective->chroot,
		.no_new_privs = effective->no_new_privs != BROOD_OFF,
		/* The service process takes a dead worker's socket out of its keeper by pidfd_getfd(2), which is tracing to
		 * the kernel. Elsewhere nobody needs it, and the kernel's own answer is no. */
		.traceable = engine_model_is_standing(effective->model),
	};
}

int confine_check(const struct brood_service *effective, struct sentence *why)
{
	struct privileges wanted = privileges_of(effective);
	struct sentence reason;

	if (rlimits_check(effective->rlimits, &reason) < 0 || privileges_check(&wanted, &reason) < 0)
		return sentence_set(why, -EINVAL, "service %s: %s", effective->name, reason.text);
	return 0;
}

void confine_warn(const struct supervisor *supervisor)
{
	char names[NAMES_SIZE];
	struct buf list;

	buf_init(&list, names, sizeof names);
	for (size_t i = 0; i < supervisor->service_count; i++) {
		const struct brood_service *service = &supervisor->services[i].effective;

		if (!service->user)
			buf_printf(&list, "%s%s", list.size > 0 ? " " : "", service->name);
	}
	if (geteuid() == 0 && list.size > 0)
		report_own(supervisor, BROOD_WARN, "serving as root; --user names somebody with fewer rights",
			(struct log_field[]){ LOG_TEXT("services", names) }, 1);
}

/* Inherited by every worker: one write here, not one for each client. Without it the service works as well. */
static void raise_oom_score(const struct supervised *service)
{
	int by = service->effective.oom_score_adj;
	int r = by == BROOD_OFF ? 0 : oom_score_raise(by);

	if (r < 0)
		report_event(service, BROOD_WARN, "oom_score_adj is as it was",
			(struct log_field[]){ LOG_TEXT("why", strerror(-r)) }, 1);
}

/* 0: it may be otherwise the next time. */
static int exit_status_of(const struct supervised *service, int error)
{
	if (error == -ETIMEDOUT)
		return 0;
	if (error == -ENOENT || error == -EINVAL)
		return service->config->config_at ? EX_CONFIG : EX_USAGE;
	return EX_NOPERM;
}

int confine_process(const struct supervised *service, int *ret_exit, struct sentence *why)
{
	const char *at = service->config->config_at;
	struct privileges wanted = privileges_of(&service->effective);
	struct sentence reason = { "its supervisor is gone" };
	int r;

	notify_forget();
	open_fd_forget();
	raise_oom_score(service);
	r = rlimits_set(service->effective.rlimits, &reason);
	if (r == 0)
		r = privileges_drop(&wanted, &reason);
	/* The kernel forgets this when the user changes; a supervisor that died meanwhile is noticed by the comparison. */
	if (r == 0)
		r = child_die_with_parent(service->supervisor->pid, SIGKILL);
	if (r == 0)
		return 0;
	*ret_exit = exit_status_of(service, r);
	return sentence_set(
		why, r, "%s%sservice %s: %s", at ? at : "", at ? ": " : "", service->effective.name, reason.text);
}
