/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* descriptors.json and ketch.json. */
#include "criu/image.h"

#include <errno.h>
#include <string.h>

#include "spec/field.h"
#include "sys/hostfs.h"
#include "util/jsonw.h"

/*
 * Both become CRIU's "KIND[KEY]:VALUE", of which the last one that begins with the key it looks for counts: "/a]:x" would take the place of "/a",
 * which is config.json's.
 */
static const char *form_name(const char *s)
{
	return strpbrk(s, "]\n") ? "a path without ']' and newlines" : NULL;
}

static const char *form_key(const char *s)
{
	static const char *const kinds[] = { "file[", IMAGE_TERMINAL };
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		size_t len = strlen(kinds[i]), n;

		if (strncmp(s, kinds[i], len) != 0)
			continue;
		n = strspn(s + len, digits);
		if (n == 0 || s[len + n] != ':')
			continue;
		len += n + 1;
		n = strspn(s + len, digits);
		if (n > 0 && strcmp(s + len + n, "]") == 0)
			return NULL;
	}
	return "file[MOUNT:INODE] or tty[RDEV:DEV], in hexadecimal digits";
}

static const struct field mount_fields[] = {
	F_STR("name", struct image_mount, name, .flags = FIELD_REQUIRED | FIELD_ABSOLUTE,
	      .check = form_name),
	F_STR("source", struct image_mount, source, .flags = FIELD_REQUIRED),
	FIELD_END,
};

static const struct field file_fields[] = {
	F_STR("key", struct image_file, key, .flags = FIELD_REQUIRED, .check = form_key),
	F_INT("fd", struct image_file, fd, .flags = FIELD_REQUIRED, .min = -1, .max = 2),
	F_STR("path", struct image_file, path, .flags = FIELD_REQUIRED),
	F_BOOL("device", struct image_file, device),
	FIELD_END,
};

static const struct field note_fields[] = {
	F_INT("version", struct image_note, version, .flags = FIELD_REQUIRED),
	F_BOOL("nestedCgroups", struct image_note, nested_cgroups),
	F_STRV("namespaces", struct image_note, namespaces),
	F_STRV("binds", struct image_note, binds),
	F_OBJECTS("mounts", struct image_note, mounts, mount_fields),
	F_OBJECTS("files", struct image_note, files, file_fields),
	FIELD_END,
};

static const struct field descriptors_fields[] = {
	F_STRV("descriptors", struct image_note, descriptors),
	FIELD_END,
};

/* The error's place is of this file, not of config.json. */
static int damaged(const char *name, int r, struct err *e)
{
	char where[sizeof(e->where)];

	memcpy(where, e->where, sizeof(where));
	e->line = e->col = 0;
	e->where[0] = '\0';
	err_wrap(e, "%s of the image is damaged%s%s", name, where[0] ? ": " : "", where);
	return r;
}

/* Memfds and shared memory, which older notes have as files of the host: CRIU keeps them itself. */
static bool is_memory(const struct image_file *f)
{
	static const char *const heads[] = { "/memfd:", "/SYSV", "/dev/zero" };
	static const char tail[] = " (deleted)";
	size_t len = strlen(f->path), n = sizeof(tail) - 1;

	for (size_t i = 0; !f->device && i < N_ELEMENTS(heads); i++) {
		size_t head = strlen(heads[i]);

		if (len >= head + n && strncmp(f->path, heads[i], head) == 0 &&
		    strcmp(f->path + len - n, tail) == 0)
			return true;
	}
	return false;
}

static void drop_memory(struct image_note *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->files.n; i++) {
		if (!is_memory(&n->files.v[i]))
			n->files.v[kept++] = n->files.v[i];
	}
	n->files.n = kept;
}

int image_note_check(const struct image_note *n, struct err *e)
{
	const struct {
		const char *name;
		size_t n;
	} lists[] = {
		{ "namespaces", n->namespaces.n },
		{ "binds", n->binds.n },
		{ "mounts", n->mounts.n },
		{ "files", n->files.n },
	};

	for (size_t i = 0; i < N_ELEMENTS(lists); i++) {
		if (lists[i].n > IMAGE_LIST_MAX)
			return err_set(e, ERR_UNSUPPORTED,
				       "%zu %s from outside: an image can have at most %d",
				       lists[i].n, lists[i].name, IMAGE_LIST_MAX);
	}
	return 0;
}

int image_note_parse(struct image_note *n, const char *text, size_t len, struct err *e)
{
	int r = field_parse(note_fields, n, &n->arena, text, len, e);

	if (r < 0)
		return damaged(IMAGE_NOTE, r, e);
	if (n->version != IMAGE_NOTE_VERSION)
		return err_set(e, ERR_UNSUPPORTED, "version %lld of %s is not %d",
			       (long long)n->version, IMAGE_NOTE, IMAGE_NOTE_VERSION);
	drop_memory(n);
	r = image_note_check(n, e);
	return r < 0 ? err_wrap(e, "%s of the image", IMAGE_NOTE) : 0;
}

