/* SPDX-License-Identifier: MIT */
/*
 * Decides where a token ends and which brackets match. Invariant: each token, but the last, stands for at least one
 * byte of the text, which bounds their number. Called by calc_eval.
 */
#include "calc/calc_token.h"

#include "calc/calc_limits.h"
#include "calc/calc_scan.h"

#include <stdbool.h>
#include <string.h>

struct splitter {
	struct calc_job *job;
	struct calc_scan scan;
	const char *text;
	struct calc_token *tokens;
	size_t count;
	size_t depth;                /* of open brackets, of all three kinds */
	char brackets[CALC_NESTING]; /* how each was opened */
	bool line_ended;             /* outside of brackets: nothing may follow */
};

static const char *const keywords[] = {
	"None",
	"as",
	"assert",
	"async",
	"await",
	"break",
	"class",
	"continue",
	"def",
	"del",
	"elif",
	"else",
	"except",
	"finally",
	"for",
	"from",
	"global",
	"if",
	"import",
	"in",
	"is",
	"lambda",
	"nonlocal",
	"pass",
	"raise",
	"return",
	"try",
	"while",
	"with",
	"yield",
};

/* Longer ones first. */
static const struct {
	const char *text;
	enum calc_operator operation;
} symbols[] = {
	{ "**", CALC_POWER },
	{ "//", CALC_FLOOR_DIVIDE },
	{ "<<", CALC_SHIFT_LEFT },
	{ ">>", CALC_SHIFT_RIGHT },
	{ "<=", CALC_LESS_EQUAL },
	{ ">=", CALC_GREATER_EQUAL },
	{ "==", CALC_EQUAL },
	{ "!=", CALC_NOT_EQUAL },
	{ "<", CALC_LESS },
	{ ">", CALC_GREATER },
	{ "+", CALC_ADD },
	{ "-", CALC_SUBTRACT },
	{ "*", CALC_MULTIPLY },
	{ "/", CALC_DIVIDE },
	{ "%", CALC_MODULO },
	{ "&", CALC_AND },
	{ "|", CALC_OR },
	{ "^", CALC_XOR },
	{ "~", CALC_INVERT },
};

/* From start to where the scan stands. */
static struct calc_token *add(struct splitter *splitter, enum calc_token_kind kind, const char *start)
{
	struct calc_token *token = &splitter->tokens[splitter->count++];

	*token = (struct calc_token){
		.offset = (uint32_t)(start - splitter->text),
		.size = (uint32_t)(splitter->scan.at - start),
		.kind = kind,
	};
	return token;
}

static bool is_word(const char *start, size_t size, const char *word)
{
	return strlen(word) == size && memcmp(start, word, size) == 0;
}

static void classify_name(struct calc_token *token, const char *start)
{
	static const enum calc_operator words[] = { CALC_LOGICAL_OR, CALC_LOGICAL_AND, CALC_LOGICAL_NOT };

	if (is_word(start, token->size, "True"))
		token->kind = CALC_TOKEN_TRUE;
	else if (is_word(start, token->size, "False"))
		token->kind = CALC_TOKEN_FALSE;
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (is_word(start, token->size, keywords[i]))
			token->kind = CALC_TOKEN_FOREIGN;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!is_word(start, token->size, calc_operator_text(words[i])))
			continue;
		token->kind = CALC_TOKEN_OPERATOR;
		token->operation = words[i];
	}
}

static int split_name(struct splitter *splitter)
{
	const char *start = splitter->scan.at;

	for (; splitter->scan.at < splitter->scan.end && calc_scan_is_name(*splitter->scan.at); splitter->scan.at++)
		if ((*splitter->scan.at & 0x80) != 0)
			return calc_scan_reject(splitter->job, &splitter->scan);
	classify_name(add(splitter, CALC_TOKEN_NAME, start), start);
	return 0;
}

static int split_open(struct splitter *splitter)
{
	const char *start = splitter->scan.at++;

	if (splitter->depth == CALC_NESTING)
		return calc_job_raise(splitter->job, "SyntaxError", "too many nested parentheses");
	splitter->brackets[splitter->depth++] = *start;
	add(splitter, *start == '(' ? CALC_TOKEN_OPEN : CALC_TOKEN_FOREIGN, start);
	return 0;
}

static int split_close(struct splitter *splitter)
{
	const char *start = splitter->scan.at++;
	char opened;

	if (splitter->depth == 0)
		return calc_job_raise(splitter->job, "SyntaxError", "unmatched '%c'", *start);
	opened = splitter->brackets[--splitter->depth];
	if (*start != (opened == '(' ? ')' : opened == '[' ? ']' : '}'))
		return calc_job_raise(splitter->job, "SyntaxError",
			"closing parenthesis '%c' does not match opening parenthesis '%c'", *start, opened);
	add(splitter, *start == ')' ? CALC_TOKEN_CLOSE : CALC_TOKEN_FOREIGN, start);
	return 0;
}

