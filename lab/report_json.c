/* SPDX-License-Identifier: MIT */
/* Decides the names of what programs read. Called by course.c and main.c. */
#include "lab/report_json.h"

#include <stdio.h>

#include "lab/experiments.h"
#include "observe/json.h"

#define RESULT_SIZE 16384

static void put_mistake(struct json *json, const struct experiment *experiment)
{
	json_text(json, "name", experiment->name);
	json_text(json, "document", experiment->document);
	json_text(json, "title", experiment->title);
}

static void put_outcome(struct json *json, const char *key, const struct stage_outcome *outcome)
{
	json_open(json, key, '{');
	json_bool(json, "played", outcome->played);
	json_text(json, "trouble", outcome->played ? NULL : outcome->why.text);
	json_u(json, "descriptors_limit", outcome->bounds.descriptors.rlim_cur);
	json_u(json, "processes_limit", outcome->bounds.processes.rlim_cur);
	json_i(json, "milliseconds", outcome->last.elapsed_ms);
	json_i(json, "asked", outcome->last.clients.asked);
	json_i(json, "answered", outcome->last.clients.answered);
	for (size_t i = 0; i < FIGURE_COUNT; i++)
		json_i(json, figure_name((enum figure)i), outcome->figure[i]);
	json_text(json, "says", outcome->last.says);
	json_close(json, '}');
}

static void put_symptoms(struct json *json, const struct course_result *result)
{
	json_open(json, "symptoms", '[');
	for (size_t i = 0; i < verdict_symptoms(result->experiment); i++) {
		const struct symptom *symptom = &result->experiment->symptoms[i];

		json_open(json, NULL, '{');
		json_text(json, "figure", figure_name(symptom->figure));
		json_i(json, "faulty", result->outcome[STAGE_FAULTY].figure[symptom->figure]);
		json_i(json, "brood", result->outcome[STAGE_BROOD].figure[symptom->figure]);
		json_i(json, "seen_from", symptom->seen_from);
		json_i(json, "clean_until", symptom->clean_until);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_result(struct json *json, const struct course_result *result)
{
	const struct experiment *experiment = result->experiment;

	json_open(json, NULL, '{');
	put_mistake(json, experiment);
	json_text(json, "load", experiment->load);
	json_bool(json, "seen", result->verdict.seen);
	json_bool(json, "clean", result->verdict.clean);
	put_symptoms(json, result);
	put_outcome(json, "faulty", &result->outcome[STAGE_FAULTY]);
	put_outcome(json, "brood", &result->outcome[STAGE_BROOD]);
	json_text(json, "server", experiments_program(experiment));
	json_text(json, "command", result->command);
	json_text(json, "why", experiment->why);
	json_open(json, "cure", '{');
	json_text(json, "file", experiment->cure_file);
	json_text(json, "function", experiment->cure_function);
	json_close(json, '}');
	json_close(json, '}');
}

static void flush(struct buf *buf)
{
	fwrite(buf->data, 1, buf->size, stdout);
	buf_reset(buf);
}

static void end(struct buf *buf)
{
	flush(buf);
	putchar('\n');
	fflush(stdout);
}

void report_json_list(void)
{
	const struct experiment *experiment;
	char text[RESULT_SIZE];
	struct buf buf;
	struct json json = { .buf = &buf };

	buf_init(&buf, text, sizeof text);
	json_open(&json, NULL, '{');
	json_open(&json, "mistakes", '[');
	for (size_t i = 0; (experiment = experiments_get(i)); i++) {
		json_open(&json, NULL, '{');
		put_mistake(&json, experiment);
		json_close(&json, '}');
		flush(&buf);
	}
	json_close(&json, ']');
	json_close(&json, '}');
	end(&buf);
}

void report_json_result(const struct course_result *result)
{
	char text[RESULT_SIZE];
	struct buf buf;
	struct json json = { .buf = &buf };

	buf_init(&buf, text, sizeof text);
	put_result(&json, result);
	end(&buf);
}

void report_json_course(const struct course_result *results, size_t count)
{
	char text[RESULT_SIZE];
	struct buf buf;
	struct json json = { .buf = &buf };

	buf_init(&buf, text, sizeof text);
	json_open(&json, NULL, '{');
	json_open(&json, "experiments", '[');
	for (size_t i = 0; i < count; i++) {
		put_result(&json, &results[i]);
		flush(&buf);
	}
	json_close(&json, ']');
	json_close(&json, '}');
	end(&buf);
}
