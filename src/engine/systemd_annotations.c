/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Annotations org.systemd.property.NAME: properties of the scope in GVariant's text form, as runc and crun take them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/systemd.h"
#include "spec/annotations.h"
#include "util/parse.h"
#include "util/util.h"

enum { MIN_NAME = 3, MAX_VALUE = 4096, USEC = 1000000, USEC_DIGITS = 6 };

/* What makes the scope the container's is not the config's to say. */
static const char *const ours[] = { "PIDs",	"PIDFDs",     "Slice",
				    "Delegate", "Controller", "DelegateSubgroup" };

static const struct number {
	const char *word; /* "" : without one */
	char sig;
	int64_t min;
	uint64_t max;
} numbers[] = {
	{ "byte ", 'y', 0, UINT8_MAX },	   { "int32 ", 'i', INT32_MIN, INT32_MAX },
	{ "uint32 ", 'u', 0, UINT32_MAX }, { "int64 ", 'x', INT64_MIN, INT64_MAX },
	{ "uint64 ", 't', 0, UINT64_MAX }, { "handle ", 0, 0, 0 },
	{ "", 'i', INT32_MIN, INT32_MAX },
};

struct text {
	const char *at;
	struct arena *arena;
	bool failed;
};

static void skip_blanks(struct text *t)
{
	t->at += strspn(t->at, " \t");
}

/* 'text' or "text", with \ before what stands for itself. NULL: it is none. */
static const char *take_quoted(struct text *t)
{
	char quote = *t->at;
	char *out = arena_alloc(t->arena, strlen(t->at) + 1), *end = out;

	t->failed = !out;
	for (t->at++; out && *t->at && *t->at != quote; t->at++) {
		if (*t->at == '\\') {
			t->at++;
			if (!*t->at || !strchr("\\'\"", *t->at))
				return NULL;
		}
		*end++ = *t->at;
	}
	if (!out || !*t->at)
		return NULL;
	t->at++;
	return out;
}

/* Digits up to what ends a number: decimal, 0x… or, with a 0 in front, octal, as in GVariant and in runc. */
static int take_number(struct text *t, const struct number *kind, uint64_t *ret)
{
	size_t len = strcspn(t->at, " \t,]");
	char word[32];
	int64_t i;

	if (len == 0 || len >= sizeof(word))
		return -EINVAL;
	memcpy(word, t->at, len);
	word[len] = '\0';
	t->at += len;
	if (word[0] == '-') {
		int r = parse_c_i64(word, &i);

		*ret = (uint64_t)i;
		return r < 0 ? r : i < kind->min ? -ERANGE : 0;
	}
	int r = parse_c_u64(word, ret);
	return r < 0 ? r : *ret > kind->max ? -ERANGE : 0;
}

/* One value; *SIG is its type, or on entry, if set, what it must be. */
static int take_value(struct text *t, char *sig, struct systemd_item *ret)
{
	char found = 0;
	int r = 0;

	if (*t->at == '\'' || *t->at == '"') {
		found = 's';
		ret->s = take_quoted(t);
		r = ret->s ? 0 : -EINVAL;
	} else if (strncmp(t->at, "true", 4) == 0 || strncmp(t->at, "false", 5) == 0) {
		found = 'b';
		ret->n = *t->at == 't';
		t->at += ret->n ? 4 : 5;
	} else {
		const struct number *kind = numbers;

		while (*kind->word && strncmp(t->at, kind->word, strlen(kind->word)) != 0)
			kind++;
		/* the type of the first element is that of all */
		for (size_t i = 0; !*kind->word && *sig && i < N_ELEMENTS(numbers); i++) {
			if (numbers[i].sig == *sig)
				kind = &numbers[i];
		}
		found = kind->sig;
		t->at += strncmp(t->at, kind->word, strlen(kind->word)) == 0 ? strlen(kind->word)
									     : 0;
		skip_blanks(t);
		r = found ? take_number(t, kind, &ret->n) : -EINVAL;
	}
	if (r >= 0 && *sig && *sig != found)
		return -EINVAL;
	*sig = found;
	return r;
}

/* "@TYPE " before a value, as runc takes it too: one of the types above, or an array of it. *RET_SIG: 0 where there is none. */
static int take_type(struct text *t, char *ret_sig)
{
	bool array;

	*ret_sig = 0;
	if (*t->at != '@')
		return 0;
	array = *++t->at == 'a';
	t->at += array;
	if (!*t->at || !strchr("sbyiuxt", *t->at) || (t->at[1] != ' ' && t->at[1] != '\t'))
		return -EINVAL;
	*ret_sig = *t->at++;
	skip_blanks(t);
	return array == (*t->at == '[') ? 0 : -EINVAL;
}

