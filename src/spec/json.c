/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON text → events, on yajl's push parser. What yajl leaves open is checked here; see json.h. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <yajl/yajl_parse.h>

#include "spec/json.h"
#include "spec/json_text.h"
#include "util/arena.h"
#include "util/utf8.h"

/* A key of an object that is still open. */
struct live_key {
	const char *s;
	uint32_t len, hash, depth, slot;
};

struct level {
	bool array;
	const char *key; /* object: of the value under way; NULL between values */
	size_t key_len;
	size_t count;	  /* array: values begun */
	size_t first_key; /* object: number of live keys of the levels around it */
};

enum { FEW_KEYS = 64, FEW_SLOTS = 128 };

struct json {
	const char *text;
	size_t len;
	json_handler fn;
	void *ctx;
	struct err *e;
	int result; /* negative once the parse is to end */
	yajl_handle yajl;
	jmp_buf out_of_memory;
	size_t start, end; /* token of the present event; start is SIZE_MAX until asked for */
	size_t closed;	   /* just past the document's object; 0: not yet */
	bool at_end;	   /* all of the text was fed */
	int depth;	   /* levels in use */
	size_t n_first;	   /* bytes used of first */
	_Alignas(16) char first[1024];
	struct level levels[JSON_MAX_DEPTH];

	/* Keys of all open objects: a stack, and a hash table (open addressing) of indices into it + 1. */
	struct live_key *keys;
	uint32_t *slots;
	size_t n_keys, max_keys, n_slots;
	uint64_t seed[2];
	struct arena copies; /* of keys with escapes */
	struct live_key few_keys[FEW_KEYS];
	uint32_t few_slots[FEW_SLOTS];
};

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	       [JSON_BOOL] = "a boolean",
		[JSON_NUMBER] = "a number",    [JSON_STRING] = "a string",
		[JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array",
		[JSON_KEY] = "a key",	       [JSON_END_OBJECT] = "an object",
		[JSON_END_ARRAY] = "an array",
	};

	return names[type];
}

size_t json_offset(const struct json *j)
{
	if (j->start != SIZE_MAX)
		return j->start;
	return json_token_start(j->text, yajl_get_bytes_consumed(j->yajl));
}

