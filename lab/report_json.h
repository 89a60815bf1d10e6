/* SPDX-License-Identifier: MIT */
/* What is said about experiments, for programs: one object on standard output. */
#ifndef LAB_REPORT_JSON_H
#define LAB_REPORT_JSON_H

#include "lab/course.h"

void report_json_list(void);                                                /* {"mistakes":[…]} */
void report_json_result(const struct course_result *result);                /* {"name":…} */
void report_json_course(const struct course_result *results, size_t count); /* {"experiments":[…]} */

#endif
