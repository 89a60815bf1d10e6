/* SPDX-License-Identifier: MIT */
/* The calls that move bytes, as brood.h offers them. Worker side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contract/transport.h"
#include "core/conn_private.h"
#include "core/io.h"
#include "core/service.h"

/* What brood_printf formats without a second pass; longer texts are formatted once more, into memory of their own size. */
#define PRINTF_BUFFER 1024

static size_t buffered(const struct brood_conn *conn)
{
	return conn->buffer_end - conn->buffer_start;
}

ssize_t brood_read(struct brood_conn *conn, void *buf, size_t size)
{
	size_t n = buffered(conn);

	if (n == 0)
		return io_recv(conn, buf, size);
	if (n > size)
		n = size;
	memcpy(buf, conn->buffer + conn->buffer_start, n);
	conn->buffer_start += (unsigned int)n;
	return (ssize_t)n;
}

ssize_t conn_fill(struct brood_conn *conn)
{
	ssize_t n;

	if (buffered(conn) > 0)
		return (ssize_t)buffered(conn);
	n = io_recv(conn, conn->buffer, CONN_BUFFER);
	conn->buffer_start = 0;
	conn->buffer_end = n > 0 ? (unsigned int)n : 0;
	return n;
}

ssize_t brood_readline(struct brood_conn *conn, char *buf, size_t size)
{
	bool too_long = false;
	size_t used = 0;
	ssize_t n;

	if (size < 2)
		return -EINVAL;
	while ((n = conn_fill(conn)) > 0) {
		const char *start = conn->buffer + conn->buffer_start;
		const char *newline = memchr(start, '\n', (size_t)n);
		size_t part = newline ? (size_t)(newline - start) + 1 : (size_t)n;

		conn->buffer_start += (unsigned int)part;
		if (part > size - 1 - used)
			too_long = true;
		if (!too_long) {
			memcpy(buf + used, start, part);
			used += part;
		}
		if (newline)
			break;
	}
	if (n < 0)
		return n;
	if (too_long)
		return -EMSGSIZE;
	buf[used] = '\0';
	return (ssize_t)used;
}

int brood_write(struct brood_conn *conn, const void *data, size_t size)
{
	/* An empty write means something to a datagram only. */
	if (size == 0 && !conn->transport->datagram)
		return conn->broken;
	return io_send(conn, data, size);
}

int brood_vprintf(struct brood_conn *conn, const char *format, va_list args)
{
	char small[PRINTF_BUFFER];
	char *text = small;
	va_list again;
	int size, r;

	va_copy(again, args);
	size = vsnprintf(small, sizeof small, format, args);
	if (size >= (int)sizeof small) {
		text = malloc((size_t)size + 1);
		if (text)
			vsnprintf(text, (size_t)size + 1, format, again);
	}
	va_end(again);
	if (size < 0)
		return -EINVAL;
	if (!text)
		return -ENOMEM;
	r = brood_write(conn, text, (size_t)size);
	if (text != small)
		free(text);
	return r;
}

int brood_printf(struct brood_conn *conn, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = brood_vprintf(conn, format, args);
	va_end(args);
	return r;
}
