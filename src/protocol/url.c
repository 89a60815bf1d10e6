/* SPDX-License-Identifier: MIT */
/*
 * Decides what a listen URL means. Invariant: ret_url is written only when the whole text was understood, so a
 * URL that is half right never becomes a listener. Called by transport/open.c and, to complain early, by the command.
 */
#include "protocol/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "protocol/nearest.h"
#include "protocol/units.h"

#define URL_QUOTED_MAX 200 /* bytes of a URL repeated in a sentence */
#define URL_PORT_MAX   65535

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

struct span {
	const char *at;
	size_t size;
};

struct parser {
	struct span whole; /* for sentences */
	struct span body;  /* after the scheme, before '?' */
	struct url url;
	struct sentence *why;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct parser *parser, const char *format, ...)
{
	char reason[SENTENCE_SIZE - URL_QUOTED_MAX - 8];
	bool cut = parser->whole.size > URL_QUOTED_MAX;
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	return sentence_set(parser->why, -EINVAL, "'%.*s%s' %s", cut ? URL_QUOTED_MAX : (int)parser->whole.size,
		parser->whole.at, cut ? "..." : "", reason);
}

static bool consists_of(struct span span, const char *bytes)
{
	for (size_t i = 0; i < span.size; i++)
		if (!memchr(bytes, span.at[i], strlen(bytes)))
			return false;
	return true;
}

static void copy(char *target, struct span span)
{
	memcpy(target, span.at, span.size);
	target[span.size] = '\0';
}

/* Decimal digits and nothing else, at most max. */
static bool number(struct span span, uint64_t max, uint32_t *ret_value)
{
	uint64_t value = 0;

	if (span.size == 0 || span.size > 10 || !consists_of(span, "0123456789"))
		return false;
	for (size_t i = 0; i < span.size; i++)
		value = value * 10 + (uint64_t)(span.at[i] - '0');
	if (value > max)
		return false;
	*ret_value = (uint32_t)value;
	return true;
}

/* Cuts body into host and port at the last colon; an IPv6 address keeps its own colons inside of brackets. right: a URL
 * of this kind that has a port. */
static int split_port(struct parser *parser, const char *right, struct span *ret_host, struct span *ret_port)
{
	struct span body = parser->body;
	const char *colon = memrchr(body.at, ':', body.size);
	const char *bracket = memrchr(body.at, ']', body.size);

	if (!colon || (bracket && colon < bracket))
		return refuse(parser, "has no port: write it after a colon, as in %s", right);
	*ret_host = (struct span){ body.at, (size_t)(colon - body.at) };
	*ret_port = (struct span){ colon + 1, body.size - ret_host->size - 1 };
	return 0;
}

static int parse_v6(struct parser *parser, struct span host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	const char *zone;
	size_t size;

	if (host.size < 2 || host.at[host.size - 1] != ']')
		return refuse(parser, "has no ']' after its IPv6 address: write tcp://[::1]:8080");
	host = (struct span){ host.at + 1, host.size - 2 };
	zone = memchr(host.at, '%', host.size);
	size = zone ? (size_t)(zone - host.at) : host.size;
	if (size >= sizeof text || host.size > URL_HOST_MAX)
		return refuse(parser, "has no IPv6 address between its brackets: write tcp://[::1]:8080");
	copy(text, (struct span){ host.at, size });
	if (inet_pton(AF_INET6, text, &address) != 1)
		return refuse(parser, "has no IPv6 address between its brackets: write tcp://[::1]:8080");
	if (zone && (zone + 1 == host.at + host.size ||
			    !consists_of((struct span){ zone + 1, host.size - size - 1 }, name_bytes)))
		return refuse(parser, "has no interface after '%%': write tcp://[fe80::1%%eth0]:8080");
	copy(parser->url.host, host);
	return 0;
}

