/* SPDX-License-Identifier: MIT */
/*
 * Decides what a newcomer sees first. The lines to try use curl where it is installed, and bash alone otherwise:
 * that is on every Debian machine, and opens TCP and UDP by itself (/dev/tcp, /dev/udp), where nc comes in three
 * dialects and socat and telnet have to be installed.
 */
#include "cli/demo.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/beside.h"
#include "cli/plan.h"
#include "protocol/words.h"
#include "supervise/supervise.h"

#define DOCS_PAGE "/reference/command.md" /* there, and it is ours */

/* ---- What is served ------------------------------------------------------------------------------------------ */

static bool has_docs(const char *directory, struct keep *keep)
{
	return directory[0] == '/' && access(keep_printf(keep, "%s" DOCS_PAGE, directory), R_OK) == 0;
}

/* brood's own pages, in a build or where they are installed; NULL: nowhere. */
static const char *find_docs(struct keep *keep)
{
	char beside[PATH_MAX];
	const char *docs;

	beside_find(beside, sizeof beside);
	docs = keep_printf(keep, "%s/../docs", beside);
	if (has_docs(docs, keep))
		return docs;
	return has_docs(BROOD_DOCDIR, keep) ? BROOD_DOCDIR : NULL;
}

static void add_route(struct plan *plan, struct plan_service *service, const char *text)
{
	settings_set(&service->settings, options_find("route"), text, service->origin, plan->keep, NULL);
}

static void add_web(struct plan *plan)
{
	struct plan_service *service = plan_add(plan, "web", (struct origin){ .kind = ORIGIN_DEFAULT });
	const char *docs = find_docs(plan->keep);
	char text[2 * PATH_MAX];
	struct buf buf;

	add_route(plan, service, "/ hello");
	if (!docs)
		return;
	buf_init(&buf, text, sizeof text);
	buf_puts(&buf, "/docs/ files --list ");
	words_quote(&buf, docs);
	if (!buf.truncated && buf.size <= WORDS_TEXT_MAX)
		add_route(plan, service, keep_text(plan->keep, text));
}

void demo_add(struct plan *plan)
{
	static const char *const handlers[] = { "echo", "calc" };

	for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
		struct plan_service *service = plan_add(plan, handlers[i], (struct origin){ .kind = ORIGIN_DEFAULT });

		service->settings.handler = handlers[i];
	}
	add_web(plan);
}

/* ---- How to try it ------------------------------------------------------------------------------------------- */

#define TRY(network, port, line) \
	"  bash -c 'exec 3<>/dev/" network "/127.0.0.1/" port "; echo \"" line "\" >&3; head -n1 <&3'\n"
#define WEB            "tcp://127.0.0.1:8888"
#define TRY_CURL(path) "  curl http://127.0.0.1:8888" path "\n"
#define TRY_WEB(path) \
	"  bash -c 'exec 3<>/dev/tcp/127.0.0.1/8888; printf \"GET " path " HTTP/1.0\\r\\n\\r\\n\" >&3; cat <&3'\n"

static const struct trial {
	const char *url; /* worth trying where this could be had */
	const char *text;
	const char *without_curl; /* NULL: the same */
	bool needs_docs;
} trials[] = {
	{ .url = "tcp://127.0.0.1:8999",
		.text = "calc, the value of each line, as Python 3 prints it:\n" TRY("tcp", "8999", "2**100 // 3") },
	{ .url = "tcp://127.0.0.1:50007", .text = "echo, over TCP:\n" TRY("tcp", "50007", "hello") },
	{ .url = "udp://127.0.0.1:50007", .text = "echo, over UDP:\n" TRY("udp", "50007", "hello") },
	{ .url = WEB,
		.text = "hello, over HTTP:\n" TRY_CURL("/Zhuibing"),
		.without_curl = "hello, over HTTP:\n" TRY_WEB("/Zhuibing") },
	{ .url = WEB,
		.text = "files, these pages (a browser shows http://127.0.0.1:8888/docs/):\n" TRY_CURL(
			"/docs" DOCS_PAGE),
		.without_curl = "files, these pages (a browser shows http://127.0.0.1:8888/docs/):\n" TRY_WEB(
			"/docs" DOCS_PAGE),
		.needs_docs = true },
};

static bool is_installed(const char *program, struct keep *keep)
{
	char *path = keep_text(keep, getenv("PATH") ? getenv("PATH") : ""), *rest = NULL;

	for (char *directory = strtok_r(path, ":", &rest); directory; directory = strtok_r(NULL, ":", &rest))
		if (access(keep_printf(keep, "%s/%s", directory, program), X_OK) == 0)
			return true;
	return false;
}

void demo_ready(void *arg, const struct supervisor *supervisor)
{
	struct keep keep = { NULL };
	bool curl = is_installed("curl", &keep), docs = find_docs(&keep);
	char text[2048];
	struct buf buf;
	ssize_t n;

	(void)arg;
	buf_init(&buf, text, sizeof text);
	buf_puts(&buf, "\nThis is the demonstration set; try it from another terminal:\n\n");
	for (const struct trial *trial = trials; trial < trials + sizeof trials / sizeof trials[0]; trial++)
		if (supervise_listens_on(supervisor, trial->url) && (docs || !trial->needs_docs))
			buf_puts(&buf, trial->without_curl && !curl ? trial->without_curl : trial->text);
	buf_puts(&buf,
		"\nEach client has a process of its own. Stop with ^C; what else there is: brood serve --help\n\n");
	n = write(STDERR_FILENO, text, buf.size);
	(void)n; /* whoever closed standard error does not want to read it */
	keep_fini(&keep);
}