static bool plain_word(const char *s, size_t len)
{
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
		      (c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

void json_path_key(struct buf *out, const char *key, size_t len)
{
	if (plain_word(key, len)) {
		buf_addc(out, '.');
		buf_add(out, key, len);
		return;
	}
	buf_adds(out, "[\"");
	for (size_t i = 0, n; i < len; i += n) {
		if (key[i] == '"' || key[i] == '\\')
			buf_addc(out, '\\');
		n = utf8_len((const unsigned char *)key + i, len - i);
		n = n ? n : 1;
		buf_addplain(out, key + i, n);
	}
	buf_adds(out, "\"]");
}

void json_path(const struct json *j, struct buf *out)
{
	buf_addc(out, '$');
	for (int i = 0; i < j->depth; i++) {
		const struct level *l = &j->levels[i];

		if (l->array && l->count > 0)
			buf_addf(out, "[%zu]", l->count - 1);
		else if (!l->array && l->key)
			json_path_key(out, l->key, l->key_len);
	}
}

/* Fills in where and line:column of OFFSET; returns the error's -errno. */
static int place(struct json *j, size_t offset)
{
	auto_buf struct buf path = { 0 };

	json_path(j, &path);
	json_position(j->text, offset, &j->e->line, &j->e->col);
	return err_at(j->e, "%s", buf_str(&path));
}

/* Ends the parse with what is in j->e. */
static int stop(struct json *j, size_t offset)
{
	j->result = place(j, offset);
	return 0;
}

static int no_memory(struct json *j)
{
	j->result = err_sys(j->e, -ENOMEM, "reading JSON");
	return 0;
}

static int emit(struct json *j, const struct json_event *ev)
{
	int r = j->fn(j->ctx, j, ev);

	if (r < 0)
		j->result = r;
	return r >= 0;
}

/* ---- duplicate keys ---- */

/* Keyed, so that nobody can write a config whose keys all meet in one slot. */
static uint32_t hash_key(const struct json *j, const char *s, size_t len, uint32_t depth)
{
	uint64_t h = j->seed[0] ^ ((uint64_t)depth << 32 | (uint32_t)len);

	while (len > 0) {
		uint64_t word = 0;
		size_t n = len < 8 ? len : 8;

		memcpy(&word, s, n);
		unsigned __int128 m = (unsigned __int128)(word ^ h) * (j->seed[1] | 1);
		h = (uint64_t)m ^ (uint64_t)(m >> 64) ^ (h << 23 | h >> 41);
		s += n;
		len -= n;
	}
	h ^= h >> 32;
	return (uint32_t)(h * 0x9e3779b97f4a7c15u >> 32);
}

static void seed_hash(struct json *j)
{
	const void *random = (const void *)getauxval(AT_RANDOM);

	if (random)
		memcpy(j->seed, random, sizeof(j->seed));
	else
		j->seed[0] = j->seed[1] = (uintptr_t)j;
}

static void put_in_slot(struct json *j, size_t index)
{
	size_t mask = j->n_slots - 1;
	size_t slot = j->keys[index].hash & mask;

	while (j->slots[slot])
		slot = (slot + 1) & mask;
	j->slots[slot] = (uint32_t)index + 1;
	j->keys[index].slot = (uint32_t)slot;
}

static bool grow_keys(struct json *j)
{
	size_t max = j->max_keys * 2;
	struct live_key *keys = malloc(max * sizeof(*keys));
	uint32_t *slots = calloc(max * 2, sizeof(*slots));

	if (!keys || !slots) {
		free(keys);
		free(slots);
		return false;
	}
	memcpy(keys, j->keys, j->n_keys * sizeof(*keys));
	if (j->keys != j->few_keys) {
		free(j->keys);
		free(j->slots);
	}
	j->keys = keys;
	j->slots = slots;
	j->max_keys = max;
	j->n_slots = max * 2;
	/* In the order of the stack, so that removal in reverse still leaves no holes. */
	for (size_t i = 0; i < j->n_keys; i++)
		put_in_slot(j, i);
	return true;
}

static const struct live_key *find_key(const struct json *j, const struct live_key *key)
{
	size_t mask = j->n_slots - 1;

	for (size_t slot = key->hash & mask; j->slots[slot]; slot = (slot + 1) & mask) {
		const struct live_key *k = &j->keys[j->slots[slot] - 1];

		if (k->hash == key->hash && k->depth == key->depth && k->len == key->len &&
		    memcmp(k->s, key->s, k->len) == 0)
			return k;
	}
	return NULL;
}

/* Forgets the keys of the object that ends. Last in, first out: what was put in after a key is gone already, so
 * clearing its slot breaks nobody's search. */
static void drop_keys(struct json *j, size_t first)
{
	while (j->n_keys > first)
		j->slots[j->keys[--j->n_keys].slot] = 0;
}

static bool in_text(const struct json *j, const char *s)
{
	return s >= j->text && s < j->text + j->len;
}

static int duplicate(struct json *j, const struct live_key *first, size_t offset)
{
	err_set(j->e, ERR_SPEC, "duplicate key '%.*s'", (int)MIN(first->len, 100u), first->s);
	if (in_text(j, first->s)) {
		uint32_t line, col;

		json_position(j->text, (size_t)(first->s - j->text) - 1, &line, &col);
		err_hint(j->e,
			 "the first one is at line %u, column %u; readers of JSON disagree on "
			 "which one counts",
			 line, col);
	}
	return stop(j, offset);
}

/* ---- yajl's callbacks: 1 goes on, 0 ends ---- */

/* A value begins: counts it, and refuses what is not in an object or array. */
static int begin_value(struct json *j, size_t start)
{
	j->start = start;
	if (j->depth == 0) {
		err_set(j->e, ERR_SPEC, "the document must be an object");
		return stop(j, json_offset(j));
	}
	if (j->levels[j->depth - 1].array)
		j->levels[j->depth - 1].count++;
	return 1;
}

static int end_value(struct json *j)
{
	if (j->depth > 0)
		j->levels[j->depth - 1].key = NULL;
	return 1;
}

static int scalar(struct json *j, const struct json_event *ev, size_t start)
{
	return begin_value(j, start) && emit(j, ev) && end_value(j);
}

static int on_null(void *ctx)
{
	return scalar(ctx, &(struct json_event){ .type = JSON_NULL }, SIZE_MAX);
}

static int on_boolean(void *ctx, int value)
{
	return scalar(ctx, &(struct json_event){ .type = JSON_BOOL, .boolean = value }, SIZE_MAX);
}

static int on_number(void *ctx, const char *s, size_t len)
{
	return scalar(ctx, &(struct json_event){ .type = JSON_NUMBER, .s = s, .len = len },
		      SIZE_MAX);
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	struct json *j = ctx;
	struct json_event ev = { .type = JSON_STRING, .s = (const char *)s, .len = len };

	return scalar(j, &ev, in_text(j, ev.s) ? (size_t)(ev.s - j->text) - 1 : SIZE_MAX);
}

static int on_key(void *ctx, const unsigned char *key, size_t len)
{
	struct json *j = ctx;
	struct level *l = &j->levels[j->depth - 1];
	struct live_key k = { .s = (const char *)key,
			      .len = (uint32_t)len,
			      .depth = (uint32_t)j->depth };

	j->start = SIZE_MAX;
	if (in_text(j, k.s))
		j->start = (size_t)(k.s - j->text) - 1;
	else if (!(k.s = arena_strn(&j->copies, k.s, len)))
		return no_memory(j);
	l->key = k.s;
	l->key_len = len;
	k.hash = hash_key(j, k.s, len, k.depth);
	const struct live_key *first = find_key(j, &k);
	if (first)
		return duplicate(j, first, json_offset(j));
	if (j->n_keys == j->max_keys && !grow_keys(j))
		return no_memory(j);
	j->keys[j->n_keys] = k;
	put_in_slot(j, j->n_keys++);
	return emit(j, &(struct json_event){ .type = JSON_KEY, .s = k.s, .len = len });
}

static int open_level(struct json *j, bool array)
{
	if ((j->depth > 0 || array) && !begin_value(j, SIZE_MAX))
		return 0;
	j->start = SIZE_MAX;
	if (j->depth == JSON_MAX_DEPTH) {
		err_set(j->e, ERR_SPEC, "nested deeper than %d levels", JSON_MAX_DEPTH);
		return stop(j, json_offset(j));
	}
	struct json_event ev = { .type = array ? JSON_ARRAY : JSON_OBJECT };
	if (!emit(j, &ev))
		return 0;
	j->levels[j->depth++] = (struct level){ .array = array, .first_key = j->n_keys };
	return 1;
}

static int close_level(struct json *j)
{
	struct level *l = &j->levels[--j->depth];
	struct json_event ev = { .type = l->array ? JSON_END_ARRAY : JSON_END_OBJECT };

	j->start = SIZE_MAX;
	drop_keys(j, l->first_key);
	if (j->depth == 0)
		j->closed = yajl_get_bytes_consumed(j->yajl);
	return emit(j, &ev) && end_value(j);
}

static int on_start_map(void *ctx)
{
	return open_level(ctx, false);
}

static int on_start_array(void *ctx)
{
	return open_level(ctx, true);
}

static int on_end(void *ctx)
{
	return close_level(ctx);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end,
};

static bool in_first(const struct json *j, const void *p)
{
	return (const char *)p >= j->first && (const char *)p < j->first + sizeof(j->first);
}

/* yajl uses what it gets unchecked, so running out of memory has to leave from in here. Its handle stays sound:
 * it keeps the old pointer until this returns. The first few pieces come from the struct: while yajl sets up its
 * handle and lexer nobody could free them yet. */
static void *yajl_more(void *ctx, void *p, size_t n)
{
	struct json *j = ctx;
	void *more;

	if (!p && n <= sizeof(j->first) - j->n_first) {
		more = j->first + j->n_first;
		j->n_first += (n + 15) & ~(size_t)15;
		return more;
	}
	more = realloc(in_first(j, p) ? NULL : p, n);
	if (!more)
		longjmp(j->out_of_memory, 1);
	if (in_first(j, p))
		memcpy(more, p, MIN(n, sizeof(j->first) - (size_t)((char *)p - j->first)));
	return more;
}

static void *yajl_malloc(void *ctx, size_t n)
{
	return yajl_more(ctx, NULL, n);
}

static void yajl_release(void *ctx, void *p)
{
	if (!in_first(ctx, p))
		free(p);
}

/* ---- the whole ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where yajl's error is. Its offset is behind the offending token but for a few errors. */
static size_t error_offset(const struct json *j, const char *message)
{
	size_t at = MIN(yajl_get_bytes_consumed(j->yajl), j->len - 1);

	if (strstr(message, "inside string") || strstr(message, "inside a string") ||
	    strstr(message, "comment"))
		return at;
	/* Here it is put back by the length of the token, that of a string being without its quotes. */
	if (strstr(message, "after key and value"))
		return at >= 2 && j->text[at - 2] == '"' && !is_blank(j->text[at - 1]) ? at - 2
										       : at;
	return json_token_start(j->text, at == j->len - 1 ? yajl_get_bytes_consumed(j->yajl) : at);
}

static void syntax_error(struct json *j, size_t fed)
{
	unsigned char *text = yajl_get_error(j->yajl, 0, (const unsigned char *)j->text, fed);
	const char *s = (const char *)text;
	size_t offset;

	if (strstr(s, "trailing garbage") || j->closed) {
		err_set(j->e, ERR_SPEC, "text after the end of the document");
		for (offset = j->closed; offset < fed && is_blank(j->text[offset]); offset++)
			;
	} else if (fed == j->len && j->at_end) {
		err_set(j->e, ERR_SPEC, "not valid JSON: the document ends too early");
		offset = j->len;
	} else {
		const char *colon = strstr(s, "error: ");

		s = colon ? colon + strlen("error: ") : s;
		err_set(j->e, ERR_SPEC, "not valid JSON: %.*s", (int)strcspn(s, "\n"), s);
		offset = error_offset(j, s);
	}
	yajl_free_error(j->yajl, text);
	stop(j, offset);
}

static int feed(struct json *j)
{
	enum json_flaw flaw;
	/* The text up to the first flaw is parsed all the same: an error before it comes first, and the parser
	 * knows the path of the value that holds the flaw. */
	size_t good = json_find_flaw(j->text, j->len, &flaw);
	yajl_status s = yajl_parse(j->yajl, (const unsigned char *)j->text, good);

	if (s == yajl_status_ok && flaw == JSON_FLAWLESS) {
		j->at_end = true;
		s = yajl_complete_parse(j->yajl);
	}
	if (j->result < 0)
		return j->result;
	if (s != yajl_status_ok) {
		syntax_error(j, good);
	} else if (flaw != JSON_FLAWLESS) {
		if (j->depth > 0 && j->levels[j->depth - 1].array)
			j->levels[j->depth - 1].count++;
		err_set(j->e, ERR_SPEC, "%s", json_flaw_text(flaw));
		stop(j, good);
	}
	return j->result;
}

static bool all_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_blank(text[i]))
			return false;
	}
	return true;
}