static int parse_host(struct parser *parser, struct span host)
{
	if (host.size > 0 && host.at[0] == '[')
		return parse_v6(parser, host);
	if (memchr(host.at, ':', host.size))
		return refuse(parser, "has an IPv6 address without brackets: write tcp://[::1]:8080");
	if (host.size == 1 && host.at[0] == '*')
		return refuse(parser, "has '*' as its host: leave it empty for every address, as in tcp://:8080");
	if (!consists_of(host, name_bytes))
		return refuse(parser, "has a host with bytes other than letters, digits, '.', '-' and '_'");
	if (host.size > URL_HOST_MAX)
		return refuse(parser, "has a host longer than %d bytes", URL_HOST_MAX);
	copy(parser->url.host, host);
	return 0;
}

static int parse_inet(struct parser *parser)
{
	bool tcp = parser->url.scheme == URL_TCP;
	struct span host = { 0 }, port = { 0 };
	int r;

	if (memchr(parser->body.at, '/', parser->body.size))
		return refuse(parser, "has a path: a listener is a host and a port, as in tcp://127.0.0.1:8080");
	r = split_port(parser, tcp ? "tcp://127.0.0.1:8080" : "udp://127.0.0.1:8080", &host, &port);
	if (r < 0)
		return r;
	if (!number(port, URL_PORT_MAX, &parser->url.port))
		return refuse(parser, "has port '%.*s': write a number from 0 (the kernel chooses) to %d",
			(int)(port.size > 20 ? 20 : port.size), port.at, URL_PORT_MAX);
	return parse_host(parser, host);
}

static int parse_vsock(struct parser *parser)
{
	struct span cid = { 0 }, port = { 0 };
	uint32_t ignored;
	int r = split_port(parser, "vsock://any:1234", &cid, &port);

	if (r < 0)
		return r;
	if (!number(port, UINT32_MAX, &parser->url.port))
		return refuse(parser, "has no port from 0 to %u: write vsock://any:1234", UINT32_MAX);
	if (!(cid.size == 3 && memcmp(cid.at, "any", 3) == 0) && !number(cid, UINT32_MAX, &ignored))
		return refuse(
			parser, "has neither a context number nor 'any' before its port: write vsock://any:1234");
	copy(parser->url.host, cid);
	return 0;
}

static int parse_fd(struct parser *parser)
{
	struct span name = parser->body;
	uint32_t ignored;

	if (name.size == 0)
		return refuse(parser, "names no descriptor: write its number, as in fd://3, or its name");
	if (consists_of(name, "0123456789") && !number(name, INT_MAX, &ignored))
		return refuse(parser, "has a number that no descriptor has");
	if (name.size > URL_HOST_MAX || !consists_of(name, name_bytes))
		return refuse(parser,
			"has a name with bytes other than letters, digits, '.', '-' and '_', or over %d of them",
			URL_HOST_MAX);
	copy(parser->url.host, name);
	return 0;
}

static int parse_path(struct parser *parser)
{
	struct span path = parser->body;

	if (path.size > 0 && path.at[0] == '@') {
		parser->url.abstract = true;
		path = (struct span){ path.at + 1, path.size - 1 };
		if (path.size == 0)
			return refuse(parser, "has no name after '@': write unix:@NAME");
	} else if (path.size < 2 || path.at[0] != '/') {
		return refuse(parser,
			"needs a path from the root or an abstract name: write unix:/run/NAME.sock or unix:@NAME");
	} else if (path.at[1] == '/') {
		return refuse(parser, "has more than one slash before its path: write unix:/run/NAME.sock");
	}
	/* The abstract '@' takes the place of a NUL, so both kinds have the same room. */
	if (path.size > URL_PATH_MAX - (parser->url.abstract ? 1 : 0))
		return refuse(parser, "is longer than the %d bytes that a Unix socket's path may have", URL_PATH_MAX);
	copy(parser->url.path, path);
	return 0;
}

/* Percent-decoding. Control bytes may not come in through it either: values end up in logs and file names. */
static int decode(struct parser *parser, struct span text, char target[URL_TEXT_MAX + 1])
{
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		int byte = (unsigned char)text.at[i];

		if (byte == '%') {
			bool whole = text.size - i > 2;
			int high = whole ? hex_value(text.at[i + 1]) : -1;
			int low = whole ? hex_value(text.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return refuse(parser,
					"has a '%%' without two hexadecimal digits: write %%25 for '%%' itself");
			byte = high * 16 + low;
			i += 2;
		}
		if (byte < 0x20 || byte == 0x7f)
			return refuse(parser, "has an encoded control byte in a setting");
		if (size == URL_TEXT_MAX)
			return refuse(parser, "has a setting longer than %d bytes", URL_TEXT_MAX);
		target[size++] = (char)byte;
	}
	target[size] = '\0';
	return 0;
}

