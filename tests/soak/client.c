/* SPDX-License-Identifier: MIT */
/*
 * The client of the soak: `client PORT COUNT OPEN RESET_PERCENT`. Every connection says a number of its own and has to hear
 * exactly that, to the end; so many of a hundred reset the connection instead of listening. Once a second, and at the
 * end, one line of counts on stdout:
 *
 *   done right wrong cut refused reset
 *
 * cut: it ended before the whole answer (its worker was killed). refused: connect failed, which nothing justifies.
 * Source addresses rotate: one address has 28,000 ports.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOURCES = 200, OPEN_MAX = 512, MESSAGE_MAX = 32 };

struct client {
	int fd;
	size_t size, heard;
	char message[MESSAGE_MAX], answer[MESSAGE_MAX];
	bool said;
};

struct soak {
	struct sockaddr_in server;
	int epoll_fd, reset_percent;
	long count, started, done, right, wrong, cut, refused, reset;
	time_t told;
	struct client clients[OPEN_MAX];
};

static void tell(struct soak *soak)
{
	printf("%ld %ld %ld %ld %ld %ld\n", soak->done, soak->right, soak->wrong, soak->cut, soak->refused,
		soak->reset);
	fflush(stdout);
}

static void begin(struct soak *soak, struct client *client)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = client };

	*client = (struct client){ .fd = -1 };
	if (soak->started == soak->count)
		return;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		err(1, "socket");
	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (unsigned int)(soak->started % SOURCES));
	setsockopt(client->fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &(int){ 1 }, sizeof(int));
	if (bind(client->fd, (struct sockaddr *)&source, sizeof source) < 0)
		err(1, "bind");
	client->size = (size_t)snprintf(client->message, sizeof client->message, "client %ld\n", ++soak->started);
	if (connect(client->fd, (struct sockaddr *)&soak->server, sizeof soak->server) < 0 && errno != EINPROGRESS)
		err(1, "connect");
	if (epoll_ctl(soak->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
		err(1, "epoll_ctl");
}

static void end(struct soak *soak, struct client *client, long *as)
{
	close(client->fd);
	(*as)++;
	soak->done++;
	if (time(NULL) != soak->told) {
		soak->told = time(NULL);
		tell(soak);
	}
	begin(soak, client);
}

static void say(struct soak *soak, struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
	int error = 0;

	getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof error });
	if (error) {
		end(soak, client, error == ECONNRESET ? &soak->cut : &soak->refused);
		return;
	}
	if (send(client->fd, client->message, client->size, MSG_NOSIGNAL) != (ssize_t)client->size) {
		end(soak, client, &soak->cut);
		return;
	}
	client->said = true;
	if (rand() % 100 < soak->reset_percent) {
		setsockopt(
			client->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
		end(soak, client, &soak->reset);
		return;
	}
	shutdown(client->fd, SHUT_WR);
	epoll_ctl(soak->epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

static void hear(struct soak *soak, struct client *client)
{
	ssize_t n = recv(client->fd, client->answer + client->heard, sizeof client->answer - client->heard, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0) {
		client->heard += (size_t)n;
		if (client->heard < sizeof client->answer)
			return;
	}
	if (memcmp(client->answer, client->message, client->heard) != 0 || client->heard > client->size)
		end(soak, client, &soak->wrong);
	else if (client->heard < client->size)
		end(soak, client, &soak->cut);
	else
		end(soak, client, &soak->right);
}

int main(int argc, char **argv)
{
	static struct soak soak;
	struct epoll_event events[64];
	int open_at_once;

	if (argc != 5)
		errx(64, "usage: client PORT COUNT OPEN RESET_PERCENT");
	soak.server = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(argv[1])),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	soak.count = atol(argv[2]);
	open_at_once = atoi(argv[3]);
	soak.reset_percent = atoi(argv[4]);
	if (soak.count < 1 || open_at_once < 1 || open_at_once > OPEN_MAX)
		errx(64, "COUNT is at least 1, OPEN between 1 and %d", OPEN_MAX);
	soak.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < open_at_once; i++)
		begin(&soak, &soak.clients[i]);
	while (soak.done < soak.count) {
		int n = epoll_wait(soak.epoll_fd, events, 64, 30000);

		if (n == 0)
			errx(1, "nobody answered for 30 s, %ld connections are still to end", soak.count - soak.done);
		for (int i = 0; i < n; i++) {
			struct client *client = events[i].data.ptr;

			client->said ? hear(&soak, client) : say(&soak, client);
		}
	}
	tell(&soak);
	return 0;
}
