/* SPDX-License-Identifier: MIT */
#include "core/admission.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/engine_private.h"
#include "process/pages.h"

/* Of sources that are remembered, for each connection that can be in hand: a table that is never more than a quarter full
 * of them finds a place for everybody. */
#define SOURCES_PER_SLOT 4

/* Ten times what it takes to look whether one connection is over. */
#define LOOK_NS_EACH 200

/* What has no effect on any listener is a mistake. */
static int prepare_queue_timeout(struct service *service)
{
	const struct ledger *ledger = service->ledger;
	bool standing = engine_model_ops(service->config.model)->standing;
	bool any = false, streams = false;

	for (size_t i = 0; i < ledger->acceptor_count; i++) {
		const struct listener *listener = &ledger->acceptors[i].listener;

		if (listener->transport->datagram)
			continue;
		streams = true;
		any = any || !standing || listener->family == LISTENER_TCP;
		if (listener->family != LISTENER_TCP)
			service->engine->loop->notes_sleep = true;
	}
	if (any)
		return 0;
	if (streams)
		return sentence_set(&service->engine->why, -EINVAL,
			"service %s: queue_timeout_ms with standing workers is for TCP: on other sockets none of "
			"them sees "
			"how long a client waited",
			service->config.name);
	return sentence_set(&service->engine->why, -EINVAL,
		"service %s: queue_timeout_ms is for streams: nobody knows how long a datagram waited",
		service->config.name);
}

static int open_sources(struct service *service, struct admission *admission, unsigned int slots)
{
	uint32_t capacity = slots * SOURCES_PER_SLOT > SOURCES_CAPACITY ? slots * SOURCES_PER_SLOT : SOURCES_CAPACITY;
	bool standing = engine_model_ops(service->config.model)->standing;
	struct hash_secret secret;
	void *memory;

	if (getrandom(&secret, sizeof secret, 0) != sizeof secret)
		return -errno;
	admission->sources_size = sources_size(capacity) + sizeof *admission->turn;
	memory = standing ? pages_new_shared(admission->sources_size) : pages_new(admission->sources_size);
	if (!memory)
		return -ENOMEM;
	sources_init(&admission->sources, memory, capacity, &secret);
	admission->turn = (_Atomic uint64_t *)(void *)((char *)memory + sources_size(capacity));
	return 0;
}

static int leave_out_of_forks(const struct service *service, struct admission *admission)
{
	int r;

	if (!engine_model_ops(service->config.model)->publishes || !service->engine->supervised)
		return 0;
	r = pages_leave_out_of_forks(admission, admission->size);
	return r < 0 ? r : pages_leave_out_of_forks(admission->sources.entries, admission->sources_size);
}

static int open_memory(struct service *service, const struct limits_config *config)
{
	unsigned int slots = engine_model_ops(service->config.model)->many ? (unsigned int)service->config.max_conns
									   : engine_slots(&service->config);
	struct admission *admission;
	size_t size = sizeof *admission + slots * sizeof *admission->places;
	int r;

	admission = pages_new(size);
	if (!admission)
		return -ENOMEM;
	admission->config = *config;
	admission->size = size;
	service->admission = admission;
	r = open_sources(service, admission, slots);
	return r < 0 ? r : leave_out_of_forks(service, admission);
}

int admission_open(struct service *service)
{
	struct limits_config config;
	int r;

	r = limits_parse(&config, &service->config, &service->engine->why);
	if (r < 0 || !config.any)
		return r;
	if (config.queue_timeout_ms > 0)
		r = prepare_queue_timeout(service);
	if (r < 0)
		return r;
	r = open_memory(service, &config);
	if (r < 0) {
		admission_close(service);
		sentence_set(&service->engine->why, r, "service %s: no memory for its limits: %s",
			service->config.name, strerrordesc_np(-r));
	}
	return r;
}

void admission_close(struct service *service)
{
	struct admission *admission = service->admission;

	if (!admission)
		return;
	pages_free(admission->sources.entries, admission->sources_size);
	pages_free(admission, admission->size);
	service->admission = NULL;
}

/* One that is never more than a quarter full. */
static uint32_t own_capacity(const struct brood_service *config)
{
	return (uint32_t)config->max_conns * SOURCES_PER_SLOT;
}

size_t admission_own_size(const struct brood_service *config)
{
	bool wanted = config->max_per_source != BROOD_OFF || config->source_rate_per_min != BROOD_OFF;

	return wanted ? sources_size(own_capacity(config)) : 0;
}

void admission_own(struct admission *admission, const struct brood_service *config, void *memory)
{
	sources_init(&admission->own, memory, own_capacity(config), &admission->sources.secret);
}

int admission_enter_worker(struct service *service)
{
	struct admission *admission = service->admission;

	if (!admission)
		return 0;
	return mprotect(admission->sources.entries, admission->sources_size, PROT_READ) < 0 ? -errno : 0;
}

static struct source_entry *find_entry(struct service *service, const struct admit_client *client)
{
	/* In a worker the service process's is read-only. */
	struct sources *sources = service->crowd ? &service->admission->own : &service->admission->sources;
	struct source_entry *entry;

	if (client->tag == 0 || !sources->entries)
		return NULL;
	entry = sources_enter(sources, &client->source, clock_now_ns());
	tally_set(&service->ledger->tally->untracked, sources->untracked);
	return entry;
}

void admission_enter(struct service *service, struct admission_place *place, int64_t at_ns, int64_t now_ns)
{
	const struct bucket_rate *rate = &service->admission->config.rate;
	struct source_entry *entry = find_entry(service, &place->client);
	int64_t full_ns;

	place->entry = entry;
	if (!entry || rate->token_ns == 0)
		return;
	full_ns = atomic_load_explicit(&entry->bucket_full_ns, memory_order_relaxed);
	atomic_store_explicit(
		&entry->bucket_full_ns, bucket_take_late(rate, full_ns, at_ns, now_ns), memory_order_relaxed);
}

void admission_let_in(struct service *service, struct admission_place *place, int64_t now_ns)
{
	admission_enter(service, place, now_ns, now_ns);
	sources_add_client(place->entry);
	service->admission->clients++;
	place->counted = place->owes = true;
}

void admission_give_back(struct service *service, struct admission_place *place)
{
	if (!place->counted)
		return;
	place->counted = false;
	service->admission->clients--;
	sources_remove_client(place->entry);
}

/* Not so often that a flood makes us look all the time: at most a tenth of it. */
bool admission_give_back_over(struct service *service)
{
	struct admission *admission = service->admission;
	unsigned int before = admission->clients;
	int64_t now_ns = clock_now_ns();

	if (now_ns - admission->looked_ns < service->ledger->out_count * LOOK_NS_EACH)
		return false;
	admission->looked_ns = now_ns;
	list_each(pos, next, &service->ledger->out) {
		const struct brood_conn *conn = container_of(pos, struct brood_conn, link);

		if (atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) == PHASE_OVER)
			admission_give_back(service, &admission->places[conn->index]);
	}
	return admission->clients < before;
}

/* Its entry may have been given to somebody else since its count was given back. */
void admission_punish(
	struct service *service, const struct admission_place *place, enum end_reason reason, bool blamed)
{
	const struct penalty_config *config = &service->admission->config.penalty;
	int64_t ms = penalty_ms(config, reason, blamed);

	if (ms > 0 && !service->crowd)
		sources_punish(config, find_entry(service, &place->client), ms, clock_now_ns());
}
