/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know, although 003 writes it down: listen(1). A client costs --work, and they are taken
 * one after another. The mistake: a queue for two (the kernel allows one more than it is told). How it shows: of
 * ten clients at once, most do not even connect: their SYN is dropped without a word and sent again after 1 s, 2 s,
 * … They wait for seconds, although the work for all of them takes half a second, and the server idles in between.
 */
#include "lab/servers/laboratory.h"

#include <sys/socket.h>
#include <unistd.h>

static const char http_response[] = "HTTP/1.1 200 OK\n\nHello, World!\n";

static void handle_request(int connection, unsigned int work_ms)
{
	char request[1024];

	recv(connection, request, sizeof(request), 0);
	laboratory_sleep(work_ms);
	send(connection, http_response, sizeof(http_response) - 1, 0);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 50);
	const int listener = laboratory_listen(&laboratory, 1); /* the mistake: a crowd does not fit in */
	unsigned int clients = 0;

	for (;;) {
		const int connection = accept(listener, NULL, NULL);

		if (connection < 0)
			laboratory_fail("accept");
		laboratory_log("Client %u", ++clients);
		handle_request(connection, laboratory.work_ms);
		close(connection);
	}
}
