/* SPDX-License-Identifier: MIT */
/*
 * Grammar of a listen URL (DESIGN: command line): no sockets, no name resolution, no allocation.
 *
 *   tcp://host:port  tcp://[v6]:port  tcp://:port (both families)  udp://…  unix:/path  unix:@name
 *   unixgram:/path  unixgram:@name  vsock://cid:port (cid may be "any")  fd://N  fd://NAME
 *   then ?key=value&key=value, values percent-decoded
 */
#ifndef PROTOCOL_URL_H
#define PROTOCOL_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sentence.h"

#define URL_HOST_MAX     255
#define URL_PATH_MAX     107 /* sun_path without its NUL */
#define URL_SETTINGS_MAX 8
#define URL_TEXT_MAX     64

enum url_scheme { URL_TCP, URL_UDP, URL_UNIX, URL_UNIXGRAM, URL_VSOCK, URL_FD };

struct url_setting {
	char key[URL_TEXT_MAX + 1];
	char value[URL_TEXT_MAX + 1];
};

struct url {
	enum url_scheme scheme;
	char host[URL_HOST_MAX + 1]; /* without brackets; "" = every address; vsock: cid; fd: number or name */
	uint32_t port;
	char path[URL_PATH_MAX + 1]; /* unix, unixgram; an abstract name without its '@' */
	bool abstract;
	size_t settings;
	struct url_setting setting[URL_SETTINGS_MAX];
};

/* 0, or -EINVAL with a sentence that quotes the URL, says what is wrong and what would be right. */
int url_parse(const char *text, size_t size, struct url *ret_url, struct sentence *why);

/* Sockets that one address may have. */
#define URL_SOCKETS_MAX 16

/* Whether this kind of URL has all of its settings (unix and unixgram paths: mode, owner, group; tcp and udp: reuseport;
 * others: none), and their values are some. 0, or -EINVAL with a sentence. */
int url_check_settings(const struct url *url, struct sentence *why);

/* The value of a setting, or NULL. */
const char *url_setting(const struct url *url, const char *key);

/* How many sockets its address is to have, where so many workers accept: reuseport=N, or for reuseport=on one for each worker, up
 * to URL_SOCKETS_MAX. 1 without that setting. Of a URL that was checked. */
unsigned int url_sockets(const struct url *url, int workers);

#endif