/* The file is a bare array, which is read as the member of an object. */
int image_descriptors_parse(struct image_note *n, const char *text, size_t len, struct err *e)
{
	auto_buf struct buf object = { 0 };

	buf_adds(&object, "{\"descriptors\":");
	buf_add(&object, text, len);
	buf_addc(&object, '}');
	if (buf_error(&object) < 0)
		return err_sys(e, -ENOMEM, IMAGE_DESCRIPTORS);
	int r = field_parse(descriptors_fields, n, &n->arena, buf_str(&object), object.len, e);
	return r < 0 ? damaged(IMAGE_DESCRIPTORS, r, e) : 0;
}

static int read_file(int dir, const char *name, struct buf *out, struct err *e)
{
	int r = host_read(dir, name, IMAGE_FILE_MAX, out);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? err_sys(e, r, "read '%s' of the image", name) : 1;
}

int image_note_read(struct image_note *n, int dir, struct err *e)
{
	auto_buf struct buf note = { 0 }, descriptors = { 0 };

	int r = read_file(dir, IMAGE_NOTE, &note, e);
	if (r > 0) {
		n->found = true;
		r = image_note_parse(n, buf_str(&note), note.len, e);
	}
	if (r >= 0)
		r = read_file(dir, IMAGE_DESCRIPTORS, &descriptors, e);
	return r > 0 ? image_descriptors_parse(n, buf_str(&descriptors), descriptors.len, e) : r;
}

static void write_strv(struct jsonw *w, const char *key, const struct strv *l)
{
	jsonw_array(w, key);
	for (size_t i = 0; i < l->n; i++)
		jsonw_str(w, NULL, l->v[i]);
	jsonw_end_array(w);
}

static void write_note(const struct image_note *n, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 0);
	jsonw_object(&w, NULL);
	jsonw_i64(&w, "version", IMAGE_NOTE_VERSION);
	jsonw_bool(&w, "nestedCgroups", n->nested_cgroups);
	write_strv(&w, "namespaces", &n->namespaces);
	write_strv(&w, "binds", &n->binds);
	jsonw_array(&w, "mounts");
	for (size_t i = 0; i < n->mounts.n; i++) {
		jsonw_object(&w, NULL);
		jsonw_str(&w, "name", n->mounts.v[i].name);
		jsonw_str(&w, "source", n->mounts.v[i].source);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_array(&w, "files");
	for (size_t i = 0; i < n->files.n; i++) {
		jsonw_object(&w, NULL);
		jsonw_str(&w, "key", n->files.v[i].key);
		jsonw_i64(&w, "fd", n->files.v[i].fd);
		jsonw_str(&w, "path", n->files.v[i].path);
		jsonw_bool(&w, "device", n->files.v[i].device);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
}

static void write_descriptors(const struct image_note *n, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 0);
	write_strv(&w, NULL, &n->descriptors);
}

int image_note_write(const struct image_note *n, int dir, struct err *e)
{
	auto_buf struct buf note = { 0 }, descriptors = { 0 };

	write_note(n, &note);
	write_descriptors(n, &descriptors);
	int r = MIN(buf_error(&note), buf_error(&descriptors));
	if (r >= 0)
		r = host_replace(dir, IMAGE_DESCRIPTORS, descriptors.p, descriptors.len, 0600,
				 false);
	if (r >= 0)
		r = host_replace(dir, IMAGE_NOTE, note.p, note.len, 0600, false);
	return r < 0 ? err_sys(e, r, "write") : 0;
}

/* Lists in an arena, as SPEC_LIST is elsewhere: room doubles, what was there is copied. */
static void *grow(struct image_note *n, void *v, size_t count, size_t size)
{
	if (count & (count - 1)) /* between powers of two there is room */
		return v;
	void *more = arena_array(&n->arena, count ? 2 * count : 1, size);
	if (more && count)
		memcpy(more, v, count * size);
	return more;
}

int image_note_add_mount(struct image_note *n, const char *name, const char *source)
{
	struct image_mount *v = grow(n, n->mounts.v, n->mounts.n, sizeof(*v));
	struct image_mount m = { arena_str(&n->arena, name), arena_str(&n->arena, source) };

	if (form_name(name))
		return -EILSEQ;
	if (!v || !m.name || !m.source)
		return -ENOMEM;
	v[n->mounts.n++] = m;
	n->mounts.v = v;
	return 0;
}

int image_note_add_file(struct image_note *n, const char *key, int fd, const char *path,
			bool device)
{
	struct image_file *v = grow(n, n->files.v, n->files.n, sizeof(*v));
	struct image_file f = { arena_str(&n->arena, key), fd, arena_str(&n->arena, path), device };

	if (!v || !f.key || !f.path)
		return -ENOMEM;
	v[n->files.n++] = f;
	n->files.v = v;
	return 0;
}

const struct image_mount *image_note_mount(const struct image_note *n, const char *name)
{
	for (size_t i = 0; i < n->mounts.n; i++) {
		if (strcmp(n->mounts.v[i].name, name) == 0)
			return &n->mounts.v[i];
	}
	return NULL;
}

void image_note_clear(struct image_note *n)
{
	if (n->added) {
		strv_free(&n->namespaces);
		strv_free(&n->binds);
		strv_free(&n->descriptors);
	}
	arena_free(&n->arena);
	*n = (struct image_note){ 0 };
}
