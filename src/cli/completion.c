/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch completion: scripts for bash, zsh and fish, from the option tables. */
#include <string.h>

#include "cli/cli.h"

/* ---- what the tables say ---- */

enum value_kind { VALUE_NONE, VALUE_DIR, VALUE_FILE, VALUE_WORDS, VALUE_OTHER };

/* How the value of an option completes is told by its name in --help. */
static enum value_kind value_of(const struct opt *o)
{
	if (!o->arg)
		return VALUE_NONE;
	if (o->words)
		return VALUE_WORDS;
	if (strcmp(o->arg, "DIR") == 0)
		return VALUE_DIR;
	if (strcmp(o->arg, "FILE") == 0 || strcmp(o->arg, "PATH") == 0)
		return VALUE_FILE;
	return VALUE_OTHER;
}

static bool takes_id(const struct command *c)
{
	return c->usage && strstr(c->usage, "ID") && c->max_args != 0;
}

static bool takes_file(const struct command *c)
{
	return c->usage && strstr(c->usage, " FILE");
}

/* The words that the first argument can be, with blanks between them; false: it is none of some words. */
static bool first_words(const struct command *c, struct buf *out)
{
	size_t len = c->usage ? strcspn(c->usage, " ") : 0;

	if (len == 0 || *c->usage == '[' || !memchr(c->usage, '|', len))
		return false;
	for (size_t i = 0; i < len; i++)
		buf_addc(out, c->usage[i] == '|' ? ' ' : c->usage[i]);
	return true;
}

/* TEXT between single quotes of a shell; characters in ESCAPE get a backslash. */
static void add_quoted(struct buf *out, const char *text, const char *escape)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addf(out, "%s%c", strchr(escape, *text) ? "\\" : "", *text);
	}
}

static void add_words(const struct opt *o, const char *separator, struct buf *out)
{
	for (size_t i = 0; o->words[i].word; i++)
		buf_addf(out, "%s%s", i ? separator : "", o->words[i].word);
}

struct table {
	const struct opt *opts;
	size_t n;
};

static struct table table_of(const struct command *c)
{
	return (struct table){ c->opts, c->n_opts };
}

static struct table global_table(void)
{
	return (struct table){ global_options, n_global_options };
}

/* ---- bash ---- */

static void bash_options(struct table t, struct buf *out)
{
	for (size_t i = 0; i < t.n; i++) {
		if (!t.opts[i].hidden)
			buf_addf(out, " --%s", t.opts[i].name);
	}
}

/* The lines of a case on the word before for the options with a value. */
static void bash_values(struct table t, const char *command, struct buf *out)
{
	static const char *const how[] = {
		[VALUE_DIR] = "_ketch_paths -d",
		[VALUE_FILE] = "_ketch_paths -f",
		[VALUE_OTHER] = "COMPREPLY=()",
	};

	for (size_t i = 0; i < t.n; i++) {
		const struct opt *o = &t.opts[i];
		enum value_kind kind = value_of(o);

		if (kind == VALUE_NONE || o->hidden)
			continue;
		buf_addf(out, "  %s:--%s", command, o->name);
		if (o->short_name)
			buf_addf(out, " | %s:-%c", command, o->short_name);
		buf_adds(out, ") ");
		if (kind == VALUE_WORDS) {
			buf_adds(out, "COMPREPLY=($(compgen -W '");
			add_words(o, " ", out);
			buf_adds(out, "' -- \"$cur\"))");
		} else {
			buf_adds(out, how[kind]);
		}
		buf_adds(out, "; return ;;\n");
	}
}

static void bash_skip_values(struct buf *out)
{
	const struct table t = global_table();
	bool first = true;

	/* --root=DIR comes as three words */
	buf_adds(out, "    --root) [[ ${COMP_WORDS[i+1]} != = ]] || ((i++)); "
		      "root=${COMP_WORDS[++i]} ;;\n    ");
	for (size_t i = 0; i < t.n; i++) {
		if (value_of(&t.opts[i]) == VALUE_NONE || strcmp(t.opts[i].name, "root") == 0)
			continue;
		buf_addf(out, "%s--%s", first ? "" : " | ", t.opts[i].name);
		first = false;
	}
	buf_adds(out, ") [[ ${COMP_WORDS[i+1]} != = ]] || ((i++)); ((i++)) ;;\n");
}

