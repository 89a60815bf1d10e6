/* SPDX-License-Identifier: MIT */
/* `brood top`, `brood load`, `brood lab`: executables of their own, since brood needs no libraries and serves no clients' side. */
#ifndef CLI_APART_H
#define CLI_APART_H

#include "base/sentence.h"
#include "cli/keep.h"

/* Each becomes brood-NAME with what follows NAME. Returns only with a sentence: 69 if there is none, 71. */
int apart_top(char **argv, struct keep *keep, struct sentence *why);
int apart_load(char **argv, struct keep *keep, struct sentence *why);
int apart_lab(char **argv, struct keep *keep, struct sentence *why);

#endif
