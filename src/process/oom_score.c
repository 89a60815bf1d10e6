/* SPDX-License-Identifier: MIT */
#include "process/oom_score.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

#define SCORE_FILE "/proc/self/oom_score_adj"
#define SCORE_MAX  1000

int oom_score_raise(int by)
{
	char text[16] = "";
	struct buf number;
	int fd, r = 0;
	int score;

	fd = open(SCORE_FILE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof text - 1) < 0) {
		r = -errno;
		goto close_fd;
	}
	score = atoi(text) + by;
	buf_init(&number, text, sizeof text);
	buf_puti(&number, score < SCORE_MAX ? score : SCORE_MAX);
	if (pwrite(fd, text, number.size, 0) < 0)
		r = -errno;
close_fd:
	close(fd);
	return r;
}
