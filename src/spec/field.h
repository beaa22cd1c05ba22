/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Field tables: which keys a JSON object may have, what each may hold, and where in a C struct it goes. One
 * interpreter reads a document by such a table, in one pass, straight into structs in an arena.
 *
 * A table is an array of rows ended by FIELD_END. An example, of a document {"pid": 7, "made": ["/a"], "by": {"uid": 1}}:
 *
 *	static const struct field owner_fields[] = {
 *		F_INT("uid", struct owner, uid, .flags = FIELD_REQUIRED),
 *		FIELD_END,
 *	};
 *	static const struct field state_fields[] = {
 *		F_INT("pid", struct state, pid, .min = 1, .max = INT_MAX),
 *		F_STRV("made", struct state, made),
 *		F_OBJECT_PTR("by", struct state, by, struct owner, owner_fields),
 *		FIELD_END,
 *	};
 *	r = field_parse(state_fields, &state, &arena, text, len, e);
 *
 * Rules that hold for every row: a null counts as an absent member, where the member is REQUIRED it is an error; a
 * value of another type is an error; integers take no fraction and no exponent and must fit the member (or .min to
 * .max where one of them is not 0); unknown keys are skipped. Absent members are left as they were: set defaults
 * before, in elements of lists with .init.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec/json.h"
#include "spec/names.h"
#include "util/arena.h"
#include "util/err.h"
#include "util/jsonw.h"
#include "util/strv.h"

enum field_kind {
	FIELD_KIND_END,
	FIELD_BOOL,
	FIELD_INTEGER, /* any integer member; its width and sign come with the row */
	FIELD_STRING,  /* char * */
	FIELD_STRINGS, /* struct strv, or a {char **v; size_t n} */
	FIELD_WORD,    /* a word of .names → its value in an integer member of any width */
	FIELD_LETTERS, /* a string of one-letter words, each at most once → their values or'ed into an integer member */
	FIELD_BITS,	   /* array of words → their values or'ed into an integer member */
	FIELD_BIT_NUMBERS, /* the same, the values being bit numbers; unknown words are warnings */
	FIELD_INTEGERS,	   /* array → SPEC_LIST of an integer type */
	FIELD_WORDS,	   /* array → SPEC_LIST of an integer type */
	FIELD_OBJECT,	   /* a struct inside the struct */
	FIELD_OBJECT_PTR,  /* a pointer to a struct; allocated when it is NULL */
	FIELD_OBJECT_SCRATCH, /* an object handed to .done and forgotten; the row has no member */
	FIELD_OBJECTS,	      /* array of objects → SPEC_LIST */
	FIELD_EACH, /* array of objects, each handed to .done and forgotten; the row has no member */
	FIELD_MAP,  /* object of strings → spec_map */
	FIELD_OBJECT_MAP, /* object of objects → SPEC_LIST; the key goes to the element's member at .key_at */
	FIELD_SKIP, /* known, and read past without a look */
};

enum field_flag {
	FIELD_REQUIRED = 1,
	FIELD_NON_EMPTY = 2,	/* string, each string of a list, each key of a map; not "" */
	FIELD_ABSOLUTE = 4,	/* a path that begins with '/'; same */
	FIELD_SOME = 8,		/* list: at least one element */
	FIELD_ONE_LINE = 16,	/* no newline; same as NON_EMPTY */
	FIELD_EMPTY_UNSET = 32, /* "" counts as absent (Go's omitempty on the way back) */
};

struct field_ctx;