/* What a command's own words can be; $n of them are there already. */
static void bash_words(const struct command *c, struct buf *out)
{
	auto_buf struct buf first = { 0 };

	buf_addf(out, "  %s) words=\"--help", c->name);
	bash_options(table_of(c), out);
	buf_addc(out, '"');
	if (first_words(c, &first)) {
		buf_addf(out, "; case $n in 0) words=\"%s $words\" ;;", buf_str(&first));
		if (takes_id(c))
			buf_adds(out, " 1) ids=1 ;;");
		if (takes_file(c))
			buf_adds(out, " 2) files=1 ;;");
		buf_adds(out, " esac");
	} else if (takes_id(c)) {
		buf_adds(out, " ids=1");
	}
	buf_adds(out, " ;;\n");
}

static void bash_script(struct buf *out)
{
	/* A quoted word comes with its quotes; what is found is quoted by bash. */
	buf_adds(out, "# bash completion of ketch: made by `ketch completion bash`\n"
		      "_ketch_paths() {\n"
		      "  cur=${cur#[\\\"\\']}\n"
		      "  compopt -o filenames 2>/dev/null\n"
		      "  mapfile -t COMPREPLY < <(compgen \"$1\" -- \"${cur//\\\\/}\")\n"
		      "}\n"
		      "_ketch() {\n"
		      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
		      "command= root= words= ids= files= i n=0\n"
		      "  [[ $cur != = ]] || cur=\n"
		      "  [[ $prev != = ]] || prev=${COMP_WORDS[COMP_CWORD-2]}\n"
		      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
		      "    case ${COMP_WORDS[i]} in\n");
	bash_skip_values(out);
	buf_adds(out, "    -*) ;;\n"
		      "    *) command=${COMP_WORDS[i]}; break ;;\n"
		      "    esac\n"
		      "  done\n"
		      "  for ((i++; i < COMP_CWORD; i++)); do\n"
		      "    [[ ${COMP_WORDS[i]} == -* ]] || ((n++))\n"
		      "  done\n"
		      "  case $command:$prev in\n");
	bash_values(global_table(), "", out);
	for (size_t i = 0; commands[i]; i++)
		bash_values(table_of(commands[i]), commands[i]->name, out);
	buf_adds(out, "  esac\n  case $command in\n  '') words=\"");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(out, "%s%s", i ? " " : "", commands[i]->name);
	buf_adds(out, " --help");
	bash_options(global_table(), out);
	buf_adds(out, "\" ;;\n");
	for (size_t i = 0; commands[i]; i++)
		bash_words(commands[i], out);
	buf_adds(out, "  esac\n"
		      "  if [[ -n $ids && $cur != -* ]]; then\n"
		      "    words=$(ketch ${root:+--root \"$root\"} list -q 2>/dev/null)\n"
		      "  elif [[ -n $files && $cur != -* ]]; then\n"
		      "    _ketch_paths -f; return\n"
		      "  fi\n"
		      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		      "}\n"
		      "complete -F _ketch ketch\n");
}

/* ---- zsh ---- */

static void zsh_value(const struct opt *o, struct buf *out)
{
	enum value_kind kind = value_of(o);

	if (kind == VALUE_NONE)
		return;
	buf_addc(out, ':');
	add_quoted(out, o->arg, ":[]");
	buf_addc(out, ':');
	if (kind == VALUE_DIR)
		buf_adds(out, "_files -/");
	else if (kind == VALUE_FILE)
		buf_adds(out, "_files");
	else if (kind == VALUE_WORDS) {
		buf_addc(out, '(');
		add_words(o, " ", out);
		buf_addc(out, ')');
	}
}

static void zsh_spec(const struct opt *o, char dash_name, struct buf *out)
{
	const char *many = o->kind == OPT_STRV ? "*" : "";

	if (dash_name)
		buf_addf(out, " \\\n      '%s-%c", many, dash_name);
	else
		buf_addf(out, " \\\n      '%s--%s", many, o->name);
	/* "+" and "=": the value is in the same word or the next */
	if (o->arg)
		buf_addc(out, dash_name ? '+' : '=');
	buf_addc(out, '[');
	add_quoted(out, o->help ? o->help : "", "[]:\\");
	buf_addc(out, ']');
	zsh_value(o, out);
	buf_addc(out, '\'');
}