/* A string is no arithmetic, but what is in it is no token either. */
static int split_string(struct splitter *splitter)
{
	const char *start = splitter->scan.at++;
	const char *end = splitter->scan.end;

	while (splitter->scan.at < end && *splitter->scan.at != *start)
		splitter->scan.at += *splitter->scan.at == '\\' && end - splitter->scan.at > 1 ? 2 : 1;
	if (splitter->scan.at == end)
		return calc_job_raise(
			splitter->job, "SyntaxError", "unterminated string literal (detected at line 1)");
	splitter->scan.at++;
	add(splitter, CALC_TOKEN_FOREIGN, start);
	return 0;
}

static int split_symbol(struct splitter *splitter)
{
	struct calc_scan *scan = &splitter->scan;
	const char *start = scan->at;

	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
		size_t size = strlen(symbols[i].text);

		if ((size_t)(scan->end - start) < size || memcmp(start, symbols[i].text, size) != 0)
			continue;
		scan->at += size;
		add(splitter, CALC_TOKEN_OPERATOR, start)->operation = symbols[i].operation;
		return 0;
	}
	if (!strchr(",.:;=!@$?`", *start))
		return calc_scan_reject(splitter->job, scan);
	scan->at++;
	add(splitter, *start == ',' ? CALC_TOKEN_COMMA : CALC_TOKEN_FOREIGN, start);
	return 0;
}

static int split_token(struct splitter *splitter)
{
	const char *at = splitter->scan.at;
	bool digit_follows = splitter->scan.end - at > 1 && at[1] >= '0' && at[1] <= '9';
	enum calc_token_kind kind;
	int r;

	if (splitter->line_ended)
		add(splitter, CALC_TOKEN_FOREIGN, at);
	splitter->line_ended = false;

	if ((*at >= '0' && *at <= '9') || (*at == '.' && digit_follows)) {
		r = calc_scan_number(splitter->job, &splitter->scan, &kind);
		if (r == 0)
			add(splitter, kind, at);
		return r;
	}
	if (calc_scan_is_name(*at))
		return split_name(splitter);
	if (strchr("([{", *at))
		return split_open(splitter);
	if (strchr(")]}", *at))
		return split_close(splitter);
	if (*at == '\'' || *at == '"')
		return split_string(splitter);
	return split_symbol(splitter);
}

/* A backslash joins lines and must be the last character of one. What is wrong with it counts only if the parser
 * gets there, other than what is wrong with a token. */
static void skip_backslash(struct splitter *splitter)
{
	struct calc_scan *scan = &splitter->scan;

	scan->at++;
	if (scan->at == scan->end || (*scan->at != '\n' && *scan->at != '\r')) {
		scan->at = scan->end;
		add(splitter, CALC_TOKEN_BROKEN, scan->at);
		return;
	}
	scan->at += *scan->at == '\r' && scan->end - scan->at > 1 && scan->at[1] == '\n' ? 2 : 1;
	if (scan->at == scan->end)
		add(splitter, CALC_TOKEN_CUT, scan->at);
}

static void skip_comment(struct calc_scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n' && *scan->at != '\r')
		scan->at++;
}

/* One token, or what separates tokens. */
static int step(struct splitter *splitter)
{
	switch (*splitter->scan.at) {
	case '\n':
	case '\r':
		splitter->line_ended = splitter->line_ended || (splitter->depth == 0 && splitter->count > 0);
		splitter->scan.at++;
		return 0;
	case ' ':
	case '\t':
	case '\f':
		splitter->scan.at++;
		return 0;
	case '#':
		skip_comment(&splitter->scan);
		return 0;
	case '\\':
		skip_backslash(splitter);
		return 0;
	default:
		return split_token(splitter);
	}
}

int calc_token_split(struct calc_job *job, const char *text, size_t size, struct calc_token *tokens)
{
	struct splitter splitter = {
		.job = job,
		.scan = { .at = text, .end = text + size },
		.text = text,
		.tokens = tokens,
	};
	int r;

	if (memchr(text, '\0', size))
		return calc_job_raise(job, "ValueError", "source code string cannot contain null bytes");
	while (splitter.scan.at < splitter.scan.end)
		if ((r = step(&splitter)) < 0)
			return r;
	add(&splitter, CALC_TOKEN_END, splitter.scan.at);
	return 0;
}