struct field {
	const char *key;
	enum field_kind kind;
	uint8_t key_len, size; /* size of an integer member or element */
	bool is_signed;
	uint16_t flags;
	uint32_t at;	    /* offset of the member */
	uint32_t has;	    /* offset + 1 of a bool to set when the member is present; 0 = none */
	uint32_t word;	    /* WORD: offset + 1 of a char * that gets the word itself; 0 = none */
	uint32_t key_at;    /* OBJECT_MAP: offset of the element's char * for the key */
	uint32_t elem_size; /* OBJECT_PTR, OBJECTS, EACH, OBJECT_MAP */
	int64_t min;
	uint64_t max;
	const struct field *table; /* of the object or of the elements */
	const struct name *names;
	const char
		*what; /* WORD and the like: "a capability"; FIELD_OBJECT_MAP: what the key names */
	/* A string's form: NULL, or what it must be ("a list such as 0-3,7"). */
	const char *(*check)(const char *s);
	/* A zeroed new element or object gets its defaults. */
	void (*init)(void *elem);
	/* After an object (or element) was read without an error. PARENT is the struct that holds the member.
	 * 0, or what field_bad() returned. */
	int (*done)(struct field_ctx *c, void *parent, void *elem);
};

#define FIELD_END                                                                                  \
	{                                                                                          \
		.kind = FIELD_KIND_END                                                             \
	}

#define FIELD_MEMBER(type, m) (((type *)0)->m)
/* Offset of a member; a warning when its type is not TYPE_OF_M. */
#define FIELD_TYPED(type, m, type_of_m)                                                            \
	(offsetof(type, m) + 0 * sizeof(&FIELD_MEMBER(type, m) == (type_of_m *)0))
#define FIELD_KEY(k)	.key = (k), .key_len = sizeof(k) - 1
#define FIELD_SIGNED(x) ((__typeof__(x))-1 < 1)
#define HAS(type, m)	.has = FIELD_TYPED(type, m, bool) + 1

#define F_BOOL(k, type, m, ...)                                                                    \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_BOOL, .at = FIELD_TYPED(type, m, bool), __VA_ARGS__    \
	}
#define F_INT(k, type, m, ...)                                                                     \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_INTEGER, .at = offsetof(type, m),                      \
			      .size = sizeof(FIELD_MEMBER(type, m)),                               \
			      .is_signed = FIELD_SIGNED(FIELD_MEMBER(type, m)), __VA_ARGS__        \
	}
#define F_STR(k, type, m, ...)                                                                     \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_STRING, .at = FIELD_TYPED(type, m, char *),            \
			      __VA_ARGS__                                                          \
	}
#define F_STRV(k, type, m, ...)                                                                    \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_STRINGS, .at = FIELD_TYPED(type, m, struct strv),      \
			      __VA_ARGS__                                                          \
	}
#define F_WORD(k, type, m, table_, what_, ...)                                                     \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_WORD, .at = offsetof(type, m),                         \
			      .size = sizeof(FIELD_MEMBER(type, m)), .names = (table_),            \
			      .what = (what_), __VA_ARGS__                                         \
	}
#define F_LETTERS(k, type, m, table_, what_, ...)                                                  \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_LETTERS, .at = offsetof(type, m),                      \
			      .size = sizeof(FIELD_MEMBER(type, m)), .names = (table_),            \
			      .what = (what_), __VA_ARGS__                                         \
	}
#define F_BITS(k, type, m, table_, what_, ...)                                                     \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_BITS, .at = offsetof(type, m),                         \
			      .size = sizeof(FIELD_MEMBER(type, m)), .names = (table_),            \
			      .what = (what_), __VA_ARGS__                                         \
	}
#define F_INTS(k, type, m, ...)                                                                    \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_INTEGERS, .at = offsetof(type, m),                     \
			      .size = sizeof(*FIELD_MEMBER(type, m).v),                            \
			      .is_signed = FIELD_SIGNED(*FIELD_MEMBER(type, m).v), __VA_ARGS__     \
	}
#define F_WORDS(k, type, m, table_, what_, ...)                                                    \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_WORDS, .at = offsetof(type, m),                        \
			      .size = sizeof(*FIELD_MEMBER(type, m).v), .names = (table_),         \
			      .what = (what_), __VA_ARGS__                                         \
	}
