/* SPDX-License-Identifier: MIT */
/* Claims about source addresses: on loopback there are always more, and no two processes share one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "load/origin.h"

/* Where a connection of it would come from: "0.0.0.0" if that is left to the kernel. */
static const char *source(struct origin *origin, const char *server_text)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(9) }, bound;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char text[INET_ADDRSTRLEN];
	socklen_t size = sizeof bound;

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, server_text, &server.sin_addr), 1);
	assert_int_equal(origin_bind(origin, fd, (struct sockaddr *)&server), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &size), 0);
	close(fd);
	inet_ntop(AF_INET, &bound.sin_addr, text, sizeof text);
	return text;
}

static void the_first_connections_need_no_address(void **state)
{
	struct origin origin = { .processes = 1 };

	(void)state;
	assert_string_equal(source(&origin, "127.0.0.1"), "0.0.0.0");
	assert_int_equal(origin.made, 1);
	origin.made = ORIGIN_PORTS - 1;
	assert_string_equal(source(&origin, "127.0.0.1"), "0.0.0.0");
	assert_string_equal(source(&origin, "127.0.0.1"), "127.0.0.2");
}

static void addresses_go_on_without_networks_and_broadcasts(void **state)
{
	struct origin origin = { .processes = 1 };

	(void)state;
	origin.made = UINT64_C(253) * ORIGIN_PORTS;
	assert_string_equal(source(&origin, "127.0.0.1"), "127.0.0.254");
	origin.made = UINT64_C(254) * ORIGIN_PORTS;
	assert_string_equal(source(&origin, "127.0.0.1"), "127.0.1.1");
	/* Around, when the first ports are long free again. */
	origin.made = UINT64_C(1001) * ORIGIN_PORTS;
	assert_string_equal(source(&origin, "127.0.0.1"), "127.0.0.2");
}

static void no_two_processes_share_an_address(void **state)
{
	struct origin first = { .processes = 2, .process = 0 }, second = { .processes = 2, .process = 1 };

	(void)state;
	assert_string_equal(source(&first, "127.0.0.1"), "0.0.0.0");
	assert_string_equal(source(&second, "127.0.0.1"), "127.0.0.2");
	first.made = second.made = ORIGIN_PORTS;
	assert_string_equal(source(&first, "127.0.0.1"), "127.0.0.3");
	assert_string_equal(source(&second, "127.0.0.1"), "127.0.0.4");
}

static void elsewhere_the_kernel_chooses(void **state)
{
	struct origin origin = { .processes = 3, .process = 2, .made = UINT64_C(5) * ORIGIN_PORTS };

	(void)state;
	assert_string_equal(source(&origin, "192.0.2.1"), "0.0.0.0");
	assert_string_equal(source(&origin, "127.255.0.1"), "127.0.0.18");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_connections_need_no_address),
		cmocka_unit_test(addresses_go_on_without_networks_and_broadcasts),
		cmocka_unit_test(no_two_processes_share_an_address),
		cmocka_unit_test(elsewhere_the_kernel_chooses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
