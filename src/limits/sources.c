/* SPDX-License-Identifier: MIT */
#include "limits/sources.h"

#include <stdbool.h>

#define CAPACITY_MAX (UINT32_C(1) << 24)

_Static_assert(sizeof(struct source_entry) == 64, "an entry is a line of the cache");

/* What keeps an entry from being given to somebody else, weakest first. */
enum worth {
	WORTH_FREE,
	WORTH_NOTHING, /* nothing in it that a new entry would not have */
	WORTH_BUCKET,  /* forgetting it gives the source its burst again */
	WORTH_ALL,     /* clients in hand, or a penalty: never given away */
};

static uint32_t capacity_for(uint32_t wanted)
{
	uint32_t capacity = 1;

	while (capacity < wanted && capacity < CAPACITY_MAX)
		capacity *= 2;
	return capacity;
}

size_t sources_size(uint32_t capacity)
{
	return capacity_for(capacity) * sizeof(struct source_entry);
}

void sources_init(struct sources *sources, void *memory, uint32_t capacity, const struct hash_secret *secret)
{
	*sources = (struct sources){ .entries = memory, .mask = capacity_for(capacity) - 1, .secret = *secret };
}

uint64_t sources_tag(const struct sources *sources, const struct source_key *key)
{
	uint64_t hash = hash_bytes(&sources->secret, key, sizeof *key);

	return hash ? hash : 1;
}

static uint32_t window(const struct sources *sources)
{
	return sources->mask < SOURCES_WINDOW ? sources->mask + 1 : SOURCES_WINDOW;
}

static struct source_entry *entry_at(const struct sources *sources, uint64_t tag, uint32_t step)
{
	return &sources->entries[((uint32_t)tag + step) & sources->mask];
}

static struct source_entry *find(const struct sources *sources, uint64_t tag)
{
	for (uint32_t i = 0; i < window(sources); i++) {
		struct source_entry *entry = entry_at(sources, tag, i);

		if (atomic_load_explicit(&entry->tag, memory_order_acquire) == tag)
			return entry;
	}
	return NULL;
}

struct source_state sources_read(const struct sources *sources, uint64_t tag)
{
	const struct source_entry *entry = find(sources, tag);

	if (!entry)
		return (struct source_state){ 0 };
	return (struct source_state){
		.clients = atomic_load_explicit(&entry->clients, memory_order_relaxed),
		.bucket_full_ns = atomic_load_explicit(&entry->bucket_full_ns, memory_order_relaxed),
		.refused_until_ns = atomic_load_explicit(&entry->refused_until_ns, memory_order_relaxed),
	};
}

static enum worth worth_of(const struct source_entry *entry, int64_t now_ns)
{
	if (atomic_load_explicit(&entry->tag, memory_order_relaxed) == 0)
		return WORTH_FREE;
	if (atomic_load_explicit(&entry->clients, memory_order_relaxed) > 0 || entry->offences_until_ns > now_ns)
		return WORTH_ALL;
	if (atomic_load_explicit(&entry->bucket_full_ns, memory_order_relaxed) > now_ns)
		return WORTH_BUCKET;
	return WORTH_NOTHING;
}

/* The one of least worth, of equals the one not seen for longest; NULL: all are of use. */
static struct source_entry *find_victim(const struct sources *sources, uint64_t tag, int64_t now_ns)
{
	struct source_entry *victim = NULL;
	enum worth least = WORTH_ALL;

	for (uint32_t i = 0; i < window(sources) && least != WORTH_FREE; i++) {
		struct source_entry *entry = entry_at(sources, tag, i);
		enum worth worth = worth_of(entry, now_ns);

		if (worth < least || (worth == least && victim && entry->seen_ns < victim->seen_ns)) {
			victim = entry;
			least = worth;
		}
	}
	return victim;
}

/* A reader finds the old source, none, or the new one with its own numbers. */
static void give_to(struct source_entry *entry, const struct source_key *key, uint64_t tag)
{
	atomic_store_explicit(&entry->tag, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	entry->key = *key;
	entry->offences_until_ns = 0;
	atomic_store_explicit(&entry->clients, 0, memory_order_relaxed);
	atomic_store_explicit(&entry->bucket_full_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&entry->refused_until_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&entry->tag, tag, memory_order_release);
}

struct source_entry *sources_enter(struct sources *sources, const struct source_key *key, int64_t now_ns)
{
	uint64_t tag = sources_tag(sources, key);
	struct source_entry *entry = find(sources, tag);

	if (!entry) {
		entry = find_victim(sources, tag, now_ns);
		if (!entry) {
			sources->untracked++;
			return NULL;
		}
		give_to(entry, key, tag);
	}
	entry->seen_ns = now_ns;
	return entry;
}

/* One writer: no read-modify-write. */
static void set_clients(struct source_entry *entry, uint32_t clients)
{
	atomic_store_explicit(&entry->clients, clients, memory_order_relaxed);
}

void sources_add_client(struct source_entry *entry)
{
	uint32_t clients = entry ? atomic_load_explicit(&entry->clients, memory_order_relaxed) : UINT32_MAX;

	if (clients < UINT32_MAX)
		set_clients(entry, clients + 1);
}

void sources_remove_client(struct source_entry *entry)
{
	uint32_t clients = entry ? atomic_load_explicit(&entry->clients, memory_order_relaxed) : 0;

	if (clients > 0)
		set_clients(entry, clients - 1);
}

void sources_punish(
	const struct penalty_config *config, struct source_entry *entry, int64_t penalty_ms, int64_t now_ns)
{
	struct penalty penalty;

	if (!entry)
		return;
	penalty.offences_until_ns = entry->offences_until_ns;
	penalty.refused_until_ns = atomic_load_explicit(&entry->refused_until_ns, memory_order_relaxed);
	penalty_add(config, &penalty, penalty_ms, now_ns);
	entry->offences_until_ns = penalty.offences_until_ns;
	atomic_store_explicit(&entry->refused_until_ns, penalty.refused_until_ns, memory_order_relaxed);
}
