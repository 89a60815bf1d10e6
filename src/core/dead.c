/* SPDX-License-Identifier: MIT */
#include "core/dead.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "core/end.h"
#include "core/engine_private.h"
#include "core/refuse.h"

/* What the client said already must not be unread when the connection is closed: that sends a reset, which may
 * overtake the last words. Whoever says more than this has it so. */
#define DISCARD_SIZE  4096
#define DISCARD_TIMES 16

#define IDLE_FIELDS   (2 + DEAD_FIELDS)

static uint32_t phase_of(const struct slot *slot)
{
	return atomic_load_explicit(&slot->phase, memory_order_relaxed);
}

static void discard_what_came(int fd)
{
	char discarded[DISCARD_SIZE];

	for (int i = 0; i < DISCARD_TIMES && recv(fd, discarded, sizeof discarded, MSG_DONTWAIT) > 0; i++)
		continue;
}

/* Between two requests nobody waits for an answer; behind the last one it is complete, or was none. */
static bool is_owed_an_answer(const struct slot *slot)
{
	return phase_of(slot) <= PHASE_HANDLE && !atomic_load(&slot->answering);
}

struct words {
	const void *text;
	size_t size;
};

/* A signal that a program brings upon itself is a crash; the others come from somebody. */
static bool was_killed(const struct child_exit *ended)
{
	if (ended->code != CLD_KILLED && ended->code != CLD_DUMPED)
		return false;
	switch (ended->status) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGABRT:
	case SIGTRAP:
	case SIGSYS:
		return false;
	default:
		return true;
	}
}

/* ended: how the worker died; NULL: it lives, and is late. */
static struct words words_for(const struct brood_service *config, const struct child_exit *ended)
{
	if (!ended && config->late_words_size > 0)
		return (struct words){ config->late_words, config->late_words_size };
	if (ended && was_killed(ended) && config->killed_words_size > 0)
		return (struct words){ config->killed_words, config->killed_words_size };
	return (struct words){ config->last_words, config->last_words_size };
}

unsigned int dead_status(const struct brood_service *config, const struct child_exit *ended)
{
	static const char begin[] = "HTTP/1.1 ";
	const size_t at = sizeof begin - 1;
	struct words words = words_for(config, ended);
	const char *text = words.text;

	if (words.size < at + 3 || memcmp(text, begin, at) != 0)
		return 0;
	return (unsigned int)((text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0'));
}

static bool say_last_words(struct service *service, int fd, const struct slot *slot, const struct child_exit *ended)
{
	struct words words = words_for(&service->config, ended);

	if (words.size == 0 || !is_owed_an_answer(slot) ||
		send(fd, words.text, words.size, MSG_DONTWAIT | MSG_NOSIGNAL) <= 0)
		return false;
	shutdown(fd, SHUT_WR);
	tally_add(&service->ledger->tally->answered_for_the_dead, 1);
	return true;
}

bool dead_answer(struct service *service, int fd, const struct slot *slot, const struct child_exit *ended)
{
	bool said = say_last_words(service, fd, slot, ended);
	int parked = said ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	if (parked >= 0)
		refuse_park(service, parked);
	else
		shutdown(fd, SHUT_RDWR);
	return said;
}

bool dead_expire(struct service *service, int fd, const struct slot *slot)
{
	bool said = say_last_words(service, fd, slot, NULL);

	if (said)
		discard_what_came(fd);
	shutdown(fd, SHUT_RDWR);
	return said;
}

/* A code of 0: somebody else waited for it, and nobody knows. What was cut off by the stop of everything is no
 * death. */
static bool is_in_good_order(const struct end_record *record, const struct child_exit *ended)
{
	if (record->reason == END_STOPPED || record->reason == END_SUPERVISOR_GONE)
		return true;
	return record->phase == PHASE_OVER && (ended->code == 0 || (ended->code == CLD_EXITED && ended->status == 0));
}

static int32_t overdue_ms(const struct end_record *record, const struct slot *slot)
{
	int64_t must_end_ns = atomic_load_explicit(&slot->must_end_ns, memory_order_relaxed);
	int64_t late_ms;

	if (must_end_ns <= 0 || must_end_ns > record->ended_ns)
		return 0;
	late_ms = (record->ended_ns - must_end_ns) / NS_PER_MS;
	return late_ms < INT32_MAX ? (int32_t)late_ms : INT32_MAX;
}

void dead_examine(struct end_record *record, const struct slot *slot, const struct child_exit *ended)
{
	record->phase = phase_of(slot);
	record->died = ended && !is_in_good_order(record, ended);
	record->overdue_ms = record->died && record->phase != PHASE_OVER ? overdue_ms(record, slot) : 0;
}

static int64_t cpu_us(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000000) + usage->ru_utime.tv_usec +
	       usage->ru_stime.tv_usec;
}

static size_t process_fields(
	const struct child_exit *ended, bool died, char text[DEAD_TEXT_SIZE], struct log_field *fields)
{
	size_t n = 0;

	fields[n++] = LOG_INT("cpu_us", cpu_us(&ended->usage));
	fields[n++] = LOG_TEXT("exit", child_exit_text(ended, text, DEAD_TEXT_SIZE));
	if (!died)
		return n;
	fields[n++] = LOG_TEXT("core", ended->code == CLD_DUMPED ? "yes" : "no");
	fields[n++] = LOG_INT("peak_kib", ended->usage.ru_maxrss);
	return n;
}

size_t dead_fields(const struct end_record *record, const struct child_exit *ended, char text[DEAD_TEXT_SIZE],
	struct log_field *fields)
{
	size_t n = process_fields(ended, record->died, text, fields);

	if (!record->died)
		return n;
	fields[n++] = LOG_TEXT("phase", slot_phase_name(record->phase));
	if (record->overdue_ms > 0)
		fields[n++] = LOG_INT("overdue_ms", record->overdue_ms);
	fields[n++] = LOG_TEXT("last_words", record->answered ? "sent" : NULL);
	return n;
}

/* It had nobody's request in hand, so there is no end record to tell it in. */
static void tell_idle(struct service *service, const struct end_record *record, const struct child_exit *ended)
{
	struct log_field fields[IDLE_FIELDS];
	char text[DEAD_TEXT_SIZE];
	size_t n = 0;

	fields[n++] = LOG_INT("worker", record->worker);
	fields[n++] = LOG_INT("ms", (record->ended_ns - record->accepted_ns) / NS_PER_MS);
	n += process_fields(ended, true, text, &fields[n]);
	log_write(service->engine->log, &(struct log_record){
						.level = BROOD_WARN,
						.service = service->config.name,
						.message = "died",
						.fields = fields,
						.field_count = n,
						.scratch = service->ledger->scratch,
					});
	end_worker_died(service, record->worker, END_NONE, ended);
}

void dead_worker(struct service *service, struct end_record *record, const struct slot *slot, int fd,
	const struct child_exit *ended)
{
	record->ended_ns = clock_now_ns();
	if (!slot) {
		tell_idle(service, record, ended);
		return;
	}
	end_read_slot(record, slot);
	dead_examine(record, slot, ended);
	if (fd >= 0 && record->phase != PHASE_OVER && dead_answer(service, fd, slot, ended))
		record->answered = true;
	tally_add(&service->ledger->tally->ended, 1);
	end_tell(service, record, ended);
}
