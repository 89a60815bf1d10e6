/* SPDX-License-Identifier: MIT */
/* Dates of header fields (RFC 9110, 5.6.7), in GMT. Pure: no locale, no zone, no clock. */
#ifndef PROTOCOL_HTTP1_DATE_H
#define PROTOCOL_HTTP1_DATE_H

#include <stddef.h>
#include <stdint.h>

#define HTTP1_DATE_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL */

/* -ERANGE: before the year 0, or after 9999. */
int http1_date_format(int64_t unix_s, char ret_text[HTTP1_DATE_SIZE]);

/*
 * Any of the three forms: the one above, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994". -EINVAL: none
 * of them, or no such day or time; 60 as a leap second is the first of the next minute. The weekday must be one, and
 * is not compared with the date. now_s decides the century of two digits: the latest year that ends in them and is at
 * most 50 years ahead.
 */
int http1_date_parse(const char *text, size_t size, int64_t now_s, int64_t *ret_unix_s);

#endif
