/* SPDX-License-Identifier: MIT */
/* From what the user declared to what is in effect: defaults, bounds, and the sizes that callers pass along. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine.h"

static int handle(struct brood_conn *conn, void *app)
{
	(void)conn, (void)app;
	return 0;
}

static int effective(const struct brood_service *service, struct brood_service *ret_service, struct sentence *ret_why)
{
	ret_why->text[0] = '\0';
	return engine_effective(service, sizeof *service, ret_service, ret_why);
}

/* Refused, by one sentence that says what it is about; the output is untouched. */
static void assert_refused(const struct brood_service *service, const char *about)
{
	struct brood_service untouched = { .backlog = 4711 };
	struct sentence why;

	assert_int_equal(effective(service, &untouched, &why), -EINVAL);
	assert_non_null(strstr(why.text, about));
	assert_null(strchr(why.text, '\n'));
	assert_int_equal(untouched.backlog, 4711);
}

static void zero_is_the_default_everywhere(void **state)
{
	struct brood_service service;
	struct sentence why;

	(void)state;
	assert_int_equal(effective(&(struct brood_service){ .handler = { .handle = handle } }, &service, &why), 0);
	assert_string_equal(service.name, "service");
	assert_int_equal(service.model, BROOD_FORK);
	assert_int_equal(service.workers, 40);
	assert_int_equal(service.threads, 64);
	assert_int_equal(service.backlog, 4096);
	assert_int_equal(service.max_packet, 65507);
	assert_int_equal(service.stack_kib, BROOD_STACK_KIB);
	assert_int_equal(service.first_byte_timeout_ms, 30000);
	assert_int_equal(service.idle_timeout_ms, 300000);
	assert_int_equal(service.request_timeout_ms, BROOD_OFF);
	assert_int_equal(service.write_timeout_ms, 30000);
	assert_int_equal(service.total_timeout_ms, BROOD_OFF);
	assert_int_equal(service.linger_ms, 1000);
	assert_int_equal(service.drain_timeout_ms, 30000);
	assert_int_equal(service.load_timeout_ms, 30000);
	assert_int_equal(service.kill_after_ms, 5000);
	assert_int_equal(service.idle_ms, BROOD_OFF);
}

static void what_is_given_stays(void **state)
{
	struct brood_service given = { .name = "calc",
		.workers = 7,
		.idle_timeout_ms = 1,
		.total_timeout_ms = 250,
		.write_timeout_ms = BROOD_OFF,
		.handler = { .handle = handle } };
	struct brood_service service;
	struct sentence why;

	(void)state;
	assert_int_equal(effective(&given, &service, &why), 0);
	assert_string_equal(service.name, "calc");
	assert_int_equal(service.workers, 7);
	assert_int_equal(service.idle_timeout_ms, 1);
	assert_int_equal(service.total_timeout_ms, 250);
	assert_int_equal(service.write_timeout_ms, BROOD_OFF);
	assert_ptr_equal(service.handler.handle, handle);
}

static void each_number_has_its_bounds(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		int max;
		bool may_be_off;
	} numbers[] = {
		{ "workers", offsetof(struct brood_service, workers), 100000, false },
		{ "threads", offsetof(struct brood_service, threads), 10000, false },
		{ "backlog", offsetof(struct brood_service, backlog), 65535, false },
		{ "max_packet", offsetof(struct brood_service, max_packet), 65507, false },
		{ "stack_kib", offsetof(struct brood_service, stack_kib), 1024 * 1024, false },
		{ "first_byte_timeout_ms", offsetof(struct brood_service, first_byte_timeout_ms), 604800000, true },
		{ "idle_timeout_ms", offsetof(struct brood_service, idle_timeout_ms), 604800000, true },
		{ "request_timeout_ms", offsetof(struct brood_service, request_timeout_ms), 604800000, true },
		{ "write_timeout_ms", offsetof(struct brood_service, write_timeout_ms), 604800000, true },
		{ "total_timeout_ms", offsetof(struct brood_service, total_timeout_ms), 604800000, true },
		{ "linger_ms", offsetof(struct brood_service, linger_ms), 604800000, true },
		{ "drain_timeout_ms", offsetof(struct brood_service, drain_timeout_ms), 604800000, true },
		{ "load_timeout_ms", offsetof(struct brood_service, load_timeout_ms), 604800000, true },
		{ "kill_after_ms", offsetof(struct brood_service, kill_after_ms), 604800000, true },
		{ "idle_ms", offsetof(struct brood_service, idle_ms), 604800000, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct brood_service service = { .handler = { .handle = handle } }, ignored;
		int *value = (int *)(void *)((char *)&service + numbers[i].offset);
		struct sentence why;

		*value = numbers[i].max;
		assert_int_equal(effective(&service, &ignored, &why), 0);
		*value = BROOD_OFF;
		assert_int_equal(effective(&service, &ignored, &why), numbers[i].may_be_off ? 0 : -EINVAL);
		*value = INT_MIN;
		assert_refused(&service, numbers[i].name);
		*value = numbers[i].max + 1;
		assert_refused(&service, numbers[i].name);
	}
}

