/* SPDX-License-Identifier: MIT */
/* Claims about limits: what a service may ask for, and whom each limit refuses, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "limits/limits.h"

#define NOW                           (1000 * NS_PER_SEC)

#define PARSED(...)                   parsed(&(struct brood_service){ .name = "s", __VA_ARGS__ })
#define ASSERT_REFUSED(sentence, ...) assert_refused(&(struct brood_service){ .name = "s", __VA_ARGS__ }, sentence)
#define DECIDED(config, peer, ...)    decided((config), (peer), &(struct limits_facts){ .now_ns = NOW, __VA_ARGS__ })

static struct limits_config parsed(const struct brood_service *service)
{
	struct sentence why = { "" };
	struct limits_config config;

	if (limits_parse(&config, service, &why) < 0)
		fail_msg("%s", why.text);
	return config;
}

static void assert_refused(const struct brood_service *service, const char *sentence)
{
	struct limits_config config = { .max_clients = 4711 };
	struct sentence why = { "" };

	assert_int_equal(limits_parse(&config, service, &why), -EINVAL);
	assert_string_equal(why.text, sentence);
	assert_int_equal(config.max_clients, 4711);
}

static struct source_key peer_at(const char *block)
{
	struct cidr_list list;

	assert_int_equal(cidr_parse(block, &list, NULL), 0);
	return list.block[0];
}

static enum end_reason decided(
	const struct limits_config *config, struct source_key peer, const struct limits_facts *facts)
{
	return limits_decide(config, &peer, facts);
}

static void without_limits_there_is_nothing_to_decide(void **state)
{
	struct source_key peer = peer_at("192.0.2.1");
	struct limits_config none = PARSED(.source_burst = 10, .source_prefix4 = 32, .early_drop_percent = 30),
			     off = PARSED(.max_clients = BROOD_OFF, .max_per_source = BROOD_OFF,
				     .penalty_crash_ms = BROOD_OFF, .early_drop_from = BROOD_OFF,
				     .reserved = BROOD_OFF, .queue_timeout_ms = BROOD_OFF);

	(void)state;
	assert_false(none.any);
	assert_false(off.any);
	assert_false(limits_per_source(&none));
	assert_true(PARSED(.dry_run_limits = 1).dry_run);
	assert_false(PARSED(.dry_run_limits = BROOD_OFF).dry_run);
	assert_int_equal(DECIDED(&off, peer, .clients = 1000000, .source_clients = 1000000), END_NONE);
}

static void each_limit_alone_is_something_to_decide(void **state)
{
	(void)state;
	assert_true(PARSED(.max_clients = 1).any);
	assert_true(PARSED(.max_per_source = 1).any);
	assert_true(PARSED(.source_rate_per_min = 1).any);
	assert_true(PARSED(.penalty_crash_ms = 1).any);
	assert_true(PARSED(.penalty_timeout_ms = 1).any);
	assert_true(PARSED(.penalty_blame_ms = 1).any);
	assert_true(PARSED(.queue_timeout_ms = 1).any);
	assert_true(PARSED(.allow = "::1").any);
	assert_true(PARSED(.deny = "::1").any);
}

static void wrong_settings_are_refused_with_a_sentence(void **state)
{
	(void)state;
	ASSERT_REFUSED("service s: allow: 'x' is no address: write 192.0.2.0/24, 2001:db8::/32, uid:1000 or unix",
		.allow = "x");
	ASSERT_REFUSED("service s: deny: 'uid:x' is no user: write uid:NUMBER", .deny = "::1 uid:x");
	ASSERT_REFUSED("service s: exempt: '::/x' has no right prefix: write a number from 0 to 128 behind the /",
		.exempt = "::/x");
	ASSERT_REFUSED("service s: reserved and reserved_for need each other", .max_clients = 10, .reserved = 2);
	ASSERT_REFUSED("service s: reserved and reserved_for need each other", .reserved_for = "::1");
	ASSERT_REFUSED("service s: reserved is 10; it must be less than max_clients, which is 10", .max_clients = 10,
		.reserved = 10, .reserved_for = "::1");
	ASSERT_REFUSED("service s: early_drop_from is 5, but there is no max_clients to drop all clients at",
		.early_drop_from = 5);
	ASSERT_REFUSED("service s: early_drop_from is 8; it must be below 8, where all are dropped",
		.max_clients = 10, .reserved = 2, .reserved_for = "::1", .early_drop_from = 8);
	ASSERT_REFUSED("service s: early_drop_percent is 101; it must be between 1 and 100", .max_clients = 10,
		.early_drop_from = 5, .early_drop_percent = 101);
	ASSERT_REFUSED("service s: source_prefix4 is 33 and source_prefix6 is 64; they are at most 32 and 128",
		.source_prefix4 = 33);
}

static void deny_wins_over_allow(void **state)
{
	struct limits_config config = PARSED(.allow = "192.0.2.0/24", .deny = "192.0.2.7 2001:db8::/32");

	(void)state;
	assert_int_equal(DECIDED(&config, peer_at("192.0.2.1")), END_NONE);
	assert_int_equal(DECIDED(&config, peer_at("192.0.2.7")), END_REFUSED_BY_LIST);
	assert_int_equal(DECIDED(&config, peer_at("192.0.3.1")), END_REFUSED_BY_LIST);
	assert_int_equal(DECIDED(&config, peer_at("2001:db8::1")), END_REFUSED_BY_LIST);
}

static void without_allow_all_but_the_denied_may_come(void **state)
{
	struct limits_config config = PARSED(.deny = "192.0.2.0/24");

	(void)state;
	assert_int_equal(DECIDED(&config, peer_at("192.0.2.1")), END_REFUSED_BY_LIST);
	assert_int_equal(DECIDED(&config, peer_at("192.0.3.1")), END_NONE);
	assert_int_equal(DECIDED(&config, peer_at("unix")), END_NONE);
}

static void max_clients_is_exact(void **state)
{
	struct source_key peer = peer_at("192.0.2.1");
	struct limits_config config = PARSED(.max_clients = 10);

	(void)state;
	assert_int_equal(DECIDED(&config, peer, .clients = 9), END_NONE);
	assert_int_equal(DECIDED(&config, peer, .clients = 10), END_REFUSED_FULL);
}

static void reserved_places_are_for_whom_they_are_reserved(void **state)
{
	struct source_key guest = peer_at("192.0.2.1"), admin = peer_at("uid:0");
	struct limits_config config = PARSED(.max_clients = 10, .reserved = 2, .reserved_for = "uid:0");

	(void)state;
	assert_int_equal(DECIDED(&config, guest, .clients = 7), END_NONE);
	assert_int_equal(DECIDED(&config, guest, .clients = 8), END_REFUSED_FULL);
	assert_int_equal(DECIDED(&config, admin, .clients = 9), END_NONE);
	assert_int_equal(DECIDED(&config, admin, .clients = 10), END_REFUSED_FULL);
}

static void a_source_has_its_own_bound_rate_and_penalty(void **state)
{
	struct source_key peer = peer_at("192.0.2.1");
	struct limits_config config =
		PARSED(.max_per_source = 3, .source_rate_per_min = 60, .source_burst = 2, .penalty_crash_ms = 1);

	(void)state;
	assert_int_equal(DECIDED(&config, peer, .source_clients = 2), END_NONE);
	assert_int_equal(DECIDED(&config, peer, .source_clients = 3), END_REFUSED_PER_SOURCE);
	assert_int_equal(DECIDED(&config, peer, .bucket_full_ns = NOW + NS_PER_SEC), END_NONE);
	assert_int_equal(DECIDED(&config, peer, .bucket_full_ns = NOW + NS_PER_SEC + 1), END_REFUSED_RATE);
	assert_int_equal(DECIDED(&config, peer, .refused_until_ns = NOW), END_NONE);
	assert_int_equal(DECIDED(&config, peer, .refused_until_ns = NOW + 1), END_REFUSED_PENALTY);
}

static void who_cannot_be_told_from_others_has_no_limit_per_source(void **state)
{
	struct source_key peer = peer_at("unix");
	struct limits_config config = PARSED(.max_per_source = 1, .source_rate_per_min = 1, .penalty_crash_ms = 1);

	(void)state;
	assert_int_equal(DECIDED(&config, peer, .source_clients = 9, .refused_until_ns = INT64_MAX,
				 .bucket_full_ns = INT64_MAX),
		END_NONE);
}

static void the_exempt_are_bound_by_lists_and_max_clients_alone(void **state)
{
	struct source_key peer = peer_at("192.0.2.1");
	struct limits_config config = PARSED(.exempt = "192.0.2.0/24", .max_per_source = 1, .source_rate_per_min = 1,
		.penalty_crash_ms = 1, .max_clients = 100, .early_drop_from = 1, .early_drop_percent = 100,
		.queue_timeout_ms = 1, .deny = "192.0.2.7");

	(void)state;
	assert_int_equal(DECIDED(&config, peer, .clients = 99, .source_clients = 99, .refused_until_ns = INT64_MAX,
				 .bucket_full_ns = INT64_MAX, .queue_wait.us = 1000000),
		END_NONE);
	assert_int_equal(DECIDED(&config, peer, .clients = 100), END_REFUSED_FULL);
	assert_int_equal(DECIDED(&config, peer_at("192.0.2.7")), END_REFUSED_BY_LIST);
}

static void early_drop_ends_where_the_reserved_places_begin(void **state)
{
	struct source_key guest = peer_at("192.0.2.1"), admin = peer_at("uid:0");
	struct limits_config config = PARSED(.max_clients = 10, .reserved = 2, .reserved_for = "uid:0",
		.early_drop_from = 4, .early_drop_percent = 50);

	(void)state;
	assert_int_equal(DECIDED(&config, guest, .clients = 3, .random = 0), END_NONE);
	assert_int_equal(DECIDED(&config, guest, .clients = 4, .random = 0), END_REFUSED_EARLY);
	assert_int_equal(DECIDED(&config, guest, .clients = 4, .random = UINT32_MAX), END_NONE);
	/* Three of four steps to 8: 87.5 of a hundred. */
	assert_int_equal(
		DECIDED(&config, guest, .clients = 7, .random = (uint32_t)(0.87 * UINT32_MAX)), END_REFUSED_EARLY);
	assert_int_equal(DECIDED(&config, guest, .clients = 7, .random = (uint32_t)(0.88 * UINT32_MAX)), END_NONE);
	assert_int_equal(DECIDED(&config, admin, .clients = 9, .random = 0), END_NONE);
}

