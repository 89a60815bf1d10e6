/* SPDX-License-Identifier: MIT */
/*
 * A bounded table of sources: clients in hand, token bucket, penalty of each. The memory is the caller's and may be shared:
 * one writer, readers without locks in other processes. A reader trusts none of it: an entry is found within
 * a window of WINDOW by a keyed hash that the reader has a copy of, so no number in the memory is ever an index, a
 * length or a bound. When all entries of a window are of use, who is new stays untracked: it is let in and counted.
 */
#ifndef LIMITS_SOURCES_H
#define LIMITS_SOURCES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "limits/penalty.h"
#include "limits/source.h"

#define SOURCES_WINDOW   16 /* entries looked at, whatever is in them */
#define SOURCES_CAPACITY 8192

/* A line of the cache. */
struct source_entry {
	_Atomic uint64_t tag; /* the hash of key, which stands for it; 0: free. Written last, cleared first */
	_Atomic uint32_t clients;
	struct source_key key;            /* for those who show it; a reader may meet half of the next one's */
	_Atomic int64_t bucket_full_ns;   /* limits/bucket.h */
	_Atomic int64_t refused_until_ns; /* limits/penalty.h */
	int64_t offences_until_ns;        /* the writer's own */
	int64_t seen_ns;                  /* the writer's own */
};

/* How one process sees the table; what is in here is its own. */
struct sources {
	struct source_entry *entries;
	uint32_t mask;
	struct hash_secret secret;
	uint64_t untracked; /* the writer's own count */
};

/* What a reader learns. All zero about a source that is not in the table. */
struct source_state {
	uint32_t clients;
	int64_t bucket_full_ns;
	int64_t refused_until_ns;
};

/* capacity is rounded up to a power of two. */
size_t sources_size(uint32_t capacity);

/* memory: of sources_size, aligned to 64; zeroed by whoever made it. Borrows it. */
void sources_init(struct sources *sources, void *memory, uint32_t capacity, const struct hash_secret *secret);

/* What stands for a source in all tables of the same secret; never 0. */
uint64_t sources_tag(const struct sources *sources, const struct source_key *key);

/* ---- For readers ---- */

struct source_state sources_read(const struct sources *sources, uint64_t tag);

/* ---- For the writer ---- */

/* Its entry, a free one made its own, or that of somebody about whom nothing needs to be known any more. NULL: untracked. */
struct source_entry *sources_enter(struct sources *sources, const struct source_key *key, int64_t now_ns);

/* NULL is fine, below: an untracked source has no entry. An entry with clients keeps its place. */
void sources_add_client(struct source_entry *entry);
void sources_remove_client(struct source_entry *entry);
void sources_punish(
	const struct penalty_config *config, struct source_entry *entry, int64_t penalty_ms, int64_t now_ns);

#endif