static int take_array(struct text *t, char sig, struct systemd_prop *p, size_t room)
{
	for (t->at++, skip_blanks(t); *t->at != ']'; skip_blanks(t)) {
		if (p->n == room)
			return -E2BIG;
		int r = take_value(t, &sig, &p->items[p->n++]);
		if (r < 0)
			return r;
		skip_blanks(t);
		if (*t->at == ',')
			t->at++;
		else if (*t->at != ']')
			return -EINVAL;
	}
	t->at++;
	snprintf(p->sig, sizeof(p->sig), "a%c", sig ? sig : 's');
	return 0;
}

/* Seconds, with a fraction, as microseconds. */
static int take_seconds(const char *s, uint64_t *ret)
{
	char whole[32] = "", part[USEC_DIGITS + 1] = "000000";
	uint64_t n, fraction;
	size_t len, digits;

	for (const struct number *kind = numbers; *kind->word; kind++) {
		if (strncmp(s, kind->word, strlen(kind->word)) == 0) {
			s += strlen(kind->word);
			break;
		}
	}
	len = strcspn(s, ".");
	digits = s[len] ? strlen(s + len + 1) : 0;
	if (len >= sizeof(whole) || digits > USEC_DIGITS || (s[len] && digits == 0))
		return -EINVAL;
	memcpy(whole, s, len);
	memcpy(part, s + len + (s[len] == '.'), digits);
	if (parse_u64(whole, &n) < 0 || parse_u64(part, &fraction) < 0)
		return -EINVAL;
	if (n > UINT64_MAX / USEC - 1)
		return -ERANGE;
	*ret = n * USEC + fraction;
	return 0;
}

static int take_property(struct systemd_props *p, const char *name, const char *value,
			 const char *where)
{
	struct text t = { .at = value, .arena = p->arena };
	size_t room = 1 + strlen(value) / 2, len = strlen(name);
	char sig = 0;
	int r;

	struct systemd_prop *prop = systemd_add(p, name, "", room);
	if (!prop)
		return -ENOMEM;
	prop->where = where;
	prop->n = 0;
	skip_blanks(&t);
	r = take_type(&t, &sig);
	if (r < 0)
		return r;
	if (len > 3 && strcmp(name + len - 3, "Sec") == 0 &&
	    (len < 4 || strcmp(name + len - 4, "USec") != 0) && strchr("0123456789iu", *t.at)) {
		prop->name = arena_printf(p->arena, "%.*sUSec", (int)len - 3, name);
		prop->n = 1;
		snprintf(prop->sig, sizeof(prop->sig), "t");
		return prop->name ? take_seconds(t.at, &prop->items[0].n) : -ENOMEM;
	}
	if (*t.at == '[') {
		r = take_array(&t, sig, prop, room);
	} else {
		r = take_value(&t, &sig, &prop->items[0]);
		prop->n = 1;
		prop->sig[0] = sig;
		prop->sig[1] = '\0';
	}
	skip_blanks(&t);
	return t.failed ? -ENOMEM : r < 0 ? r : *t.at ? -EINVAL : 0;
}

static const char *name_problem(const char *name)
{
	if (strlen(name) < MIN_NAME)
		return "is not followed by a property's name";
	for (size_t i = 0; name[i]; i++) {
		if ((name[i] < 'A' || name[i] > 'Z') && (name[i] < 'a' || name[i] > 'z'))
			return "is not followed by letters alone";
	}
	for (size_t i = 0; i < N_ELEMENTS(ours); i++) {
		if (strcmp(name, ours[i]) == 0)
			return "is set by ketch itself";
	}
	return NULL;
}

static int add_one(struct systemd_props *p, const struct spec_map_entry *x, struct err *e)
{
	const char *name = x->key + strlen(ANNOTATION_SYSTEMD_PROPERTY),
		   *problem = name_problem(name);
	const char *where = arena_printf(p->arena, "$.annotations[\"%s\"]", x->key);

	if (!where)
		return err_sys(e, -ENOMEM, "plan");
	if (problem) {
		err_set(e, ERR_SPEC, "annotation '%.100s' %s", x->key, problem);
		return err_at(e, "%s", where);
	}
	int r = strlen(x->value) > MAX_VALUE ? -E2BIG : take_property(p, name, x->value, where);
	if (r == -ENOMEM)
		return err_sys(e, r, "plan");
	if (r >= 0)
		return 0;
	err_set(e, ERR_SPEC, "annotation '%.100s': '%.100s' %s", x->key, x->value,
		r == -ERANGE ? "is out of range" : "is not a value");
	err_hint(e, "write true, 'text', 5, uint64 5, ['a', 'b'] or [1, 2]");
	return err_at(e, "%s", where);
}

int systemd_add_annotations(struct systemd_props *p, const spec_map *map, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < map->n && r >= 0; i++) {
		if (strncmp(map->v[i].key, ANNOTATION_SYSTEMD_PROPERTY,
			    strlen(ANNOTATION_SYSTEMD_PROPERTY)) == 0)
			r = add_one(p, &map->v[i], e);
	}
	return r;
}