static void sizes_of_memory_have_bounds(void **state)
{
	(void)state;
	assert_refused(
		&(struct brood_service){ .state_size = SIZE_MAX, .handler = { .handle = handle } }, "state_size");
	assert_refused(&(struct brood_service){ .refusal_size = 4097, .handler = { .handle = handle } }, "refusal");
	assert_refused(
		&(struct brood_service){ .last_words_size = 4097, .handler = { .handle = handle } }, "last_words");
}

static void a_service_needs_a_handler_and_a_model_that_exists(void **state)
{
	(void)state;
	assert_refused(&(struct brood_service){ .name = "mute" }, "mute");
	assert_refused(
		&(struct brood_service){ .model = (enum brood_model)99, .handler = { .handle = handle } }, "99");
	assert_refused(
		&(struct brood_service){ .model = (enum brood_model) - 1, .handler = { .handle = handle } }, "model");
	assert_null(engine_model_name((enum brood_model)5));
	assert_string_equal(engine_model_name(BROOD_THREAD), "thread");
}

/* An option that the model cannot honour is an error, never ignored. */
static void workers_are_for_models_that_have_them(void **state)
{
	struct brood_service service = { .workers = 2, .handler = { .handle = handle } }, ignored;
	struct sentence why;

	(void)state;
	service.model = BROOD_ITERATIVE;
	assert_refused(&service, "iterative");
	service.model = BROOD_THREAD;
	assert_refused(&service, "threads instead");
	service.workers = 1;
	assert_int_equal(effective(&service, &ignored, &why), 0);
}

static void a_pool_has_a_fixed_size_or_a_range(void **state)
{
	struct brood_service service = { .model = BROOD_PREFORK, .handler = { .handle = handle } }, it;
	struct sentence why;

	(void)state;
	assert_int_equal(effective(&service, &it, &why), 0);
	assert_int_equal(it.workers_min, 8);
	assert_int_equal(it.workers_max, 8);
	service.workers = 3;
	assert_int_equal(effective(&service, &it, &why), 0);
	assert_int_equal(it.workers_min, 3);
	assert_int_equal(it.workers_max, 3);
	service.workers_max = 9;
	assert_refused(&service, "leave it out");
	service.workers = 0;
	assert_int_equal(effective(&service, &it, &why), 0);
	assert_int_equal(it.workers_min, 1);
	assert_int_equal(it.workers, 9);
	assert_int_equal(it.workers_spare, 3);
	service.workers_min = 10;
	assert_refused(&service, "more than workers_max");
	service.workers_max = 0;
	assert_refused(&service, "need workers_max");
}

static void one_request_for_each_worker_is_one_shot(void **state)
{
	struct brood_service service = { .model = BROOD_PREFORK, .max_requests = 1, .handler = { .handle = handle } },
			     it;
	struct sentence why;

	(void)state;
	assert_int_equal(effective(&service, &it, &why), 0);
	assert_int_equal(it.fresh, BROOD_ONESHOT);
}

