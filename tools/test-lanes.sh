# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# In which order and how many at once the system tests run. They wait more than they compute: another one starts whenever the
# processors had time to spare. Sourced by tools/test.

lanes=()
lanes_least=$(nproc)
lanes_most=$(($(nproc) * 4))
if [ -n "${LIMPET_LANES:-}" ]; then
    lanes_least=$LIMPET_LANES
    lanes_most=$LIMPET_LANES
fi
durations_here=build/system-durations.txt
durations_known=test/system/durations.txt

# Jiffies of all processors: those with nothing to do or with work that can wait (nice), and all of them.
processor_time() { awk '/^cpu / {print $3 + $5 + $6, $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9; exit}' /proc/stat; }

# Whether a sixth of the processors' time in the next half second is to spare.
has_time_to_spare() {
    local spare all spare_then all_then
    read -r spare_then all_then < <(processor_time)
    sleep 0.5
    read -r spare all < <(processor_time)
    [ $(((spare - spare_then) * 6)) -ge $((all - all_then)) ]
}

lane_taken() { lanes+=("$1"); }
forget_ended() {
    local pid left=()
    for pid in ${lanes[@]+"${lanes[@]}"}; do
        [ ! -d "/proc/$pid" ] || left+=("$pid")
    done
    lanes=(${left[@]+"${left[@]}"})
}

wait_for_lane() {
    while forget_ended; do
        [ ${#lanes[@]} -ge "$lanes_least" ] || return 0
        if has_time_to_spare && [ ${#lanes[@]} -lt "$lanes_most" ]; then
            return 0
        fi
    done
}
wait_for_lanes() {
    [ ${#lanes[@]} = 0 ] || wait "${lanes[@]}" || true
    lanes=()
}

# Sorts names of scripts: what takes long starts first, and so does what nobody has measured. This computer's own figures count
# before those of the checkout (the same file after a run: cp build/system-durations.txt test/system/durations.txt).
longest_first() {
    local files=()
    for file in "$durations_known" "$durations_here"; do
        [ ! -r "$file" ] || files+=("$file")
    done
    awk 'FILENAME != "-" {seconds[$2] = $1; next} {print ($1 in seconds ? seconds[$1] : 999), $1}' ${files[@]+"${files[@]}"} - |
        sort -s -k1,1nr | cut -d ' ' -f 2
}

# note_durations LOGS SCRIPT...: what passed took so long here.
note_durations() {
    local folder=$1 script log
    shift
    {
        [ ! -r "$durations_here" ] || cat "$durations_here"
        for script in "$@"; do
            log=$folder/${script//\//-}
            [ "$(cat "$log.status" 2>/dev/null)" != 0 ] || echo "$(cat "$log.seconds") $script"
        done
    } | awk '{seconds[$2] = $1} END {for (script in seconds) print seconds[script], script}' | sort -k2 >"$folder/durations"
    mv "$folder/durations" "$durations_here"
}
