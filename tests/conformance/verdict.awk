# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads what a validation program printed; -v status=EXIT -v program=NAME.
# Prints "RESULT<TAB>why", RESULT being pass, fail or skip.
#
# Many programs report a failure as a YAML block alone, without a test point: such a
# block is one that follows no test point and is not the captured output that
# precedes one.

function bad(text) {
  if (why == "")
    why = text
  failed = 1
}

function close_document() {
  if (documents == 0)
    return
  if (plan < 0)
    bad("the TAP document ends without a plan")
  else if (plan != points)
    bad("planned " plan " test points, got " points)
}

BEGIN {
  plan = -1
}

/^TAP version/ {
  close_document()
  documents++
  plan = -1
  points = 0
  after_point = 0
  next
}

/^  ---$/ {
  in_yaml = 1
  lone = !after_point
  captured = 0
  failure = 0
  next
}

/^  \.\.\.$/ {
  if (in_yaml && lone && !captured && failure)
    bad(text)
  in_yaml = 0
  after_point = 0
  next
}

in_yaml {
  if ($0 ~ /^ *"stdout":/)
    captured = 1
  if ($0 ~ /^ *"(error|actual)":/) {
    failure = 1
    text = $0
    sub(/^ *"[a-z]+": "?/, "", text)
    sub(/"?,?$/, "", text)
  }
  next
}

/^1\.\.[0-9]+/ {
  plan = substr($1, 4) + 0
  after_point = 0
  next
}

/^(not )?ok / {
  points++
  total++
  after_point = 1
  if ($0 ~ /# SKIP/)
    skipped++
  else if ($0 ~ /^not ok/ && $0 !~ /# TODO/)
    bad($0)
  next
}

END {
  close_document()
  if (status != 0)
    bad("exit status " status)
  if (documents == 0 && program !~ /^process_(capabilities|rlimits)_fail$/)
    bad("no TAP document")
  if (failed)
    print "fail\t" why
  else if (total > 0 && skipped == total)
    print "skip\tall test points skipped"
  else
    print "pass\t" (total + 0) " test points"
}
