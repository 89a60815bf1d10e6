/* SPDX-License-Identifier: MIT */
/* Claims about the table of sources: exact counts, a bound under any flood, and readers that no memory can harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "limits/bucket.h"
#include "limits/sources.h"

#define CAPACITY 1024
#define NOW      (1000 * NS_PER_SEC)

struct fixture {
	struct sources sources;
	void *memory;
};

static const struct hash_secret secret = { { UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344) } };

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	size_t size = sources_size(CAPACITY);

	assert_non_null(fixture);
	fixture->memory = aligned_alloc(64, size);
	assert_non_null(fixture->memory);
	memset(fixture->memory, 0, size);
	sources_init(&fixture->sources, fixture->memory, CAPACITY, &secret);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->memory);
	free(fixture);
	return 0;
}

static struct source_key source(uint32_t number)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(number) };

	return source_of((const void *)&in, sizeof in, SOURCE_NO_UID);
}

static struct source_entry *enter(struct sources *sources, uint32_t number, int64_t now_ns)
{
	struct source_key key = source(number);

	return sources_enter(sources, &key, now_ns);
}

static struct source_state read_one(const struct sources *sources, uint32_t number)
{
	struct source_key key = source(number);

	return sources_read(sources, sources_tag(sources, &key));
}

static size_t used(const struct sources *sources)
{
	size_t count = 0;

	for (uint32_t i = 0; i <= sources->mask; i++)
		count += sources->entries[i].tag != 0;
	return count;
}

static void a_source_unheard_of_has_nothing(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct source_state found = read_one(sources, 1);

	assert_int_equal(found.clients, 0);
	assert_int_equal(found.bucket_full_ns, 0);
	assert_int_equal(found.refused_until_ns, 0);
}

static void counts_are_exact_through_any_order_of_comings_and_goings(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	uint32_t held[100] = { 0 };
	unsigned int chance = 1;

	for (int i = 0; i < 100000; i++) {
		uint32_t who;

		chance = chance * 1103515245 + 12345;
		who = (chance >> 16) % 100;
		if (held[who] > 0 && chance & 0x40000000) {
			sources_remove_client(enter(sources, who, NOW + i));
			held[who]--;
		} else {
			sources_add_client(enter(sources, who, NOW + i));
			held[who]++;
		}
	}
	for (uint32_t who = 0; who < 100; who++)
		assert_int_equal(read_one(sources, who).clients, held[who]);
	assert_int_equal(sources->untracked, 0);
	assert_int_equal(used(sources), 100);
}

static void an_entry_keeps_its_place_while_its_client_is_in_hand(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct source_entry *entry = enter(sources, 1, NOW);

	sources_add_client(entry);
	for (uint32_t i = 2; i < 200000; i++)
		enter(sources, i, NOW + i);
	assert_ptr_equal(enter(sources, 1, NOW + 200000), entry);
	assert_int_equal(read_one(sources, 1).clients, 1);
}

static void a_flood_of_a_million_sources_stays_within_the_bound(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;

	for (uint32_t i = 0; i < 1000000; i++) {
		struct source_entry *entry = enter(sources, i, NOW + i);

		assert_non_null(entry);
		sources_add_client(entry);
		sources_remove_client(entry);
	}
	assert_int_equal(sources->untracked, 0);
	assert_in_range(used(sources), 1, CAPACITY);
	assert_int_equal(read_one(sources, 999999).clients, 0);
}

/* Everybody holds a client: nothing can be forgotten, so who is new is let in untracked, and counted. */
static void when_all_entries_are_of_use_the_newest_stay_untracked(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	uint32_t tracked = 0;

	for (uint32_t i = 0; i < 100000; i++) {
		struct source_entry *entry = enter(sources, i, NOW + i);

		sources_add_client(entry);
		tracked += entry != NULL;
	}
	assert_int_equal(tracked + sources->untracked, 100000);
	assert_in_range(tracked, CAPACITY * 9 / 10, CAPACITY);
	assert_int_equal(used(sources), tracked);
	sources_remove_client(NULL);
}

static void a_table_half_full_tracks_everybody(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;

	for (uint32_t i = 0; i < CAPACITY / 2; i++)
		sources_add_client(enter(sources, i, NOW + i));
	assert_int_equal(sources->untracked, 0);
}

static void a_penalty_is_not_flooded_away_until_it_has_run_off(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct penalty_config config = { .crash_ms = 20000 };

	sources_punish(&config, enter(sources, 1, NOW), 20000, NOW);
	for (uint32_t i = 2; i < 200000; i++)
		enter(sources, i, NOW + i);
	assert_true(penalty_holds(read_one(sources, 1).refused_until_ns, NOW + 19 * NS_PER_SEC));
	for (uint32_t i = 2; i < 200000; i++)
		enter(sources, i, NOW + 20 * NS_PER_SEC + i);
	assert_int_equal(read_one(sources, 1).refused_until_ns, 0);
}

/* Also one that is not enforced yet: three clients may come from three addresses in between. */
static void small_offences_are_remembered_between_clients(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct penalty_config config = { .timeout_ms = 5000 };

	for (int i = 0; i < 3; i++) {
		assert_false(penalty_holds(read_one(sources, 1).refused_until_ns, NOW));
		sources_punish(&config, enter(sources, 1, NOW), 5000, NOW);
		for (uint32_t j = 2; j < 5000; j++)
			enter(sources, j, NOW + j);
	}
	assert_true(penalty_holds(read_one(sources, 1).refused_until_ns, NOW));
	sources_punish(&config, NULL, 5000, NOW);
}

