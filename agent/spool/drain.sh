# Drains one FIFO of an execution into its spool: sh drain.sh <spool folder> <out|err> [segment bytes] [roomy] <FIFO
#
# Standard input is the FIFO's reading end, opened by whoever starts this while a writing end was held: so nothing in here ever
# waits for an opening, and when the last writer has gone there is end-of-file, and this ends. `roomy` = there was room on the
# disk just now.
#
# One `dd` copies each read to the segment file at once, `<stream>.<absolute offset of its first byte, 16 digits>`, and says when
# it ends how much that was; this loop then begins the next segment, or goes on with the same. Empty files tell what names and
# sizes can't:
#   <stream>.killed.<offset>       bytes were lost here, nobody knows how many
#   <stream>.full.<from>.<until>   these bytes were lost for a full disk (from = until: nobody knows how many)
#   <stream>.eof                   everybody who could write has gone, and all of it was read
#   <stream>.end                   the agent's: the stream's end is known, what comes is dropped
# `bound` (bytes, then the policy) is read anew at every segment, <stream>.hold (see await_readers) as well. All names are
# relative: the folder may be renamed.

pad() { # <offset> → $padded. dash and bash have printf built in, but not without a fork in a substitution.
  padded=0000000000000000$1
  padded=${padded#"${padded%????????????????}"}
}

locate() { # <segment file> → $at, its absolute offset. The leading 1 keeps zeros from meaning octal.
  at=$((1${1#"$stream".} - 10000000000000000))
}

measure() { # <file> → $size
  size=$(stat -c %s "$1" 2>/dev/null) || size=0
}

begin() { # <offset> → $file, which is to begin there
  pad "$1"
  file=$stream.$padded file_at=$1 size=0
}

find_end() { # → $end: past everything kept or counted as lost
  end=0
  last=
  for each in "$stream".[0-9]*; do
    [ -e "$each" ] || continue
    locate "$each"
    if [ "$at" -ge "$end" ]; then end=$at last=$each; fi
  done
  if [ -n "$last" ]; then
    measure "$last"
    end=$((end + size))
  fi
  for each in "$stream".full.*.*; do
    [ -e "$each" ] || continue
    at=$((1${each##*.} - 10000000000000000))
    if [ "$at" -gt "$end" ]; then end=$at; fi
  done
}

has_room() { # <bytes>
  set -- "$1" $(stat -f -c '%a %S' . 2>/dev/null) 1000000000 1000000000
  [ $(($2 * $3)) -ge "$1" ]
}

look_for_room() { # → $low: less than this segment and three more may need
  if has_room $((segment_bytes * 4)); then low=; else low=1; fi
}

read_bound() { # → $bound, $policy
  bound= policy=
  { read -r bound; read -r policy; } 2>/dev/null <bound
  case $bound in '' | 0 | *[!0-9]*) bound=268435456 ;; esac
  if [ "$policy" = throttle ] && [ "$bound" -lt $((segment_bytes * 4)) ]; then bound=$((segment_bytes * 4)); fi
}

# Under `throttle`: waits as long as dropping what is before $1 would rob a reader of the agent's. <stream>.hold says
# "<agent's pid> <its start time> <offset of the slowest reader>"; false where nothing may be dropped at all (the offset is -).
await_readers() {
  while { read -r pid start reader <"$stream.hold"; } 2>/dev/null && [ ! -e "$stream.end" ]; do
    { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 0
    set -- "$1" ${stat##*) }
    [ "${21}" = "$start" ] || return 0
    [ "$reader" != - ] || return 1
    [ "$reader" -lt "$1" ] || return 0
    sleep 0.05
  done
  return 0
}

# Makes room for the segment that begins at $1. The one before it always stays: the end mark may lie across the border.
keep_bound() {
  read_bound
  if [ "$policy" = keep-head ]; then
    from=$((bound - 2 * segment_bytes)) until=$(($1 - segment_bytes))
    if [ "$from" -lt "$segment_bytes" ]; then from=$segment_bytes; fi
  else
    from=0 until=$(($1 + segment_bytes - bound))
    if [ "$until" -gt $(($1 - segment_bytes)) ]; then until=$(($1 - segment_bytes)); fi
  fi
  [ "$until" -gt "$from" ] || return
  if [ "$policy" = throttle ]; then await_readers $((until + segment_bytes)) || return; fi
  set --
  for each in "$stream".[0-9]*; do
    [ -e "$each" ] || continue
    locate "$each"
    if [ "$at" -ge "$from" ] && [ "$at" -lt "$until" ]; then set -- "$@" "$each"; fi
  done
  [ $# -eq 0 ] || rm -f "$@"
}

drop_oldest() { # never $file; nothing under keep-head, where what came first is what is wanted
  read_bound
  [ "$policy" != keep-head ] || return
  oldest=
  for each in "$stream".[0-9]*; do
    [ "$each" != "$file" ] && [ -s "$each" ] || continue
    locate "$each"
    if [ -z "$oldest" ] || [ "$at" -lt "$oldest_at" ]; then oldest=$each oldest_at=$at; fi
  done
  [ -n "$oldest" ] || return
  measure "$oldest"
  rm -f "$oldest"
  pad "$oldest_at"
  mark=$padded
  pad $((oldest_at + size))
  true >"$stream.full.$mark.$padded"
}

mark_full() { # <from> <until>, both absolute; one that goes on where the last one ended replaces it
  pad "$2"
  mark_until=$padded
  if [ -n "$lost_at" ] && [ "$1" -eq "$lost_until" ]; then pad "$lost_at"; else
    lost_at=$1 lost_mark=
    pad "$1"
  fi
  true >"$stream.full.$padded.$mark_until"
  if [ -n "$lost_mark" ] && [ "$lost_mark" != "$stream.full.$padded.$mark_until" ]; then rm -f "$lost_mark"; fi
  lost_mark=$stream.full.$padded.$mark_until lost_until=$2
}

# One read at a time, each counted, so that what a full disk swallows is known to the byte.
copy_counted() {
  for each_read in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
    [ ! -e "$stream.end" ] || return
    if ! has_room 262144; then drop_oldest; fi
    set -- $({ { dd bs=65536 count=1 <&6 2>/dev/null; echo $? >&4; } | tee -a "$file" 2>/dev/null | wc -c; } 4>&1)
    measure "$file"
    end=$((file_at + size))
    case $1 in
      0) ;;
      126 | 127) exit 2 ;;
      *) mark_killed; return ;;
    esac
    [ "$2" -gt 0 ] || leave
    counted=$((counted + $2))
    [ "$end" -lt "$counted" ] || continue
    if [ "$size" -eq 0 ]; then rm -f "$file"; fi
    mark_full "$end" "$counted"
    begin "$counted"
  done
  look_for_room
}

mark_killed() { # at $end
  pad "$end"
  true >"$stream.killed.$padded"
  begin "$end"
  counted=$end
}

# Reads at most what still fits into the segment.
copy_segment() {
  count=$(((segment_bytes - size) / read_bytes))
  # A child in the background has no standard input unless it is told from where.
  dd bs="$read_bytes" count="$count" <&6 6<&- >>"$file" 2>"$stream.dd" &
  echo $! >"$stream.pid"
  { wait $!; status=$?; } 2>/dev/null
  [ ! -e "$stream.end" ] || return
  # "<full>+<short> records in", "… records out", "<bytes> bytes copied, …"
  # GNU's may warn of partial reads first.
  {
    while read -r reads rest && [ "$rest" != 'records in' ]; do :; done
    read -r rest
    read -r bytes rest
  } <"$stream.dd"
  case $status-$reads-$bytes in
    0-[0-9]*+[0-9]*-[0-9]*)
      size=$((size + bytes))
      [ $((${reads%+*} + ${reads#*+})) -eq "$count" ] || leave
      return
      ;;
    126-* | 127-*) exit 2 ;;
  esac
  measure "$file"
  end=$((file_at + size))
  if [ "$status" -ge 128 ]; then
    mark_killed
  else
    # What it had read and could not write nobody knows. From here on each read is counted.
    pad "$end"
    true >"$stream.full.$padded.$padded"
    drop_oldest
    begin "$end"
    low=1
  fi
}

leave() { # at end-of-file
  true >"$stream.eof"
  exit 0
}

export LC_ALL=C
umask 077
cd "$1" || exit 2
stream=$2 segment_bytes=${3:-16777216} roomy=$4
exec 3<&- 4<&- 5<&- 7<&- 8<&-
exec 6<&0 </dev/null >/dev/null
# A segment is full when less than a sixteenth of it is left: the last reads of each would be many processes for few bytes.
read_bytes=65536 slack=$(((segment_bytes + 15) / 16))
if [ "$slack" -lt "$read_bytes" ]; then read_bytes=$slack; fi

# <stream>.alive is a FIFO whose writing end every process of this drain holds: a loop that is started again waits for
# end-of-file there, so for what the dead one left behind.
again=
exec 9<>"$stream.alive"
set -C
{ true >"$stream.started"; } 2>/dev/null || again=1
set +C
if [ -n "$again" ]; then
  exec 9<&- 5>>"$stream.lock"
  flock 5 || exit 2
  exec 8<>"$stream.alive" 9<"$stream.alive" 8<&-
  read -r rest <&9
  exec 9<>"$stream.alive"
  if [ -e "$stream.eof" ]; then exit 0; fi
fi
echo $$ >"$stream.loop"

end=0 low= lost_at= lost_mark=
if [ -n "$again" ]; then
  find_end
  mark_killed
else
  begin 0
fi
if [ -z "$roomy" ]; then look_for_room; fi
while [ ! -e "$stream.end" ]; do
  if [ $((segment_bytes - size)) -lt "$slack" ]; then
    begin $((file_at + size))
    keep_bound "$file_at"
    look_for_room
  fi
  counted=$((file_at + size))
  if [ -n "$low" ]; then copy_counted; else copy_segment; fi
done
exec cat <&6 >/dev/null