static int parse_setting(struct parser *parser, struct span text)
{
	struct url *url = &parser->url;
	const char *equals = memchr(text.at, '=', text.size);
	struct url_setting *setting = &url->setting[url->settings];
	struct span key;

	if (!equals || equals == text.at)
		return refuse(parser, "has a setting without key or '=': write ?mode=0660&owner=www");
	key = (struct span){ text.at, (size_t)(equals - text.at) };
	if (key.size > URL_TEXT_MAX || !consists_of(key, name_bytes))
		return refuse(parser, "has a setting whose key is no word");
	if (url->settings == URL_SETTINGS_MAX)
		return refuse(parser, "has more than %d settings", URL_SETTINGS_MAX);
	copy(setting->key, key);
	if (url_setting(url, setting->key))
		return refuse(parser, "has the setting '%s' twice", setting->key);
	url->settings++;
	return decode(parser, (struct span){ equals + 1, text.size - key.size - 1 }, setting->value);
}

static int parse_settings(struct parser *parser, struct span query)
{
	int r = 0;

	while (r == 0) {
		const char *end = memchr(query.at, '&', query.size);
		size_t size = end ? (size_t)(end - query.at) : query.size;

		r = parse_setting(parser, (struct span){ query.at, size });
		if (!end)
			return r;
		query = (struct span){ end + 1, query.size - size - 1 };
	}
	return r;
}

static const struct scheme {
	const char *name;
	const char *prefix;
	enum url_scheme scheme;
	int (*parse)(struct parser *parser);
} schemes[] = {
	{ "tcp", "tcp://", URL_TCP, parse_inet },
	{ "udp", "udp://", URL_UDP, parse_inet },
	{ "unix", "unix:", URL_UNIX, parse_path },
	{ "unixgram", "unixgram:", URL_UNIXGRAM, parse_path },
	{ "vsock", "vsock://", URL_VSOCK, parse_vsock },
	{ "fd", "fd://", URL_FD, parse_fd },
};
#define SCHEMES (sizeof schemes / sizeof schemes[0])

/* No scheme fits: find out what was meant. */
static int refuse_scheme(struct parser *parser)
{
	struct span whole = parser->whole;
	struct nearest nearest;
	char word[16];
	size_t size = 0;

	if (whole.at[0] == '/' || whole.at[0] == '@')
		return refuse(parser, "has no scheme: write unix: before it");
	while (size < whole.size && size < sizeof word - 1 && whole.at[size] != ':')
		size++;
	copy(word, (struct span){ whole.at, size });
	nearest_begin(&nearest, word);
	for (size_t i = 0; i < SCHEMES; i++) {
		if (strcmp(word, schemes[i].name) == 0 && size < whole.size)
			return refuse(parser, "does not begin like a %s URL: write %s...", schemes[i].name,
				schemes[i].prefix);
		nearest_offer(&nearest, schemes[i].name);
	}
	if (memmem(whole.at, whole.size, "://", 3) && nearest_found(&nearest))
		return refuse(parser, "has an unknown scheme, did you mean '%s'?", nearest_found(&nearest));
	return refuse(parser, "has no known scheme: write tcp://HOST:PORT, udp://HOST:PORT, unix:/PATH, unix:@NAME, "
			      "unixgram:/PATH, vsock://CID:PORT or fd://N");
}

