/* SPDX-License-Identifier: MIT */
/* What a hexadecimal digit stands for, in either case: strtoul would take signs, blanks and "0x" as well. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

static inline int hex_value(char digit) /* -1: it is none */
{
	char small = (char)(digit | 0x20);

	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

#endif