/* An idle entry with a full bucket goes before one whose bucket is not. */
static void what_says_least_is_forgotten_first(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct sources small;
	struct source_entry *worthless;

	sources_init(&small, sources->entries, SOURCES_WINDOW, &secret);
	for (uint32_t i = 0; i < SOURCES_WINDOW; i++)
		enter(&small, i, NOW + i)->bucket_full_ns = NOW + 1000000;
	worthless = enter(&small, 7, NOW + 100);
	worthless->bucket_full_ns = 0;
	assert_ptr_equal(enter(&small, 100, NOW + 101), worthless);
	worthless->bucket_full_ns = NOW + 1000000;
	enter(&small, 101, NOW + 102);
	/* Now the one that was not seen for longest. */
	assert_false(atomic_load(&small.entries[0].tag) == 0);
	assert_int_equal(read_one(&small, 0).bucket_full_ns, 0);
	assert_int_equal(read_one(&small, 1).bucket_full_ns, NOW + 1000000);
}

static void a_forgotten_source_leaves_nothing_to_its_successor(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct sources small;
	struct source_entry *entry;

	sources_init(&small, sources->entries, 1, &secret);
	entry = enter(&small, 1, NOW);
	entry->bucket_full_ns = NOW + 1;
	entry->offences_until_ns = NOW + 1;
	entry->refused_until_ns = NOW + 1;
	assert_null(enter(&small, 2, NOW));
	assert_ptr_equal(enter(&small, 2, NOW + 2), entry);
	assert_int_equal(entry->bucket_full_ns, 0);
	assert_int_equal(entry->refused_until_ns, 0);
	assert_int_equal(entry->offences_until_ns, 0);
}

static void tables_of_one_secret_agree_on_tags_and_of_two_do_not(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct hash_secret another = { { 1, 2 } };
	struct source_key key = source(1);
	struct sources same, other;

	sources_init(&same, sources->entries, 16, &secret);
	sources_init(&other, sources->entries, 16, &another);
	assert_true(sources_tag(sources, &key) == sources_tag(&same, &key));
	assert_true(sources_tag(sources, &key) != sources_tag(&other, &key));
}

static void counts_saturate(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct source_entry *entry = enter(sources, 1, NOW);

	sources_remove_client(entry);
	assert_int_equal(entry->clients, 0);
	entry->clients = UINT32_MAX;
	sources_add_client(entry);
	assert_int_equal(entry->clients, UINT32_MAX);
}

/* A worker that was taken over writes what it likes into its page. */
static void a_reader_survives_any_memory(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct bucket_rate rate = bucket_rate_of(60, 10);
	struct penalty_config config = { .crash_ms = 1000 };
	unsigned char *bytes = (unsigned char *)sources->entries;
	struct sources before = *sources;
	unsigned int chance = 4711;

	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < sources_size(CAPACITY); i++) {
			chance = chance * 1103515245 + 12345;
			bytes[i] = round == 0 ? 0xff : (unsigned char)(chance >> 16);
		}
		for (uint32_t i = 0; i < 1000; i++) {
			struct source_state found = read_one(sources, i);
			struct source_entry *entry = enter(sources, i, NOW);

			bucket_has_token(&rate, found.bucket_full_ns, NOW);
			sources_add_client(entry);
			sources_punish(&config, entry, 1000, NOW);
		}
	}
	assert_memory_equal(&before.entries, &sources->entries, offsetof(struct sources, untracked));
}

/* The same tag in every entry, so that whatever is found is a lie: it is found once, within the window. */
static void a_reader_finds_one_entry_at_most(void **state)
{
	struct sources *sources = &((struct fixture *)*state)->sources;
	struct source_key key = source(1);

	for (uint32_t i = 0; i < CAPACITY; i++) {
		sources->entries[i].tag = sources_tag(sources, &key);
		sources->entries[i].clients = 3;
	}
	assert_int_equal(read_one(sources, 1).clients, 3);
	assert_int_equal(read_one(sources, 2).clients, 0);
}

static void the_size_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(sources_size(0), 64);
	assert_int_equal(sources_size(1), 64);
	assert_int_equal(sources_size(1000), 1024 * 64);
	assert_int_equal(sources_size(UINT32_MAX), (size_t)64 << 24);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TABLE(a_source_unheard_of_has_nothing),
		WITH_TABLE(counts_are_exact_through_any_order_of_comings_and_goings),
		WITH_TABLE(an_entry_keeps_its_place_while_its_client_is_in_hand),
		WITH_TABLE(a_flood_of_a_million_sources_stays_within_the_bound),
		WITH_TABLE(when_all_entries_are_of_use_the_newest_stay_untracked),
		WITH_TABLE(a_table_half_full_tracks_everybody),
		WITH_TABLE(a_penalty_is_not_flooded_away_until_it_has_run_off),
		WITH_TABLE(small_offences_are_remembered_between_clients),
		WITH_TABLE(what_says_least_is_forgotten_first),
		WITH_TABLE(a_forgotten_source_leaves_nothing_to_its_successor),
		WITH_TABLE(tables_of_one_secret_agree_on_tags_and_of_two_do_not),
		WITH_TABLE(counts_saturate),
		WITH_TABLE(a_reader_survives_any_memory),
		WITH_TABLE(a_reader_finds_one_entry_at_most),
		cmocka_unit_test(the_size_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
