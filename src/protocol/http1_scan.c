/* SPDX-License-Identifier: MIT */
/* Which byte may stand where: RFC 9110, 5.6.2 (tokens), RFC 3986, 3.2.2 (hosts); of targets see http1_line.c. */
#include "protocol/http1_scan.h"

#define TOKEN  HTTP1_SCAN_TOKEN
#define TARGET HTTP1_SCAN_TARGET
#define HOST   HTTP1_SCAN_HOST
#define HEX    HTTP1_SCAN_HEX
#define DIGIT  HTTP1_SCAN_DIGIT
#define TEXT   HTTP1_SCAN_TEXT

const uint8_t http1_scan_class[256] = {
	['\t'] = TEXT,
	[' '] = TEXT,
	['!'] = TEXT | TOKEN | TARGET | HOST,
	['"'] = TEXT | TARGET,
	['#'] = TEXT | TOKEN,
	['$'] = TEXT | TOKEN | TARGET | HOST,
	['%'] = TEXT | TOKEN,
	['&' ... '\''] = TEXT | TOKEN | TARGET | HOST,
	['(' ... ')'] = TEXT | TARGET | HOST,
	['*' ... '+'] = TEXT | TOKEN | TARGET | HOST,
	[','] = TEXT | TARGET | HOST,
	['-' ... '.'] = TEXT | TOKEN | TARGET | HOST,
	['/'] = TEXT | TARGET,
	['0' ... '9'] = TEXT | TOKEN | TARGET | HOST | HEX | DIGIT,
	[':'] = TEXT | TARGET,
	[';'] = TEXT | TARGET | HOST,
	['<'] = TEXT | TARGET,
	['='] = TEXT | TARGET | HOST,
	['>'] = TEXT | TARGET,
	['?'] = TEXT,
	['@'] = TEXT | TARGET,
	['A' ... 'F'] = TEXT | TOKEN | TARGET | HOST | HEX,
	['G' ... 'Z'] = TEXT | TOKEN | TARGET | HOST,
	['[' ... ']'] = TEXT | TARGET,
	['^'] = TEXT | TOKEN | TARGET,
	['_'] = TEXT | TOKEN | TARGET | HOST,
	['`'] = TEXT | TOKEN | TARGET,
	['a' ... 'f'] = TEXT | TOKEN | TARGET | HOST | HEX,
	['g' ... 'z'] = TEXT | TOKEN | TARGET | HOST,
	['{'] = TEXT | TARGET,
	['|'] = TEXT | TOKEN | TARGET,
	['}'] = TEXT | TARGET,
	['~'] = TEXT | TOKEN | TARGET | HOST,
	[0x80 ... 0xff] = TEXT,
};
