# SPDX-License-Identifier: GPL-2.0-or-later
#
# compare.awk EXPECTED RESULTS: the table and the verdict of check.sh; -v out=DIR of the outputs.

FNR == NR {
  expected[$1, $2] = $3
  reason[$1, $2] = $4
  listed[++lists] = $1 SUBSEP $2
  next
}

{
  if (!(($1, $2) in row)) {
    row[$1, $2] = 1
    order[++rows] = $1 SUBSEP $2
  }
  if (!($3 in label)) {
    label[$3] = 1
    column[++columns] = $3
  }
  result[$1, $2, $3] = $4
  left[$1, $2, $3] = $6
  why[$1, $2, $3] = $7
}

# Whether another runtime that can make containers in the view passes the program.
function peer_passes(program, view,    i) {
  for (i = 1; i <= columns; i++)
    if (column[i] != "ketch" && result[program, view, column[i]] == "pass" &&
        result["default", view, column[i]] == "pass")
      return column[i]
  return ""
}

# The verdict on ketch's result: passed, skipped or failed; sets note.
function judge(program, view,    got, want, peer, behind) {
  got = result[program, view, "ketch"]
  want = expected[program, view]
  peer = peer_passes(program, view)
  behind = left[program, view, "ketch"]
  note = why[program, view, "ketch"]
  if (got == "")
    return "none"
  if (want == "") {
    note = "not in expected.tsv"
    return "failed"
  }
  if (got == "skip")
    return "skipped"
  if (behind != "-" && behind !~ /state=/) {
    note = "left behind: " behind
    return "failed"
  }
  if (got == "pass") {
    if (want == "pass" || want == "either")
      return "passed"
    note = "passes, but expected.tsv says " want ": " reason[program, view]
    return "failed"
  }
  if (peer != "" && want != "differ" && want != "either") {
    note = peer " passes; ketch: " note
    return "failed"
  }
  if (want == "pass")
    return "failed"
  note = reason[program, view]
  return "skipped"
}

END {
  printf "%-36s %-5s", "program", "view"
  for (i = 1; i <= columns; i++)
    printf " %-11s", column[i]
  print " verdict"
  for (i = 1; i <= rows; i++) {
    split(order[i], key, SUBSEP)
    printf "%-36s %-5s", key[1], key[2]
    for (j = 1; j <= columns; j++)
      printf " %-11s", result[key[1], key[2], column[j]]
    verdict = judge(key[1], key[2])
    count[verdict]++
    print " " verdict
    if (verdict == "failed")
      failures = failures key[1] " (" key[2] "): " note "\n    see " out "/ketch/" key[2] "/" key[1] "/\n"
    else if (verdict == "skipped" && !(note in told)) {
      told[note] = 1
      skips = skips key[1] " (" key[2] "): " note "\n"
    }
  }
  for (i = 1; i <= lists; i++)
    if (!(listed[i] in row)) {
      split(listed[i], key, SUBSEP)
      failures = failures key[1] " (" key[2] "): in expected.tsv, but was not run\n"
      count["failed"]++
    }
  if (skips != "")
    printf "\nFailing as listed:\n%s", skips
  if (failures != "")
    printf "\nFAILED:\n%s", failures
  printf "\n%d passed, %d failed, %d skipped\n", count["passed"], count["failed"], count["skipped"]
  exit count["failed"] > 0
}
