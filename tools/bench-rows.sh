# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# For tools/bench: its rows. $results is the file of this run's, $figures that of the checked-in ones; a line is
# "NAME UNIT MIN MEDIAN MAX BUDGET". A budget is the most that the median may be, with >= before it the least, and - when there is none.

# row NAME UNIT BUDGET VALUES...: minimum, median and maximum of the values.
row() {
    local name=$1 unit=$2 budget=$3
    shift 3
    printf '%s\n' "$@" | sort -n | awk -v name="$name" -v unit="$unit" -v budget="$budget" '
        {v[NR] = $1} END {print name, unit, v[1], v[int((NR + 1) / 2)], v[NR], budget}' >>"$results"
}

# ratio NAME BUDGET ROW OTHER: one median in percent of another, when this run has both.
ratio() {
    local percent
    percent=$(awk -v a="$3" -v b="$4" '$1 == a {x = $4} $1 == b {y = $4} END {if (x != "" && y > 0) printf "%.0f", 100 * x / y}' "$results")
    [ -z "$percent" ] || row "$1" % "$2" "$percent"
}

# What all that shows rows knows of them: is_met(budget, value).
readonly row_words='
    function is_met(budget, value) { return budget ~ /^>=/ ? value + 0 >= substr(budget, 3) + 0 : value + 0 <= budget + 0 }'

show_rows() {
    awk "$row_words"'
        FILENAME == ARGV[1] {was[$1] = $4; next}
        FNR == 1 {printf "%-50s %5s %8s %8s %8s %8s %10s\n", "what", "unit", "min", "median", "max", "budget", "checked in"}
        {printf "%-50s %5s %8s %8s %8s %8s %10s%s\n", $1, $2, $3, $4, $5, $6, ($1 in was) ? was[$1] : "-",
            $6 == "-" ? "" : is_met($6, $4) ? "  ok" : "  OVER"}' "$figures" "$results"
}

# The last line: how many budgets are met, and which are not.
show_sum() {
    awk "$row_words"'
        $6 != "-" {if (is_met($6, $4)) met++; else {missed++; names = names " " $1}}
        END {printf "budgets: %d met, %d missed%s%s\n", met, missed, missed ? ":" : "", names}' "$results"
}

rows_as_json() {
    awk "$row_words"'
        FILENAME == ARGV[1] {was[$1] = $4; next}
        {print $1, $2, $3, $4, $5, $6, ($1 in was) ? was[$1] : "null", $6 == "-" ? "null" : is_met($6, $4) ? "true" : "false"}' "$figures" "$results" |
        jq -cRn '[inputs | split(" ") | {name: .[0], unit: .[1], min: (.[2] | tonumber), median: (.[3] | tonumber), max: (.[4] | tonumber),
            budget: (if .[5] == "-" then null else .[5] | ltrimstr(">=") | tonumber end), budget_is: (if .[5] == "-" then null elif .[5] | startswith(">=") then "least" else "most" end),
            is_met: (.[7] | fromjson), checked_in: (.[6] | fromjson)}] |
            {rows: ., budgets: {met: map(select(.is_met == true)) | length, missed: map(select(.is_met == false) | .name)}}'
}
