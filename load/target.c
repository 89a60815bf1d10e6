/* SPDX-License-Identifier: MIT */
/*
 * Decides what a URL of a server means: those of listeners (protocol/url.h), seen from the other side, and
 * http://. A name with several addresses is asked for once: the first address that lets us connect is the one.
 */
#include "load/target.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define HTTP_PREFIX  "http://"
#define HTTPS_PREFIX "https://"
#define HTTP_PORT    80

/* ---- Reading the URL ---- */

/* The authority, as a URL of a listener says it: "HOST:PORT", with the port that HTTP has by itself. */
static int read_authority(const char *authority, size_t size, struct url *ret_url, struct sentence *why)
{
	const char *bracket = memrchr(authority, ']', size), *colon = memrchr(authority, ':', size);
	bool has_port = colon && (!bracket || colon > bracket);
	char text[URL_HOST_MAX + 32];
	int used = snprintf(text, sizeof text, "tcp://%.*s%s", (int)(size < URL_HOST_MAX ? size : URL_HOST_MAX),
		authority, has_port ? "" : ":80");

	return url_parse(text, (size_t)used, ret_url, why);
}

static int read_http(const char *text, struct target *target, struct url *ret_url, struct sentence *why)
{
	const char *authority = text + strlen(HTTP_PREFIX);
	size_t size = strcspn(authority, "/?#"), path_size;
	const char *path = authority + size;

	path_size = strcspn(path, "#");
	if (size == 0)
		return sentence_set(why, EX_USAGE, "'%.100s' has no host: write http://127.0.0.1:8888/", text);
	if (memchr(authority, '@', size))
		return sentence_set(why, EX_USAGE, "'%.100s' has a user: write the field with --message", text);
	if (path_size + 2 > sizeof target->path)
		return sentence_set(why, EX_USAGE, "the path has %zu bytes: at most %d are sent", path_size,
			TARGET_PATH_SIZE - 2);
	for (size_t i = 0; i < path_size; i++)
		if (path[i] <= ' ' || path[i] == 0x7f)
			return sentence_set(why, EX_USAGE, "the path has a blank or control byte: write it as %%%02x",
				(unsigned char)path[i]);
	if (read_authority(authority, size, ret_url, why) < 0)
		return EX_USAGE;
	snprintf(target->host, sizeof target->host, "%.*s", (int)size, authority);
	snprintf(target->path, sizeof target->path, "%s%.*s", *path == '/' ? "" : "/", (int)path_size, path);
	target->http = true;
	return 0;
}

/* What listens has fewer schemes than what can be loaded: its own sentence would not name http. */
static bool begins_like_url(const char *text)
{
	static const char *const schemes[] = { "tcp:", "udp:", "unix:", "unixgram:", "vsock:", "fd:" };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static int read_url(const char *text, struct target *target, struct url *ret_url, struct sentence *why)
{
	if (strncmp(text, HTTPS_PREFIX, strlen(HTTPS_PREFIX)) == 0)
		return sentence_set(why, EX_USAGE, "'%.100s': TLS is not spoken here: write http://", text);
	if (strncmp(text, HTTP_PREFIX, strlen(HTTP_PREFIX)) == 0)
		return read_http(text, target, ret_url, why);
	if (!begins_like_url(text))
		return sentence_set(why, EX_USAGE,
			"'%.60s' is no URL of a server: write tcp://HOST:PORT, udp://HOST:PORT, unix:/PATH, "
			"unix:@NAME, "
			"unixgram:/PATH or http://HOST:PORT/PATH",
			text);
	return url_parse(text, strlen(text), ret_url, why) < 0 ? EX_USAGE : 0;
}

static int check_url(const char *text, const struct url *url, struct sentence *why)
{
	if (url->scheme == URL_VSOCK || url->scheme == URL_FD)
		return sentence_set(why, EX_USAGE,
			"'%.100s': load goes to tcp://, udp://, unix:, unixgram: or http:// alone", text);
	if (url->settings > 0)
		return sentence_set(
			why, EX_USAGE, "'%.100s': settings are the listener's: leave out what begins with '?'", text);
	if ((url->scheme == URL_TCP || url->scheme == URL_UDP) && url->port == 0)
		return sentence_set(why, EX_USAGE, "'%.100s': nobody listens on port 0", text);
	return 0;
}

/* ---- Finding the address ---- */

static void set_address(struct target *target, const void *address, socklen_t size)
{
	memcpy(&target->address, address, size);
	target->address_size = size;
}

static void set_unix(struct target *target, const struct url *url)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(url->path);

	memcpy(address.sun_path + url->abstract, url->path, size);
	set_address(target, &address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1));
}

static bool lets_connect(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, 0);
	bool connected = fd >= 0 && connect(fd, info->ai_addr, info->ai_addrlen) == 0;

	if (fd >= 0)
		close(fd);
	return connected;
}

static int find_host(struct target *target, const struct url *url, struct sentence *why)
{
	struct addrinfo hints = { .ai_socktype = target->type, .ai_flags = AI_NUMERICSERV };
	const char *host = *url->host ? url->host : "localhost";
	struct addrinfo *found, *use;
	char port[16];
	int r;

	snprintf(port, sizeof port, "%u", url->port);
	r = getaddrinfo(host, port, &hints, &found);
	if (r != 0)
		return sentence_set(why, EX_NOHOST, "%s has no address: %s", host, gai_strerror(r));
	use = found;
	/* Only where there is a choice: a server that counts its clients shall see those of the load alone. */
	while (found->ai_next && use && !lets_connect(use))
		use = use->ai_next;
	use = use ? use : found;
	set_address(target, use->ai_addr, use->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

int target_find(const char *text, struct target *ret_target, struct sentence *why)
{
	struct target target = { .type = SOCK_STREAM };
	struct url url;
	int status = read_url(text, &target, &url, why);

	if (status == 0)
		status = check_url(text, &url, why);
	if (status != 0)
		return status;
	target.scheme = url.scheme;
	if (url.scheme == URL_UDP || url.scheme == URL_UNIXGRAM)
		target.type = SOCK_DGRAM;
	if (url.scheme == URL_UNIX || url.scheme == URL_UNIXGRAM)
		set_unix(&target, &url);
	else
		status = find_host(&target, &url, why);
	if (status == 0)
		*ret_target = target;
	return status;
}

void target_put_request(const struct target *target, bool keep, struct buf *request)
{
	buf_printf(request, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: brood-load/" BROOD_VERSION "\r\n%s\r\n",
		target->path, target->host, keep ? "" : "Connection: close\r\n");
}
