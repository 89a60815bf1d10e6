/* SPDX-License-Identifier: MIT */
/* brood_main: one service of a program's own, supervised, its log on stderr. */
#include <string.h>
#include <sysexits.h>

#include "core/engine.h"
#include "observe/log.h"
#include "process/descriptors.h"
#include "supervise/report.h"
#include "supervise/supervise.h"

int brood_main_sized(const struct brood_service *service, size_t size)
{
	struct supervise_service supervised = { 0 };
	struct supervise_config config = { .services = &supervised, .service_count = 1 };
	struct sentence why;
	struct log log;
	int status;

	if (engine_effective(service, size, &supervised.service, &why) < 0) {
		report_line("brood: %s", why.text);
		return EX_USAGE;
	}
	log_init(&log);
	if (descriptors_open_standard() < 0 || log_open(&log, NULL, &why) < 0) {
		report_line("brood: no log on stderr");
		return EX_OSERR;
	}
	config.log = &log;
	status = supervise_run(&config);
	log_fini(&log);
	return status;
}
