/* SPDX-License-Identifier: MIT */
/* Bytes as people write them in one line of text: "500 sorry\r\n". Pure. */
#ifndef PROTOCOL_ESCAPES_H
#define PROTOCOL_ESCAPES_H

#include <stddef.h>

#include "base/buf.h"
#include "base/sentence.h"

/* The escapes of C: \a \b \e \f \n \r \t \v \\ \' \" \?, \0 … \377 in octal, \xH or \xHH; everything else stands for itself.
 * ret_bytes has room for strlen(text), which is never too little; *ret_size of them are written. 0, or -EINVAL with a sentence. */
int escapes_decode(const char *text, char *ret_bytes, size_t *ret_size, struct sentence *why);

/* The other way round: what escapes_decode makes the same bytes of, in printable ASCII. */
void escapes_encode(struct buf *text, const void *bytes, size_t size);

#endif