static void zsh_specs(struct table t, struct buf *out)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.opts[i].hidden)
			continue;
		zsh_spec(&t.opts[i], 0, out);
		if (t.opts[i].short_name)
			zsh_spec(&t.opts[i], t.opts[i].short_name, out);
	}
}

static void zsh_commands(struct buf *out)
{
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "      '%s:", commands[i]->name);
		add_quoted(out, commands[i]->summary, ":\\");
		buf_adds(out, "'\n");
	}
	buf_adds(out, "    )\n    _describe command list\n    ;;\n  argument)\n"
		      "    case $words[1] in\n");
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		buf_addf(out, "    %s) _arguments -S '--help[print help]'", c->name);
		zsh_specs(table_of(c), out);
		auto_buf struct buf words = { 0 };
		if (first_words(c, &words))
			buf_addf(out, " '1:what:(%s)'%s", buf_str(&words),
				 takes_id(c) ? " '2:container:_ketch_ids' '3:file:_files'" : "");
		else if (takes_id(c))
			buf_addf(out, " '1:container:_ketch_ids'%s",
				 c->stop_at_positional ? " '*::command:_normal'" : "");
		buf_adds(out, " ;;\n");
	}
	buf_adds(out, "    esac\n");
}

static void zsh_script(struct buf *out)
{
	buf_adds(out, "#compdef ketch\n"
		      "# zsh completion of ketch: made by `ketch completion zsh`\n"
		      "_ketch_ids() {\n"
		      "  local -a ids\n"
		      "  ids=(${(f)\"$(ketch ${_ketch_root:+--root=$_ketch_root} list -q "
		      "2>/dev/null)\"})\n"
		      "  compadd -a ids\n"
		      "}\n"
		      "_ketch() {\n"
		      "  local context state line _ketch_root\n"
		      "  local -a list\n"
		      "  typeset -A opt_args\n"
		      "  _arguments -C '--help[print help]'");
	zsh_specs(global_table(), out);
	buf_adds(out, " \\\n      '1:command:->command' '*::argument:->argument'\n"
		      "  _ketch_root=${opt_args[--root]}\n"
		      "  case $state in\n"
		      "  command)\n"
		      "    list=(\n");
	zsh_commands(out);
	/* Loaded by compinit as the function itself it has to run; from .zshrc, to be known. */
	buf_adds(out, "    ;;\n  esac\n}\n"
		      "if (( ${funcstack[(I)_ketch]} )); then _ketch \"$@\"; "
		      "else compdef _ketch ketch; fi\n");
}

/* ---- fish ---- */

static void fish_options(struct table t, const char *when, struct buf *out)
{
	for (size_t i = 0; i < t.n; i++) {
		const struct opt *o = &t.opts[i];
		enum value_kind kind = value_of(o);

		if (o->hidden)
			continue;
		buf_addf(out, "complete -c ketch -n '%s' -l %s", when, o->name);
		if (o->short_name)
			buf_addf(out, " -s %c", o->short_name);
		if (kind == VALUE_DIR)
			buf_adds(out, " -x -a '(__fish_complete_directories)'");
		else if (kind == VALUE_FILE)
			buf_adds(out, " -r -F");
		else if (kind == VALUE_WORDS) {
			buf_adds(out, " -x -a '");
			add_words(o, " ", out);
			buf_addc(out, '\'');
		} else if (kind == VALUE_OTHER)
			buf_adds(out, " -x");
		buf_adds(out, " -d '");
		/* in fish's single quotes the backslash escapes, a quote too */
		for (const char *c = o->help ? o->help : ""; *c; c++)
			buf_addf(out, "%s%c", *c == '\'' || *c == '\\' ? "\\" : "", *c);
		buf_adds(out, "'\n");
	}
}