#define F_OBJECT(k, type, m, table_, ...)                                                          \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_OBJECT, .at = offsetof(type, m), .table = (table_),    \
			      __VA_ARGS__                                                          \
	}
#define F_OBJECT_PTR(k, type, m, elem, table_, ...)                                                \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_OBJECT_PTR, .at = FIELD_TYPED(type, m, elem *),        \
			      .elem_size = sizeof(elem), .table = (table_), __VA_ARGS__            \
	}
#define F_OBJECTS(k, type, m, table_, ...)                                                         \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_OBJECTS, .at = offsetof(type, m),                      \
			      .elem_size = sizeof(*FIELD_MEMBER(type, m).v), .table = (table_),    \
			      __VA_ARGS__                                                          \
	}
#define F_SCRATCH(k, elem, table_, ...)                                                            \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_OBJECT_SCRATCH, .elem_size = sizeof(elem),             \
			      .table = (table_), __VA_ARGS__                                       \
	}
/* An object whose members go to the struct around it. */
#define F_GROUP(k, table_, ...)                                                                    \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_OBJECT, .table = (table_), __VA_ARGS__                 \
	}
#define F_EACH(k, elem, table_, done_, ...)                                                        \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_EACH, .elem_size = sizeof(elem), .table = (table_),    \
			      .done = (done_), __VA_ARGS__                                         \
	}
#define F_MAP(k, type, m, ...)                                                                     \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_MAP, .at = offsetof(type, m), __VA_ARGS__              \
	}
#define F_OBJECT_MAP(k, type, m, key_member, table_, ...)                                          \
	{                                                                                          \
		FIELD_KEY(k),                                                                      \
			.kind = FIELD_OBJECT_MAP, .at = offsetof(type, m),                         \
			.elem_size = sizeof(*FIELD_MEMBER(type, m).v), .table = (table_),          \
			.key_at = offsetof(__typeof__(*FIELD_MEMBER(type, m).v), key_member),      \
			__VA_ARGS__                                                                \
	}
#define F_SKIP(k)                                                                                  \
	{                                                                                          \
		FIELD_KEY(k), .kind = FIELD_SKIP                                                   \
	}

/* Where findings go besides the one error. Every member may be NULL. */
struct field_sink {
	void *ctx;
	/* An error that reading can go on after. Returns false to end there (or is NULL: ends at the first). */
	bool (*finding)(void *ctx, const struct err *e);
	/* An unknown key or word; e holds text and place. */
	void (*warning)(void *ctx, const struct err *e);
};

/*
 * Reads TEXT, an object, by TABLE into OUT. Strings and lists go to the arena (TEXT may be freed afterwards). An error
 * is ERR_SPEC with path, line and column; what was read until then is in OUT.
 */
int field_parse(const struct field *table, void *out, struct arena *a, const char *text, size_t len,
		struct err *e);
/* The same with findings and warnings told to SINK. Findings that ended nothing do not count: the result is 0. */
int field_parse_all(const struct field *table, void *out, struct arena *a, const char *text,
		    size_t len, const struct field_sink *sink, struct err *e);

/* Writes IN as the member KEY (NULL at the top): what field_parse() reads as the same again. For the kinds bool, integer, string,
 * strings, word, letters, object, list and map; members of other kinds are left out. */
void field_write(struct jsonw *w, const char *key, const struct field *table, const void *in);

/* For .done: an error of the object just read, at MEMBER (".access", or "" for the object). 0 to go on (a finding that
 * ended nothing), or negative. */
int field_bad(struct field_ctx *c, const char *member, const char *fmt, ...) PRINTF_LIKE(3, 4);
void field_warn(struct field_ctx *c, const char *member, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* For .done: what to return when memory is out. */
int field_no_memory(struct field_ctx *c);
/* For .done: memory that lives as long as what is read; index of the element in its list. */
struct arena *field_arena(struct field_ctx *c);
size_t field_index(const struct field_ctx *c);
