# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of ketch. The script comes from the program, whose option tables it follows: source this file, or install it as
# /usr/share/bash-completion/completions/ketch.
source <(ketch completion bash)