/* __ketch_words: the command and its arguments before the cursor, without options. */
static void fish_words(struct buf *out)
{
	const struct table t = global_table();

	buf_adds(out, "function __ketch_words\n"
		      "  set -l words (commandline -opc)\n"
		      "  set -l command\n"
		      "  set -l value\n"
		      "  set -e words[1]\n"
		      "  for word in $words\n"
		      "    if test -n \"$value\"\n"
		      "      set value\n"
		      "    else if string match -q -- '-*' $word\n"
		      "      test -n \"$command\"; and continue\n"
		      "      contains -- $word");
	for (size_t i = 0; i < t.n; i++) {
		if (value_of(&t.opts[i]) != VALUE_NONE)
			buf_addf(out, " --%s", t.opts[i].name);
	}
	buf_adds(out, "; and set value yes\n"
		      "    else\n"
		      "      set command $word\n"
		      "      echo $word\n"
		      "    end\n"
		      "  end\n"
		      "end\n"
		      "function __ketch_no_command\n"
		      "  test (count (__ketch_words)) = 0\n"
		      "end\n"
		      "# COMMAND [HOW-MANY-ARGUMENTS]\n"
		      "function __ketch_is\n"
		      "  set -l words (__ketch_words)\n"
		      "  test \"$words[1]\" = $argv[1]; or return\n"
		      "  test (count $argv) = 1; or test (count $words) = (math $argv[2] + 1)\n"
		      "end\n");
}

/* What a command's own words can be. */
static void fish_arguments(const struct command *c, struct buf *out)
{
	static const char *const line = "complete -c ketch -n '__ketch_is %s%s' ";
	auto_buf struct buf words = { 0 };
	bool first = first_words(c, &words);

	if (first) {
		buf_addf(out, line, c->name, " 0");
		buf_addf(out, "-a '%s'\n", buf_str(&words));
	}
	if (takes_id(c)) {
		buf_addf(out, line, c->name, first ? " 1" : "");
		buf_adds(out, "-a '(__ketch_ids)'\n");
	}
	if (first && takes_file(c)) {
		buf_addf(out, line, c->name, " 2");
		buf_adds(out, "-F\n");
	}
}

static void fish_script(struct buf *out)
{
	buf_adds(out, "# fish completion of ketch: made by `ketch completion fish`\n"
		      "function __ketch_ids\n"
		      "  set -l root\n"
		      "  set -l words (commandline -opc)\n"
		      "  for i in (seq (count $words))\n"
		      "    switch $words[$i]\n"
		      "      case '--root=*'\n"
		      "        set root $words[$i]\n"
		      "      case --root\n"
		      "        set root --root=$words[(math $i + 1)]\n"
		      "    end\n"
		      "  end\n"
		      "  ketch $root list -q 2>/dev/null\n"
		      "end\n");
	fish_words(out);
	buf_adds(out, "complete -c ketch -f\n"
		      "complete -c ketch -l help -d 'print help'\n");
	fish_options(global_table(), "__ketch_no_command", out);
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "complete -c ketch -n __ketch_no_command -a %s -d '",
			 commands[i]->name);
		add_quoted(out, commands[i]->summary, "\\");
		buf_adds(out, "'\n");
	}
	for (size_t i = 0; commands[i]; i++) {
		auto_buf struct buf when = { 0 };

		buf_addf(&when, "__ketch_is %s", commands[i]->name);
		fish_options(table_of(commands[i]), buf_str(&when), out);
		fish_arguments(commands[i], out);
	}
}

/* ---- */

static const struct {
	const char *name;
	void (*write)(struct buf *out);
} shells[] = {
	{ "bash", bash_script },
	{ "zsh", zsh_script },
	{ "fish", fish_script },
};

static int run(UNUSED const struct cli_global *g, UNUSED void *opts, const struct args *a,
	       struct err *e)
{
	auto_buf struct buf out = { 0 };

	for (size_t i = 0; i < N_ELEMENTS(shells); i++) {
		if (strcmp(a->v[0], shells[i].name) == 0) {
			shells[i].write(&out);
			return cli_print(&out, e);
		}
	}
	err_set(e, ERR_USAGE, "no completion for '%s'", a->v[0]);
	return err_hint(e, "known: bash, zsh, fish");
}

const struct command cmd_completion = {
	.name = "completion",
	.usage = "bash|zsh|fish",
	.summary = "print a completion script for the shell",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
