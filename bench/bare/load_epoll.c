/* SPDX-License-Identifier: MIT */
/*
 * The floor of a client: CLIENTS connections that stay, a block of 64 bytes each, sent again when it has come
 * back, until COUNT of them have. Three system calls a request at most, the clock looked at twice, as whoever
 * measures must. It knows neither errors nor time limits. What brood load is measured against.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, BLOCK_SIZE = 64, CLIENTS_MAX = 10000, LIFETIME_S = 60 };

struct client {
	int fd;
	size_t received;
	int64_t sent_ns;
};

static char block[BLOCK_SIZE];
static int64_t longest_ns, sum_ns;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void ask(struct client *client)
{
	client->received = 0;
	client->sent_ns = now_ns();
	if (send(client->fd, block, sizeof block, MSG_NOSIGNAL) != sizeof block)
		err(69, "send");
}

static void begin(struct client *client, int epoll, const struct sockaddr_in *server)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = client };

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, (const struct sockaddr *)server, sizeof *server) < 0)
		err(69, "connect");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
		err(71, "epoll_ctl");
	ask(client);
}

/* True: the answer is here. */
static bool hear(struct client *client)
{
	char answer[4096];
	ssize_t n = recv(client->fd, answer, sizeof answer, MSG_DONTWAIT);
	int64_t took_ns;

	if (n <= 0)
		err(69, "recv");
	client->received += (size_t)n;
	if (client->received < sizeof block)
		return false;
	took_ns = now_ns() - client->sent_ns;
	longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
	sum_ns += took_ns;
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static struct client clients[CLIENTS_MAX];
	struct epoll_event events[EVENTS];
	long asked, answered = 0, count;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	alarm(LIFETIME_S);
	if (argc != 4)
		errx(64, "usage: load_epoll PORT CLIENTS COUNT");
	server.sin_port = htons((uint16_t)atoi(argv[1]));
	count = atol(argv[3]);
	memset(block, 'x', sizeof block);
	for (asked = 0; asked < atol(argv[2]) && asked < count && asked < CLIENTS_MAX; asked++)
		begin(&clients[asked], epoll, &server);
	while (answered < count) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct client *client = events[i].data.ptr;

			if (!hear(client))
				continue;
			answered++;
			if (asked < count) {
				asked++;
				ask(client);
			}
		}
	}
	printf("{\"requests\": %ld, \"mean_us\": %.3f, \"max_us\": %.3f}\n", answered,
		(double)sum_ns / (double)answered / 1e3, (double)longest_ns / 1e3);
	return 0;
}