static int check_size(const char *text, size_t len, struct err *e)
{
	if (len > JSON_MAX_SIZE) {
		err_set(e, ERR_SPEC, "the document has %zu bytes, more than the limit of %d MiB",
			len, JSON_MAX_SIZE >> 20);
		return err_at(e, "$");
	}
	if (all_blank(text, len)) {
		err_set(e, ERR_SPEC, "the document is empty");
		e->line = e->col = 1;
		return err_at(e, "$");
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		err_set(e, ERR_SPEC, "the document begins with a byte order mark");
		e->line = e->col = 1;
		err_hint(e, "JSON is plain UTF-8 without one (RFC 8259, section 8.1)");
		return err_at(e, "$");
	}
	return 0;
}

static int run(struct json *j)
{
	yajl_alloc_funcs memory = {
		.malloc = yajl_malloc, .realloc = yajl_more, .free = yajl_release, .ctx = j
	};

	if (setjmp(j->out_of_memory)) {
		no_memory(j);
		return j->result;
	}
	j->yajl = yajl_alloc(&callbacks, &memory, j);
	yajl_config(j->yajl, yajl_dont_validate_strings, 1); /* json_find_flaw() is stricter */
	return feed(j);
}

int json_parse(const char *text, size_t len, json_handler fn, void *ctx, struct err *e)
{
	int r = check_size(text, len, e);
	if (r < 0)
		return r;

	struct json *j = malloc(sizeof(*j));
	if (!j)
		return err_sys(e, -ENOMEM, "reading JSON");
	memset(j, 0, offsetof(struct json, first));
	memset(&j->keys, 0, sizeof(*j) - offsetof(struct json, keys));
	j->text = text;
	j->len = len;
	j->fn = fn;
	j->ctx = ctx;
	j->e = e;
	j->keys = j->few_keys;
	j->slots = j->few_slots;
	j->max_keys = FEW_KEYS;
	j->n_slots = FEW_SLOTS;
	seed_hash(j);

	r = run(j);
	if (j->yajl)
		yajl_free(j->yajl);
	if (j->keys != j->few_keys) {
		free(j->keys);
		free(j->slots);
	}
	arena_free(&j->copies);
	free(j);
	return r;
}
