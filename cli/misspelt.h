/* SPDX-License-Identifier: MIT */
/* Variables of the environment that look like ours and are not. */
#ifndef CLI_MISSPELT_H
#define CLI_MISSPELT_H

/* One line on standard error for each that somebody may rely on. */
void misspelt_warn(void);

#endif