int url_parse(const char *text, size_t size, struct url *ret_url, struct sentence *why)
{
	struct parser parser = { .whole = { text, size }, .why = why };
	const struct scheme *scheme = schemes;
	const char *question;
	size_t used;
	int r;

	if (size == 0)
		return sentence_set(why, -EINVAL, "a listen URL is empty: write one like tcp://127.0.0.1:8080");
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f)
			return sentence_set(
				why, -EINVAL, "a listen URL has a blank or a control byte at position %zu", i + 1);

	while (scheme < schemes + SCHEMES &&
		(size < strlen(scheme->prefix) || memcmp(text, scheme->prefix, strlen(scheme->prefix)) != 0))
		scheme++;
	if (scheme == schemes + SCHEMES)
		return refuse_scheme(&parser);

	parser.url.scheme = scheme->scheme;
	used = strlen(scheme->prefix);
	question = memchr(text + used, '?', size - used);
	parser.body = (struct span){ text + used, (question ? (size_t)(question - text) : size) - used };
	r = scheme->parse(&parser);
	if (r == 0 && question)
		r = parse_settings(&parser, (struct span){ question + 1, (size_t)(text + size - question - 1) });
	if (r == 0)
		*ret_url = parser.url;
	return r;
}

static int check_reuseport(const char *value, struct sentence *why)
{
	uint32_t sockets = 0;

	if (strcmp(value, "on") == 0)
		return 0;
	if (number((struct span){ value, strlen(value) }, URL_SOCKETS_MAX, &sockets) && sockets > 0)
		return 0;
	return sentence_set(why, -EINVAL,
		"reuseport is '%s': write how many sockets there shall be, 1 to %d, or on: one for each worker",
		value, URL_SOCKETS_MAX);
}

static int check_value(const struct url_setting *setting, struct sentence *why)
{
	unsigned int mode;

	if (strcmp(setting->key, "mode") == 0)
		return units_mode(setting->value, &mode, why);
	if (strcmp(setting->key, "reuseport") == 0)
		return check_reuseport(setting->value, why);
	return 0;
}

/* Which settings a kind of URL has. */
struct known {
	const char *key[3];
	size_t count;
	const char *text;
};

static const struct known *known_to(const struct url *url)
{
	static const struct known of_paths = { { "mode", "owner", "group" }, 3, "known are mode, owner and group" },
				  of_inet = { { "reuseport" }, 1, "tcp:// and udp:// have only reuseport" };

	if (url->scheme == URL_TCP || url->scheme == URL_UDP)
		return &of_inet;
	return (url->scheme == URL_UNIX || url->scheme == URL_UNIXGRAM) && !url->abstract ? &of_paths : NULL;
}

static int check_setting(const struct known *known, const struct url_setting *setting, struct sentence *why)
{
	struct nearest nearest;

	nearest_begin(&nearest, setting->key);
	for (size_t i = 0; i < known->count; i++) {
		if (strcmp(setting->key, known->key[i]) == 0)
			return check_value(setting, why);
		nearest_offer(&nearest, known->key[i]);
	}
	if (nearest_found(&nearest))
		return sentence_set(why, -EINVAL, "unknown setting '%s', did you mean '%s'?", setting->key,
			nearest_found(&nearest));
	return sentence_set(why, -EINVAL, "unknown setting '%s': %s", setting->key, known->text);
}

int url_check_settings(const struct url *url, struct sentence *why)
{
	const struct known *known = known_to(url);
	int r = 0;

	if (url->settings > 0 && !known)
		return sentence_set(why, -EINVAL,
			"'%s': this kind of URL has no settings; unix:/path has mode, owner, group; tcp and udp "
			"have reuseport",
			url->setting[0].key);
	for (size_t i = 0; i < url->settings && r == 0; i++)
		r = check_setting(known, &url->setting[i], why);
	return r;
}

const char *url_setting(const struct url *url, const char *key)
{
	for (size_t i = 0; i < url->settings; i++)
		if (strcmp(url->setting[i].key, key) == 0)
			return url->setting[i].value;
	return NULL;
}

unsigned int url_sockets(const struct url *url, int workers)
{
	const char *value = url_setting(url, "reuseport");
	uint32_t sockets = 1;

	if (!value)
		return 1;
	if (strcmp(value, "on") == 0)
		return workers < 1 ? 1 : workers > URL_SOCKETS_MAX ? URL_SOCKETS_MAX : (unsigned int)workers;
	number((struct span){ value, strlen(value) }, URL_SOCKETS_MAX, &sockets);
	return sockets;
}