static void what_only_standing_workers_can_honour_is_refused_elsewhere(void **state)
{
	static const struct brood_service refused[] = {
		{ .fresh = BROOD_ONESHOT },
		{ .workers_max = 4 },
		{ .max_requests = 100 },
		{ .recycle_memory_kib = 1024 },
		{ .model = BROOD_THREAD, .max_memory_kib = 1024 },
		{ .model = BROOD_EVENT, .workers_max = 4 },
		{ .model = BROOD_EVENT, .fresh = BROOD_ONESHOT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct brood_service service = refused[i];

		service.handler.handle = handle;
		assert_refused(&service, "prefork");
	}
}

static void an_older_callers_unknown_fields_are_zero(void **state)
{
	struct brood_service service;
	struct brood_service given = { .handler = { .handle = handle } };
	struct sentence why = { "" };
	const size_t known = offsetof(struct brood_service, handler) + offsetof(struct brood_handler, setup);

	(void)state;
	/* Behind what it knows lies whatever lies there. */
	given.handler.verify = handle;
	given.handler.setup = handle;
	given.handler.handle = handle;
	assert_int_equal(engine_effective(&given, known, &service, &why), -EINVAL);
	assert_non_null(strstr(why.text, "handle is NULL"));
	assert_int_equal(engine_effective(&given, sizeof given - sizeof given.handler.reserved, &service, &why), 0);
	for (size_t i = 0; i < sizeof service.handler.reserved / sizeof *service.handler.reserved; i++)
		assert_null(service.handler.reserved[i]);
}

static void a_newer_caller_is_refused(void **state)
{
	static const struct {
		struct brood_service service;
		int unknown;
	} newer = { .service = { .handler = { .handle = handle } }, .unknown = 1 };
	struct brood_service service;
	struct sentence why = { "" };

	(void)state;
	assert_int_equal(engine_effective(&newer.service, sizeof newer, &service, &why), -EINVAL);
	assert_non_null(strstr(why.text, "newer"));
	assert_int_equal(newer.unknown, 1);
}

static void slots_are_as_many_as_connections_may_be_out_after_a_resize(void **state)
{
	struct brood_service service = { .workers = 12, .threads = 34 };

	(void)state;
	assert_int_equal(engine_slots(&service), 12 + 12);
	service.model = BROOD_THREAD;
	assert_int_equal(engine_slots(&service), 34 + 34);
	service.model = BROOD_ITERATIVE;
	assert_int_equal(engine_slots(&service), 41); /* one, and what it leaves to children */
}

/* Beyond what the model serves at once clients wait: such a limit would refuse nobody. */
static void a_limit_on_clients_fits_what_the_model_serves(void **state)
{
	struct brood_service given = { .workers = 12, .max_clients = 12, .handler = { .handle = handle } }, service;
	struct sentence why;

	(void)state;
	assert_int_equal(effective(&given, &service, &why), 0);
	given.max_clients = 13;
	assert_refused(&given, "max_clients is 13, but model fork serves 12 at once");
	given = (struct brood_service){ .model = BROOD_THREAD, .max_clients = 65, .handler = { .handle = handle } };
	assert_refused(&given, "max_clients is 65, but model thread serves 64 at once");
	given = (struct brood_service){ .model = BROOD_PREFORK, .max_clients = 9, .handler = { .handle = handle } };
	assert_refused(&given, "max_clients is 9, but model prefork serves 8 at once");
}

static void a_list_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_refused(
		&(struct brood_service){ .deny = "::1/129", .handler = { .handle = handle } }, "deny: '::1/129'");
}

static void several_sockets_for_an_address_are_for_event_alone_and_bounded(void **state)
{
	struct brood_service given = { .handler = { .handle = handle }, .model = BROOD_EVENT, .workers = 4 }, service;
	struct sentence why;

	(void)state;
	given.listen = "tcp://127.0.0.1:0?reuseport=8 udp://127.0.0.1:0?reuseport=on unix:@x";
	assert_int_equal(effective(&given, &service, &why), 0);
	given.listen = "tcp://127.0.0.1:0?reuseport=8 udp://127.0.0.1:0?reuseport=9";
	assert_refused(&given, "17 sockets");
	given.listen = "tcp://127.0.0.1:1 tcp://127.0.0.1:0?reuseport=2";
	given.model = BROOD_PREFORK;
	assert_refused(&given, "reuseport, which model prefork does not know");
	given.model = BROOD_FORK;
	assert_refused(&given, "reuseport, which model fork does not know");
	given.listen = "tcp://127.0.0.1:1";
	assert_int_equal(effective(&given, &service, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_is_the_default_everywhere),
		cmocka_unit_test(what_is_given_stays),
		cmocka_unit_test(each_number_has_its_bounds),
		cmocka_unit_test(sizes_of_memory_have_bounds),
		cmocka_unit_test(a_service_needs_a_handler_and_a_model_that_exists),
		cmocka_unit_test(workers_are_for_models_that_have_them),
		cmocka_unit_test(a_pool_has_a_fixed_size_or_a_range),
		cmocka_unit_test(one_request_for_each_worker_is_one_shot),
		cmocka_unit_test(what_only_standing_workers_can_honour_is_refused_elsewhere),
		cmocka_unit_test(an_older_callers_unknown_fields_are_zero),
		cmocka_unit_test(a_newer_caller_is_refused),
		cmocka_unit_test(slots_are_as_many_as_connections_may_be_out_after_a_resize),
		cmocka_unit_test(a_limit_on_clients_fits_what_the_model_serves),
		cmocka_unit_test(a_list_that_is_none_is_refused),
		cmocka_unit_test(several_sockets_for_an_address_are_for_event_alone_and_bounded),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
