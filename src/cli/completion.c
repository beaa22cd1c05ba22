/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch completion: a script for bash, from the option tables. */
#include <string.h>

#include "cli/cli.h"

static void options_of(const struct opt *opts, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (!opts[i].hidden)
			buf_addf(out, " --%s", opts[i].name);
	}
}

static void command_cases(struct buf *out)
{
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "    %s) words=\"--help", commands[i]->name);
		options_of(commands[i]->opts, commands[i]->n_opts, out);
		buf_adds(out, "\" ;;\n");
	}
}

/* Options whose value is a file or a directory complete as file names, the command's name as one of ours, the rest as ids. */
static void bash_script(struct buf *out)
{
	buf_adds(out, "# bash completion of ketch: made by `ketch completion bash`\n"
		      "_ketch() {\n"
		      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
		      "command= root= words i\n"
		      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
		      "    case ${COMP_WORDS[i]} in\n"
		      "    --root) root=${COMP_WORDS[++i]} ;;\n"
		      "    --log | --log-format | --log-level | --cgroup-manager | --rootless) "
		      "((i++)) ;;\n"
		      "    -*) ;;\n"
		      "    *) command=${COMP_WORDS[i]}; break ;;\n"
		      "    esac\n"
		      "  done\n"
		      "  case $prev in\n"
		      "  -b | --bundle | --root) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n"
		      "  --log | --pid-file | -f | --config | -p | --process | --facts | --trace | "
		      "--console-socket | --pidfd-socket)\n"
		      "    COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
		      "  esac\n"
		      "  case $command in\n    '') words=\"");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(out, "%s%s", i ? " " : "", commands[i]->name);
	options_of(global_options, n_global_options, out);
	buf_adds(out, "\" ;;\n");
	command_cases(out);
	buf_adds(out, "  esac\n"
		      "  if [[ -n $command && $cur != -* ]]; then\n"
		      "    words=$(ketch ${root:+--root \"$root\"} list -q 2>/dev/null)\n"
		      "  fi\n"
		      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		      "}\n"
		      "complete -F _ketch ketch\n");
}

static int run(UNUSED const struct cli_global *g, UNUSED void *opts, const struct args *a,
	       struct err *e)
{
	auto_buf struct buf out = { 0 };

	if (strcmp(a->v[0], "bash") != 0) {
		err_set(e, ERR_USAGE, "no completion for '%s'", a->v[0]);
		return err_hint(e, "known: bash");
	}
	bash_script(&out);
	return cli_print(&out, e);
}

const struct command cmd_completion = {
	.name = "completion",
	.usage = "bash",
	.summary = "print a completion script for the shell",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
