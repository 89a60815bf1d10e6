/* SPDX-License-Identifier: MIT */
/* What is said about experiments, for people: the list, the head and the end of one, the end of a course. */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include "lab/course.h"

void report_list(void);
void report_head(const struct experiment *experiment, bool colour);
void report_result(const struct course_result *result, bool colour);
void report_course(const struct course_result *results, size_t count, bool colour);

#endif
