# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion of ketch, for ~/.config/fish/completions. The script comes from the program, whose option tables it follows.
ketch completion fish | source