static void who_waited_too_long_is_refused(void **state)
{
	struct source_key peer = peer_at("192.0.2.1");
	struct limits_config config = PARSED(.queue_timeout_ms = 2000);

	(void)state;
	assert_int_equal(DECIDED(&config, peer, .queue_wait = queue_wait_tcp(2000)), END_NONE);
	assert_int_equal(DECIDED(&config, peer, .queue_wait = queue_wait_tcp(2001)), END_REFUSED_QUEUE_TIME);
	assert_int_equal(DECIDED(&config, peer, .queue_wait = QUEUE_WAIT_UNKNOWN), END_NONE);
}

/* So that the line in the log names the source's doing, and not the crowd it is part of. */
static void what_a_source_did_is_told_before_what_the_service_lacks(void **state)
{
	struct source_key peer = peer_at("192.0.2.1");
	struct limits_config config = PARSED(.max_clients = 10, .max_per_source = 3, .penalty_crash_ms = 1);

	(void)state;
	assert_int_equal(DECIDED(&config, peer, .clients = 10, .source_clients = 3, .refused_until_ns = NOW + 1),
		END_REFUSED_PENALTY);
	assert_int_equal(DECIDED(&config, peer, .clients = 10, .source_clients = 3), END_REFUSED_PER_SOURCE);
	assert_int_equal(DECIDED(&config, peer, .clients = 10), END_REFUSED_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_limits_there_is_nothing_to_decide),
		cmocka_unit_test(each_limit_alone_is_something_to_decide),
		cmocka_unit_test(wrong_settings_are_refused_with_a_sentence),
		cmocka_unit_test(deny_wins_over_allow),
		cmocka_unit_test(without_allow_all_but_the_denied_may_come),
		cmocka_unit_test(max_clients_is_exact),
		cmocka_unit_test(reserved_places_are_for_whom_they_are_reserved),
		cmocka_unit_test(a_source_has_its_own_bound_rate_and_penalty),
		cmocka_unit_test(who_cannot_be_told_from_others_has_no_limit_per_source),
		cmocka_unit_test(the_exempt_are_bound_by_lists_and_max_clients_alone),
		cmocka_unit_test(early_drop_ends_where_the_reserved_places_begin),
		cmocka_unit_test(who_waited_too_long_is_refused),
		cmocka_unit_test(what_a_source_did_is_told_before_what_the_service_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
